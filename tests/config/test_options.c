/* Options: every row from every place, their precedence, and one clear sentence for everything that is wrong. */
#include "config/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct result {
	struct options o;
	struct err e;
	int rc, rest;
	bool command;
};

/* Words are separated by one space. */
static struct result load(enum option_scope scope, const char *line)
{
	static char words[512];
	char *argv[32] = { (char *)"tach" }, *next = words;
	struct result r = { .rc = 0 };
	int argc = 1;

	snprintf(words, sizeof words, "%s", line);
	while (*line && next)
		argv[argc++] = strsep(&next, " ");
	options_init(&r.o);
	r.rc = options_load(&r.o, scope, argc, argv, &r.rest, &r.command, &r.e);
	return r;
}

static void expect_error(enum option_scope scope, const char *line, const char *want)
{
	struct result r = load(scope, line);

	assert_int_equal(r.rc, -1);
	assert_string_equal(r.e.text, want);
	options_free(&r.o);
}

static struct result expect_good(enum option_scope scope, const char *line)
{
	struct result r = load(scope, line);

	if (r.rc)
		fail_msg("%s", r.e.text);
	return r;
}

static void test_defaults(void **state)
{
	struct result r = expect_good(SCOPE_DASH, "");

	(void)state;
	assert_int_equal(r.o.interval, 1000000000);
	assert_int_equal(r.o.span, 5000000000);
	assert_string_equal(r.o.theme, "default");
	assert_true(r.o.children);
	assert_true(r.o.color);
	assert_false(r.o.ascii || r.o.utc || r.o.json || r.o.help);
	assert_null(r.o.pids);
	assert_null(r.o.events);
	assert_null(r.o.keys);
	assert_int_equal(r.o.time, 0);
	assert_null(r.o.functions);
	assert_null(r.o.latency);
	assert_true(r.o.max_cost == 0.02);
	assert_false(r.o.force);
	assert_int_equal(r.rest, 1);
	assert_false(r.command);
	options_free(&r.o);
}

static void test_spellings(void **state)
{
	static const char *const lines[] = { "--interval 500ms", "--interval=500ms", "-i 500ms", "-i500ms" };
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		r = expect_good(SCOPE_STAT, lines[i]);
		assert_int_equal(r.o.interval, 500000000);
		options_free(&r.o);
	}
	r = expect_good(SCOPE_STAT, "-p 12,13 --no-children -N 10k -t 2m --json -e a -e b");
	assert_string_equal(r.o.pids, "12,13");
	assert_false(r.o.children);
	assert_int_equal(r.o.ticks, 10000);
	assert_int_equal(r.o.time, 120000000000);
	assert_true(r.o.json);
	assert_string_equal(r.o.events[0], "a");
	assert_string_equal(r.o.events[1], "b");
	assert_null(r.o.events[2]);
	assert_int_equal(r.rest, 13);
	options_free(&r.o);
	r = expect_good(SCOPE_DASH, "--no-ascii --color --feed -");
	assert_false(r.o.ascii);
	assert_true(r.o.color);
	assert_string_equal(r.o.feed, "-");
	options_free(&r.o);
	r = expect_good(SCOPE_STAT, "--fn libssl:SSL_read --fn main --latency fn:main --max-cost 0.5% --force");
	assert_string_equal(r.o.functions[0], "libssl:SSL_read");
	assert_string_equal(r.o.functions[1], "main");
	assert_null(r.o.functions[2]);
	assert_string_equal(r.o.latency, "fn:main");
	assert_true(r.o.max_cost == 0.005);
	assert_true(r.o.force);
	options_free(&r.o);
	r = expect_good(SCOPE_RUN, "--no-dash packet-udp");
	assert_true(r.o.no_dash);
	assert_int_equal(r.rest, 2);
	options_free(&r.o);
}

static void test_where_options_end(void **state)
{
	struct result r = expect_good(SCOPE_DASH, "-i 2s -- ls -i 3s");

	(void)state;
	assert_true(r.command);
	assert_int_equal(r.rest, 4);
	assert_int_equal(r.o.interval, 2000000000);
	options_free(&r.o);
	r = expect_good(SCOPE_RUN, "-i 2s packet-udp --size 64");
	assert_false(r.command);
	assert_int_equal(r.rest, 3);
	options_free(&r.o);
	r = expect_good(SCOPE_DASH, "-");
	assert_int_equal(r.rest, 1);
	options_free(&r.o);
	r = expect_good(SCOPE_DASH, "--");
	assert_true(r.command);
	assert_int_equal(r.rest, 2);
	options_free(&r.o);
}

static void test_errors(void **state)
{
	(void)state;
	expect_error(SCOPE_DASH, "--intervall 1s", "unknown option '--intervall'; did you mean '--interval'?");
	expect_error(SCOPE_DASH, "--no-colour", "unknown option '--no-colour'; did you mean '--no-color'?");
	expect_error(SCOPE_DASH, "--xyzzy=1", "unknown option '--xyzzy'");
	expect_error(SCOPE_DASH, "--inter\033val", "unknown option '--inter?val'; did you mean '--interval'?");
	expect_error(SCOPE_DASH, "--no-interval 1s", "unknown option '--no-interval'");
	expect_error(SCOPE_DASH, "-x", "unknown option '-x'");
	expect_error(SCOPE_DASH, "-hV", "unknown option '-hV'");
	expect_error(SCOPE_DASH, "--json", "--json is no option here: it belongs to tach stat, tach list");
	expect_error(SCOPE_STAT, "--theme x", "--theme is no option here: it belongs to the dashboard, tach run");
	expect_error(SCOPE_DASH, "-N 3", "-N is no option here: it belongs to tach stat");
	expect_error(SCOPE_DASH, "--interval", "--interval needs a value: TIME");
	expect_error(SCOPE_DASH, "-i", "-i needs a value: TIME");
	expect_error(SCOPE_DASH, "-p -- ls", "-p needs a value: PID[,PID]");
	expect_error(SCOPE_DASH, "--theme=", "--theme: needs a value: NAME|FILE");
	expect_error(SCOPE_DASH, "--ascii=yes", "--ascii takes no value");
	expect_error(SCOPE_DASH, "-i 1",
		"-i: '1' is not a duration: a number and ns, us, ms, s, m or h, as in 500ms");
	expect_error(SCOPE_DASH, "-i 5ms", "-i: 5ms is out of range: 10ms to 1h");
	expect_error(SCOPE_DASH, "--span 2h", "--span: 2h is out of range: 1s to 1h");
	expect_error(SCOPE_DASH, "--max-cost 2", "--max-cost: '2' is not a percentage: a number and %, as in 2%");
	expect_error(SCOPE_DASH, "--max-cost 0%", "--max-cost: 0% is out of range: 0.01% to 100%");
	expect_error(SCOPE_DASH, "--max-cost 101%", "--max-cost: 101% is out of range: 0.01% to 100%");
	expect_error(SCOPE_STAT, "-N 0", "-N: 0 is out of range: 1 to 1000000000");
	expect_error(SCOPE_STAT, "--ticks=-1",
		"--ticks: '-1' is not a count: a number and, if you like, k, M or G (1000), as in 10k");
}

/* ---- files and the environment ---- */

static char folder[64];

static void write_file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_file(const char *name)
{
	char path[200];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	remove(path);
}

static int make_folder(void **state)
{
	char path[200];

	(void)state;
	strcpy(folder, "/tmp/tach-test-options-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/tach", folder);
	mkdir(path, 0700);
	setenv("XDG_CONFIG_HOME", folder, 1);
	unsetenv("NO_COLOR");
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	remove_file("tach/config");
	remove_file("tach/keys");
	remove_file("other");
	remove_file("tach");
	remove_file("");
	return 0;
}

static void test_precedence(void **state)
{
	struct result r;
	char line[200];

	(void)state;
	write_file(
		"tach/config", "interval = 2s\nmax-cost = 3%\nfn = a\nspan = 20s ; long\nascii = yes\nevent = a\nevent = b\n"
		"children = off\n");
	setenv("TACH_SPAN", "30s", 1);
	setenv("TACH_UTC", "on", 1);
	setenv("TACH_THEME", "", 1);
	setenv("TACH_MAX_COST", "4%", 1);
	setenv("TACH_LATENCY", "request", 1);
	r = expect_good(SCOPE_DASH, "-i 3s --children");
	assert_true(r.o.max_cost == 0.04);
	assert_string_equal(r.o.latency, "request");
	assert_string_equal(r.o.functions[0], "a");
	assert_int_equal(r.o.interval, 3000000000);
	assert_int_equal(r.o.span, 30000000000);
	assert_true(r.o.ascii && r.o.utc && r.o.children);
	assert_string_equal(r.o.theme, "default");
	assert_string_equal(r.o.events[1], "b");
	options_free(&r.o);
	r = expect_good(SCOPE_DASH, "-e c");
	assert_string_equal(r.o.events[0], "c");
	assert_null(r.o.events[1]);
	assert_int_equal(r.o.interval, 2000000000);
	assert_false(r.o.children);
	options_free(&r.o);
	write_file("other", "interval = 7s\n");
	snprintf(line, sizeof line, "--config %s/other", folder);
	r = expect_good(SCOPE_DASH, line);
	assert_int_equal(r.o.interval, 7000000000);
	assert_false(r.o.ascii);
	options_free(&r.o);
	unsetenv("TACH_SPAN");
	unsetenv("TACH_UTC");
	unsetenv("TACH_THEME");
	unsetenv("TACH_MAX_COST");
	unsetenv("TACH_LATENCY");
	remove_file("tach/config");
}

static void expect_color(const char *line, bool want)
{
	struct result r = expect_good(SCOPE_DASH, line);

	assert_int_equal(r.o.color, want);
	options_free(&r.o);
}

static void test_no_color(void **state)
{
	(void)state;
	expect_color("", true);
	expect_color("--no-color", false);
	setenv("NO_COLOR", "", 1);
	expect_color("", true);
	setenv("NO_COLOR", "0", 1);
	expect_color("", false);
	expect_color("--color", true);
	setenv("TACH_COLOR", "on", 1);
	expect_color("", true);
	unsetenv("TACH_COLOR");
	unsetenv("NO_COLOR");
}

static void expect_config_error(const char *text, const char *want)
{
	struct options o;
	struct err e = { 0 };

	options_init(&o);
	assert_int_equal(options_read_text(&o, "config", text, &e), -1);
	assert_string_equal(e.text, want);
	options_free(&o);
}

static void test_config_errors(void **state)
{
	char line[200], want[300];
	struct result r;

	(void)state;
	expect_config_error("\nintervall = 1s\n", "config:2: unknown option 'intervall'; did you mean 'interval'?");
	expect_config_error("interval = 1\n",
		"config:1: interval: '1' is not a duration: a number and ns, us, ms, s, m or h, as in 500ms");
	expect_config_error("interval = 1ms\n", "config:1: interval: 1ms is out of range: 10ms to 1h");
	expect_config_error("pid = 1\n", "config:1: 'pid' can be given on the command line only");
	expect_config_error("[x]\nascii = on\n", "config:2: [x]: a config file has no sections");
	expect_config_error("ascii = maybe\n", "config:1: ascii: 'maybe' is neither on nor off");
	expect_config_error("theme =\n", "config:1: theme: needs a value: NAME|FILE");
	setenv("TACH_INTERVAL", "fast", 1);
	expect_error(SCOPE_DASH, "",
		"TACH_INTERVAL: 'fast' is not a duration: a number and ns, us, ms, s, m or h, as in 500ms");
	unsetenv("TACH_INTERVAL");
	snprintf(line, sizeof line, "--config %s", folder);
	snprintf(want, sizeof want, "cannot read %s: Is a directory", folder);
	expect_error(SCOPE_DASH, line, want);
	expect_error(SCOPE_DASH, "--config /no/such", "cannot read /no/such: No such file or directory");
	write_file("tach/config", "nonsense\n");
	r = load(SCOPE_DASH, "");
	assert_int_equal(r.rc, -1);
	assert_non_null(strstr(r.e.text, "tach/config:1: this is neither"));
	options_free(&r.o);
	r = expect_good(SCOPE_DASH, "--print-config"); /* what helps to mend it works */
	assert_true(r.o.print_config);
	options_free(&r.o);
	remove_file("tach/config");
}

static void test_keys_file_is_found(void **state)
{
	struct result r;
	char want[200];

	(void)state;
	write_file("tach/keys", "");
	r = expect_good(SCOPE_DASH, "");
	snprintf(want, sizeof want, "%s/tach/keys", folder);
	assert_string_equal(r.o.keys, want);
	options_free(&r.o);
	r = expect_good(SCOPE_DASH, "--keys x");
	assert_string_equal(r.o.keys, "x");
	options_free(&r.o);
	remove_file("tach/keys");
}

/* ---- the table ---- */

static size_t field_size(const struct option_row *row)
{
	return row->type == OPTION_FLAG ? sizeof(bool) : 8;
}

static void expect_same(const struct options *a, const struct options *b)
{
	for (const struct option_row *row = option_table; row->name; row++) {
		const char *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;

		if (row->type != OPTION_TEXT || !*(char *const *)x || !*(char *const *)y)
			assert_memory_equal(x, y, field_size(row));
		else
			assert_string_equal(*(char *const *)x, *(char *const *)y);
	}
}

static void test_printed_config_gives_the_defaults(void **state)
{
	char *text = options_print_config();
	struct options a, b;
	struct err e = { 0 };

	(void)state;
	options_init(&a);
	options_init(&b);
	b.interval = b.span = 77;
	b.max_cost = 1;
	b.ascii = b.utc = true;
	b.color = b.children = false;
	if (options_read_text(&b, "printed", text, &e))
		fail_msg("%s", e.text);
	expect_same(&a, &b);
	assert_non_null(strstr(text, "\n# time between two readings, 10ms to 1h\ninterval = 1s\n"));
	assert_non_null(strstr(text, "\n# off: leave out child processes\nchildren = on\n"));
	assert_non_null(strstr(text, "\n# event = EVENT\n"));
	assert_null(strstr(text, "print-config"));
	options_free(&a);
	options_free(&b);
	free(text);
}

/* Names, letters and places are there once; what is shown has a help text and, unless a flag, the name of its value. */
static void test_rows(void **state)
{
	size_t rows = 0;

	(void)state;
	for (const struct option_row *a = option_table; a->name; a++, rows++) {
		for (const struct option_row *b = option_table; b != a; b++) {
			assert_string_not_equal(a->name, b->name);
			assert_true(!a->letter || a->letter != b->letter);
			assert_int_not_equal(a->offset, b->offset);
		}
		assert_non_null(a->help);
		assert_true((a->type == OPTION_FLAG) == (a->argument == NULL));
		assert_true((a->type != OPTION_FLAG && a->type != OPTION_TEXT && a->type != OPTION_LIST) == (a->max != 0));
		assert_int_not_equal(a->scope & SCOPE_ALL, 0);
	}
	assert_true(rows < 64); /* ROWS_LIMIT of the parser */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_where_options_end),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_no_color),
		cmocka_unit_test(test_config_errors),
		cmocka_unit_test(test_keys_file_is_found),
		cmocka_unit_test(test_printed_config_gives_the_defaults),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
