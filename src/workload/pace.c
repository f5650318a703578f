/* Pacing by an absolute schedule; relative sleeps would add up their lateness. */
#include "workload/pace.h"

#include <sys/prctl.h>
#include <time.h>

#define BURST (100 * NSEC_PER_USEC)

void pace_begin(struct pace *p, double rate)
{
	prctl(PR_SET_TIMERSLACK, 1ul);
	p->begin = clock_now();
	p->interval = rate > 0 ? (double)NSEC_PER_SEC / rate : 0;
}

uint64_t pace_due(const struct pace *p, uint64_t done, nsec_t now, uint64_t most)
{
	uint64_t due;

	if (p->interval == 0)
		return most;
	due = now < p->begin ? 0 : (uint64_t)((double)(now - p->begin) / p->interval) + 1;
	if (due <= done)
		return 0;
	return due - done < most ? due - done : most;
}

nsec_t pace_wait(const struct pace *p, uint64_t done, nsec_t now)
{
	nsec_t next = p->begin + (nsec_t)((double)done * p->interval);
	nsec_t wait = next > now ? next - now : 0;

	return wait > BURST ? wait : BURST;
}

void pace_sleep(nsec_t time)
{
	struct timespec t = { (time_t)(time / NSEC_PER_SEC), (long)(time % NSEC_PER_SEC) };

	nanosleep(&t, NULL);
}
