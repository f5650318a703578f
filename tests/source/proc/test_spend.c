/* Where a thread's time went: stated cases, and a sum that is complete whatever the kernel says. */
#include "source/proc/spend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define S NSEC_PER_SEC
#define MS NSEC_PER_MSEC

struct step {
	nsec_t elapsed;
	struct spend_totals now; /* run, runqueue, io, user ticks, system ticks */
	nsec_t part[SPEND_PARTS]; /* sums after this step: user, system, run queue, I/O, wait */
};

static void follow(const struct step *steps, size_t n)
{
	struct spend s = { .owed = 0 };

	for (size_t i = 0; i < n; i++) {
		spend_add(&s, steps[i].elapsed, &steps[i].now);
		for (int p = 0; p < SPEND_PARTS; p++)
			assert_int_equal(s.part[p], steps[i].part[p]);
	}
}

#define FOLLOW(...) \
	do { \
		static const struct step steps[] = { __VA_ARGS__ }; \
		follow(steps, sizeof steps / sizeof steps[0]); \
	} while (0)

static void the_rest_is_wait(void **state)
{
	(void)state;
	FOLLOW({ S, { 400 * MS, 100 * MS, 50 * MS, 30, 10 }, { 300 * MS, 100 * MS, 100 * MS, 50 * MS, 450 * MS } },
		{ S, { 400 * MS, 100 * MS, 50 * MS, 30, 10 }, { 300 * MS, 100 * MS, 100 * MS, 50 * MS, 1450 * MS } });
}

static void the_split_follows_the_ticks_of_the_interval(void **state)
{
	(void)state;
	FOLLOW({ S, { S, 0, 0, 100, 0 }, { S, 0, 0, 0, 0 } }, { S, { 2 * S, 0, 0, 100, 100 }, { S, S, 0, 0, 0 } },
		{ S, { 2 * S + 4 * MS, 0, 0, 100, 100 }, { S + 2 * MS, S + 2 * MS, 0, 0, 996 * MS } }); /* no tick: all time's */
	FOLLOW({ S, { 4 * MS, 0, 0, 0, 0 }, { 4 * MS, 0, 0, 0, 996 * MS } }); /* no tick ever */
}

static void cpu_time_that_comes_late_is_carried_over(void **state)
{
	(void)state;
	/* a thread that never sleeps; the scheduler's sum is 4 ms behind, then ahead */
	FOLLOW({ S, { 996 * MS, 0, 0, 99, 0 }, { 996 * MS, 0, 0, 0, 4 * MS } },
		{ S, { 2 * S, 0, 0, 200, 0 }, { 1996 * MS, 0, 0, 0, 4 * MS } },
		{ S, { 2500 * MS, 0, 0, 250, 0 }, { 2500 * MS, 0, 0, 0, 500 * MS } });
}

static void a_long_wait_told_at_its_end_is_cut(void **state)
{
	(void)state;
	FOLLOW({ S, { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, S } }, { S, { 100 * MS, 3 * S, 0, 10, 0 }, { 100 * MS, 0, 900 * MS, 0, S } },
		{ S, { 100 * MS, 3 * S, 9 * S, 10, 0 }, { 100 * MS, 0, 900 * MS, S, S } });
}

static void totals_that_go_backwards_count_nothing(void **state)
{
	(void)state;
	FOLLOW({ S, { S, 0, 0, 100, 0 }, { S, 0, 0, 0, 0 } }, { S, { 5, 0, 0, 1, 0 }, { S, 0, 0, 0, S } });
}

static void the_sum_is_complete(void **state)
{
	struct spend s = { .owed = 0 };
	struct spend_totals now = { .run = 0 };
	nsec_t elapsed = 0;

	(void)state;
	srand(7);
	for (int i = 0; i < 100000; i++) {
		nsec_t step = (nsec_t)rand() % (2 * S), sum = 0;

		now.run += (nsec_t)rand() % (2 * S);
		now.runqueue += (nsec_t)rand() % S;
		now.io += (nsec_t)rand() % S;
		now.user_ticks += (uint64_t)rand() % 3;
		now.system_ticks += (uint64_t)rand() % 3;
		elapsed += step;
		spend_add(&s, step, &now);
		for (int p = 0; p < SPEND_PARTS; p++)
			sum += s.part[p];
		assert_true(sum == elapsed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_is_wait),
		cmocka_unit_test(the_split_follows_the_ticks_of_the_interval),
		cmocka_unit_test(cpu_time_that_comes_late_is_carried_over),
		cmocka_unit_test(a_long_wait_told_at_its_end_is_cut),
		cmocka_unit_test(totals_that_go_backwards_count_nothing),
		cmocka_unit_test(the_sum_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
