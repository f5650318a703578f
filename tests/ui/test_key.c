/* Key names, both ways, for every key there is. */
#include "ui/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_known_names(void **state)
{
	static const struct {
		const char *name;
		ui_key key;
	} known[] = { { "q", 'q' }, { "Space", ' ' }, { "?", '?' }, { "-", '-' }, { "é", 0xe9 }, { "中", 0x4e2d },
		{ "C-l", UI_KEY_CTRL | 'l' }, { "C--", UI_KEY_CTRL | '-' }, { "C-Space", UI_KEY_CTRL | ' ' },
		{ "M-x", UI_KEY_META | 'x' }, { "M-X", UI_KEY_META | 'X' },
		{ "C-M-x", UI_KEY_CTRL | UI_KEY_META | 'x' }, { "S-Tab", UI_KEY_SHIFT | UI_KEY_TAB },
		{ "Esc", UI_KEY_ESC }, { "F1", UI_KEY_F1 }, { "F12", UI_KEY_F1 + 11 }, { "PgUp", UI_KEY_PGUP },
		{ "BS", UI_KEY_BACKSPACE }, { "C-Up", UI_KEY_CTRL | UI_KEY_UP }, { "=", '=' } };
	char buf[UI_KEY_NAME_SIZE];
	ui_key key;

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		assert_true(key_parse(known[i].name, &key));
		assert_int_equal(key, known[i].key);
		assert_string_equal(key_print(buf, known[i].key), known[i].name);
	}
}

static void test_other_spellings(void **state)
{
	static const struct {
		const char *name;
		ui_key key;
	} known[] = { { "pgup", UI_KEY_PGUP }, { "ESC", UI_KEY_ESC }, { "Semicolon", ';' }, { "Equal", '=' },
		{ "Hash", '#' }, { "BracketLeft", '[' }, { "Colon", ':' }, { "C-L", UI_KEY_CTRL | 'l' },
		{ "C-i", UI_KEY_TAB }, { "C-m", UI_KEY_ENTER }, { "C-[", UI_KEY_ESC }, { "C-h", UI_KEY_BACKSPACE },
		{ "M-C-x", UI_KEY_CTRL | UI_KEY_META | 'x' } };
	ui_key key;

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		assert_true(key_parse(known[i].name, &key));
		assert_int_equal(key, known[i].key);
	}
}

static void test_refused(void **state)
{
	static const char *const names[] = { "", " ", "qq", "F13", "F0", "X-a", "C-C-a", "S-a", "C-", "\x1b", "\xff",
		"Resize", "\xcc\x81" };
	ui_key key;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_false(key_parse(names[i], &key));
	assert_string_equal(key_nearest("Spce"), "Space");
	assert_string_equal(key_nearest("C-PgUpp"), "PgUp");
	assert_null(key_nearest("xyzzy"));
}

static unsigned round_trips(ui_key key)
{
	char buf[UI_KEY_NAME_SIZE];
	ui_key again = 0;

	if (!*key_print(buf, key))
		return 0;
	assert_true(key_parse(buf, &again));
	assert_int_equal(again, key);
	return 1;
}

static void test_every_key_round_trips(void **state)
{
	static const ui_key flags[] = { 0, UI_KEY_META, UI_KEY_SHIFT, UI_KEY_CTRL, UI_KEY_CTRL | UI_KEY_META,
		UI_KEY_CTRL | UI_KEY_SHIFT, UI_KEY_META | UI_KEY_SHIFT, UI_KEY_CTRL | UI_KEY_META | UI_KEY_SHIFT };
	unsigned special = 0, characters = 0, control = 0;

	(void)state;
	for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++)
		for (ui_key k = UI_KEY_SPECIAL; k < UI_KEY_F1 + 20; k++)
			special += round_trips(flags[f] | k);
	assert_int_equal(special, 8 * (14 + 12));
	for (ui_key k = 1; k < 0x110000; k++)
		characters += round_trips(k) + round_trips(UI_KEY_META | k);
	assert_true(characters > 2000000);
	for (ui_key k = ' '; k < 0x7f; k++)
		control += round_trips(key_with_ctrl(k));
	assert_int_equal(control, 95);
	assert_false(round_trips(UI_KEY_RESIZE));
	assert_false(round_trips(UI_KEY_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_names),
		cmocka_unit_test(test_other_spellings),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_key_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
