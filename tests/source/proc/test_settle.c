/* Totals over processes that come and go: stories told to a small kernel, with the totals that must come of them. */
#include "source/proc/settle.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/*
 * A story is words, one event each:
 *   +C<P   C starts as a child of P, under our eyes      @C<P   the same, long before, having used 1000
 *   +C<P=N the same, with the number N
 *   C:N    C uses N of everything                        oC     C's parent is gone: it belongs to init now
 *   wC     C has ended and its parent waits for it       dC     C has ended and nobody waits
 *   ~C     like wC, but in the middle of the next tick: after its parent is read and before C is
 *   uP:N   P waits for a child that nobody saw, which used N
 *   /N     a tick; the total is N now                    .      a tick
 */
#define PROCESSES 10

struct process {
	struct settle_member m;
	uint64_t own, waited;
	bool there, born, watched, dies_in_tick;
	int parent;
};

struct kernel {
	struct process p[PROCESSES];
	struct settle_totals totals;
	bool children;
};

static void wait_for(struct kernel *k, int c)
{
	struct process *child = &k->p[c], *parent = &k->p[child->parent];

	parent->waited += child->own + child->waited;
	child->there = false;
}

static void read_process(struct kernel *k, struct process *p)
{
	uint64_t own[SETTLE_FIELDS], waited[SETTLE_FIELDS];

	for (int i = 0; i < SETTLE_FIELDS; i++) {
		own[i] = p->own;
		waited[i] = p->waited;
	}
	own[SETTLE_READ] = own[SETTLE_WRITE] = p->own + p->waited;
	waited[SETTLE_READ] = waited[SETTLE_WRITE] = waited[SETTLE_RUN] = 0;
	p->m.parent = p->parent;
	settle_read(&k->totals, &p->m, p->born, own, waited);
}

static void tick(struct kernel *k)
{
	struct settle_member *members[PROCESSES];
	size_t n = 0;

	for (int i = 1; i < PROCESSES; i++) { /* by number is parents first here */
		struct process *p = &k->p[i];

		if (p->dies_in_tick)
			wait_for(k, i);
		p->dies_in_tick = false;
		if (!p->watched)
			continue;
		p->m.dead = !p->there;
		if (p->there)
			read_process(k, p);
		members[n++] = &p->m;
	}
	settle_tick(&k->totals, members, n, k->children);
	for (int i = 1; i < PROCESSES; i++)
		k->p[i].watched = k->p[i].there;
}

static void start(struct kernel *k, const char *word)
{
	struct process *p = &k->p[word[1] - '0'];

	memset(p, 0, sizeof *p);
	p->there = p->watched = true;
	p->born = word[0] == '+';
	p->own = p->born ? 0 : 1000;
	p->parent = word[3] - '0';
	p->m.pid = word[4] == '=' ? word[5] - '0' : word[1] - '0';
}

static void play(struct kernel *k, const char *word)
{
	struct process *p = &k->p[isdigit((unsigned char)word[1]) ? word[1] - '0' : 0];

	if (strchr("+@", word[0]))
		start(k, word);
	else if (word[1] == ':')
		k->p[word[0] - '0'].own += strtoull(word + 2, NULL, 10);
	else if (word[0] == 'o')
		p->parent = 0;
	else if (word[0] == 'w')
		wait_for(k, word[1] - '0');
	else if (word[0] == 'd')
		p->there = false;
	else if (word[0] == '~')
		p->dies_in_tick = true;
	else if (word[0] == 'u')
		p->waited += strtoull(word + 3, NULL, 10);
	else
		tick(k);
}

static void check(const struct kernel *k, const char *story, const char *word)
{
	static const int fields[] = { SETTLE_USER, SETTLE_MINOR, SETTLE_READ };
	uint64_t expected = strtoull(word + 1, NULL, 10);

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (k->totals.total[fields[i]] != expected) {
			printf("# '%s' at '%s': field %d is %llu\n", story, word, fields[i],
				(unsigned long long)k->totals.total[fields[i]]);
			fail();
		}
}

static void tell(const char *story, bool children)
{
	struct kernel k = { .children = children };
	struct settle_totals before = { .unseen = false };
	char words[256], *word, *rest;

	snprintf(words, sizeof words, "%s", story);
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		play(&k, word);
		if (word[0] == '/')
			check(&k, story, word);
		for (int i = 0; i < SETTLE_FIELDS; i++)
			assert_true(k.totals.total[i] >= before.total[i]);
		before = k.totals;
	}
}

static void totals_neither_fall_nor_count_twice_nor_miss(void **state)
{
	static const char *const stories[] = {
		/* one process */
		"+1<0 1:5 /5 1:7 /12 d1 /12 /12",
		"@1<0 /0 1:7 /7 d1 /7",
		/* a child seen while it lived, and waited for */
		"+1<0 /0 +2<1 2:5 /5 2:3 w2 /8 /8 1:1 /9",
		"@1<0 /0 +2<1 2:5 /5 2:3 w2 /8 /8 1:1 /9",
		/* a child older than tach: what it had used before does not count when its parent inherits it */
		"@1<0 @2<1 /0 2:5 /5 2:3 w2 /8 /8",
		"@1<0 @2<1 /0 w2 /0 /0 1:2 /2",
		/* children that were never seen alive */
		"+1<0 /0 u1:4 u1:6 /10 u1:1 /11",
		"@1<0 /0 u1:4 /4 +2<1 2:9 w2 /13",
		"@1<0 u1:500 /0 u1:4 /4",
		/* nobody waits (SIGCHLD is ignored): what was seen stays */
		"+1<0 /0 +2<1 2:5 /5 d2 /5 /5 1:3 /8 1:4 /12",
		"+1<0 /0 +2<1 2:5 /5 2:100 d2 1:3 /8 1:4 /12", /* its last 100 nobody saw */
		"@1<0 @2<1 /0 2:5 /5 d2 1:3 /8 /8",
		/* it ends after its parent was read and before it is read itself */
		"+1<0 +2<1 2:5 /5 2:3 ~2 /5 /8 1:1 /9",
		"+1<0 +2<1 +3<1 2:5 3:7 /12 ~2 w3 /12 /12 u1:4 /16",
		"+1<0 +2<1 2:50 /50 ~2 u1:20 /50 /70", /* the unseen child pays at first; right again a tick later */
		/* both at once: a child that was seen and others that were not */
		"+1<0 +2<1 2:5 /5 w2 u1:40 /45 /45",
		/* a child of a child; each waits */
		"+1<0 +2<1 +3<2 3:5 2:1 /6 3:2 w3 /8 w2 /8 /8",
		"+1<0 +2<1 +3<2 3:5 2:1 /6 3:2 w3 2:4 w2 /12 /12",
		"+1<0 +2<1 +3<2 3:5 2:1 /6 ~3 /6 2:4 w2 /10 /10",
		/* the child between ends without waiting: init gets the grandchild */
		"+1<0 +2<1 +3<2 3:5 2:1 /6 w2 o3 /6 3:4 /10 d3 /10 /10 1:1 /11",
		/* all of a tree at once, nobody waits */
		"+1<0 +2<1 +3<2 1:1 2:2 3:3 /6 d1 d2 d3 /6 /6",
		/* the root ends first and its children go on */
		"+1<0 +2<1 1:1 2:2 /3 d1 o2 /3 2:5 /8 d2 /8",
		/* a number is used again at once, by a child of the same parent */
		"+1<0 +2<1 2:5 /5 w2 +3<1=2 3:2 /7 3:1 /8 w3 /8 /8",
	};

	(void)state;
	for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++)
		tell(stories[i], true);
}

/* The kernel mixes storage bytes of waited-for children into the parent's, so that only the others are checked. */
static void without_children_only_own_use_counts(void **state)
{
	struct kernel k = { .children = false };
	static const char *const words[] = { "+1<0", ".", "u1:40", "1:3", ".", "u1:5", "1:1", "." };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		play(&k, words[i]);
	assert_int_equal(k.totals.total[SETTLE_USER], 4);
	assert_int_equal(k.totals.total[SETTLE_MINOR], 4);
	assert_int_equal(k.totals.total[SETTLE_RUN], 4);
	assert_false(k.totals.unseen);
}

static void work_of_unseen_children_is_told(void **state)
{
	struct kernel k = { .children = true };

	(void)state;
	play(&k, "+1<0");
	play(&k, "1:5");
	play(&k, ".");
	assert_false(k.totals.unseen);
	play(&k, "u1:3");
	play(&k, ".");
	assert_true(k.totals.unseen);
	play(&k, ".");
	assert_false(k.totals.unseen);
}

static void a_counter_that_goes_backwards_stands_still(void **state)
{
	struct settle_totals t = { .unseen = false };
	struct settle_member m = { .pid = 1 }, *members[] = { &m };
	uint64_t high[SETTLE_FIELDS] = { 10 }, low[SETTLE_FIELDS] = { 4 }, none[SETTLE_FIELDS] = { 0 };

	(void)state;
	settle_read(&t, &m, true, high, none);
	settle_read(&t, &m, true, low, none);
	settle_read(&t, &m, true, high, none);
	settle_tick(&t, members, 1, true);
	assert_int_equal(t.total[SETTLE_USER], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_neither_fall_nor_count_twice_nor_miss),
		cmocka_unit_test(without_children_only_own_use_counts),
		cmocka_unit_test(work_of_unseen_children_is_told),
		cmocka_unit_test(a_counter_that_goes_backwards_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
