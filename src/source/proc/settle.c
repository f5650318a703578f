/* Totals over processes that come and go. Knows nothing of files. */
#include "source/proc/settle.h"

/* The kernel shows no waited-for counter of its own for these: what children had comes as growth of the parent's. */
static bool is_mixed(int field)
{
	return field == SETTLE_READ || field == SETTLE_WRITE;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

void settle_read(struct settle_totals *t, struct settle_member *m, bool born, const uint64_t own[SETTLE_FIELDS],
	const uint64_t waited[SETTLE_FIELDS])
{
	bool count = m->seen || born;

	for (int i = 0; i < SETTLE_FIELDS; i++) {
		uint64_t more = count ? grown(own[i], m->own[i]) : 0;

		if (is_mixed(i))
			m->growth[i] += more;
		else
			t->total[i] += more;
		m->growth[i] += count ? grown(waited[i], m->waited[i]) : 0;
		m->own[i] = own[i] > m->own[i] ? own[i] : m->own[i];
		m->waited[i] = waited[i] > m->waited[i] ? waited[i] : m->waited[i];
	}
	m->seen = true;
}

/* A pid that was used again is the living one's. */
static struct settle_member *find(struct settle_member *const members[], size_t n, pid_t pid)
{
	struct settle_member *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (members[i]->pid == pid && (!found || !members[i]->dead))
			found = members[i];
	return found;
}

/* NULL when none of the line is a member that lives. */
static struct settle_member *nearest_living(struct settle_member *const members[], size_t n,
	const struct settle_member *of)
{
	struct settle_member *m = find(members, n, of->parent);

	for (size_t steps = 0; m && m->dead && steps < n; steps++) /* a pid that was used again could close a circle */
		m = find(members, n, m->parent);
	return m && !m->dead ? m : NULL;
}

/* All that a dead member had was counted for, and is in its heir's counters now or will be: also what it owed itself. */
static void charge(struct settle_member *heir, const struct settle_member *dead)
{
	for (int i = 0; i < SETTLE_FIELDS; i++)
		heir->debt[0][i] += dead->own[i] + dead->waited[i] + dead->debt[0][i] + dead->debt[1][i];
}

/* Pays a debt out of growth. */
static void pay(uint64_t *debt, uint64_t *growth)
{
	uint64_t n = *debt < *growth ? *debt : *growth;

	*debt -= n;
	*growth -= n;
}

/* Pays what was charged in one tick. Own and waited-for bytes cannot be told apart, so that they are paid only by who
 * waits at all, which the faults show: nobody lives without faults, and those of children have a counter of their own. */
static void pay_all(struct settle_member *m, int age)
{
	uint64_t owed = m->debt[age][SETTLE_MINOR];

	for (int i = 0; i < SETTLE_FIELDS; i++)
		if (!is_mixed(i))
			pay(&m->debt[age][i], &m->growth[i]);
	m->waits[age] |= m->debt[age][SETTLE_MINOR] < owed;
	for (int i = 0; i < SETTLE_FIELDS; i++)
		if (is_mixed(i) && m->waits[age])
			pay(&m->debt[age][i], &m->growth[i]);
}

static void settle_member(struct settle_totals *t, struct settle_member *m, bool children)
{
	pay_all(m, 1);
	pay_all(m, 0);
	for (int i = 0; i < SETTLE_FIELDS; i++) {
		if (children || is_mixed(i))
			t->total[i] += m->growth[i];
		t->unseen |= children && m->growth[i] && (i == SETTLE_USER || i == SETTLE_SYSTEM);
		m->growth[i] = 0;
		m->debt[1][i] = m->debt[0][i];
		m->debt[0][i] = 0;
	}
	m->waits[1] = m->waits[0];
	m->waits[0] = false;
}

void settle_tick(struct settle_totals *t, struct settle_member *const members[], size_t n, bool children)
{
	t->unseen = false;
	for (size_t i = 0; i < n; i++) {
		struct settle_member *heir = members[i]->dead ? nearest_living(members, n, members[i]) : NULL;

		t->unseen |= members[i]->dead;
		if (heir)
			charge(heir, members[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (!members[i]->dead)
			settle_member(t, members[i], children);
}
