/* INI text: what is read, and that every refusal names file and line. */
#include "config/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct seen {
	char text[4096];
};

static int collect(void *context, const char *section, const char *name, const char *value, struct err *e)
{
	struct seen *s = context;

	if (strcmp(name, "bad") == 0)
		return err_set(e, 0, "unknown name 'bad'");
	snprintf(s->text + strlen(s->text), sizeof s->text - strlen(s->text), "[%s]%s=%s|", section, name, value);
	return 0;
}

static void expect(const char *text, const char *want)
{
	struct seen s = { "" };
	struct err e = { 0 };

	if (ini_read_text("f", text, collect, &s, &e))
		fail_msg("%s", e.text);
	assert_string_equal(s.text, want);
}

static void expect_error(const char *text, const char *want)
{
	struct seen s = { "" };
	struct err e = { 0 };

	assert_int_equal(ini_read_text("f", text, collect, &s, &e), -1);
	assert_string_equal(e.text, want);
	assert_int_equal(e.code, 0);
}

static void test_pairs(void **state)
{
	(void)state;
	expect("", "");
	expect("a = 1\n[s]\n b=2 \n\tc\t=\t3", "[]a=1|[s]b=2|[s]c=3|");
	expect("\xef\xbb\xbf" "a = 1\r\n\r\nb = 2\r\n", "[]a=1|[]b=2|");
	expect("# one = 1\n; two = 2\n   # three = 3\nfour = 4 ; said\n", "[]four=4|");
	expect("color = #5fafff / 75\n", "[]color=#5fafff / 75|");
	expect("bars = ▁▂▃\n", "[]bars=▁▂▃|");
	expect("empty =\n", "[]empty=|");
	expect("a = 1\n  b = 2\n", "[]a=1|[]b=2|"); /* an indented line is no continuation */
	expect("C-; = quit\n? = help\nM-] = zoom\n", "[]C-;=quit|[]?=help|[]M-]=zoom|");
}

static void test_errors_name_the_line(void **state)
{
	(void)state;
	expect_error("a = 1\n\nbad = 2\na = 3\n", "f:3: unknown name 'bad'");
	expect_error("a = 1\nnonsense\n", "f:2: this is neither 'name = value' nor a [section]");
	expect_error("[open\n", "f:1: this is neither 'name = value' nor a [section]");
	expect_error("nonsense\nbad = 1\n", "f:1: this is neither 'name = value' nor a [section]");
	expect_error("bad = 1\nnonsense\n", "f:1: unknown name 'bad'");
	expect_error("\n a = \x1b[2J\n", "f:2: has a control character, or is not UTF-8");
	expect_error("a = \xff\n", "f:1: has a control character, or is not UTF-8");
}

/* The limit is inih's 200 bytes or what its build has; comments may be longer. */
static void test_long_lines(void **state)
{
	char text[4000], fits[300];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	memcpy(text, "a = 1\nb = ", 10);
	expect_error(text, "f:2: the line is too long");
	text[6] = '#';
	expect(text, "[]a=1|");
	snprintf(fits, sizeof fits, "a = %0150d\n", 7);
	text[0] = '\0';
	snprintf(text, sizeof text, "[]a=%0150d|", 7);
	expect(fits, text);
}

static void write_file(const char *path, const char *text, size_t length)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, length, f), length);
	fclose(f);
}

static void test_files(void **state)
{
	char path[] = "/tmp/tach-test-ini-XXXXXX", want[200], *big = calloc(1, (1 << 20) + 2);
	struct seen s = { "" };
	struct err e = { 0 };

	(void)state;
	close(mkstemp(path));
	write_file(path, "a = 1\n", 6);
	assert_int_equal(ini_read_file(path, collect, &s, &e), 0);
	assert_string_equal(s.text, "[]a=1|");
	write_file(path, "a = 1\nb = \0\n", 12);
	assert_int_equal(ini_read_file(path, collect, &s, &e), -1);
	snprintf(want, sizeof want, "%s:2: has a NUL byte: is this a text file?", path);
	assert_string_equal(e.text, want);
	memset(big, '\n', (1 << 20) + 1);
	write_file(path, big, (1 << 20) + 1);
	assert_int_equal(ini_read_file(path, collect, &s, &e), -1);
	assert_non_null(strstr(e.text, "larger than 1 MiB"));
	assert_int_equal(ini_read_file("/", collect, &s, &e), -1);
	assert_string_equal(e.text, "cannot read /: Is a directory");
	unlink(path);
	assert_int_equal(ini_read_file(path, collect, &s, &e), -1);
	assert_int_equal(e.code, 2); /* ENOENT: a file that need not be there */
	free(big);
}

static void test_long_paths_keep_the_message(void **state)
{
	char path[500];
	struct err e = { 0 };

	(void)state;
	memset(path, 'p', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_int_equal(ini_read_text(path, "bad = 1\n", collect, NULL, &e), -1);
	assert_non_null(strstr(e.text, "ppp:1: unknown name 'bad'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_long_paths_keep_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
