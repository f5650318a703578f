/* Errors are one clean sentence, whatever they quote. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void quotes_from_outside_are_cleaned(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, 22, "'%s' is no file", "a\033[2J\nb\xff"), -1);
	assert_int_equal(e.code, 22);
	assert_string_equal(e.text, "'a?[2J?b?' is no file");
}

static void text_may_be_wrapped_in_itself(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, 0, "no such file");
	err_set(&e, 0, "config: %s", e.text);
	assert_string_equal(e.text, "config: no such file");
}

static void long_text_is_cut_and_no_place_is_fine(void **state)
{
	char text[1000];
	struct err e;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	err_set(&e, 0, "%s", text);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	assert_int_equal(err_set(NULL, 0, "nobody asks"), -1);
}

static void a_near_word_is_proposed(void **state)
{
	struct err e;

	(void)state;
	err_unknown(&e, "option", "thme", "theme");
	assert_string_equal(e.text, "unknown option 'thme'; did you mean 'theme'?");
	err_unknown(&e, "option", "x", NULL);
	assert_string_equal(e.text, "unknown option 'x'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_from_outside_are_cleaned),
		cmocka_unit_test(text_may_be_wrapped_in_itself),
		cmocka_unit_test(long_text_is_cut_and_no_place_is_fine),
		cmocka_unit_test(a_near_word_is_proposed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
