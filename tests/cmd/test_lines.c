/*
 * --line and --plain of the real tach on played feeds, in a pipe: what a person has approved as
 * tests/cmd/lines/NAME.txt. UPDATE=1 writes these files anew: read the difference before it is committed. And
 * --print-frame-bytes.
 */
#include "base/file.h"
#include "../lib/child.h"
#include "../lib/outcome.h"
#include "../lib/play.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/cmd/lines"
#define PATIENCE_MS 10000

static const char *const utf8[] = { "LC_ALL=C.UTF-8", NULL };
static const char *const posix[] = { "LC_ALL=C", NULL };

/* Runs tach on a feed in a file; option may be NULL. */
static struct outcome played(unsigned flags, int ticks, const char *form, const char *option, const char *const env[])
{
	char path[] = "/tmp/tach-feed-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	const char *const words[] = { "--utc", "--feed", path, form, option, NULL };
	const struct feed_shape shape = { .flags = flags, .ticks = ticks, .threads = 6 };
	struct outcome o;

	assert_non_null(f);
	feed_head(f, &shape);
	if (flags & FEED_HOSTILE)
		fputs("fact name p\303\244ck\033[2J\342\224\202\n", f);
	for (int tick = 0; tick <= ticks; tick++)
		feed_tick(f, &shape, tick);
	assert_int_equal(fclose(f), 0);
	o = outcome_of(words, env);
	unlink(path);
	return o;
}

static void write_approved(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void expect_approved(const char *name, struct outcome *o)
{
	char path[128], *approved;
	size_t length;

	snprintf(path, sizeof path, FOLDER "/%s.txt", name);
	assert_int_equal(o->status, 0);
	assert_string_equal(o->err, "");
	if (getenv("UPDATE"))
		write_approved(path, o->out);
	if (file_read_all(path, 1 << 20, &approved, &length) != 0)
		fail_msg("%s: not approved yet (UPDATE=1 writes it)", path);
	assert_string_equal(o->out, approved);
	free(approved);
	outcome_free(o);
}

static void expect_text_only(const struct outcome *o)
{
	for (const char *c = o->out; *c; c++)
		if ((unsigned char)*c < 0x20 && *c != '\n')
			fail_msg("a control character was written: %#x", (unsigned char)*c);
}

#define GATEWAY (FEED_PMU | FEED_PUBLISH)

static void a_line_a_refresh(void **state)
{
	struct outcome o = played(GATEWAY, 60, "--line", NULL, utf8);

	(void)state;
	expect_text_only(&o);
	expect_approved("line-gateway", &o);
	o = played(GATEWAY | FEED_ENDS, 6, "--line", NULL, utf8);
	expect_approved("line-ends", &o);
	o = played(0, 6, "--line", NULL, utf8);
	expect_approved("line-poor", &o);
	o = played(FEED_SOCKETS, 6, "--line", NULL, utf8);
	expect_approved("line-server", &o);
}

/* Two hundred seconds, and trouble from second 160 on. */
static void a_sentence_on_change(void **state)
{
	struct outcome o = played(GATEWAY, 200, "--plain", NULL, utf8);

	(void)state;
	expect_text_only(&o);
	expect_approved("plain-gateway", &o);
	o = played(GATEWAY | FEED_ENDS, 60, "--plain", NULL, utf8);
	expect_approved("plain-ends", &o);
	o = played(0, 60, "--plain", NULL, utf8);
	expect_approved("plain-poor", &o);
	o = played(FEED_SOCKETS, 60, "--plain", NULL, utf8);
	expect_approved("plain-server", &o);
	o = played(FEED_PUBLISH | FEED_LOCKS, 60, "--plain", NULL, utf8);
	expect_approved("plain-locks", &o);
}

static void expect_ascii(struct outcome *o)
{
	assert_int_equal(o->status, 0);
	assert_true(o->out_size > 0);
	expect_text_only(o);
	for (const char *c = o->out; *c; c++)
		assert_true((unsigned char)*c < 0x80);
	outcome_free(o);
}

/* A name that is not ASCII is shown where the locale can, with '?' where it cannot; an escape sequence never. */
static void names_that_mean_harm(void **state)
{
	const unsigned hostile = FEED_PUBLISH | FEED_LOCKS | FEED_HOSTILE;
	struct outcome o = played(hostile, 6, "--line", NULL, utf8);

	(void)state;
	expect_text_only(&o);
	expect_approved("line-hostile", &o);
	o = played(hostile, 6, "--plain", NULL, utf8);
	expect_text_only(&o);
	expect_approved("plain-hostile", &o);
	o = played(hostile, 6, "--line", NULL, posix);
	expect_ascii(&o);
	o = played(hostile, 6, "--plain", NULL, posix);
	expect_ascii(&o);
	o = played(hostile, 6, "--plain", "--ascii", utf8);
	expect_ascii(&o);
}

static void line_goes_before_plain(void **state)
{
	struct outcome o = played(GATEWAY, 6, "--line", "--plain", utf8), line = played(GATEWAY, 6, "--line", NULL, utf8);

	(void)state;
	assert_true(line.out_size > 0);
	assert_string_equal(o.out, line.out);
	outcome_free(&o);
	outcome_free(&line);
}

static void a_signal_ends_it(void **state)
{
	const char *const argv[] = { child_tach(), "--line", "-i", "50ms", "--", "sleep", "60", NULL };
	struct child *c = child_start(argv);
	int status = -1;

	(void)state;
	assert_true(child_expect(c, " RSS ", PATIENCE_MS));
	assert_int_equal(kill(child_pid(c), SIGTERM), 0);
	assert_true(child_wait(c, PATIENCE_MS, &status));
	assert_int_equal(status, 128 + SIGTERM);
	child_free(c);
}

/* All threads but the front's stop, or go on. */
static void hold_threads(pid_t pid, bool hold)
{
	char path[40];
	struct dirent *entry;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d))) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0 || tid == pid)
			continue;
		if (!hold)
			ptrace(PTRACE_DETACH, tid, NULL, NULL); /* one that was born meanwhile is not ours */
		else if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0) {
			ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
			waitpid(tid, NULL, __WALL);
		}
	}
	closedir(d);
}

static void expect_lateness(const char *form, const char *number, const char *again)
{
	const char *argv[] = { child_tach(), form, "--utc", "-i", "50ms", "--", "sleep", "60", NULL };
	struct child *c = child_start(argv);
	bool told = false;
	int status = -1;

	assert_true(child_expect(c, number, PATIENCE_MS));
	for (int tries = 0; tries < 5 && !told; tries++) { /* one that was held with a lock in its hand holds the front too */
		hold_threads(child_pid(c), true);
		told = child_expect(c, "sleep: no numbers since ", PATIENCE_MS / 5);
		hold_threads(child_pid(c), false);
	}
	assert_true(told);
	assert_true(child_expect(c, again, PATIENCE_MS));
	assert_int_equal(kill(child_pid(c), SIGTERM), 0);
	assert_true(child_wait(c, PATIENCE_MS, &status));
	assert_int_equal(status, 128 + SIGTERM);
	child_free(c);
}

static void numbers_that_do_not_come_are_told(void **state)
{
	(void)state;
	expect_lateness("--line", " RSS ", " RSS ");
	expect_lateness("--plain", " RSS ", "sleep: numbers come again.");
}

static void a_workload_needs_no_terminal(void **state)
{
	const char *const words[] = { "run", "--line", "-i", "50ms", "packet-udp", "--rate", "1000", "--duration", "1s",
		NULL };
	struct outcome o = outcome_of(words, NULL);

	(void)state;
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out, "packet-udp rx "));
	outcome_free(&o);
}

static void a_feed_that_is_none_is_told(void **state)
{
	const char *const words[] = { "--feed", "/dev/null", "--plain", NULL };
	struct outcome o = outcome_of(words, NULL);

	(void)state;
	assert_int_equal(o.status, 1);
	assert_string_equal(o.out, "");
	assert_non_null(strstr(o.err, "tach: the feed is empty"));
	outcome_free(&o);
}

/* ---- --print-frame-bytes ---- */

struct report {
	unsigned long long frames, skipped, first, most, all;
	double mean;
};

static struct report read_report(const char *text)
{
	static const char form[] =
		"tach: %llu frames, %llu skipped; bytes: first %llu, others %lf on average and %llu at most, all %llu";
	const char *line = strstr(text, "tach: ");
	struct report r;

	assert_non_null(line);
	if (sscanf(line, form, &r.frames, &r.skipped, &r.first, &r.mean, &r.most, &r.all) != 6)
		fail_msg("no report: %s", line);
	return r;
}

static void bytes_of_lines(void **state)
{
	struct outcome o = played(GATEWAY, 60, "--line", "--print-frame-bytes", utf8);
	struct report r = read_report(o.err);

	(void)state;
	assert_int_equal(r.frames, 60); /* 61 ticks: one of them has no rates yet */
	assert_int_equal(r.skipped, 0);
	assert_int_equal(r.first, strcspn(o.out, "\n") + 1);
	assert_int_equal(r.all, o.out_size);
	outcome_free(&o);
}

static void bytes_of_frames(void **state)
{
	static const char *const args[] = { "--print-frame-bytes", NULL };
	const struct feed_shape shape = { .flags = GATEWAY, .ticks = 60, .threads = 6 };
	struct play *p = play_start(&shape, 24, 120, args, NULL);
	char *screen;
	struct report r;
	int status;

	(void)state;
	for (int tick = 0; tick < 10; tick++) {
		play_until(p, tick);
		play_expect_drawn(p);
	}
	pty_send(play_pty(p), "q");
	assert_true(pty_wait_exit(play_pty(p), PATIENCE_MS, &status));
	screen = pty_screen(play_pty(p));
	r = read_report(screen);
	assert_true(r.frames >= 10);
	assert_true(r.first > 0 && r.most > 0 && r.mean > 0 && r.mean <= (double)r.most);
	assert_true(r.all >= 2000);                    /* a screen of numbers, ten times changed */
	assert_true(r.all < pty_bytes(play_pty(p)));   /* which has the opening and the closing words too */
	assert_true(r.all + 1000 > pty_bytes(play_pty(p)));
	free(screen);
	play_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_a_refresh), cmocka_unit_test(a_sentence_on_change),
		cmocka_unit_test(names_that_mean_harm), cmocka_unit_test(line_goes_before_plain),
		cmocka_unit_test(a_signal_ends_it), cmocka_unit_test(numbers_that_do_not_come_are_told),
		cmocka_unit_test(a_workload_needs_no_terminal),
		cmocka_unit_test(a_feed_that_is_none_is_told),
		cmocka_unit_test(bytes_of_lines), cmocka_unit_test(bytes_of_frames),
	};

	return cmocka_run_group_tests_name("cmd/lines", tests, NULL, NULL);
}
