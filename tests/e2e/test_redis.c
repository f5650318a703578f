/*
 * A redis-server that nobody here wrote, under redis-benchmark: what `tach stat --json` says must be what /proc and
 * `perf stat` say. /proc is read right after each line of tach's, so tach's own reading lies between two of ours and a
 * total must too.
 */
#include "../lib/near.h"
#include "../lib/tick.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define TICKS 12
#define TICKS_MAX 100

static char folder[] = "/tmp/tach-redis-XXXXXX";
static char server_path[64], socket_path[64];
static struct child *redis;

static bool answers(void)
{
	const char *const argv[] = { "redis-cli", "-s", socket_path, "ping", NULL };
	struct child *c = child_start(argv);
	bool yes = child_expect(c, "PONG", 1000);

	child_free(c);
	return yes;
}

/* The package redis-tools has the server's program too, under the name of another: it looks at its own name. */
static int start_redis(void **state)
{
	const char *argv[] = { server_path, "--port", "0", "--unixsocket", socket_path, "--dir", folder, "--save", "",
		"--appendonly", "no", NULL };

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(server_path, sizeof server_path, "%s/redis-server", folder);
	snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
	if (!have_program("redis-benchmark") || symlink("/usr/bin/redis-check-rdb", server_path) < 0)
		return 0;
	redis = child_start(argv);
	for (int i = 0; i < 50 && !answers(); i++)
		usleep(100000);
	return answers() ? 0 : -1;
}

static int stop_redis(void **state)
{
	(void)state;
	child_free(redis);
	unlink(socket_path);
	unlink(server_path);
	return rmdir(folder);
}

static void need_redis(void)
{
	if (redis)
		return;
	printf("# skip: no redis here (Debian: redis-tools)\n");
	skip();
}

static struct child *load(const char *requests)
{
	const char *const argv[] = { "redis-benchmark", "-s", socket_path, "-t", "get", "-c", "16", "-n", requests, "-q", NULL };

	return child_start(argv);
}

static struct child *watch(const char *interval)
{
	static char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", interval, "-p", number, NULL };

	snprintf(number, sizeof number, "%d", (int)child_pid(redis));
	return child_start(argv);
}

static void end_watch(struct child *tach)
{
	int status = -1;

	kill(child_pid(tach), SIGINT);
	assert_true(child_wait(tach, 5000, &status));
	child_free(tach);
	assert_int_equal(status, 128 + SIGINT);
}

/* ---- /proc ---- */

enum { USER, SYSTEM, MINOR, VOLUNTARY, INVOLUNTARY, WATCHED };

/* By how much our reading and tach's may differ beyond what happens between them. The kernel splits CPU time into user
 * and system by its tick, so the parts may move against each other. */
static const struct {
	const char *name;
	double tolerance;
} watched[WATCHED] = {
	[USER] = { "cpu.user_seconds", 0.021 },
	[SYSTEM] = { "cpu.system_seconds", 0.021 },
	[MINOR] = { "mem.faults_minor", 0 },
	[VOLUNTARY] = { "cpu.switches_voluntary", 0 },
	[INVOLUNTARY] = { "cpu.switches_involuntary", 0 },
};

static void read_proc(double out[WATCHED])
{
	unsigned long long minor, user, system;
	pid_t pid = child_pid(redis);
	char path[64], text[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	assert_int_equal(sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %llu %*u %*u %*u %llu %llu", &minor, &user, &system), 3);
	out[USER] = (double)user / (double)sysconf(_SC_CLK_TCK);
	out[SYSTEM] = (double)system / (double)sysconf(_SC_CLK_TCK);
	out[MINOR] = (double)minor;
	out[VOLUNTARY] = (double)proc_sum(pid, "status", "voluntary_ctxt_switches:");
	out[INVOLUNTARY] = (double)proc_sum(pid, "status", "nonvoluntary_ctxt_switches:");
}

static void totals_lie_between_readings_of_proc(void **state)
{
	double ours[TICKS_MAX + 1][WATCHED], theirs[TICKS_MAX + 1][WATCHED];
	struct child *tach, *benchmark;
	int ticks = 0;

	(void)state;
	need_redis();
	benchmark = load("100000000");
	tach = watch("200ms");
	read_proc(ours[0]);
	/* Longer when a busy machine gives redis little time: there must be something to count. */
	while (ticks < TICKS || (ticks < TICKS_MAX && theirs[ticks][USER] - theirs[1][USER] <= 0.05)) {
		const char *tick = tick_next(tach, 10000);
		int i = ++ticks;

		assert_non_null(tick);
		read_proc(ours[i]);
		for (int w = 0; w < WATCHED; w++)
			theirs[i][w] = tick_total(tick, watched[w].name);
		assert_near(tick_gauge(tick, "mem.rss_bytes"), 1024.0 * (double)proc_number(child_pid(redis), "status", "VmRSS:"),
			2e6);
		assert_int_equal(tick_gauge(tick, "cpu.threads"), proc_number(child_pid(redis), "status", "Threads:"));
	}
	child_free(benchmark);
	end_watch(tach);
	for (int i = 3; i <= ticks; i++) /* on a busy machine we may read of a tick only when the next one is there already */
		for (int w = 0; w < WATCHED; w++) {
			double moved = theirs[i][w] - theirs[1][w];

			if (moved >= ours[i - 2][w] - ours[1][w] - watched[w].tolerance &&
				moved <= ours[i][w] - ours[0][w] + watched[w].tolerance)
				continue;
			fail_msg("tick %d, %s: %.9g is not between %.9g and %.9g", i, watched[w].name, moved,
				ours[i - 2][w] - ours[1][w], ours[i][w] - ours[0][w]);
		}
	assert_true(theirs[ticks][USER] - theirs[1][USER] > 0.05);
}

/* ---- perf ---- */

/* One line of `perf stat -x,`: the number before the event's name. */
static double perf_value(const char *text, const char *event)
{
	const char *at = strstr(text, event);

	while (at && at > text && at[-1] != '\n')
		at--;
	return at ? strtod(at, NULL) : (double)NAN;
}

enum { CLOCK, SWITCHES, FAULTS, EVENTS };

/* What differs is redis idling at the edges, ten turns a second, and at each switch which of the two clocks stops first. */
static const struct {
	const char *event, *metric;
	double scale, relative, absolute;
} events[EVENTS] = {
	[CLOCK] = { "task-clock", "cpu.task_clock_seconds", 1e-3, 0.05, 0.01 },
	[SWITCHES] = { "context-switches", "cpu.context_switches", 1, 0.002, 40 },
	[FAULTS] = { "page-faults", "mem.faults", 1, 0, 20 },
};

static void read_totals(struct child *tach, double out[EVENTS])
{
	const char *tick = tick_newest(tach, 10000);

	assert_non_null(tick);
	for (int i = 0; i < EVENTS; i++)
		out[i] = tick_total(tick, events[i].metric);
}

/* Both watch from before the load until after it. */
static void software_events_equal_those_of_perf_stat(void **state)
{
	char number[16];
	const char *const argv[] = { "LC_ALL=C", "perf", "stat", "-x,", "-e", "task-clock,context-switches,page-faults", "-p",
		number, NULL };
	struct child *perf, *tach, *benchmark;
	double first[EVENTS], last[EVENTS];
	const char *said;
	int status;

	(void)state;
	need_redis();
	if (!have_program("perf")) {
		printf("# skip: no perf here (Debian: linux-perf)\n");
		skip();
	}
	snprintf(number, sizeof number, "%d", (int)child_pid(redis));
	tach = watch("100ms");
	read_totals(tach, first);
	if (isnan(first[CLOCK])) {
		child_free(tach);
		printf("# skip: perf_event_open is not allowed here\n");
		skip();
	}
	perf = child_start(argv);
	usleep(500000);
	read_totals(tach, first);
	benchmark = load("100000");
	assert_true(child_wait(benchmark, 60000, &status));
	child_free(benchmark);
	read_totals(tach, last);
	kill(child_pid(perf), SIGINT);
	said = child_rest(perf, 5000);
	for (int i = 0; i < EVENTS; i++) {
		double theirs = perf_value(said, events[i].event) * events[i].scale;

		if (geteuid() != 0 && isnan(first[i])) {
			print_message("# %s: not for this user\n", events[i].event);
			continue;
		}
		print_message("# %s: tach %.9g, perf %.9g\n", events[i].event, last[i] - first[i], theirs);
		assert_near(last[i] - first[i], theirs, theirs * events[i].relative + events[i].absolute);
	}
	child_free(perf);
	end_watch(tach);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_lie_between_readings_of_proc),
		cmocka_unit_test(software_events_equal_those_of_perf_stat),
	};

	return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
