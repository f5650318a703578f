/* The real binary for 50 ticks on a live program and on a feed, in every form of output. `make asan` and `make tsan` run
 * this with a binary whose exit status tells of a report. */
#include "../lib/child.h"
#include "../lib/json.h"
#include "../lib/pty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TICKS 50

static char feed[] = "/tmp/tach-feed-XXXXXX";

static int make_files(void **state)
{
	int fd = mkstemp(feed);
	FILE *f = fdopen(fd, "w");

	(void)state;
	fputs("tach-feed 1\nmetric cpu.user_seconds counter seconds usr\nmetric mem.rss_bytes gauge bytes RSS\n"
	      "metric lat.request_seconds histogram seconds request\nfact pid 4711\nfact name nginx\n", f);
	for (int i = 0; i <= TICKS; i++) /* the first one is where counting begins */
		fprintf(f, "tick %d.5\nv cpu.user_seconds %d.25\nv mem.rss_bytes %d\nh lat.request_seconds %d 90 17:%d\nend\n", i, i,
			i * 4096, i * 1000, i * 10);
	return fclose(f);
}

static int remove_files(void **state)
{
	(void)state;
	return unlink(feed);
}

/* Runs a tach, asks for the lines that `is_tick` counts, and for status 0. */
static void expect_ticks(const char *const argv[], bool (*is_tick)(const char *line), int ticks)
{
	struct child *c = child_start(argv);
	const char *line;
	int seen = 0, status = -1;

	while ((line = child_line(c, 60000))) {
		if (is_tick(line))
			seen++;
		else
			printf("# %.200s\n", line);
	}
	assert_true(child_wait(c, 10000, &status));
	child_free(c);
	assert_int_equal(status, 0);
	/* After a tick that came late the next may be a short one, which -N does not count. */
	assert_true(seen >= ticks && seen <= ticks + ticks / 2);
}

static bool is_json_tick(const char *line)
{
	if (line[0] != '{') /* the program's own words */
		return false;
	assert_true(json_valid(line));
	return json_find(line, "t") != NULL;
}

static bool is_csv_row(const char *line)
{
	return line[0] >= '0' && line[0] <= '9';
}


static void live_json(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "20ms", "-N", "50", "--", child_subject(), "work", "4", NULL };

	(void)state;
	expect_ticks(argv, is_json_tick, TICKS);
}

static void live_csv(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--csv", "-i", "20ms", "-N", "50", "--", child_subject(), "forks", "200", NULL };

	(void)state;
	expect_ticks(argv, is_csv_row, TICKS);
}

static void workload_json(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "20ms", "-N", "50", "-w", "packet-udp", NULL };

	(void)state;
	expect_ticks(argv, is_json_tick, TICKS);
}

static void feed_json(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "--feed", feed, NULL };

	(void)state;
	expect_ticks(argv, is_json_tick, TICKS);
}

static void live_text(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "-i", "20ms", "-N", "50", "--", child_subject(), "work", "4", NULL };
	struct child *c = child_start(argv);
	int status = -1;

	(void)state;
	assert_true(child_expect(c, "mem.rss_bytes", 30000));
	assert_true(child_wait(c, 10000, &status));
	child_free(c);
	assert_int_equal(status, 0);
}

/* Every key that the dashboard knows, spread over the ticks; then quit. */
static void press_keys(struct pty *p)
{
	static const char *const keys[] = { "\t", "1", "1", "2", "z", "\r", "j", "k", "\033[B", "\033[A", "\033[6~", "\033[5~", "!",
		"\033", " ", " ", "+", "-", "<", ">", "u", "u", "A", "A", "?", "q", "\014", "5", "s", "6", "x", "\033[Z" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(keys[i], "q") != 0)
			pty_send(p, keys[i]);
		pty_run(p, 30);
		if (i == 10)
			pty_resize(p, 40, 120);
		if (i == 20)
			pty_resize(p, 24, 80);
	}
}

static void expect_dashboard(const char *const argv[], const char *text)
{
	struct pty *p = pty_start(24, 80, argv, NULL);
	int status = -1;

	pty_expect(p, text, 20000);
	pty_run(p, TICKS * 20);
	press_keys(p);
	pty_send(p, "\033\033q");
	if (!pty_wait_exit(p, 3000, &status)) { /* the first q closed an overlay */
		pty_send(p, "q");
		assert_true(pty_wait_exit(p, 20000, &status));
	}
	pty_free(p);
	assert_int_equal(status, 0);
}

static void live_dashboard(void **state)
{
	const char *const argv[] = { child_tach(), "-i", "20ms", "--", child_subject(), "work", "4", NULL };

	(void)state;
	expect_dashboard(argv, "subject");
}

static void feed_dashboard(void **state)
{
	const char *const argv[] = { child_tach(), "--feed", feed, NULL };

	(void)state;
	expect_dashboard(argv, "nginx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_json),
		cmocka_unit_test(live_csv),
		cmocka_unit_test(live_text),
		cmocka_unit_test(workload_json),
		cmocka_unit_test(feed_json),
		cmocka_unit_test(live_dashboard),
		cmocka_unit_test(feed_dashboard),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
