/* The only clock. Durations and time stamps are nanoseconds of CLOCK_MONOTONIC; wall time is for showing only. */
#ifndef TACH_BASE_CLOCK_H
#define TACH_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

typedef uint64_t nsec_t; /* nanoseconds; a point in time is CLOCK_MONOTONIC */

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull

nsec_t clock_now(void);         /* CLOCK_MONOTONIC */
nsec_t clock_wall(void);        /* CLOCK_REALTIME, nanoseconds since 1970 */
nsec_t clock_cpu_self(void);    /* CPU time of this process, all threads */
nsec_t clock_cpu_thread(void);  /* CPU time of the calling thread */
nsec_t clock_boot(void);        /* CLOCK_BOOTTIME: what the start times in /proc/PID/stat count */

/* Replaces clock_now() and clock_wall() in tests; NULL gives the real ones back. */
void clock_replace(nsec_t (*now)(void), nsec_t (*wall)(void));

static inline struct timespec nsec_to_timespec(nsec_t t)
{
	return (struct timespec){ .tv_sec = (time_t)(t / NSEC_PER_SEC), .tv_nsec = (long)(t % NSEC_PER_SEC) };
}

static inline double nsec_to_seconds(nsec_t t)
{
	return (double)t / (double)NSEC_PER_SEC;
}

#endif
