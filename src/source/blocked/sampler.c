/* The thread, its mailbox and the sums. */
#include "source/blocked/sampler.h"

#include "base/alloc.h"
#include "base/caps.h"
#include "base/thread.h"
#include "source/blocked/rhythm.h"

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE (100 * NSEC_PER_MSEC) /* of the tick, for a report */
#define STOP_PATIENCE NSEC_PER_SEC     /* for a look that hangs: in memory that the program, or a server, does not give */
#define KIND_BITS 4
#define STACK_EACH 64   /* looks at a lock */
#define LEARNED 16      /* a tick */
#define CONFIRMED 32

struct sampler {
	pthread_t thread;

	pthread_mutex_t lock; /* guards the mailbox */
	pthread_cond_t wake, served;
	bool stop, wanted, ready; /* wanted: a report; ready: it is there */
	struct watch incoming;    /* processes NULL: none */
	uint64_t learned[LEARNED][2];
	size_t nlearned;
	struct report report;

	/* the thread's own */
	struct watch watch;
	struct rhythm rhythm;
	struct tally locks, pairs;
	struct stack_copy stacks[STACK_COPIES]; /* since the last report */
	size_t nstacks;
	nsec_t sum[CAUSES];
	uint64_t looks;
	bool whole;
	nsec_t cpu, looking;      /* CPU time up to the last sweep; time that the looks of this one take */
	size_t next, *found;      /* where the next sweep begins; who was looked at in this one */
	size_t found_capacity;
};

uint64_t lock_key(pid_t pid, enum futex_kind kind)
{
	return (uint64_t)pid << KIND_BITS | kind;
}

pid_t lock_key_pid(uint64_t key)
{
	return (pid_t)(key >> KIND_BITS);
}

enum futex_kind lock_key_kind(uint64_t key)
{
	return (enum futex_kind)(key & ((1 << KIND_BITS) - 1));
}

bool lock_contends(const struct tally_row *lock)
{
	return lock->contends || look_is_contention(&(struct look){ .kind = lock_key_kind(lock->key[1]) });
}

/* ---- sweeps ---- */

static void copy_stack(struct sampler *s, const struct watched_thread *t, enum stack_role role,
	const struct tally_row *lock)
{
	pid_t pid = s->watch.processes[t->process].pid;
	struct stack_copy *copy = &s->stacks[s->nstacks];

	if (s->nstacks == STACK_COPIES || !t->last.blocked || !t->last.sp)
		return;
	copy->role = role;
	copy->pid = pid;
	copy->tid = t->tid;
	memcpy(copy->lock, lock->key, sizeof copy->lock);
	copy->sp = t->last.sp;
	copy->pc = t->last.pc;
	copy->size = look_into(pid, t->last.sp, copy->bytes, sizeof copy->bytes);
	s->nstacks += copy->size > 0;
}

/* Returns what it is waited for. */
static enum wait_cause add_futex(struct sampler *s, const struct watched_thread *t, nsec_t weight, nsec_t now)
{
	const struct watched_process *p = &s->watch.processes[t->process];
	struct tally_row *lock = tally_add(&s->locks, t->last.addr, lock_key(p->pid, t->last.kind), weight, now);
	const struct watched_thread *owner = watch_find(&s->watch, t->process, t->last.owner);

	if (owner && look_is_contention(&t->last))
		tally_add(&s->pairs, (uint64_t)t->tid, (uint64_t)owner->tid, weight, now);
	if (!lock)
		return t->cause;
	if (owner)
		lock->owner = (uint32_t)owner->tid;
	if (lock->looks % STACK_EACH == 1) {
		copy_stack(s, t, STACK_WAITS, lock);
		if (owner && look_is_contention(&t->last))
			copy_stack(s, owner, STACK_HOLDS, lock);
	}
	return lock_contends(lock) ? CAUSE_LOCK : t->cause;
}

static void add(struct sampler *s, struct watched_thread *t, nsec_t weight, nsec_t now)
{
	enum wait_cause cause = t->cause;

	if (!t->last.blocked)
		return;
	if (t->last.kind)
		cause = add_futex(s, t, weight, now);
	s->sum[cause] += weight;
	t->total[cause] += weight;
}

/* Looks at as many as there is budget for, in turn. Each of them stands for so many that were not looked at. */
static void sweep(struct sampler *s, nsec_t length)
{
	struct watch *w = &s->watch;
	size_t n = 0, count;
	nsec_t now;

	watch_discover(w);
	now = clock_now();
	s->found = xgrow(s->found, &s->found_capacity, w->nthreads, sizeof *s->found);
	for (size_t i = 0; i < w->nthreads && n < s->rhythm.most; i++, s->next++) {
		struct watched_thread *t = &w->threads[s->next %= w->nthreads];

		if (!t->gone && !w->processes[t->process].refused && watch_look(w, t, now))
			s->found[n++] = s->next;
	}
	s->looking = clock_now() - now;
	count = watch_count(w);
	s->whole = s->whole && n >= count;
	s->looks += n;
	for (size_t i = 0; i < n; i++)
		add(s, &w->threads[s->found[i]], (nsec_t)((double)length * (double)count / (double)n), now);
}

/* ---- the mailbox ---- */

/* Returns whether the time is up. */
static bool wait_for(pthread_cond_t *cond, struct sampler *s, nsec_t until)
{
	struct timespec at = nsec_to_timespec(until);

	return pthread_cond_clockwait(cond, &s->lock, CLOCK_MONOTONIC, &at) == ETIMEDOUT;
}

/* How long those that wait for a lock have done so, as far as it can be told: of a few, which are in chains. */
static void confirm_waits(struct sampler *s, nsec_t now)
{
	int left = CONFIRMED;

	for (size_t i = 0; i < s->watch.nthreads && left; i++) {
		struct watched_thread *t = &s->watch.threads[i];

		if (t->gone || !t->last.blocked || !look_is_contention(&t->last))
			continue;
		watch_confirm(&s->watch, t, now);
		left--;
	}
}

static void serve(struct sampler *s)
{
	struct report *r = &s->report;

	confirm_waits(s, clock_now());
	tally_age(&s->locks, clock_now());
	tally_age(&s->pairs, clock_now());
	r->time = clock_now();
	memcpy(r->sum, s->sum, sizeof r->sum);
	r->looks = s->looks;
	r->whole = s->whole;
	memcpy(r->stacks, s->stacks, s->nstacks * sizeof *s->stacks);
	r->nstacks = s->nstacks;
	s->nstacks = 0;
	*r->locks = s->locks;
	*r->pairs = s->pairs;
	free(r->list.processes);
	free(r->list.threads);
	r->list = s->watch;
	r->list.processes = xcalloc(s->watch.nprocesses + 1, sizeof *r->list.processes);
	r->list.threads = xcalloc(s->watch.nthreads + 1, sizeof *r->list.threads);
	for (size_t i = 0; i < s->watch.nprocesses; i++) {
		r->list.processes[i] = s->watch.processes[i];
		s->watch.processes[i].refused = 0; /* it may have changed its user: try again */
	}
	for (size_t i = 0; i < s->watch.nthreads; i++)
		r->list.threads[i] = s->watch.threads[i];
	r->count = watch_count(&r->list);
	s->whole = true;
}

static void spend(struct sampler *s, size_t looks)
{
	nsec_t cpu = clock_cpu_thread();

	rhythm_spent(&s->rhythm, cpu - s->cpu, looks, s->looking);
	s->cpu = cpu;
}

/* A look may have to wait: not under the lock. */
static void sweep_unlocked(struct sampler *s)
{
	uint64_t looks = s->looks;

	pthread_mutex_unlock(&s->lock);
	sweep(s, rhythm_go(&s->rhythm, clock_now()));
	spend(s, s->looks - looks);
	rhythm_plan(&s->rhythm, watch_count(&s->watch));
	pthread_mutex_lock(&s->lock);
}

static void take_incoming(struct sampler *s)
{
	if (s->incoming.processes)
		watch_follow(&s->watch, &s->incoming);
	s->incoming = (struct watch){ .processes = NULL };
	for (size_t i = 0; i < s->nlearned; i++) {
		struct tally_row *lock = tally_find(&s->locks, s->learned[i][0], s->learned[i][1]);

		if (lock)
			lock->contends = true;
	}
	s->nlearned = 0;
}

/* A report is of the moment at which it is asked for: it comes after a sweep. */
static void *run(void *sampler)
{
	static const unsigned kept[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH };
	struct sampler *s = sampler;

	caps_keep(kept, sizeof kept / sizeof kept[0]);
	rhythm_begin(&s->rhythm, clock_now());
	rhythm_plan(&s->rhythm, 0);
	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		take_incoming(s);
		if (!s->wanted && clock_now() < s->rhythm.due) {
			wait_for(&s->wake, s, s->rhythm.due);
			continue;
		}
		sweep_unlocked(s);
		if (!s->wanted)
			continue;
		serve(s);
		s->wanted = false;
		s->ready = true;
		pthread_cond_signal(&s->served);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void free_all(struct sampler *s)
{
	watch_free(&s->watch);
	watch_free(&s->incoming);
	free(s->report.list.processes);
	free(s->report.list.threads);
	free(s->report.locks);
	free(s->report.pairs);
	free(s->found);
	free(s);
}

struct sampler *sampler_open(struct err *e)
{
	struct sampler *s = xcalloc(1, sizeof *s);
	int rc;

	watch_begin(&s->watch);
	s->whole = true;
	s->report.locks = xcalloc(1, sizeof *s->report.locks);
	s->report.pairs = xcalloc(1, sizeof *s->report.pairs);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	pthread_cond_init(&s->served, NULL);
	rc = thread_start(&s->thread, run, s);
	if (!rc)
		return s;
	err_set(e, rc, "cannot start a thread: %s", strerror(rc));
	free_all(s);
	return NULL;
}

void sampler_close(struct sampler *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (!thread_join_within(s->thread, NULL, STOP_PATIENCE))
		return; /* leave it its memory */
	pthread_cond_destroy(&s->wake);
	pthread_cond_destroy(&s->served);
	pthread_mutex_destroy(&s->lock);
	free_all(s);
}

void sampler_follow(struct sampler *s, struct watch *take)
{
	pthread_mutex_lock(&s->lock);
	if (s->incoming.processes)
		watch_free(&s->incoming);
	s->incoming = *take;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

void sampler_learn(struct sampler *s, const uint64_t lock[2])
{
	pthread_mutex_lock(&s->lock);
	if (s->nlearned < LEARNED)
		memcpy(s->learned[s->nlearned++], lock, sizeof s->learned[0]);
	pthread_mutex_unlock(&s->lock);
}

const struct report *sampler_report(struct sampler *s)
{
	nsec_t until = clock_now() + PATIENCE;
	bool ready;

	pthread_mutex_lock(&s->lock);
	s->ready = false; /* one that came too late is of another time */
	s->wanted = true;
	pthread_cond_signal(&s->wake);
	while (!s->ready && !wait_for(&s->served, s, until))
		;
	ready = s->ready;
	s->ready = false;
	pthread_mutex_unlock(&s->lock);
	return ready ? &s->report : NULL;
}
