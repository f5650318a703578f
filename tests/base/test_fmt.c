/* Numbers with units, both directions, against values written down by hand. */
#include "base/fmt.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void counts(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = { { 0, "0" }, { 7, "7" }, { 387, "387" }, { 8.86, "8.86" }, { 28.94, "28.9" }, { 999, "999" },
		{ 999.6, "1.00k" }, { 1250000, "1.25M" }, { 28900, "28.9k" }, { 0.05, "0.05" }, { 1e9, "1.00G" },
		{ -1500, "-1.50k" }, { 7.43e9, "7.43G" } };
	char buf[FMT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(fmt_count(buf, cases[i].v), cases[i].text);
	assert_string_equal(fmt_count(buf, (double)NAN), "-");
	assert_string_equal(fmt_count(buf, (double)INFINITY), "-");
}

static void bytes(void **state)
{
	char buf[FMT_SIZE];

	(void)state;
	assert_string_equal(fmt_bytes(buf, 512), "512");
	assert_string_equal(fmt_bytes(buf, 12288), "12.0K");
	assert_string_equal(fmt_bytes(buf, 4294967296.0), "4.00G");
	assert_string_equal(fmt_bytes(buf, 298844160), "285M");
	assert_string_equal(fmt_bytes(buf, 1023), "1.00K"); /* never four digits */
}

static void times(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = { { 0, "0" }, { 38e-9, "38ns" }, { 11.0e-6, "11.0us" }, { 88e-6, "88us" }, { 404e-6, "404us" },
		{ 1.3e-3, "1.3ms" }, { 4e-3, "4.0ms" }, { 0.25, "250ms" }, { 1.5, "1.5s" }, { 42, "42s" }, { 200, "3m20s" },
		{ 8040, "2h14m" }, { 442800, "5d3h" } };
	char buf[FMT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(fmt_seconds(buf, cases[i].v), cases[i].text);
	assert_string_equal(fmt_seconds(buf, -1), "-");
}

static void percents(void **state)
{
	char buf[FMT_SIZE];

	(void)state;
	assert_string_equal(fmt_percent(buf, 0.17), "17%");
	assert_string_equal(fmt_percent(buf, 0.004), "0.4%");
	assert_string_equal(fmt_percent(buf, 0), "0%");
}

static void durations(void **state)
{
	static const char *const bad[] = { "1", "", "s", "-1s", "1 s", "1sec", "1e3s", "0x1s", "1s1", "nan", "1.2.3s" };
	struct err e;
	nsec_t t;

	(void)state;
	assert_int_equal(parse_duration("500ms", &t, &e), 0);
	assert_int_equal(t, 500000000);
	assert_int_equal(parse_duration("1.5s", &t, &e), 0);
	assert_int_equal(t, 1500000000);
	assert_int_equal(parse_duration("2h", &t, &e), 0);
	assert_int_equal(t, 7200000000000);
	assert_int_equal(parse_duration("10ns", &t, &e), 0);
	assert_int_equal(t, 10);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(parse_duration(bad[i], &t, &e), -1);
	assert_string_equal(e.text, "'1.2.3s' is not a duration: a number and ns, us, ms, s, m or h, as in 500ms");
}

static void sizes_and_counts(void **state)
{
	struct err e;
	uint64_t v;

	(void)state;
	assert_int_equal(parse_size("64k", &v, &e), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(parse_size("512B", &v, &e), 0);
	assert_int_equal(v, 512);
	assert_int_equal(parse_size("512", &v, &e), -1);
	assert_int_equal(parse_count("2.5M", &v, &e), 0);
	assert_int_equal(v, 2500000);
	assert_int_equal(parse_count("1000", &v, &e), 0);
	assert_int_equal(v, 1000);
	assert_int_equal(parse_count("99999999999G", &v, &e), -1);
}

static void percentages(void **state)
{
	static const char *const bad[] = { "2", "", "%", "-1%", "2 %", "0.02", "2%%", "two%" };
	struct err e;
	double v;

	(void)state;
	assert_int_equal(parse_percent("2%", &v, &e), 0);
	assert_true(v == 0.02);
	assert_int_equal(parse_percent("0.5%", &v, &e), 0);
	assert_true(v == 0.005);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(parse_percent(bad[i], &v, &e), -1);
	assert_string_equal(e.text, "'two%' is not a percentage: a number and %, as in 2%");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(counts), cmocka_unit_test(bytes), cmocka_unit_test(times),
		cmocka_unit_test(percents), cmocka_unit_test(durations), cmocka_unit_test(sizes_and_counts),
		cmocka_unit_test(percentages) };

	return cmocka_run_group_tests_name("base/fmt", tests, NULL, NULL);
}
