/* What is on the screen is the canvas: in a real pseudo-terminal, read through libvterm, on every terminal and size. */
#include "../lib/drawer.h"
#include "ui/theme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_MS DRAWER_WAIT_MS

static void expect_first_row(struct pty *p, const char *want)
{
	for (int tries = 0; tries < WAIT_MS / 20; tries++) {
		char *screen = pty_screen(p);
		bool same = strncmp(screen, want, strlen(want)) == 0 && screen[strlen(want)] == '\n';

		free(screen);
		if (same)
			return;
		pty_run(p, 20);
	}
	fail_msg("'%s' did not come to the first row", want);
}

static void test_screen_is_the_canvas(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready 24x80", WAIT_MS);
	assert_true(pty_alternate(p));
	for (unsigned n = 1; n <= 60; n++) {
		pty_send(p, "n");
		drawer_expect_frame(p, 24, 80, n);
	}
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	pty_free(p);
}

static void test_colors_are_the_theme(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	struct canvas *c = canvas_new(24, 80);
	struct theme t;

	(void)state;
	theme_default(&t);
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "nnn");
	drawer_expect_frame(p, 24, 80, 3);
	drawer_frame(c, 3);
	for (int i = 0; i < 24 * 80; i++) {
		const struct style *s = &t.styles[c->cells[i].role][DEPTH_256];
		struct pty_cell have = pty_cell(p, i / 80, i % 80);

		if (c->cells[i].ch == ' ' || c->cells[i].ch == 0)
			continue;
		assert_int_equal(have.fg, s->fg);
		assert_int_equal(have.bg, s->bg);
		assert_int_equal(have.bold, (s->attributes & ATTR_BOLD) != 0);
		assert_int_equal(have.reverse, (s->attributes & ATTR_REVERSE) != 0);
	}
	pty_send(p, "T");
	for (int tries = 0; tries < WAIT_MS / 20 && pty_cell(p, 23, 0).fg != 99; tries++)
		pty_run(p, 20);
	assert_int_equal(pty_cell(p, 23, 0).fg, 99);
	canvas_free(c);
	pty_free(p);
}

static void test_only_changes_are_sent(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	uint64_t before;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "n");
	drawer_expect_frame(p, 24, 80, 1);
	pty_run(p, 100);
	before = pty_bytes(p);
	pty_send(p, "ssssssssz"); /* the same canvas eight times, then a word: a move, perhaps colours, and itself */
	pty_expect(p, "key z.", WAIT_MS);
	pty_run(p, 100);
	assert_true(pty_bytes(p) - before < 60);
	before = pty_bytes(p);
	pty_send(p, "L"); /* asked for: everything */
	for (int tries = 0; tries < WAIT_MS / 20 && pty_bytes(p) - before < 1000; tries++)
		pty_run(p, 20);
	assert_true(pty_bytes(p) - before > 1000);
	pty_send(p, "q");
	pty_wait_exit(p, WAIT_MS, NULL);
	pty_free(p);
}

static void test_every_size(void **state)
{
	static const int sizes[][2] = { { 24, 80 }, { 60, 200 }, { 40, 120 }, { 10, 40 }, { 4, 20 }, { 1, 12 },
		{ 1, 1 }, { 24, 80 }, { 2, 300 }, { 300, 12 } };
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	unsigned frame = 0;
	char text[32];

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	for (size_t i = 1; i < sizeof sizes / sizeof sizes[0]; i++) {
		pty_resize(p, sizes[i][0], sizes[i][1]);
		snprintf(text, sizeof text, "size %dx%d", sizes[i][0], sizes[i][1]);
		text[sizes[i][1] < 31 ? sizes[i][1] : 31] = '\0';
		expect_first_row(p, text);
		if (sizes[i][1] < 12 || sizes[i][0] < 2)
			continue;
		pty_send(p, "n");
		drawer_expect_frame(p, sizes[i][0], sizes[i][1], ++frame);
	}
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	pty_free(p);
}

static void test_keys(void **state)
{
	static const char *const keys[][2] = { { "z", "key z." }, { "\033[A", "key Up." }, { "\033OB", "key Down." },
		{ "\033", "key Esc." }, { "\033[1;5C", "key C-Right." }, { "\xc3\xa9", "key é." },
		{ "\x0c", "key C-l." }, { "\r", "key Enter." }, { "\x11", "key C-q." }, { "\x16", "key C-v." } };
	struct pty *p = drawer_start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		pty_send(p, keys[i][0]);
		pty_expect(p, keys[i][1], WAIT_MS);
	}
	pty_free(p);
}

static void test_cursor(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	int row, col;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	assert_false(pty_cursor(p, &row, &col));
	pty_send(p, "c");
	for (int tries = 0; tries < WAIT_MS / 20 && !pty_cursor(p, &row, &col); tries++)
		pty_run(p, 20);
	assert_true(pty_cursor(p, &row, &col));
	assert_int_equal(row, 1);
	assert_int_equal(col, 7);
	pty_send(p, "z");
	pty_expect(p, "key z.", WAIT_MS);
	pty_run(p, 100);
	pty_cursor(p, &row, &col);
	assert_int_equal(row, 1);
	pty_free(p);
}

static bool has_high_bytes(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return *text != '\0';
}

/* SGR with a parameter from 30 on. */
static bool has_color(const char *text)
{
	while ((text = strstr(text, "\033["))) {
		const char *end = text + 2 + strspn(text + 2, "0123456789;");

		for (const char *number = text + 1; *end == 'm' && number < end; number = strpbrk(number + 1, ";m"))
			if (atoi(number + 1) >= 30)
				return true;
		text = end;
	}
	return false;
}

static void check_terminal(const char *variable, const char *first_words)
{
	struct pty *p = drawer_start("--screen", 24, 80, variable);

	pty_expect(p, first_words, WAIT_MS);
	pty_send(p, "nn");
	drawer_expect_frame(p, 24, 80, 2);
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	pty_free(p);
}

static void test_terminals(void **state)
{
	(void)state;
	check_terminal("TERM=screen", "ready");
	check_terminal("TERM=screen-256color", "ready");
	check_terminal("TERM=tmux-256color", "ready");
	check_terminal("TERM=linux", "ready");
	check_terminal("TERM=vt100", "ready");
	check_terminal("TERM=vt220", "ready");
	check_terminal("TERM=xterm", "ready");
	check_terminal("TERM=xterm-ghostty", "TERM=xterm-ghostty is not known here: drawing as for xterm-256color");
	check_terminal("TERM", "TERM= is not known here: drawing as for xterm-256color");
	check_terminal("LINES=5", "ready 24x80");
	check_terminal("LC_ALL=xx_YY.UTF-8", "ready");
}

/* Bold black on black is invisible on many a terminal that says it has 8 colours. */
static void test_eight_colors(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, "TERM=xterm");
	int colored = 0;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "nnnnnn");
	drawer_expect_frame(p, 24, 80, 6);
	for (int row = 0; row < 24; row++)
		for (int col = 0; col < 80; col++) {
			struct pty_cell cell = pty_cell(p, row, col);

			assert_true(cell.fg != 0 || cell.bg != -1);
			colored += cell.fg > 0;
		}
	assert_true(colored > 0);
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	pty_free(p);
}

static void test_terminals_that_cannot(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, "TERM=dumb");
	int status;

	(void)state;
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	assert_int_equal(status, 1 << 8);
	assert_non_null(strstr(pty_output(p), "error: TERM=dumb cannot place its cursor"));
	pty_free(p);
	p = drawer_start_in_shell("\"$0\" --screen | cat");
	pty_expect(p, "error: stdout is no terminal", WAIT_MS);
	pty_free(p);
}

static void test_without_colour_and_utf8(void **state)
{
	struct pty *p = drawer_start("--mono", 24, 80, "LC_ALL=C");

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "nn");
	pty_expect(p, "frame 2", WAIT_MS);
	assert_false(has_high_bytes(pty_output(p)));
	assert_false(has_color(pty_output(p)));
	pty_free(p);
	p = drawer_start("--screen", 24, 80, NULL);
	pty_expect(p, "ready", WAIT_MS);
	assert_true(has_color(pty_output(p))); /* or this test would see nothing */
	pty_free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screen_is_the_canvas),
		cmocka_unit_test(test_colors_are_the_theme),
		cmocka_unit_test(test_only_changes_are_sent),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_eight_colors),
		cmocka_unit_test(test_terminals_that_cannot),
		cmocka_unit_test(test_without_colour_and_utf8),
	};
	int status = drawer_main(argc, argv);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
