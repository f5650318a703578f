/* What may be measured at which price: the rules of --fn, by what a call costs and how often there are calls. */
#include "source/bpf/fn.h"

#include "base/fmt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#define HITS_LEAST 100
#define FIRST_WINDOW (20 * NSEC_PER_MSEC)
#define WINDOW NSEC_PER_SEC
#define FLAGRANT 5 /* times the limit: not even for the length of a whole window */

static void admit_timed(struct fn_slot *s, const struct fn_match *m)
{
	s->timed = !m->untimed;
	if (m->untimed)
		err_set(&s->why, 0, "it is counted, but not timed: %s", m->untimed);
}

void fn_guard_admit(struct fn *f, size_t slot, const struct fn_match *m)
{
	bool timed = !m->untimed;
	double price = fn_trial_price(&f->trial, f->programs, f->many, m->entry, timed);
	char text[FMT_SIZE];
	struct fn_slot *s = &f->slots[slot];

	pthread_mutex_lock(&f->lock);
	s->past_landing_pad = m->past_landing_pad;
	s->price = price;
	admit_timed(s, m);
	if (!f->force && isnan(price)) {
		s->refused = true;
		err_set(&s->why, EPERM, "what a call of it would cost cannot be measured here; --force measures it nevertheless");
	} else if (!f->force && price > FN_PRICE_MOST) {
		s->refused = true;
		err_set(&s->why, EPERM, "a call of it would take %s longer, as the kernel has to single-step the instruction that it "
			"begins with; --force measures it nevertheless", fmt_seconds(text, price));
	}
	pthread_mutex_unlock(&f->lock);
}

/* CPU time of the target's processes since the last look, seconds. */
static double cpu_since(struct fn *f)
{
	double sum = 0;

	for (struct fn_process *p = f->processes; p; p = p->next) {
		struct timespec ts;
		clockid_t clock;
		nsec_t now;

		if (clock_getcpuclockid(p->who.pid, &clock) || clock_gettime(clock, &ts))
			continue;
		now = (nsec_t)ts.tv_sec * NSEC_PER_SEC + (nsec_t)ts.tv_nsec;
		sum += p->cpu && now > p->cpu ? nsec_to_seconds(now - p->cpu) : 0;
		p->cpu = now;
	}
	return sum;
}

static void refuse(struct fn *f, size_t slot, double share)
{
	char price[FMT_SIZE], ratio[FMT_SIZE], most[FMT_SIZE];
	struct err why;

	err_set(&why, EPERM, "a call of it takes %s longer, in all %s of the program's CPU time: more than --max-cost %s; --force "
		"measures it nevertheless", fmt_seconds(price, f->slots[slot].price), fmt_percent(ratio, share),
		fmt_percent(most, f->max_cost));
	fn_follow_refuse(f, slot, &why);
}

/* The dearest first, until the rest is within the limit. */
static void refuse_dearest(struct fn *f, double cost[FN_SLOTS], double cpu, double limit)
{
	for (;;) {
		double sum = 0;
		size_t dearest = 0;

		for (size_t i = 0; i < f->nslots; i++) {
			sum += cost[i];
			dearest = cost[i] > cost[dearest] ? i : dearest;
		}
		if (sum <= limit * cpu)
			return;
		refuse(f, dearest, cost[dearest] / cpu);
		cost[dearest] = 0;
	}
}

nsec_t fn_guard_look(struct fn *f, nsec_t now)
{
	bool first = !f->guard_began;
	nsec_t window = now - f->guard_began;
	double cost[FN_SLOTS] = { 0 }, cpu;
	u64 hits = 0;

	if (f->force)
		return UINT64_MAX;
	if (now < f->guard_due)
		return f->guard_due;
	cpu = cpu_since(f);
	for (u32 i = 0; i < f->nslots; i++) {
		u64 n = group_read_count(f->group, f->entries, i);

		cost[i] = isnan(f->slots[i].price) ? 0 : (double)(n - f->guarded[i]) * f->slots[i].price;
		hits += n - f->guarded[i];
		f->guarded[i] = n;
	}
	f->guard_began = now;
	f->guard_due = now + (first ? FIRST_WINDOW : WINDOW);
	if (!first && hits >= HITS_LEAST && cpu > 0)
		refuse_dearest(f, cost, cpu, f->max_cost * (window < WINDOW ? FLAGRANT : 1));
	return f->guard_due;
}
