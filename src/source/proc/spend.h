/*
 * Where the time of a thread went, as a sum that is complete: user + system + run queue + I/O + wait is exactly the time
 * that passed. CPU and run-queue time are the scheduler's, in nanoseconds; the kernel splits CPU time into user and system
 * by sampling at its tick, so their proportion is taken from there. Works on numbers only.
 */
#ifndef TACH_SOURCE_PROC_SPEND_H
#define TACH_SOURCE_PROC_SPEND_H

#include "base/clock.h"

enum spend_part { SPEND_USER, SPEND_SYSTEM, SPEND_RUNQUEUE, SPEND_IO, SPEND_WAIT, SPEND_PARTS };

/* What a thread's files said; ns, the ticks in any unit. Totals that only grow. */
struct spend_totals {
	nsec_t run, runqueue, io;
	uint64_t user_ticks, system_ticks;
};

struct spend {
	nsec_t part[SPEND_PARTS]; /* sums */
	struct spend_totals last;
	nsec_t owed; /* CPU time beyond the time that had passed: the scheduler adds it up late, by up to a tick */
};

/* Adds the time that passed since the last call. Run-queue and I/O time beyond it (a long wait is told at its end) is
 * left out: it was counted as wait while it lasted. */
void spend_add(struct spend *s, nsec_t elapsed, const struct spend_totals *now);

#endif
