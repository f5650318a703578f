/* Where the time of a thread went. Knows nothing of files. */
#include "source/proc/spend.h"

static nsec_t grown(nsec_t now, nsec_t before)
{
	return now > before ? now - before : 0;
}

static nsec_t least(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

/* The user share of CPU time. Without a tick in this interval that of all time; without any, user: as the kernel has it. */
static double user_share(const struct spend_totals *now, const struct spend_totals *last)
{
	uint64_t user = grown(now->user_ticks, last->user_ticks), system = grown(now->system_ticks, last->system_ticks);

	if (user + system == 0) {
		user = now->user_ticks;
		system = now->system_ticks;
	}
	return user + system == 0 ? 1 : (double)user / (double)(user + system);
}

void spend_add(struct spend *s, nsec_t elapsed, const struct spend_totals *now)
{
	nsec_t run = grown(now->run, s->last.run) + s->owed, cpu = least(run, elapsed);
	nsec_t user = least((nsec_t)((double)cpu * user_share(now, &s->last)), cpu);
	nsec_t runqueue = least(grown(now->runqueue, s->last.runqueue), elapsed - cpu);
	nsec_t io = least(grown(now->io, s->last.io), elapsed - cpu - runqueue);

	s->part[SPEND_USER] += user;
	s->part[SPEND_SYSTEM] += cpu - user;
	s->part[SPEND_RUNQUEUE] += runqueue;
	s->part[SPEND_IO] += io;
	s->part[SPEND_WAIT] += elapsed - cpu - runqueue - io;
	s->owed = run - cpu;
	s->last = *now;
}
