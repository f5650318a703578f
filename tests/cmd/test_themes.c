/* Themes as a user meets them: the list of them, what --check-theme says, and a screen painted by one. */
#include "../lib/child.h"
#include "../lib/outcome.h"
#include "../lib/pty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT 20000 /* milliseconds; of a machine that does much else */

static const char *const names[] = { "amber", "colorblind", "dark256", "default", "gruvbox", "high-contrast", "light",
	"mono", "nord", "solarized-dark" };

#define NAMES (sizeof names / sizeof names[0])
#define OUTCOME(...) outcome_of((const char *const[]){ __VA_ARGS__, NULL }, NULL)

static void all_are_listed(void **state)
{
	struct outcome o = OUTCOME("list", "themes");
	const char *line = o.out;

	(void)state;
	for (size_t i = 0; i < NAMES; i++) {
		size_t length = strlen(names[i]);

		assert_int_equal(strncmp(line, names[i], length), 0);
		assert_true(strspn(line + length, " ") > 0);
		assert_true(line[length + strspn(line + length, " ")] != '\n'); /* it says what it is */
		line = strchr(line, '\n') + 1;
	}
	assert_string_equal(line, "");
	outcome_free(&o);
}

static void all_are_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < NAMES; i++) {
		struct outcome o = OUTCOME("list", "--check-theme", names[i]);

		assert_int_equal(o.status, 0);
		assert_non_null(strstr(o.out, "every text has 4.5 or more\n"));
		assert_null(strchr(o.out, '\033')); /* into a pipe */
		outcome_free(&o);
	}
}

/* A theme of this test, a file in /tmp. */
static char file[64];

static int make_file(void **state)
{
	int fd;

	(void)state;
	strcpy(file, "/tmp/tach-test-theme-XXXXXX");
	fd = mkstemp(file);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

static void write_file(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_mistake_has_its_line_and_the_right_name(void **state)
{
	char want[160];
	struct outcome o;

	(void)state;
	write_file("[color]\n# mine\nwarm = red\n");
	o = OUTCOME("list", "--check-theme", file);
	snprintf(want, sizeof want, "tach: %s:3: unknown role 'warm'; did you mean 'warn'?\n", file);
	assert_int_equal(o.status, 1);
	assert_string_equal(o.err, want);
	assert_string_equal(o.out, "");
	outcome_free(&o);
}

static void the_sample_says_all_in_words(void **state)
{
	struct outcome o;

	(void)state;
	write_file("[theme]\nname = Mine\nabout = for a test\n[color]\ntext = 252 on 17 / default\ndim = 60 / blue\n"
		"select = 16 on 110 bold / black on cyan underline\n[glyphs]\nbars = abcdefgh\n");
	o = OUTCOME("list", "--check-theme", file);
	assert_int_equal(o.status, 0);
	assert_int_equal(strncmp(o.out, "Mine: a good theme\nfor a test\n", 30), 0);
	assert_non_null(strstr(o.out, "text    252 on 17           default                     default "));
	assert_non_null(strstr(o.out, "select  16 on 110 bold      black on cyan underline     reverse "));
	assert_non_null(strstr(o.out, "glyphs  abcdefgh  "));
	/* #5f5f87 has 0.1236 of the light, #00005f 0.0083, #0000ee 0.0617: 0.1736 / 0.0583 and 0.1117 / 0.05 */
	assert_non_null(strstr(o.out, "  3.0!  2.2!\n"));
	assert_non_null(strstr(o.out, "! 1 of 12 texts below 4.5, hard to read\n"));
	outcome_free(&o);
}

/* Runs it to its end on a terminal. */
static struct pty *check_on_terminal(const char *setting)
{
	const char *const argv[] = { child_tach(), "--check-theme", "nord", NULL }, *const env[] = { setting, NULL };
	struct pty *p = pty_start(50, 120, argv, env);
	int status;

	assert_true(pty_wait_exit(p, WAIT, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return p;
}

static void the_sample_is_painted_where_it_can_be(void **state)
{
	struct pty *p = check_on_terminal("TERM=xterm-256color");

	(void)state;
	assert_non_null(strstr(pty_output(p), "\033[0;38;5;222;48;5;236m222 on 236\033[0m"));
	assert_non_null(strstr(pty_output(p), "\033[0;1;91mbright-red bold\033[0m"));
	pty_free(p);
	p = check_on_terminal("TERM=xterm");
	assert_null(strstr(pty_output(p), "38;5"));
	assert_non_null(strstr(pty_output(p), "\033[0;1;91mbright-red bold\033[0m"));
	pty_free(p);
	p = check_on_terminal("NO_COLOR=1");
	assert_null(strstr(pty_output(p), "38;5"));
	assert_null(strstr(pty_output(p), "91m"));
	assert_non_null(strstr(pty_output(p), "\033[0;7mreverse\033[0m"));
	pty_free(p);
	p = check_on_terminal("TERM=no-such-terminal");
	assert_null(strchr(pty_output(p), '\033'));
	pty_free(p);
}

static void without_utf8_the_sample_is_ascii(void **state)
{
	struct pty *p = check_on_terminal("LC_ALL=C");

	(void)state;
	for (const char *c = pty_output(p); *c; c++)
		assert_true((unsigned char)*c < 0x80);
	assert_non_null(strstr(pty_output(p), ".-=+*#%@"));
	pty_free(p);
}

/* nord: its background, or that of what is selected. */
static void expect_painted(struct pty *p)
{
	int painted = 0;

	for (int row = 0; row < 24; row++)
		for (int col = 0; col < 80; col++) {
			int bg = pty_cell(p, row, col).bg;

			painted += bg == 236;
			if (bg != 236 && bg != 110)
				fail_msg("row %d, column %d stands on %d", row, col, bg);
		}
	assert_true(painted > 1000);
}

/* A background of its own is under every cell, blanks too, also after changes. */
static void a_background_covers_the_screen(void **state)
{
	const char *const argv[] = { child_tach(), "--theme", "nord", "--", "sleep", "60", NULL };
	struct pty *p = pty_start(24, 80, argv, NULL);

	(void)state;
	pty_expect(p, "quit", WAIT); /* in the last row, which is drawn last */
	expect_painted(p);
	pty_send(p, "55");
	assert_true(pty_wait_gone(p, "1 Rate", WAIT));
	pty_send(p, "!");
	pty_expect(p, "back", WAIT);
	expect_painted(p);
	pty_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_listed),
		cmocka_unit_test(all_are_good),
		cmocka_unit_test(a_mistake_has_its_line_and_the_right_name),
		cmocka_unit_test(the_sample_says_all_in_words),
		cmocka_unit_test(the_sample_is_painted_where_it_can_be),
		cmocka_unit_test(without_utf8_the_sample_is_ascii),
		cmocka_unit_test(a_background_covers_the_screen),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
