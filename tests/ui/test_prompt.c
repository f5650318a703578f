/* Typing a line: characters of any length, taken back whole, never more than there is room for. */
#include "ui/prompt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void characters_are_added_and_taken_back(void **state)
{
	char text[PROMPT_SIZE] = "";

	(void)state;
	assert_int_equal(prompt_key(text, 'r'), PROMPT_OPEN);
	assert_int_equal(prompt_key(text, 0xe9), PROMPT_OPEN);
	assert_int_equal(prompt_key(text, 0x30c6), PROMPT_OPEN);
	assert_string_equal(text, "r\xc3\xa9\xe3\x83\x86");
	prompt_key(text, UI_KEY_BACKSPACE);
	assert_string_equal(text, "r\xc3\xa9");
	prompt_key(text, UI_KEY_BACKSPACE);
	assert_string_equal(text, "r");
	assert_int_equal(prompt_key(text, UI_KEY_BACKSPACE), PROMPT_OPEN);
	assert_string_equal(text, "");
	assert_int_equal(prompt_key(text, UI_KEY_BACKSPACE), PROMPT_LEFT);
}

static void keys_that_are_no_text_add_nothing(void **state)
{
	static const ui_key keys[] = { UI_KEY_UP, UI_KEY_TAB, UI_KEY_F1, UI_KEY_META | 'x', UI_KEY_CTRL | 'x', 0x301, 0x7,
		UI_KEY_NONE };
	char text[PROMPT_SIZE] = "q";

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		assert_int_equal(prompt_key(text, keys[i]), PROMPT_OPEN);
	assert_string_equal(text, "q");
	prompt_key(text, UI_KEY_CTRL | 'u');
	assert_string_equal(text, "");
}

static void it_ends_by_enter_and_by_esc(void **state)
{
	char text[PROMPT_SIZE] = "rx";

	(void)state;
	assert_int_equal(prompt_key(text, UI_KEY_ENTER), PROMPT_DONE);
	assert_int_equal(prompt_key(text, UI_KEY_ESC), PROMPT_LEFT);
	assert_string_equal(text, "rx");
}

static void there_is_room_for_so_much(void **state)
{
	char text[PROMPT_SIZE] = "";

	(void)state;
	for (int i = 0; i < 62; i++)
		prompt_key(text, 'a');
	prompt_key(text, 0xe9); /* two bytes, and there is one */
	assert_int_equal(strlen(text), 62);
	prompt_key(text, 'b');
	prompt_key(text, 'c');
	assert_int_equal(strlen(text), 63);
	assert_int_equal(text[62], 'b');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_added_and_taken_back),
		cmocka_unit_test(keys_that_are_no_text_add_nothing),
		cmocka_unit_test(it_ends_by_enter_and_by_esc),
		cmocka_unit_test(there_is_room_for_so_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
