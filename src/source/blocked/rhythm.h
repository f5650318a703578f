/*
 * When to look, and at how many threads, so that looking costs at most a fixed share of one CPU: the cost of a look is
 * measured all the time. A sweep stands for the time since the one before. That is random, half to one and a half slots,
 * so that a program that does everything at the same beat is not always found at the same point of it.
 */
#ifndef TACH_SOURCE_BLOCKED_RHYTHM_H
#define TACH_SOURCE_BLOCKED_RHYTHM_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

#define RHYTHM_FULL_HZ 100                         /* where the budget allows it */
#define RHYTHM_SHORT (NSEC_PER_SEC / RHYTHM_FULL_HZ) /* slots are this long, or longer where there are more threads */
#define RHYTHM_LONG (50 * NSEC_PER_MSEC)         /* but not longer than that: then not all have their turn in one, */
#define RHYTHM_LEAST 8                           /* but so many, whatever it costs: else there is nothing to tell */
#define RHYTHM_SHARE 0.0015

struct rhythm {
	nsec_t last, slot;   /* sweep; mean time between two */
	nsec_t due;
	size_t most;         /* looks in it: all threads where the slot is long enough, else what there is budget for */
	double look, sweep;  /* what a look costs, and a sweep beside its looks: to wake up; nanoseconds of CPU time */
	double balance;      /* what may still be spent; negative: too much was */
	nsec_t counted;      /* time up to which the balance was filled */
	uint64_t random;
};

void rhythm_begin(struct rhythm *p, nsec_t now);

/* Plans the next sweep over so many threads: p->due. It may also come earlier, when somebody wants to know. */
void rhythm_plan(struct rhythm *p, size_t threads);

/* The sweep begins now: p->most. Returns how long a time it stands for. */
nsec_t rhythm_go(struct rhythm *p, nsec_t now);

/* What was spent since the last time: CPU time in all, and of that about `looking` in so many looks. */
void rhythm_spent(struct rhythm *p, nsec_t cpu, size_t looks, nsec_t looking);

#endif
