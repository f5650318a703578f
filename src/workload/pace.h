/*
 * An absolute schedule: operation k is due at begin + k / rate, whatever happened before, so the mean rate has no error
 * and what was late is caught up. Above 10,000 a second they come in bursts, 100 us apart.
 */
#ifndef TACH_WORKLOAD_PACE_H
#define TACH_WORKLOAD_PACE_H

#include "base/clock.h"

struct pace {
	nsec_t begin;
	double interval; /* nanoseconds between two operations; 0: as fast as it goes */
};

/* Begins a schedule now; rate is operations a second, 0: no limit. Lets the calling thread sleep to the nanosecond
 * (its timer slack becomes 1 ns). */
void pace_begin(struct pace *p, double rate);

/* How many operations are due by `now` after `done` of them were done, at most `most`. */
uint64_t pace_due(const struct pace *p, uint64_t done, nsec_t now, uint64_t most);

/* How long to sleep when none is due. */
nsec_t pace_wait(const struct pace *p, uint64_t done, nsec_t now);

/* Sleeps for so long, or until the thread gets a signal. */
void pace_sleep(nsec_t time);

#endif
