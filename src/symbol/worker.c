/*
 * The thread that finds names. What it shares with callers (the queue, the answers, the list of processes) is under one
 * lock, which is never held while a file is read; maps, images and unwinders are the thread's alone.
 */
#include "symbol/worker.h"

#include "base/alloc.h"
#include "base/caps.h"
#include "base/thread.h"
#include "symbol/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REST_AFTER (10 * NSEC_PER_SEC) /* without a question: memory is given back */
#define STOP_PATIENCE NSEC_PER_SEC      /* for a thread that hangs in a read */
#define MOST_OPEN 32u                  /* processes whose maps are kept */
#define MOST_MAPS (16u << 20)          /* bytes of them */
#define SHARE 10                       /* of a CPU, one part is what questions take */
#define SAVED NSEC_PER_SEC             /* ... over so long, so that a few are answered at once */
#define KERNEL_SHARE 20                /* the same for the kernel's names, without saving: a pass is dear */

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
	struct question *first, **last, *current; /* current: one, or a list of the kernel's */
	size_t waiting_bytes;
	struct symbol_result *done[SYMBOL_DONE]; /* oldest first */
	size_t done_bytes;
	struct known *processes;
	struct symbol_counts counts;
	struct symbol_cache *cache;              /* the thread's alone, as is what follows */
	uint64_t turn;
	nsec_t due, kernel_due;                  /* the next question waits until then */
	nsec_t paid;                             /* CPU time that is in them */
};

static void free_questions(struct question *q)
{
	while (q) {
		struct question *next = q->next;

		free(q);
		q = next;
	}
}

static bool is_key(const struct symbol_key *a, const struct symbol_key *b)
{
	return a->pid == b->pid && a->ask == b->ask && a->id == b->id;
}

/* ---- the thread ---- */

static size_t result_bytes(const struct symbol_result *r)
{
	return sizeof *r + r->count * sizeof r->names[0];
}

/* Under the lock. */
static struct symbol_result *take_result(struct symbol_worker *w, size_t i)
{
	struct symbol_result *r = w->done[i];

	w->counts.done--;
	w->done_bytes -= result_bytes(r);
	memmove(w->done + i, w->done + i + 1, (w->counts.done - i) * sizeof(struct symbol_result *));
	return r;
}

/* Under the lock. */
static void keep_result(struct symbol_worker *w, struct symbol_result *r)
{
	while (w->counts.done == SYMBOL_DONE || (w->counts.done && w->done_bytes + result_bytes(r) > SYMBOL_DONE_BYTES)) {
		free(take_result(w, 0));
		w->counts.untaken++;
	}
	w->done[w->counts.done++] = r;
	w->done_bytes += result_bytes(r);
	w->counts.answered++;
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

/* Under the lock: whose maps go for those of `next`; NULL: nobody's. */
static struct known *least_used(const struct symbol_worker *w, const struct known *next)
{
	struct known *least = NULL;
	size_t bytes = 0;
	unsigned open = 1;

	for (struct known *k = w->processes; k; k = k->next) {
		if (!k->symbols || k == next)
			continue;
		open++;
		bytes += symbols_bytes(k->symbols);
		least = !least || k->used < least->used ? k : least;
	}
	return open > MOST_OPEN || bytes > MOST_MAPS ? least : NULL;
}

static bool is_asked_about(const struct symbol_worker *w, pid_t pid)
{
	const struct question *q = w->first;

	while (q && q->key.pid != pid)
		q = q->next;
	return q != NULL;
}

/* Under the lock, and while no question is being answered. */
static void bury(struct symbol_worker *w)
{
	for (struct known **at = &w->processes; *at;) {
		struct known *k = *at;

		if (!k->gone || is_asked_about(w, k->pid)) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		symbols_close(k->symbols);
		close(k->dir);
		free(k);
	}
}

/* Under the lock. */
static nsec_t due(const struct symbol_worker *w, const struct question *q)
{
	return q->key.pid == SYMBOL_KERNEL ? w->kernel_due : w->due;
}

/* Under the lock: the question at *at, off the queue. */
static struct question *take_question(struct symbol_worker *w, struct question **at)
{
	struct question *q = *at;

	*at = q->next;
	if (w->last == &q->next)
		w->last = at;
	q->next = NULL;
	w->counts.waiting--;
	w->waiting_bytes -= q->size;
	return q;
}

/* Under the lock: makes the next question current, and with one about the kernel all that one pass can answer. False: none
 * is due. */
static bool take_current(struct symbol_worker *w)
{
	struct question **at = &w->first, *tail;
	size_t n;

	while (*at && due(w, *at) > clock_now())
		at = &(*at)->next;
	if (!*at)
		return false;
	tail = w->current = take_question(w, at);
	n = answer_kernel_weight(tail);
	while (w->current->key.pid == SYMBOL_KERNEL && *at && n + SYMBOL_FRAMES <= ANSWER_KERNEL)
		if ((*at)->key.pid == SYMBOL_KERNEL) {
			tail = tail->next = take_question(w, at);
			n += answer_kernel_weight(tail);
		} else
			at = &(*at)->next;
	return true;
}

/* The thread does not hold the lock. */
static void ask_kernel(struct symbol_worker *w, struct symbol_result **results)
{
	nsec_t begin = clock_now(), end;

	answer_kernel(w->current, results);
	end = clock_now();
	w->kernel_due = end + KERNEL_SHARE * (end - begin);
	w->paid = clock_cpu_thread();
}

/* The thread does not hold the lock. k NULL: not known. */
static struct symbol_result *ask_process(struct symbol_worker *w, struct known *k, bool stale)
{
	nsec_t now = clock_now(), cpu;
	struct symbol_result *r;

	if (k && !k->symbols)
		k->symbols = symbols_open(w->cache, k->pid, k->dir);
	else if (stale)
		symbols_stale(k->symbols);
	if (k)
		k->used = ++w->turn;
	r = answer_process(k ? k->symbols : NULL, w->current);
	w->due = w->due + SAVED > now ? w->due : now - SAVED;
	cpu = clock_cpu_thread(); /* with what it took to be asked */
	w->due += SHARE * (cpu - w->paid);
	w->paid = cpu;
	return r;
}

/* Under the lock, which it lets go while it works. */
static void answer(struct symbol_worker *w)
{
	const struct question *q = w->current;
	bool kernel = q->key.pid == SYMBOL_KERNEL;
	struct known *k = kernel ? NULL : find_known(w, q->key.pid), *other = k ? least_used(w, k) : NULL;
	struct symbol_result *results[ANSWER_KERNEL] = { NULL };
	bool stale = k && k->stale;

	if (k)
		k->stale = false;
	pthread_mutex_unlock(&w->lock);
	if (other) {
		symbols_close(other->symbols);
		other->symbols = NULL;
	}
	if (kernel)
		ask_kernel(w, results);
	else
		results[0] = ask_process(w, k, stale);
	pthread_mutex_lock(&w->lock);
	w->counts.bytes = symbol_cache_bytes(w->cache);
	w->counts.cpu = clock_cpu_thread();
	for (size_t i = 0; i < ANSWER_KERNEL && results[i]; i++)
		keep_result(w, results[i]);
}

/* Under the lock: waits for a question; a long time without one is used to give memory back. */
static void wait(struct symbol_worker *w, bool *rested)
{
	nsec_t until = w->first ? due(w, w->first) : clock_now() + REST_AFTER;
	struct timespec at;

	for (const struct question *q = w->first; q; q = q->next)
		until = due(w, q) < until ? due(w, q) : until;
	at = nsec_to_timespec(until);
	bury(w);
	if (*rested && !w->first) {
		pthread_cond_wait(&w->wake, &w->lock);
		return;
	}
	if (pthread_cond_timedwait(&w->wake, &w->lock, &at) != ETIMEDOUT || w->first)
		return;
	pthread_mutex_unlock(&w->lock);
	symbol_cache_rest(w->cache);
	malloc_trim(0);
	pthread_mutex_lock(&w->lock);
	*rested = true;
}

/* What it reads was made by the target, so the thread has no more rights than reading takes: maps, memory and files of other
 * users' programs, also files that were deleted since; addresses of the kernel's functions. */
static void give_up_rights(void)
{
	static const unsigned kept[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE, CAP_SYSLOG };

	caps_keep(kept, sizeof kept / sizeof kept[0]);
}

static void *work(void *worker)
{
	struct symbol_worker *w = worker;
	bool rested = true;

	give_up_rights();
	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		if (!take_current(w)) {
			wait(w, &rested);
			continue;
		}
		rested = false;
		answer(w);
		free_questions(w->current);
		w->current = NULL;
	}
	free_questions(w->first);
	w->first = NULL;
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
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (!thread_join_within(w->thread, NULL, STOP_PATIENCE))
		return; /* it hangs in the kernel: leave it its memory */
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

static bool is_among(const struct question *q, const struct symbol_key *key)
{
	while (q && !is_key(&q->key, key))
		q = q->next;
	return q != NULL;
}

static bool is_waiting(const struct symbol_worker *w, const struct symbol_key *key)
{
	return is_among(w->current, key) || is_among(w->first, key);
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
		*out = take_result(w, i);
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
