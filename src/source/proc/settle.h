/*
 * Totals over processes that come and go. What a process used goes three ways: it adds to its own counters; when it ends
 * and its parent waits for it, the kernel adds them to the parent's waited-for counters (cutime, cminflt...); when nobody
 * waits for it (SIGCHLD ignored, or the parent is gone), they vanish. The sum over all must neither fall, nor count a
 * child twice, nor miss the children that lived and died between two reads.
 *
 * So totals only take growth: a process's own, and that of its waited-for counters beyond what its dead children had been
 * counted for already. That is its debt: charged when a child is found dead, to the nearest ancestor that lives; paid by
 * the growth of this tick or the next (the parent may have been read before it waited), then forgotten.
 *
 * Members must be read parents first: then a child that was still there when it was read is not in the counters of its
 * parent yet. Works on numbers only.
 */
#ifndef TACH_SOURCE_PROC_SETTLE_H
#define TACH_SOURCE_PROC_SETTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum settle_field {
	SETTLE_USER,   /* clock ticks */
	SETTLE_SYSTEM, /* clock ticks */
	SETTLE_MINOR,
	SETTLE_MAJOR,
	SETTLE_RUN,    /* ns; the kernel keeps none for waited-for children */
	SETTLE_READ,   /* bytes; the kernel adds waited-for children to the parent's own. Read before the others */
	SETTLE_WRITE,
	SETTLE_FIELDS
};

struct settle_member {
	pid_t pid, parent; /* the caller keeps parent as it was last read */
	bool dead;         /* set by the caller when it can be read no more */
	bool seen;         /* has been read once */
	uint64_t own[SETTLE_FIELDS], waited[SETTLE_FIELDS]; /* as last read */
	uint64_t growth[SETTLE_FIELDS];                     /* of waited, not yet settled */
	uint64_t debt[2][SETTLE_FIELDS];                    /* charged in this tick, in the one before */
	bool waits[2];                                      /* some of that debt has been found in the growth */
};

struct settle_totals {
	uint64_t total[SETTLE_FIELDS];
	bool unseen; /* in the last tick something was used that nobody read: by who ended after it had been read last, or by
	              * children that came and went. Waited-for counters tell it, others (SETTLE_RUN) never will */
};

/* Takes what was read of a living member. The first read of one that was not born under our eyes only says from where to
 * count. A counter that went backwards counts as unchanged. */
void settle_read(struct settle_totals *t, struct settle_member *m, bool born, const uint64_t own[SETTLE_FIELDS],
	const uint64_t waited[SETTLE_FIELDS]);

/* Ends a tick: charges the parents of who is dead and counts what they waited for (unless children is false: own
 * counters only). Dead members are settled then and must not be in the next tick. */
void settle_tick(struct settle_totals *t, struct settle_member *const members[], size_t n, bool children);

#endif
