/*
 * The thread that finds names. What it shares with callers (the queue, the answers, the list of processes) is under one
 * lock, which is never held while a file is read; maps, images and unwinders are the thread's alone.
 */
#include "symbol/worker.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REST_AFTER 10     /* seconds without a question after which memory is given back */
#define STOP_PATIENCE 1   /* seconds for a thread that hangs in a read */
#define MOST_OPEN 32u     /* processes whose maps are kept */

struct question {
	struct question *next;
	struct symbol_key key;
	struct symbol_regs regs;
	bool unwind;
	uint64_t base;
	size_t size;          /* bytes of the stack; or of addresses, walked already */
	uint64_t copy[];
};

struct known {
	struct known *next;
	pid_t pid;
	int dir;
	bool stale, gone;
	uint64_t used;             /* the thread's alone, as is what follows */
	struct symbols *symbols;
};

struct symbol_worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	struct question *first, **last, *current;
	size_t waiting_bytes;
	struct symbol_result *done[SYMBOL_DONE]; /* oldest first */
	struct known *processes;
	struct symbol_counts counts;
	struct symbol_cache *cache;              /* the thread's alone */
	uint64_t turn;
};

static bool is_key(const struct symbol_key *a, const struct symbol_key *b)
{
	return a->pid == b->pid && a->ask == b->ask && a->id == b->id;
}

/* ---- the thread: answering ---- */

static struct symbol_result *result_new(const struct question *q, size_t count)
{
	struct symbol_result *r = xcalloc(1, sizeof *r + count * sizeof r->names[0]);

	r->key = q->key;
	r->count = count;
	return r;
}

static void name_all(struct symbols *s, struct symbol_result *r, const uint64_t *pcs)
{
	for (size_t i = 0; i < r->count; i++)
		symbols_name(s, pcs[i], &r->names[i]);
}

static struct symbol_result *answer_stack(struct symbols *s, const struct question *q)
{
	struct symbol_unwound how = { .count = 0 };
	struct symbol_result *r;
	uint64_t pcs[SYMBOL_FRAMES] = { 0 };

	if (q->unwind)
		symbols_unwind(s, &q->regs, (const uint8_t *)q->copy, q->size, q->base, pcs, SYMBOL_FRAMES, &how);
	else
		for (how.count = 0; how.count < SYMBOL_FRAMES && how.count < q->size / sizeof *q->copy; how.count++)
			pcs[how.count] = q->copy[how.count] - (how.count > 0);
	r = result_new(q, how.count);
	r->unwound = how;
	name_all(s, r, pcs);
	return r;
}

static struct symbol_result *answer_address(struct symbols *s, const struct question *q)
{
	struct symbol_result *r = result_new(q, 1);
	struct err e = { .code = 0 };

	name_all(s, r, &q->key.id);
	if (q->key.ask == SYMBOL_ASK_LINE)
		r->has_line = symbols_line(s, q->key.id, &r->line, &e) == 0;
	str_copy(r->why, sizeof r->why, e.text);
	return r;
}

static struct symbol_result *answer_unknown(const struct question *q)
{
	static const char why[] = "the process is not known: it has ended";
	struct symbol_result *r = result_new(q, q->key.ask != SYMBOL_ASK_STACK);

	if (r->count)
		r->names[0] = (struct symbol_name){ .kind = SYMBOL_UNKNOWN, .address = q->key.id, .why = why };
	str_copy(r->why, sizeof r->why, why);
	str_copy(r->unwound.why, sizeof r->unwound.why, why);
	return r;
}

/* ---- the thread: processes ---- */

static void close_least_used(struct symbol_worker *w, const struct known *keep)
{
	struct known *least = NULL;
	unsigned open = 0;

	for (struct known *k = w->processes; k; k = k->next) {
		open += k->symbols != NULL;
		if (k->symbols && k != keep && (!least || k->used < least->used))
			least = k;
	}
	if (open <= MOST_OPEN || !least)
		return;
	symbols_close(least->symbols);
	least->symbols = NULL;
}

/* Under the lock. One that has ended still answers, unless another has its pid. */
static struct known *find_known(const struct symbol_worker *w, pid_t pid)
{
	struct known *found = NULL;

	for (struct known *k = w->processes; k; k = k->next)
		if (k->pid == pid && (!found || (found->gone && !k->gone)))
			found = k;
	return found;
}

static struct symbols *symbols_of(struct symbol_worker *w, struct known *k, bool stale)
{
	k->used = ++w->turn;
	if (!k->symbols)
		k->symbols = symbols_open(w->cache, k->pid, k->dir);
	else if (stale)
		symbols_stale(k->symbols);
	close_least_used(w, k);
	return k->symbols;
}

/* Under the lock, and only with an empty queue. */
static void bury(struct symbol_worker *w)
{
	for (struct known **at = &w->processes; *at;) {
		struct known *k = *at;

		if (!k->gone) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		symbols_close(k->symbols);
		close(k->dir);
		free(k);
	}
}

/* ---- the thread: its loop ---- */

/* Under the lock. */
static void keep_result(struct symbol_worker *w, struct symbol_result *r)
{
	if (w->counts.done == SYMBOL_DONE) {
		free(w->done[0]);
		w->counts.done--;
		w->counts.untaken++;
		memmove(w->done, w->done + 1, w->counts.done * sizeof(struct symbol_result *));
	}
	w->done[w->counts.done++] = r;
	w->counts.answered++;
}

/* Under the lock, which it lets go while it works. */
static void answer(struct symbol_worker *w, struct question *q)
{
	struct known *k = find_known(w, q->key.pid);
	bool stale = k && k->stale;
	struct symbol_result *r;
	struct symbols *s;

	if (k)
		k->stale = false;
	pthread_mutex_unlock(&w->lock);
	s = k ? symbols_of(w, k, stale) : NULL;
	r = !s ? answer_unknown(q) : q->key.ask == SYMBOL_ASK_STACK ? answer_stack(s, q) : answer_address(s, q);
	pthread_mutex_lock(&w->lock);
	w->counts.bytes = symbol_cache_bytes(w->cache);
	w->counts.cpu = clock_cpu_thread();
	keep_result(w, r);
}

/* Under the lock: waits for a question; a long time without one is used to give memory back. */
static void wait(struct symbol_worker *w, bool *rested)
{
	struct timespec until;

	bury(w);
	if (*rested) {
		pthread_cond_wait(&w->wake, &w->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += REST_AFTER;
	if (pthread_cond_timedwait(&w->wake, &w->lock, &until) != ETIMEDOUT || w->first)
		return;
	pthread_mutex_unlock(&w->lock);
	symbol_cache_rest(w->cache);
	malloc_trim(0);
	pthread_mutex_lock(&w->lock);
	*rested = true;
}

static void *work(void *worker)
{
	struct symbol_worker *w = worker;
	bool rested = true;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct question *q = w->current = w->first;

		if (!q) {
			wait(w, &rested);
			continue;
		}
		rested = false;
		w->first = q->next;
		w->last = w->first ? w->last : &w->first;
		w->counts.waiting--;
		w->waiting_bytes -= q->size;
		answer(w, q);
		w->current = NULL;
		free(q);
	}
	for (struct known *k = w->processes; k; k = k->next)
		k->gone = true;
	bury(w);
	pthread_mutex_unlock(&w->lock);
	symbol_cache_free(w->cache);
	return NULL;
}

/* ---- callers ---- */

struct symbol_worker *symbol_worker_start(struct err *e)
{
	struct symbol_worker *w = xcalloc(1, sizeof *w);
	pthread_condattr_t attr;
	int rc;

	w->last = &w->first;
	w->cache = symbol_cache_new(SYMBOL_CACHE_BYTES);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	rc = thread_start(&w->thread, work, w);
	if (!rc)
		return w;
	err_set(e, rc, "cannot start a thread: %s", strerror(rc));
	symbol_cache_free(w->cache);
	free(w);
	return NULL;
}

void symbol_worker_stop(struct symbol_worker *w)
{
	struct timespec patience;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	clock_gettime(CLOCK_REALTIME, &patience);
	patience.tv_sec += STOP_PATIENCE;
	if (pthread_timedjoin_np(w->thread, NULL, &patience) != 0)
		return; /* it hangs in the kernel: leave it its memory */
	while (w->first) {
		struct question *q = w->first;

		w->first = q->next;
		free(q);
	}
	for (size_t i = 0; i < w->counts.done; i++)
		free(w->done[i]);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->wake);
	free(w);
}

void symbol_worker_know(struct symbol_worker *w, pid_t pid, int proc_dirfd)
{
	struct known *k;

	pthread_mutex_lock(&w->lock);
	k = find_known(w, pid);
	if (!k || k->gone || faccessat(k->dir, "stat", F_OK, 0)) {
		if (k)
			k->gone = true;
		k = xcalloc(1, sizeof *k);
		*k = (struct known){ .next = w->processes, .pid = pid, .dir = fcntl(proc_dirfd, F_DUPFD_CLOEXEC, 0) };
		w->processes = k;
	}
	pthread_mutex_unlock(&w->lock);
}

void symbol_worker_exec(struct symbol_worker *w, pid_t pid)
{
	struct known *k;

	pthread_mutex_lock(&w->lock);
	k = find_known(w, pid);
	if (k)
		k->stale = true;
	pthread_mutex_unlock(&w->lock);
}

void symbol_worker_forget(struct symbol_worker *w, pid_t pid)
{
	struct known *k;

	pthread_mutex_lock(&w->lock);
	k = find_known(w, pid);
	if (k)
		k->gone = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

/* Under the lock: of a result its place, count where there is none. */
static size_t find_done(const struct symbol_worker *w, const struct symbol_key *key)
{
	size_t i = 0;

	while (i < w->counts.done && !is_key(&w->done[i]->key, key))
		i++;
	return i;
}

static bool is_waiting(const struct symbol_worker *w, const struct symbol_key *key)
{
	if (w->current && is_key(&w->current->key, key))
		return true;
	for (const struct question *q = w->first; q; q = q->next)
		if (is_key(&q->key, key))
			return true;
	return false;
}

/* Takes q. */
static bool enqueue(struct symbol_worker *w, struct question *q)
{
	bool known, room;

	pthread_mutex_lock(&w->lock);
	known = is_waiting(w, &q->key) || find_done(w, &q->key) < w->counts.done;
	room = w->counts.waiting < SYMBOL_WAITING && w->waiting_bytes + q->size <= SYMBOL_WAITING_BYTES;
	if (!known && room) {
		*w->last = q;
		w->last = &q->next;
		w->counts.waiting++;
		w->waiting_bytes += q->size;
		pthread_cond_signal(&w->wake);
	} else {
		w->counts.refused += !known;
		free(q);
	}
	pthread_mutex_unlock(&w->lock);
	return known || room;
}

static struct question *question_new(struct symbol_key key, const void *copy, size_t size)
{
	struct question *q = xcalloc(1, sizeof *q + size);

	q->key = key;
	q->size = size;
	if (size)
		memcpy(q->copy, copy, size);
	return q;
}

bool symbol_worker_ask(struct symbol_worker *w, struct symbol_key key)
{
	return enqueue(w, question_new(key, NULL, 0));
}

bool symbol_worker_ask_stack(struct symbol_worker *w, struct symbol_key key, const struct symbol_regs *regs,
	const void *stack, size_t size, uint64_t base)
{
	struct question *q = question_new(key, stack, size < SYMBOL_STACK_BYTES ? size : SYMBOL_STACK_BYTES);

	q->regs = *regs;
	q->base = base;
	q->unwind = true;
	return enqueue(w, q);
}

bool symbol_worker_ask_frames(struct symbol_worker *w, struct symbol_key key, const uint64_t *pcs, size_t count)
{
	return enqueue(w, question_new(key, pcs, (count < SYMBOL_FRAMES ? count : SYMBOL_FRAMES) * sizeof *pcs));
}

enum symbol_state symbol_worker_take(struct symbol_worker *w, struct symbol_key key, struct symbol_result **out)
{
	enum symbol_state state = SYMBOL_STATE_NONE;
	size_t i;

	*out = NULL;
	pthread_mutex_lock(&w->lock);
	i = find_done(w, &key);
	if (i < w->counts.done) {
		state = SYMBOL_STATE_DONE;
		*out = w->done[i];
		w->counts.done--;
		memmove(w->done + i, w->done + i + 1, (w->counts.done - i) * sizeof(struct symbol_result *));
	} else if (is_waiting(w, &key))
		state = SYMBOL_STATE_WAITS;
	pthread_mutex_unlock(&w->lock);
	return state;
}

void symbol_worker_counts(struct symbol_worker *w, struct symbol_counts *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->counts;
	out->processes = 0;
	for (const struct known *k = w->processes; k; k = k->next)
		out->processes += !k->gone;
	pthread_mutex_unlock(&w->lock);
}
