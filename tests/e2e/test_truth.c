/*
 * What tach counts of a process, against what strace and bpftrace count of it at the same time. All three watch a process
 * of ours that does a thing so many times when it is told.
 */
#include "../lib/near.h"
#include "../lib/probe.h"
#include "../lib/tick.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECE 4096

enum { CALLS, READS };

static char path[64];

static void make_calls(long n)
{
	char byte;

	for (long i = 0; i < n; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		for (int k = 0; k < 3; k++)
			(void)!pread(fd, &byte, 1, 0);
		syscall(SYS_getppid);
		close(fd);
		close(-1);
	}
}

static void make_reads(long n)
{
	void *data = aligned_alloc(PIECE, PIECE);
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	for (long i = 0; i < n; i++)
		if (pread(fd, data, PIECE, 0) != PIECE)
			_exit(1);
	close(fd);
	free(data);
}

static void act(int what, long n)
{
	if (what == CALLS)
		make_calls(n);
	else
		make_reads(n);
}

static void need(const char *program)
{
	const char *why = probe_refused();

	if (!why && have_program(program))
		return;
	printf("# skip: %s%s\n", why ? why : "not installed: ", why ? "" : program);
	skip();
}

static struct child *watch(const struct puppet *p, const char *latency)
{
	char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "200ms", "-p", number, latency ? "--latency" : NULL,
		latency, NULL };

	snprintf(number, sizeof number, "%d", (int)p->pid);
	return child_start(argv);
}

/* ---- system calls, and strace ---- */

struct count {
	const char *call;
	double calls, errors;
};

/* Rates of each call, times the length of the tick: what came. */
static void add_tick(struct count *counts, size_t n, const char *tick)
{
	double length = json_number(tick, "dt");
	char place[64], name[64];

	for (int row = 0; row < 100; row++)
		for (size_t i = 0; i < n; i++) {
			double calls, errors;

			snprintf(place, sizeof place, "tables/syscalls/%d/name", row);
			snprintf(name, sizeof name, "%s", counts[i].call);
			if (!json_string_is(tick, place, name))
				continue;
			snprintf(place, sizeof place, "tables/syscalls/%d/calls", row);
			calls = json_number(tick, place) * length;
			snprintf(place, sizeof place, "tables/syscalls/%d/errors", row);
			errors = json_number(tick, place) * length;
			counts[i].calls += calls > 0 ? round(calls) : 0;
			counts[i].errors += errors > 0 ? round(errors) : 0;
		}
}

/* "  0.00    0.000000           0       300       100 close" */
static struct count strace_count(const char *summary, const char *call)
{
	struct count c = { .call = call };
	char line[256], name[64];

	for (const char *at = summary; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		if (sscanf(line, "%*f %*f %*f %lf %lf %63s", &c.calls, &c.errors, name) == 3 && strcmp(name, call) == 0)
			return c;
		c.errors = 0;
		if (sscanf(line, "%*f %*f %*f %lf %63s", &c.calls, name) == 2 && strcmp(name, call) == 0)
			return c;
	}
	fail_msg("strace saw no %s in:\n%s", call, summary);
	return c;
}

static void counts_calls_as_strace_does(void **state)
{
	struct count counts[] = { { .call = "openat" }, { .call = "pread64" }, { .call = "getppid" }, { .call = "close" } };
	struct puppet p;
	struct child *tach, *strace;
	char number[16], summary[8192];
	double before;
	const char *const argv[] = { "strace", "-c", "-f", "-p", number, NULL };

	(void)state;
	need("strace");
	p = puppet_start(act);
	snprintf(number, sizeof number, "%d", (int)p.pid);
	tach = watch(&p, "syscall");
	for (int i = 0; i < 10; i++) { /* until it is switched on, and each call has a row from which rates are counted */
		assert_non_null(tick_next(tach, 10000));
		puppet_do(&p, CALLS, 1);
	}
	strace = child_start(argv);
	assert_true(child_expect(strace, "attached", 10000));
	tick_newest(tach, 10000);
	puppet_do(&p, CALLS, 500);
	do { /* until it is still again */
		const char *tick = tick_next(tach, 10000);

		assert_non_null(tick);
		before = counts[0].calls;
		add_tick(counts, 4, tick);
	} while (counts[0].calls == 0 || counts[0].calls > before);
	kill(child_pid(strace), SIGINT);
	snprintf(summary, sizeof summary, "%s", child_rest(strace, 10000));
	for (size_t i = 0; i < 4; i++) {
		struct count s = strace_count(summary, counts[i].call);

		printf("# %s: %.0f calls, %.0f errors; strace: %.0f, %.0f\n", s.call, counts[i].calls, counts[i].errors, s.calls,
			s.errors);
		assert_near(counts[i].calls, s.calls, 0.5);
		assert_near(counts[i].errors, s.errors, 0.5);
	}
	child_free(strace);
	child_free(tach);
	puppet_end(&p);
}

/* ---- block requests, and bpftrace ---- */

static bool make_file(const char *folder)
{
	char piece[PIECE] = "x";
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "%s/tach-truth-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) || major(st.st_dev) == 0 || write(fd, piece, PIECE) != PIECE || fsync(fd)) {
		close(fd);
		unlink(path);
		return false;
	}
	close(fd);
	return true;
}

/* Requests of one order as bpftrace counts them where they are given to the device; -1: it says nothing. */
static double bpftrace_reads(const struct puppet *p, long n)
{
	char text[160];
	const char *const argv[] = { "bpftrace", "-e", text, NULL };
	struct child *c;
	const char *at;
	double count;

	snprintf(text, sizeof text, "t:block:block_rq_issue /pid == %d/ { @ = count(); } BEGIN { printf(\"go\\n\"); }", (int)p->pid);
	c = child_start(argv);
	if (!child_expect(c, "go", 20000)) {
		child_free(c);
		return -1;
	}
	usleep(300000);
	puppet_do(p, READS, n);
	kill(child_pid(c), SIGINT);
	at = strstr(child_rest(c, 10000), "@:");
	count = at ? strtod(at + 2, NULL) : -1;
	child_free(c);
	return count;
}

/* Requests end in interrupts, and there are virtual machines whose kernel runs no programs while a certain process of its
 * own is interrupted; so, up to five times. */
static void counts_block_reads_as_bpftrace_does(void **state)
{
	struct puppet p;
	struct child *tach;
	const char *tick = NULL;
	double before, after = 0, theirs = -1;
	bool equal = false;

	(void)state;
	need("bpftrace");
	if (!make_file("/var/tmp") && !make_file("/tmp")) {
		printf("# skip: no folder on a disk\n");
		skip();
	}
	p = puppet_start(act);
	tach = watch(&p, NULL);
	while ((tick = tick_next(tach, 10000)) && !(tick_total(tick, "io.block_reads") >= 0))
		;
	assert_non_null(tick);
	for (int i = 0; i < 5 && !equal; i++) {
		before = tick_total(tick_newest(tach, 10000), "io.block_reads");
		theirs = bpftrace_reads(&p, 300);
		tick_newest(tach, 10000);
		after = tick_total(tick_next(tach, 10000), "io.block_reads");
		printf("# block reads: %.0f; bpftrace: %.0f\n", after - before, theirs);
		if (theirs < 0)
			break;
		equal = after - before == theirs && theirs == 300;
	}
	child_free(tach);
	puppet_end(&p);
	unlink(path);
	if (theirs < 0) {
		printf("# skip: bpftrace counts nothing here\n");
		skip();
	}
	assert_true(equal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_calls_as_strace_does),
		cmocka_unit_test(counts_block_reads_as_bpftrace_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
