/* Slots, their length by the number of threads, and the account of CPU time. */
#include "source/blocked/rhythm.h"

#define FIRST_LOOK 20000.0  /* the first one opens a file; then measured 700 ns while hot, 5 to 12 us cold */
#define FIRST_SWEEP 30000.0
#define SAVINGS (RHYTHM_SHARE * NSEC_PER_SEC / 3)

void rhythm_begin(struct rhythm *p, nsec_t now)
{
	*p = (struct rhythm){ .last = now, .slot = RHYTHM_SHORT, .look = FIRST_LOOK, .sweep = FIRST_SWEEP,
		.balance = SAVINGS, .counted = now, .random = now | 1 };
}

/* Between 0 and 1 (xorshift64*, Vigna 2016). */
static double next_random(struct rhythm *p)
{
	p->random ^= p->random >> 12;
	p->random ^= p->random << 25;
	p->random ^= p->random >> 27;
	return (double)(p->random * 0x2545f4914f6cdd1du >> 11) / 0x1p53;
}

void rhythm_plan(struct rhythm *p, size_t threads)
{
	double whole = (p->sweep + (double)threads * p->look) / RHYTHM_SHARE; /* a slot in which all can be looked at */

	p->most = whole <= RHYTHM_LONG || threads < RHYTHM_LEAST ? threads : RHYTHM_LEAST;
	p->slot = whole < RHYTHM_LONG ? (nsec_t)whole : RHYTHM_LONG;
	p->slot = p->slot < RHYTHM_SHORT ? RHYTHM_SHORT : p->slot;
	if (p->balance < 0)
		p->slot = RHYTHM_LONG;
	p->due = p->last + (nsec_t)((0.5 + next_random(p)) * (double)p->slot);
}

nsec_t rhythm_go(struct rhythm *p, nsec_t now)
{
	nsec_t length = now - p->last;

	p->balance += (double)(now - p->counted) * RHYTHM_SHARE;
	p->balance = p->balance > SAVINGS ? SAVINGS : p->balance;
	p->counted = now;
	if (p->balance > p->sweep + (double)p->most * p->look)
		p->most = (size_t)((p->balance - p->sweep) / p->look);
	p->last = now;
	return length;
}

/* The typical cost: follows the median, as single costs have somebody else's in them, an interrupt's or another virtual
 * machine's. Returns how much of this one is charged. */
static double learn(double *typical, double cost)
{
	*typical *= cost > *typical ? 1.1 : 1 / 1.1;
	return cost < 4 * *typical ? cost : 4 * *typical;
}

void rhythm_spent(struct rhythm *p, nsec_t cpu, size_t looks, nsec_t looking)
{
	double of_looks = (double)(looking < cpu ? looking : cpu), rest = (double)cpu - of_looks;

	if (looks) {
		of_looks = learn(&p->look, of_looks / (double)looks) * (double)looks;
		rest = learn(&p->sweep, rest);
	}
	p->balance -= of_looks + rest;
	p->balance = p->balance < -SAVINGS ? -SAVINGS : p->balance; /* the least was done nevertheless */
}
