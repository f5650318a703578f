/* When to look: the sum of what sweeps stand for is the time, a program of the same beat is not misjudged, and the budget
 * holds. On a made-up clock and made-up costs. */
#include "source/blocked/rhythm.h"
#include "source/blocked/tally.h"

#include "../../lib/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct simulated {
	double all, busy;  /* seconds that sweeps stood for; and those that found the program busy */
	double cpu;
	size_t sweeps, looks;
};

/* A program that is busy for `busy` of each `period`, watched for so many seconds. `late`: how late the sampler wakes up. */
static struct simulated simulate(size_t threads, double seconds, nsec_t period, nsec_t busy, nsec_t late)
{
	const double sweep = 30000, look = 5000;
	nsec_t begin = 12345678901, now = begin;
	struct simulated s = { .all = 0 };
	struct rhythm r;

	rhythm_begin(&r, begin);
	rhythm_plan(&r, threads);
	while (nsec_to_seconds(now - begin) < seconds) {
		double length;
		size_t looks;

		now = r.due + late;
		length = nsec_to_seconds(rhythm_go(&r, now));
		s.all += length;
		s.busy += now % period < busy ? length : 0;
		s.sweeps++;
		looks = r.most < threads ? r.most : threads;
		s.looks += looks;
		s.cpu += sweep + (double)looks * look;
		rhythm_spent(&r, (nsec_t)(sweep + (double)looks * look), looks, (nsec_t)((double)looks * look));
		rhythm_plan(&r, threads);
	}
	s.cpu /= 1e9;
	return s;
}

static void sweeps_stand_for_all_the_time(void **state)
{
	struct simulated s = simulate(4, 100, 1000, 0, 0);

	(void)state;
	assert_near(s.all, 100, 0.1);
	s = simulate(4, 100, 1000, 0, 7 * NSEC_PER_MSEC); /* waking up late takes nothing from it */
	assert_near(s.all, 100, 0.1);
	s = simulate(3000, 100, 1000, 0, 0);
	assert_near(s.all, 100, 0.2);
}

static void a_program_of_the_same_beat_is_not_misjudged(void **state)
{
	static const nsec_t periods[] = { RHYTHM_SHORT, 2 * RHYTHM_SHORT, 5 * RHYTHM_SHORT, RHYTHM_SHORT / 3 };

	(void)state;
	for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
		struct simulated s = simulate(1, 400, periods[i], periods[i] / 4, 0);

		assert_near(s.busy / s.all, 0.25, 0.01); /* 30,000 sweeps: the chance of being that far off is 1 in 10,000 */
	}
}

static void the_budget_holds(void **state)
{
	(void)state;
	for (size_t threads = 1; threads < 10000; threads *= 3) {
		struct simulated s = simulate(threads, 100, 1000, 0, 0);

		assert_true(s.cpu < 0.0031 * 100);
		assert_true(s.cpu > 0.0010 * 100); /* and is used */
		assert_true((double)s.sweeps / 100 <= RHYTHM_FULL_HZ * 1.02);
		assert_true((double)s.sweeps / 100 > 18); /* 20 Hz, with other threads in each when there are many */
	}
}

static void outliers_do_not_count(void **state)
{
	struct rhythm r;
	nsec_t now = 1;

	(void)state;
	rhythm_begin(&r, now);
	for (int i = 0; i < 1000; i++) {
		nsec_t cpu = i % 5 ? 50000 : 5000000; /* each fifth is another machine's */

		rhythm_plan(&r, 4);
		now = r.due;
		rhythm_go(&r, now);
		rhythm_spent(&r, cpu, 4, 20000);
	}
	assert_true(r.sweep > 15000 && r.sweep < 60000);
	assert_true(r.slot < 60 * NSEC_PER_MSEC);
}

/* ---- sums by key ---- */

static void sums_are_kept_by_key(void **state)
{
	struct tally *t = calloc(1, sizeof *t);
	struct tally_row *row;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		for (uint64_t k = 0; k < 200; k++)
			assert_non_null(tally_add(t, 0x7f0000000000 + 64 * k, k % 7, k, i));
	tally_age(t, 100);
	assert_int_equal(t->count, 200);
	assert_int_equal(t->rows[0].wait, 100 * 199);
	assert_true(t->rows[0].key[0] == 0x7f0000000000 + 64 * 199);
	row = tally_add(t, 0x7f0000000000 + 64 * 50, 1, 7, 101);
	assert_int_equal(row->wait, 100 * 50 + 7);
	free(t);
}

static void a_full_table_counts_what_it_loses(void **state)
{
	struct tally *t = calloc(1, sizeof *t);

	(void)state;
	for (uint64_t k = 0; k < TALLY_MOST + 5; k++)
		tally_add(t, k, 1, 1, 1000);
	assert_int_equal(t->count, TALLY_MOST);
	assert_int_equal(t->lost, 5);
	tally_age(t, 119 * NSEC_PER_SEC);
	assert_int_equal(t->count, TALLY_MOST);
	tally_add(t, 77, 1, 1, 119 * NSEC_PER_SEC);
	tally_age(t, 200 * NSEC_PER_SEC); /* the others have not grown for two minutes */
	assert_int_equal(t->count, 1);
	assert_true(t->rows[0].key[0] == 77);
	assert_non_null(tally_add(t, 5000, 1, 1, 1000));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_stand_for_all_the_time),
		cmocka_unit_test(a_program_of_the_same_beat_is_not_misjudged),
		cmocka_unit_test(the_budget_holds),
		cmocka_unit_test(outliers_do_not_count),
		cmocka_unit_test(sums_are_kept_by_key),
		cmocka_unit_test(a_full_table_counts_what_it_loses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
