/* A background that holds is not set again; one that may not hold is. */
#include "ui/thin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BG "\033[48;5;236m"
#define FG "\033[38;5;110m"

static void expect(const char *before, const char *after)
{
	char text[200];
	size_t length = strlen(before);

	snprintf(text, sizeof text, "%s", before);
	length = thin_backgrounds(text, length);
	text[length] = '\0';
	assert_string_equal(text, after);
}

static void what_holds_is_not_said_again(void **state)
{
	(void)state;
	expect("", "");
	expect("plain \xe2\x96\x81 text", "plain \xe2\x96\x81 text");
	expect(FG BG "a" FG BG "b", FG BG "a" FG "b");
	expect(BG "a" BG BG "b", BG "a" "b");
	expect(BG "a\033[2;10Hb\033[5d\033[75G\033[K\r\n" BG "c", BG "a\033[2;10Hb\033[5d\033[75G\033[K\r\nc");
}

static void another_one_is_said(void **state)
{
	(void)state;
	expect(BG "a\033[48;5;16mb" BG "c" BG "d", BG "a\033[48;5;16mb" BG "cd");
	expect(BG "\033[48;5;23m" BG, BG "\033[48;5;23m" BG); /* of the same beginning */
}

static void what_may_have_ended_it_is_heeded(void **state)
{
	static const char *const ends[] = { "\033[m", "\033[0;1m", "\033[39;49m", "\033[49m", "\033[1m", "\033(B", "\0338",
		"\033c", "\033[?1049h", "\033[!p", "\033[38;5;7;49m", "\033[41m" };

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		char text[64];

		snprintf(text, sizeof text, BG "a%s" BG "b", ends[i]);
		expect(text, text);
	}
}

static void what_is_cut_stays(void **state)
{
	(void)state;
	expect(BG "a\033[48;5;23", BG "a\033[48;5;23");
	expect(BG "a\033", BG "a\033");
	expect(BG "a\033[", BG "a\033[");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_is_not_said_again),
		cmocka_unit_test(another_one_is_said),
		cmocka_unit_test(what_may_have_ended_it_is_heeded),
		cmocka_unit_test(what_is_cut_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
