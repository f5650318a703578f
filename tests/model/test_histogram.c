/* The bucket index of tach/histogram.h: edges stated by hand, and the laws that every reader and writer relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <tach/histogram.h>
#include <cmocka.h>

static void stated_edges(void **state)
{
	static const struct {
		uint64_t value;
		unsigned bin;
		uint64_t floor, width;
	} edges[] = {
		{ 0, 0, 0, 1 },
		{ 1, 1, 1, 1 },
		{ 15, 15, 15, 1 },
		{ 16, 16, 16, 1 },
		{ 31, 31, 31, 1 },
		{ 32, 32, 32, 2 },
		{ 33, 32, 32, 2 },
		{ 34, 33, 34, 2 },
		{ 63, 47, 62, 2 },
		{ 64, 48, 64, 4 },
		{ 1000, 111, 992, 32 },
		{ 1023, 111, 992, 32 },
		{ 1024, 112, 1024, 64 },
		{ 1000000, 270, 983040, 32768 },
		{ 1000000000, 429, 973078528, 33554432 },
		{ 4294967295u, 463, 4160749568u, 134217728 },
		{ 4294967296u, 464, 4294967296u, 268435456 },
		{ 34359738368u, 512, 34359738368u, 2147483648u },
		{ 68719476735u, 527, 66571993088u, 2147483648u },
		{ 68719476736u, 527, 66571993088u, 2147483648u },
		{ UINT64_MAX, 527, 66571993088u, 2147483648u },
	};

	(void)state;
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		assert_int_equal(tach_hist_bin(edges[i].value), edges[i].bin);
		assert_int_equal(tach_hist_floor(edges[i].bin), edges[i].floor);
		assert_int_equal(tach_hist_width(edges[i].bin), edges[i].width);
	}
	assert_int_equal(TACH_HIST_BINS, 528);
}

/* Bins lie side by side without gap or overlap, and their first and last value are their own. */
static void bins_tile_the_range(void **state)
{
	uint64_t next = 0;

	(void)state;
	for (unsigned bin = 0; bin < 528; bin++) {
		assert_int_equal(tach_hist_floor(bin), next);
		next += tach_hist_width(bin);
		assert_int_equal(tach_hist_bin(tach_hist_floor(bin)), bin);
		assert_int_equal(tach_hist_bin(next - 1), bin);
	}
	assert_int_equal(next, 68719476736u);
}

/* The middle of a bin is off by at most 1/31 of any value in it: the 3.2 % that the header states. */
static void error_is_as_stated(void **state)
{
	(void)state;
	for (unsigned bin = 16; bin < 528; bin++) {
		double middle = (double)tach_hist_floor(bin) + (double)(tach_hist_width(bin) - 1) / 2;
		double low = (double)tach_hist_floor(bin), high = low + (double)(tach_hist_width(bin) - 1);

		assert_true((middle - low) / low <= 0.032);
		assert_true((high - middle) / high <= 0.032);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stated_edges),
		cmocka_unit_test(bins_tile_the_range),
		cmocka_unit_test(error_is_as_stated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
