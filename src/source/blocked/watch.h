/*
 * The threads that are looked at, and what each was last seen at. Belongs to the sampler's own thread; only the list of
 * who there is comes from the tick. Descriptors are kept open as far as there are some to spare.
 */
#ifndef TACH_SOURCE_BLOCKED_WATCH_H
#define TACH_SOURCE_BLOCKED_WATCH_H

#include "base/clock.h"
#include "source/blocked/look.h"
#include "source/waits.h"
#include "target/target.h"

struct watched_process {
	pid_t pid;
	uint64_t start;
	int dir;                 /* its own copy of the target's */
	bool nested;             /* in a pid namespace of its own: its threads have other numbers for themselves */
	unsigned threads;        /* that are known, and not gone */
	int refused;             /* errno: it may not be looked at, or the kernel does not tell; 0 */
};

struct watched_thread {
	pid_t tid;
	uint32_t inner;          /* its tid as the program sees it; 0: not known yet */
	uint32_t process;        /* place in the list */
	int kept;                /* descriptor + 1; 0: none */
	bool gone;
	struct look last;        /* its owner is checked: a thread of the same process */
	enum wait_cause cause;   /* when blocked */
	nsec_t since;            /* it has been seen at the same since then; see watch_confirm() */
	uint64_t turns;          /* that it had had on a CPU when that was confirmed last */
	nsec_t total[CAUSES];
};

struct watch {
	struct watched_process *processes;
	struct watched_thread *threads; /* by tid */
	size_t nprocesses, nthreads, capacity;
	size_t turn;             /* process that is looked at next */
	unsigned spare;          /* descriptors that may still be kept */
	uint8_t causes[CALLS];
};

void watch_begin(struct watch *w);
void watch_free(struct watch *w);

/* Who there is now; to be given to watch_follow(), on whichever thread. */
struct watch watch_list(const struct target *t);

/* Takes the list over; what was known of those who are still there stays. Forgets who may not be looked at. */
void watch_follow(struct watch *w, struct watch *list);

/* Between the ticks: looks whether one process, each in its turn, has other threads than are known, and takes those over.
 * One with very many is left to the tick. */
void watch_discover(struct watch *w);

size_t watch_count(const struct watch *w); /* threads that can be looked at */

/* False: it has ended, or may not be looked at. */
bool watch_look(struct watch *w, struct watched_thread *t, nsec_t now);

/* That it is seen at the same lock again and again may be as many waits: a thread that ran meanwhile begins anew. */
void watch_confirm(const struct watch *w, struct watched_thread *t, nsec_t now);

/* The thread of that number, as the process sees it; NULL: none. */
const struct watched_thread *watch_find(const struct watch *w, uint32_t process, uint32_t inner);

#endif
