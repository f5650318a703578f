/* The keymap: the embedded defaults, a user's file over them, and refusals that name the nearest word. */
#include "ui/keymap.h"
#include "ui/pane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Panes of this test, in place of the real ones. */
static const struct pane_ops rate = { .name = "rate" }, latency = { .name = "latency" }, memory = { .name = "memory" };
const struct pane_ops *const pane_table[] = { &rate, &latency, &memory, NULL };

static void test_defaults(void **state)
{
	static const struct {
		const char *key;
		enum action action;
	} known[] = { { "q", ACTION_QUIT }, { "F10", ACTION_QUIT }, { "?", ACTION_HELP }, { "h", ACTION_HELP },
		{ "F1", ACTION_HELP }, { "Esc", ACTION_BACK }, { "Tab", ACTION_NEXT_PANE },
		{ "S-Tab", ACTION_PREVIOUS_PANE }, { "1", ACTION_PANE_1 }, { "6", ACTION_PANE_6 }, { "z", ACTION_ZOOM },
		{ "Enter", ACTION_ZOOM }, { "j", ACTION_DOWN }, { "k", ACTION_UP }, { "Up", ACTION_UP },
		{ "Down", ACTION_DOWN }, { "PgUp", ACTION_PAGE_UP }, { "PgDn", ACTION_PAGE_DOWN },
		{ "C-d", ACTION_PAGE_DOWN }, { "C-u", ACTION_PAGE_UP }, { "Space", ACTION_PAUSE },
		{ "Z", ACTION_PAUSE }, { "+", ACTION_SHORTER }, { "=", ACTION_SHORTER }, { "-", ACTION_LONGER },
		{ "<", ACTION_SLOWER }, { ">", ACTION_FASTER }, { "u", ACTION_UNITS }, { "!", ACTION_WHY },
		{ "C-l", ACTION_REDRAW }, { "A", ACTION_ASCII }, { "L", ACTION_NEXT_LATENCY }, { "y", ACTION_NONE }, { "s", ACTION_SORT_NEXT }, { "F6", ACTION_SORT_NEXT },
		{ "M-s", ACTION_SORT_PREVIOUS }, { "S", ACTION_SORT_REVERSE }, { "I", ACTION_SORT_REVERSE }, { "/", ACTION_FIND }, { "F3", ACTION_FIND },
		{ "n", ACTION_FIND_NEXT }, { "N", ACTION_FIND_PREVIOUS }, { "\\", ACTION_FILTER }, { "F4", ACTION_FILTER } };
	struct keymap *k = keymap_new();
	ui_key key;
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		assert_true(key_parse(known[i].key, &key));
		assert_int_equal(keymap_lookup(k, "rate", key), known[i].action);
		assert_int_equal(keymap_lookup(k, NULL, key), known[i].action);
	}
	assert_int_equal(keymap_lookup(k, "memory", 's'), ACTION_MEMORY_DETAIL);
	assert_int_equal(keymap_lookup(k, "memory", 'q'), ACTION_QUIT);
	assert_int_equal(keymap_lookup(k, "latency", 'x'), ACTION_EXTRA);
	assert_int_equal(keymap_lookup(k, "memory", 'x'), ACTION_NONE);
	assert_string_equal(keymap_keys(k, NULL, ACTION_PAUSE, buf, sizeof buf), "Space Z");
	assert_string_equal(keymap_keys(k, "memory", ACTION_MEMORY_DETAIL, buf, sizeof buf), "s");
	assert_string_equal(keymap_keys(k, NULL, ACTION_MEMORY_DETAIL, buf, sizeof buf), "");
	assert_string_equal(keymap_keys(k, NULL, ACTION_HELP, buf, 4), "? h");
	assert_string_equal(keymap_keys(k, NULL, ACTION_HELP, buf, 3), "?");
	keymap_free(k);
	keymap_free(NULL);
}

/* An action that no key reaches is one that nobody can use. */
static void test_every_action_has_a_default_key(void **state)
{
	static const char *const places[] = { NULL, "rate", "latency", "memory" };
	struct keymap *k = keymap_new();
	char buf[64];

	(void)state;
	for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		size_t found = 0;

		for (size_t i = 0; i < 4; i++)
			found += strlen(keymap_keys(k, places[i], (enum action)a, buf, sizeof buf));
		if (!found)
			fail_msg("no key for %s", action_name((enum action)a));
	}
	keymap_free(k);
}

static void test_a_file_over_the_defaults(void **state)
{
	struct keymap *k = keymap_new();
	struct err e = { 0 };
	char buf[64];

	(void)state;
	assert_int_equal(keymap_read_text(k, "keys", "x = quit ; also\n[all]\nq = none\nF5 = redraw\n"
		"[latency]\nz = units\nEnter = none\nSemicolon = pause\n", &e), 0);
	assert_int_equal(keymap_lookup(k, "memory", 'x'), ACTION_QUIT);
	assert_int_equal(keymap_lookup(k, "rate", 'x'), ACTION_EXTRA); /* what a pane binds wins */
	assert_int_equal(keymap_lookup(k, "rate", 'q'), ACTION_NONE);
	assert_int_equal(keymap_lookup(k, "rate", 'z'), ACTION_ZOOM);
	assert_int_equal(keymap_lookup(k, "latency", 'z'), ACTION_UNITS);
	assert_int_equal(keymap_lookup(k, "latency", UI_KEY_ENTER), ACTION_NONE);
	assert_int_equal(keymap_lookup(k, "latency", ';'), ACTION_PAUSE);
	assert_int_equal(keymap_lookup(k, "rate", UI_KEY_ENTER), ACTION_ZOOM);
	assert_string_equal(keymap_keys(k, NULL, ACTION_QUIT, buf, sizeof buf), "F10 x");
	keymap_free(k);
}

static void expect_error(const char *text, const char *want)
{
	struct keymap *k = keymap_new();
	struct err e = { 0 };

	assert_int_equal(keymap_read_text(k, "keys", text, &e), -1);
	assert_string_equal(e.text, want);
	assert_int_equal(keymap_lookup(k, NULL, 'q'), ACTION_QUIT); /* nothing changed */
	assert_int_equal(keymap_lookup(k, NULL, 'x'), ACTION_NONE);
	keymap_free(k);
}

static void test_errors(void **state)
{
	(void)state;
	expect_error("q = none\nx = quti\n", "keys:2: unknown action 'quti'; did you mean 'quit'?");
	expect_error("x = quit\nq = none\nSpce = pause\n", "keys:3: unknown key 'Spce'; did you mean 'Space'?");
	expect_error("x = quit\n[latncy]\nx = quit\n", "keys:3: unknown pane 'latncy'; did you mean 'latency'?");
	expect_error("[al]\nx = quit\n", "keys:2: unknown pane 'al'; did you mean 'all'?");
	expect_error("qq = quit\n", "keys:1: unknown key 'qq'");
	expect_error("x =\n", "keys:1: unknown action ''");
	expect_error("x\n", "keys:1: this is neither 'name = value' nor a [section]");
}

static void test_from_a_file(void **state)
{
	char path[] = "/tmp/tach-test-keys-XXXXXX";
	int fd = mkstemp(path);
	struct keymap *k = keymap_new();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(write(fd, "x = quit\n", 9), 9);
	close(fd);
	assert_int_equal(keymap_read(k, path, &e), 0);
	assert_int_equal(keymap_lookup(k, NULL, 'x'), ACTION_QUIT);
	unlink(path);
	assert_int_equal(keymap_read(k, path, &e), -1);
	assert_int_equal(e.code, 2);
	keymap_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_action_has_a_default_key),
		cmocka_unit_test(test_a_file_over_the_defaults),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_from_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
