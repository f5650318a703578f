/*
 * Programs that tach watches with all its default probes from the first instruction to the last: context switches are those
 * of `perf stat`, and of a redis under load nothing is lost and every table holds together.
 */
#include "../lib/actor.h"
#include "../lib/near.h"
#include "../lib/tick.h"

#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>

static char folder[] = "/tmp/tach-started-XXXXXX";
static char server_path[64], start_path[64], port[8];

static void need_probe(void)
{
	if (geteuid() != 0 || access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		skip_because("probes need root and a kernel with type information");
}

/* ---- switches ---- */

/* Waits for somebody to open the pipe, so that perf and tach are both there before anything happens. */
static const char waiting[] = "echo pid $$; read word <$0; exec $1 split 2";

/* perf counts from before tach came, a handful; and not the last switch of each thread, as it leaves before. */
static void switches_are_those_of_perf_stat(void **state)
{
	const char *const perf_argv[] = { "LC_ALL=C", "perf", "stat", "-x,", "-e", "context-switches", "--", "sh", "-c", waiting,
		start_path, child_waits(), NULL };
	char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "200ms", "-p", number, NULL };
	struct child *perf, *tach;
	double theirs = (double)NAN, ours = (double)NAN;
	const char *line;
	int fd, pid = 0;

	(void)state;
	need_probe();
	if (!have_program("perf"))
		skip_because("no perf here (Debian: linux-perf)");
	assert_int_equal(mkfifo(start_path, 0600), 0);
	perf = child_start(perf_argv);
	while (pid == 0 && (line = child_line(perf, 10000)))
		sscanf(line, "pid %d", &pid);
	assert_true(pid > 0);
	snprintf(number, sizeof number, "%d", pid);
	tach = child_start(argv);
	while ((line = tick_next(tach, 20000)) && isnan(tick_total(line, "cpu.switches_exact")))
		;
	fd = open(start_path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "go\n", 3), 3);
	close(fd);
	while ((line = tick_next(tach, 10000)))
		ours = tick_total(line, "cpu.switches_exact");
	while ((line = child_line(perf, 10000)))
		if (strstr(line, ",context-switches"))
			theirs = strtod(line, NULL);
	printf("# switches: tach %.0f, perf %.0f\n", ours, theirs);
	assert_true(theirs > 500);
	assert_near(ours, theirs, 0.005 * theirs + 12);
	child_free(tach);
	child_free(perf);
	unlink(start_path);
}

/* ---- a whole life ---- */

static int rows_of(const char *tick, const char *table)
{
	char path[128];
	int n = 0;

	do
		snprintf(path, sizeof path, "tables/%s/%d", table, n);
	while (json_find(tick, path) && ++n);
	return n;
}

static double cell(const char *tick, const char *table, int row, const char *column)
{
	char path[128];

	snprintf(path, sizeof path, "tables/%s/%d/%s", table, row, column);
	return json_number(tick, path);
}

/* Every thread's parts of a second add up to one; what they ran is what the process ran. */
static void expect_whole_seconds(const char *tick)
{
	static const char *const parts[] = { "user_seconds", "system_seconds", "runqueue_seconds", "lock_seconds",
		"disk_seconds", "net_seconds", "sleep_seconds", "idle_seconds", "other_seconds" };
	int rows = rows_of(tick, "threads");

	assert_true(rows >= 4); /* the main thread and three for background work */
	for (int row = 0; row < rows; row++) {
		double sum = 0;

		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
			sum += cell(tick, "threads", row, parts[i]);
		assert_near(sum, 1, 0.05); /* a tick is not dated to the millisecond on a busy machine */
	}
}

static void run_client(const char *const argv[])
{
	struct child *c = child_start(argv);
	int status = -1;

	assert_true(child_wait(c, 30000, &status));
	child_free(c);
}

/* Also finds one that nobody listens on. */
static int call(bool to_find)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0), failed;

	address.sin_port = htons(to_find ? 0 : (uint16_t)atoi(port));
	failed = to_find ? bind(fd, (struct sockaddr *)&address, size) : connect(fd, (struct sockaddr *)&address, size);
	if (to_find && !failed && !getsockname(fd, (struct sockaddr *)&address, &size))
		snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
	close(fd);
	return failed;
}

/* GET and its answer for each of the requests, and what redis-benchmark and redis-cli ask besides. */
static void watches_a_redis_from_its_first_to_its_last(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "500ms", "--", server_path, "--port", port,
		"--dir", folder, "--save", "", "--appendonly", "no", NULL };
	const char *const load[] = { "redis-benchmark", "-p", port, "-t", "get", "-c", "16", "-n", "40000", "-q", NULL };
	const char *const stop[] = { "redis-cli", "-p", port, "shutdown", "nosave", NULL };
	double rx = (double)NAN, tx = (double)NAN;
	char *busy = NULL;
	struct child *tach;
	const char *line;
	int status = -1;
	bool ended = false;

	(void)state;
	need_probe();
	if (!have_program("redis-benchmark") || symlink("/usr/bin/redis-check-rdb", server_path) != 0)
		skip_because("no redis here (Debian: redis-tools)");
	assert_int_equal(call(true), 0);
	tach = child_start(argv);
	for (int i = 0; i < 200 && call(false) != 0; i++)
		usleep(50000);
	sleep_ms(1100); /* so that every thread has been there for a whole tick */
	run_client(load);
	sleep_ms(700);
	run_client(stop);
	while ((line = child_line(tach, 10000))) {
		if (strstr(line, "lost so far"))
			fail_msg("%.300s", strstr(line, "lost so far"));
		ended |= json_valid(line) && json_string_is(line, "end/reason", "exited") && json_number(line, "end/status") == 0;
		if (!json_valid(line) || !json_find(line, "t"))
			continue;
		assert_null(json_find(line, "partial/sock.rx_messages"));
		rx = tick_total(line, "sock.tcp_rx_messages");
		tx = tick_total(line, "sock.tcp_tx_messages");
		if (rows_of(line, "threads") >= 4 && rows_of(line, "sockets") >= 2) {
			free(busy);
			busy = strdup(line);
		}
	}
	assert_true(ended);
	assert_true(child_wait(tach, 5000, &status));
	assert_int_equal(status, 0);
	assert_non_null(busy);
	expect_whole_seconds(busy);
	printf("# messages in %.0f, out %.0f\n", rx, tx);
	assert_in_range(rx, 40000, 40000 + 64);
	assert_in_range(tx, 40000, 40000 + 64);
	free(busy);
	child_free(tach);
	unlink(server_path);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(server_path, sizeof server_path, "%s/redis-server", folder);
	snprintf(start_path, sizeof start_path, "%s/start", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(server_path);
	unlink(start_path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(switches_are_those_of_perf_stat),
		cmocka_unit_test(watches_a_redis_from_its_first_to_its_last),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
