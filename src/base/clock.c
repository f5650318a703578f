/* The only place that asks the kernel for the time. */
#include "base/clock.h"

#include <time.h>

static nsec_t (*fake_now)(void);
static nsec_t (*fake_wall)(void);

static nsec_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (nsec_t)ts.tv_sec * NSEC_PER_SEC + (nsec_t)ts.tv_nsec;
}

nsec_t clock_now(void)
{
	return fake_now ? fake_now() : read_clock(CLOCK_MONOTONIC);
}

nsec_t clock_wall(void)
{
	return fake_wall ? fake_wall() : read_clock(CLOCK_REALTIME);
}

nsec_t clock_cpu_self(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

nsec_t clock_cpu_thread(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

nsec_t clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

void clock_replace(nsec_t (*now)(void), nsec_t (*wall)(void))
{
	fake_now = now;
	fake_wall = wall;
}
