/* Histogram arithmetic: the stated error of percentiles against sorted raw values, differences, merges. */
#include "model/hist.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N 100000

static uint64_t seed = 88172645463325252ull;

static double uniform(void) /* xorshift64, so that the numbers are the same everywhere */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (double)(seed >> 11) / 9007199254740992.0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double exponential(void)
{
	return -log(1 - uniform()) * 50000;
}

static double lognormal(void)
{
	double g = sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());

	return exp(11 + 1.2 * g);
}

static double flat(void)
{
	return 1000 + uniform() * 1e6;
}

/* Percentiles of smooth data lie within 1 % of the exact ones, as the header of tach/histogram.h states. */
static void percentiles_within_one_percent(void **state)
{
	static double (*const shapes[])(void) = { exponential, lognormal, flat };
	static const double quantiles[] = { 0.5, 0.9, 0.99, 0.999 };
	static uint64_t raw[N];

	(void)state;
	for (size_t s = 0; s < 3; s++) {
		struct hist h = { .sum = 0 };

		for (size_t i = 0; i < N; i++) {
			raw[i] = (uint64_t)shapes[s]();
			hist_record(&h, raw[i]);
		}
		qsort(raw, N, sizeof raw[0], compare);
		for (size_t q = 0; q < 4; q++) {
			double exact = (double)raw[(size_t)(quantiles[q] * N)];

			assert_true(fabs(hist_percentile(&h, quantiles[q]) - exact) < 0.01 * exact);
		}
		assert_true(hist_percentile(&h, 1) == (double)raw[N - 1]);
		assert_int_equal(hist_count(&h), N);
	}
}

static void small_numbers_are_exact(void **state)
{
	struct hist h = { .sum = 0 };

	(void)state;
	for (uint64_t v = 1; v <= 10; v++)
		hist_record(&h, v);
	assert_true(hist_percentile(&h, 0.5) == 5);
	assert_true(hist_percentile(&h, 1) == 10);
	assert_true(hist_mean(&h) == 5.5);
}

static void empty(void **state)
{
	struct hist h = { .sum = 0 };

	(void)state;
	assert_true(isnan(hist_percentile(&h, 0.5)));
	assert_true(isnan(hist_mean(&h)));
	assert_int_equal(hist_count(&h), 0);
}

static void differences(void **state)
{
	struct hist before = { .sum = 0 }, now, out;

	(void)state;
	hist_record(&before, 1000);
	hist_record(&before, 9000000);
	now = before;
	hist_record(&now, 2000);
	hist_subtract(&out, &now, &before);
	assert_int_equal(hist_count(&out), 1);
	assert_int_equal(out.sum, 2000);
	assert_int_equal(out.max, 2047); /* the maximum did not grow: the top of the bin [1984, 2048) */
	hist_record(&now, 10000000);
	hist_subtract(&out, &now, &before);
	assert_int_equal(out.max, 10000000); /* it grew: exact */
	hist_subtract(&out, &before, &now);  /* backwards: the writer began anew */
	assert_int_equal(hist_count(&out), 2);
	hist_subtract(&out, &now, &now);
	assert_int_equal(hist_count(&out), 0);
	assert_int_equal(out.max, 0);
}

static void beyond_the_range(void **state)
{
	struct hist h = { .sum = 0 };

	(void)state;
	hist_record(&h, 200000000000ull); /* 200 s: last bin, but the maximum is known */
	assert_int_equal(h.bins[TACH_HIST_BINS - 1], 1);
	assert_true(hist_percentile(&h, 1) == 200e9);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(percentiles_within_one_percent),
		cmocka_unit_test(small_numbers_are_exact), cmocka_unit_test(empty), cmocka_unit_test(differences),
		cmocka_unit_test(beyond_the_range) };

	return cmocka_run_group_tests_name("model/hist", tests, NULL, NULL);
}
