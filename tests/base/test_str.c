/* Cleaning of hostile text, UTF-8 decoding, suggestions. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void cleans(const char *in, size_t length, const char *expected)
{
	char out[32];

	str_clean(out, sizeof out, in, length);
	assert_string_equal(out, expected);
}

static void clean(void **state)
{
	(void)state;
	cleans("redis", 5, "redis");
	cleans("a\033[31mb", 7, "a?[31mb");
	cleans("a\nb\tc\x7f", 6, "a?b?c?");
	cleans("\xc2\x9b" "x", 3, "?x");                  /* C1 control: CSI */
	cleans("\xe2\x80\xae" "evil", 7, "?evil");        /* right-to-left override */
	cleans("\xff\xfe", 2, "??");                      /* not UTF-8 */
	cleans("\xc0\x80", 2, "??");                      /* overlong NUL */
	cleans("\xed\xa0\x80", 3, "???");                 /* surrogate */
	cleans("\xf4\x90\x80\x80", 4, "????");            /* above U+10FFFF */
	cleans("caf\xc3\xa9", 5, "caf\xc3\xa9");
	cleans("sh\0-c\0x\0\0", 8, "sh -c x");            /* a command line */
	cleans("0123456789012345678901234567890123", 34, "0123456789012345678901234567890");
	cleans("012345678901234567890123456789\xc3\xa9", 32, "012345678901234567890123456789");
}

static void copy(void **state)
{
	char out[5];

	(void)state;
	str_copy(out, sizeof out, "abcdef");
	assert_string_equal(out, "abcd");
	str_copy(out, sizeof out, "abc\xc3\xa9");
	assert_string_equal(out, "abc");
	str_copy(out, 1, "x");
	assert_string_equal(out, "");
}

static void numbers(void **state)
{
	uint64_t v = 0;

	(void)state;
	assert_true(str_to_u64("18446744073709551615", UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_false(str_to_u64("18446744073709551616", UINT64_MAX, &v));
	assert_true(str_to_u64("4194304", 4194304, &v));
	assert_false(str_to_u64("4194305", 4194304, &v));
	assert_false(str_to_u64("", 10, &v));
	assert_false(str_to_u64("-1", 10, &v));
	assert_false(str_to_u64("1x", 10, &v));
	assert_true(str_to_u64("5", 7, &v));
	assert_false(str_to_u64("9", 7, &v));
}

static void nearest(void **state)
{
	static const char *const words[] = { "interval", "span", "theme" };

	(void)state;
	assert_string_equal(str_nearest("intervall", words, 3), "interval");
	assert_string_equal(str_nearest("themes", words, 3), "theme");
	assert_null(str_nearest("xyz", words, 3));
	assert_null(str_nearest("", words, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(clean), cmocka_unit_test(copy), cmocka_unit_test(numbers),
		cmocka_unit_test(nearest) };

	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
