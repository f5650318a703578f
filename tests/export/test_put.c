/* Single values: numbers read back exactly, hostile text comes out harmless, and the JSON reader that judges all this is
 * strict itself. */
#include "export/put.h"
#include "../lib/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[4096];

/* What put() writes for one argument, in `text`. */
#define WRITTEN(call) \
	do { \
		FILE *out = fmemopen(text, sizeof text, "w"); \
		assert_non_null(out); \
		text[0] = '\0'; \
		call; \
		fclose(out); \
	} while (0)

static void numbers_are_short_and_exact(void **state)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = { { 0, "0" }, { -0.0, "0" }, { 0.1, "0.1" }, { 1.25, "1.25" }, { 10485760, "10485760" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 9007199254740991.0, "9007199254740991" }, { 1e300, "1e+300" },
		{ -3, "-3" }, { 1.0 / 3, "0.3333333333333333" }, { 0.00011, "0.00011" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		WRITTEN(put_number(out, cases[i].v, "null"));
		assert_string_equal(text, cases[i].want);
		assert_true(json_valid(text));
	}
}

static void unknown_is_never_a_number(void **state)
{
	static const double unknown[] = { (double)NAN, (double)INFINITY, -(double)INFINITY };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		WRITTEN(put_number(out, unknown[i], "null"));
		assert_string_equal(text, "null");
		WRITTEN(put_number(out, unknown[i], ""));
		assert_string_equal(text, "");
	}
}

static void json_text_is_escaped(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = { { "", "\"\"" }, { "redis", "\"redis\"" }, { "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\x1b[2J\n\x7f", "\"\\u001b[2J\\u000a\\u007f\"" }, { "\xc2\x9b" "31m", "\"\\u009b31m\"" },
		{ "\xff\xc3", "\"\\ufffd\\ufffd\"" }, { "\xc3\xa9", "\"\xc3\xa9\"" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		WRITTEN(put_json_text(out, cases[i].in));
		assert_string_equal(text, cases[i].want);
		assert_true(json_valid(text));
	}
}

static void csv_text_is_quoted(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = { { "plain", "plain" }, { "a,b", "\"a,b\"" }, { "say \"x\"", "\"say \"\"x\"\"\"" },
		{ "a\nb\x1b", "a?b?" }, { "\xff", "?" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		WRITTEN(put_csv_text(out, cases[i].in));
		assert_string_equal(text, cases[i].want);
	}
}

static void wall_time_is_utc(void **state)
{
	(void)state;
	WRITTEN(put_utc(out, 1795212000ull * NSEC_PER_SEC + 999));
	assert_string_equal(text, "2026-11-20T22:00:00Z");
	WRITTEN(put_utc(out, 0));
	assert_string_equal(text, "1970-01-01T00:00:00Z");
}

static void the_reader_is_strict(void **state)
{
	static const char *const good[] = { "{}", " [1, -2.5e-3, \"x\\u00e9\", null, true] ", "{\"a\":{\"b\":[{}]}}", "0" };
	static const char *const bad[] = { "", "{", "{}}", "{\"a\":1,}", "[1,]", "{'a':1}", "{\"a\" 1}", "NaN", "nan", "01", "1.",
		".5", "+1", "\"\n\"", "\"\\x\"", "\"\\u12g4\"", "\"\xff\"", "\"\xc0\xaf\"", "{\"a\":1,\"a\":2}", "[1 2]", "tru", "-",
		"\"open" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(json_valid(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (json_valid(bad[i]))
			fail_msg("taken for JSON: %s", bad[i]);
	assert_true(json_number("{\"a\":{\"b.c\":[5,{\"d\":-7.5}]}}", "a/b.c/1/d") == -7.5);
	assert_null(json_find("{\"ab\":1}", "a"));
	assert_true(json_is_null("{\"a\":null}", "a"));
	assert_true(json_string_is("[\"x\"]", "0", "x"));
	assert_false(json_string_is("[\"xy\"]", "0", "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_short_and_exact), cmocka_unit_test(unknown_is_never_a_number),
		cmocka_unit_test(json_text_is_escaped), cmocka_unit_test(csv_text_is_quoted), cmocka_unit_test(wall_time_is_utc),
		cmocka_unit_test(the_reader_is_strict),
	};

	return cmocka_run_group_tests_name("export/put", tests, NULL, NULL);
}
