/* tach stat on real children: exit statuses, signals, what goes to which stream, and names that mean harm. */
#include "base/clock.h"
#include "base/file.h"
#include "../lib/child.h"
#include "../lib/json.h"
#include "../lib/near.h"
#include "../lib/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES 400

struct lines {
	char *line[LINES];
	size_t count;
};

static struct lines split(char *text)
{
	struct lines l = { .count = 0 };

	for (char *line = strtok(text, "\n"); line && l.count < LINES; line = strtok(NULL, "\n"))
		l.line[l.count++] = line;
	return l;
}

#define TACH(...) outcome_of((const char *const[]){ __VA_ARGS__, NULL }, NULL)
#define TACH_SIGNAL(signal, ms, ...) outcome_of_signal((const char *const[]){ __VA_ARGS__, NULL }, signal, ms)

/* Header, ticks, end: every line one object. */
static struct lines expect_json(struct outcome *o)
{
	struct lines l = split(o->out);

	for (size_t i = 0; i < l.count; i++)
		if (!json_valid(l.line[i]))
			fail_msg("no JSON: %s", l.line[i]);
	assert_true(l.count >= 2);
	assert_non_null(json_find(l.line[0], "tach"));
	for (size_t i = 1; i + 1 < l.count; i++)
		assert_true(json_number(l.line[i], "t") > 0);
	assert_non_null(json_find(l.line[l.count - 1], "end"));
	return l;
}

static void the_childs_status_is_tachs(void **state)
{
	struct outcome o = TACH("stat", "-N", "2", "-i", "100ms", "--json", "--", "sh", "-c", "exit 3");
	struct lines l = expect_json(&o);

	(void)state;
	assert_int_equal(o.status, 3);
	assert_string_equal(l.line[l.count - 1], "{\"end\":{\"reason\":\"exited\",\"status\":3}}");
	outcome_free(&o);
	o = TACH("stat", "-i", "50ms", "--csv", "--", "true");
	assert_int_equal(o.status, 0);
	outcome_free(&o);
	o = TACH("stat", "-i", "50ms", "--", "sh", "-c", "kill -9 $$");
	assert_int_equal(o.status, 137);
	assert_non_null(strstr(o.out, "killed by SIGKILL"));
	outcome_free(&o);
}

/* Not at the next tick, which may be far. */
static void the_end_is_told_at_once(void **state)
{
	nsec_t start = clock_now();
	struct outcome o = TACH("stat", "-i", "1h", "--json", "--", "sh", "-c", "sleep 0.3 & exit 4");
	struct lines l = expect_json(&o);

	(void)state;
	assert_true(clock_now() - start < 5 * NSEC_PER_SEC);
	assert_int_equal(o.status, 4);
	assert_true(json_number(l.line[l.count - 2], "t") > 0.25); /* the grandchild was waited for */
	outcome_free(&o);
}

static void time_and_ticks_end_it(void **state)
{
	struct outcome o = TACH("stat", "-N", "3", "-i", "50ms", "--json", "--", "sleep", "60");
	struct lines l = expect_json(&o);

	(void)state;
	assert_int_equal(o.status, 0);
	assert_int_equal(l.count, 5);
	assert_string_equal(l.line[4], "{\"end\":{\"reason\":\"ticks\",\"status\":null}}");
	outcome_free(&o);
	o = TACH("stat", "-t", "900ms", "-i", "300ms", "--json", "--", "sleep", "60");
	l = expect_json(&o);
	assert_int_equal(o.status, 0);
	assert_true(l.count >= 3 && l.count <= 5); /* a busy machine may miss ticks */
	assert_non_null(strstr(l.line[l.count - 1], "\"time\""));
	assert_true(fabs(json_number(l.line[l.count - 2], "t") - 0.9) < 0.16);
	outcome_free(&o);
}

/* A command that goes to the background ends early, and its daemon is watched for the time that was asked for. */
static void a_daemon_is_watched_to_the_end(void **state)
{
	struct outcome o = TACH("stat", "-N", "2", "-i", "200ms", "--json", "--", "sh", "-c", "(sleep 60 &) & exit 0");
	struct lines l = expect_json(&o);

	(void)state;
	assert_int_equal(o.status, 0);
	assert_true(json_number(l.line[l.count - 2], "t") > 0.25);
	assert_string_equal(l.line[l.count - 1], "{\"end\":{\"reason\":\"ticks\",\"status\":0}}");
	outcome_free(&o);
}

static void expect_stopped(int signal)
{
	struct outcome o = TACH_SIGNAL(signal, 2000, "stat", "-i", "100ms", "--json", "--", "sleep", "60");
	struct lines l = expect_json(&o);
	pid_t child = (pid_t)json_number(l.line[0], "target/pid");

	assert_int_equal(o.status, 128 + signal);
	assert_true(json_string_is(l.line[l.count - 1], "end/reason", "signal"));
	assert_true(child > 1);
	assert_int_equal(kill(child, 0), -1);
	assert_int_equal(errno, ESRCH);
	outcome_free(&o);
}

static void a_signal_ends_it_and_the_child(void **state)
{
	(void)state;
	expect_stopped(SIGINT);
	expect_stopped(SIGTERM);
	expect_stopped(SIGHUP);
}

static void a_signal_leaves_others_alone(void **state)
{
	pid_t other = fork();
	struct outcome o;
	char pid[16];

	(void)state;
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	snprintf(pid, sizeof pid, "%d", (int)other);
	o = TACH_SIGNAL(SIGTERM, 300, "stat", "-i", "100ms", "-p", pid);
	assert_int_equal(o.status, 143);
	assert_non_null(strstr(o.out, "still running (end: signal)"));
	assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	outcome_free(&o);
}

static void output_of_the_child_is_no_number(void **state)
{
	static const char *const command = "echo to stdout; echo to stderr >&2";
	char path[] = "/tmp/tach-test-XXXXXX", text[64] = "";
	struct outcome o = TACH("stat", "-i", "50ms", "--json", "--", "sh", "-c", command);
	int fd = mkstemp(path);

	(void)state;
	expect_json(&o);
	assert_string_equal(o.err, "to stdout\nto stderr\n");
	outcome_free(&o);
	o = TACH("stat", "-i", "50ms", "--json", "--output", path, "--", "sh", "-c", command);
	assert_string_equal(o.err, "");
	assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "to stdout\nto stderr\n");
	close(fd);
	unlink(path);
	outcome_free(&o);
}

/* Holds 20 MB, and after a while burns a fifth of a second of CPU and sleeps 50 times. */
static pid_t start_worker(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *memory = malloc(20 << 20);
		nsec_t until;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		memset(memory, 1, 20 << 20);
		usleep(400000);
		for (until = clock_cpu_self() + NSEC_PER_SEC / 5; clock_cpu_self() < until;)
			memory[until % 4096]++;
		for (int i = 0; i < 50; i++)
			usleep(1000);
		pause();
		_exit(0);
	}
	usleep(200000);
	return pid;
}

/* user and system time in seconds, fields 14 and 15 of /proc/PID/stat, counted in hundredths. */
static double cpu_seconds(pid_t pid)
{
	char path[40], text[1024];
	unsigned long user, system;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof text) > 0);
	assert_int_equal(sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		&user, &system), 2);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void numbers_are_those_of_proc(void **state)
{
	pid_t pid = start_worker();
	double cpu = cpu_seconds(pid);
	long long switches = proc_sum(pid, "status", "voluntary_ctxt_switches:");
	nsec_t begin = clock_now();
	double used, switched, share; /* share: of the time between our two looks in which tach watched */
	char word[16];
	struct outcome o;
	struct lines l;
	const char *last;

	(void)state;
	snprintf(word, sizeof word, "%d", (int)pid);
	o = TACH("stat", "-t", "1500ms", "-i", "100ms", "--json", "-p", word);
	l = expect_json(&o);
	last = l.line[l.count - 2];
	share = json_number(last, "t") / nsec_to_seconds(clock_now() - begin);
	switches = proc_sum(pid, "status", "voluntary_ctxt_switches:") - switches;
	cpu = cpu_seconds(pid) - cpu;
	used = json_number(last, "counters/cpu.user_seconds/total") + json_number(last, "counters/cpu.system_seconds/total");
	switched = json_number(last, "counters/cpu.switches_voluntary/total");
	assert_true(used < cpu + 0.021 && used > cpu * share - 0.05); /* it does not work evenly on a busy machine */
	assert_true(switched < (double)switches + 2 && switched > (double)switches * share * 0.4 - 2);
	assert_near(json_number(last, "gauges/mem.rss_bytes"), 1024.0 * (double)proc_number(pid, "status", "VmRSS:"), 65536);
	assert_near(json_number(last, "tables/threads/0/tid"), pid, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	outcome_free(&o);
}

#define HOSTILE "\x1b]0;\x07\"},\xff"

/* A process whose name and command line would set the terminal's title, end a string, and are not UTF-8. */
static pid_t start_hostile(const char *folder)
{
	char path[64];
	pid_t pid;

	snprintf(path, sizeof path, "%s/" HOSTILE, folder);
	assert_int_equal(symlink("/bin/sleep", path), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, HOSTILE "\x1b[2J\r\n\xc2\x9b,\\", "60", (char *)NULL);
		_exit(127);
	}
	usleep(100000);
	unlink(path);
	return pid;
}

static void hostile_names_are_harmless(void **state)
{
	static const char *const formats[] = { "--json", "--csv", "--utc" };
	char folder[] = "/tmp/tach-test-XXXXXX", word[16];
	pid_t pid = start_hostile(mkdtemp(folder));

	(void)state;
	snprintf(word, sizeof word, "%d", (int)pid);
	for (size_t i = 0; i < 3; i++) {
		struct outcome o = TACH("stat", "-N", "2", "-i", "20ms", formats[i], "-p", word);

		assert_int_equal(o.status, 0);
		assert_int_equal(strlen(o.out), o.out_size);
		for (size_t b = 0; b < o.out_size; b++)
			if (o.out[b] != '\n' && (o.out[b] < 0x20 || o.out[b] > 0x7e))
				fail_msg("%s: byte 0x%02x", formats[i], (unsigned char)o.out[b]);
		if (i == 0)
			assert_true(json_string_is(expect_json(&o).line[0], "target/comm", "?]0;?\\\"},?"));
		outcome_free(&o);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rmdir(folder);
}

/* Alone: its own report and nothing of the dashboard. Watched without a terminal: its published numbers. */
static void workloads_run_alone_and_watched(void **state)
{
	struct outcome o = TACH("run", "packet-udp", "--rate", "1000", "--duration", "300ms", "--no-dash");
	struct lines l;
	const char *last;

	(void)state;
	assert_int_equal(o.status, 0);
	assert_int_equal(strncmp(o.out, "packet-udp: ", 12), 0);
	outcome_free(&o);
	o = TACH("stat", "-w", "packet-udp", "-i", "100ms", "-N", "8", "--json");
	l = expect_json(&o);
	last = l.line[l.count - 2];
	assert_int_equal(o.status, 0);
	assert_true(json_string_is(l.line[0], "target/comm", "packet-udp"));
	assert_true(json_number(last, "counters/app.rx_packets/rate") > 1000);
	assert_true(json_number(last, "counters/app.tx_packets/total") > 1000);
	assert_true(json_number(last, "histograms/app.rtt_seconds/p50") > 0);
	assert_true(json_number(last, "derived/app.cpu_seconds_per_packet") > 0);
	outcome_free(&o);
	o = TACH("run", "packet-udp", "--rate", "1000", "--duration", "300ms"); /* a report, and its end ends that */
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out, "exited with status 0"));
	assert_non_null(strstr(o.err, "packet-udp: "));
	outcome_free(&o);
}

static char *write_feed(const char *text)
{
	char *path = strdup("/tmp/tach-feed-XXXXXX");
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void a_feed_is_played(void **state)
{
	char *path = write_feed("tach-feed 1\nfact name fed\nmetric app.ops counter count\ntick 0 100\nv app.ops 5\nend\n"
		"tick 1 101\nv app.ops 25\nend\ntick 3 103\nv app.ops 45\nend\n");
	struct outcome o = TACH("stat", "--json", "--feed", path);
	struct lines l = expect_json(&o);

	(void)state;
	assert_int_equal(o.status, 0);
	assert_int_equal(l.count, 4);
	assert_true(json_string_is(l.line[0], "start", "1970-01-01T00:01:40Z"));
	assert_true(json_number(l.line[1], "counters/app.ops/rate") == 20);
	assert_true(json_number(l.line[2], "counters/app.ops/rate") == 10);
	assert_true(json_number(l.line[2], "counters/app.ops/total") == 40);
	assert_true(json_string_is(l.line[3], "end/reason", "ended"));
	outcome_free(&o);
	o = TACH("stat", "--json", "--feed", path, "-t", "1s"); /* by the clock of the feed */
	l = expect_json(&o);
	assert_int_equal(l.count, 3);
	assert_true(json_string_is(l.line[2], "end/reason", "time"));
	unlink(path);
	free(path);
	outcome_free(&o);
}

static void a_broken_feed_is_told(void **state)
{
	char *path = write_feed("tach-feed 1\ntick 0 100\nend\ntick 1 101\nend\nwhat is this\n");
	struct outcome o = TACH("stat", "--json", "--feed", path);
	struct lines l = expect_json(&o);

	(void)state;
	assert_int_equal(o.status, 1);
	assert_string_equal(o.err, "tach: line 6: unknown kind of line\n");
	assert_true(json_string_is(l.line[l.count - 1], "end/reason", "failed"));
	unlink(path);
	free(path);
	outcome_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_childs_status_is_tachs), cmocka_unit_test(the_end_is_told_at_once),
		cmocka_unit_test(time_and_ticks_end_it), cmocka_unit_test(a_daemon_is_watched_to_the_end),
		cmocka_unit_test(a_signal_ends_it_and_the_child), cmocka_unit_test(a_signal_leaves_others_alone),
		cmocka_unit_test(output_of_the_child_is_no_number), cmocka_unit_test(numbers_are_those_of_proc),
		cmocka_unit_test(hostile_names_are_harmless),
		cmocka_unit_test(workloads_run_alone_and_watched),
		cmocka_unit_test(a_feed_is_played), cmocka_unit_test(a_broken_feed_is_told),
	};

	return cmocka_run_group_tests_name("cmd/stat", tests, NULL, NULL);
}
