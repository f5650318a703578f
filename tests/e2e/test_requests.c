/*
 * How long requests take, by the real binary: of a server that knows it itself, also where nothing of it can be seen from
 * outside: with its own network, and its program in a file system that only it has.
 */
#include "../lib/near.h"
#include "../lib/tick.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/tach-requests-XXXXXX";

/* The last tick, and the one before it; how many requests were timed in all of them; and what the target said of itself. */
struct run {
	char *tick, *before;
	double timed, requests, p50, p99, waits;
};

static void need_probe(void)
{
	if (geteuid() == 0 && access("/sys/kernel/btf/vmlinux", R_OK) == 0)
		return;
	printf("# skip: probes need root and a kernel with type information\n");
	skip();
}

/* Of the last tick, which is the only one where the interval is longer than the target lives. */
static double figure(const struct run *r, const char *name, const char *what)
{
	char path[128];

	snprintf(path, sizeof path, "histograms/%s/%s", name, what);
	return json_number(r->tick, path);
}

static struct run run(const char *interval, const char *const command[])
{
	const char *argv[24] = { child_tach(), "stat", "--json", "-i", interval, "--" };
	struct run r = { .requests = (double)NAN };
	const char *line;
	struct child *tach;
	size_t n = 6;

	while (*command)
		argv[n++] = *command++;
	tach = child_start(argv);
	while ((line = child_line(tach, 30000))) {
		sscanf(line, "truth requests %lf", &r.requests);
		sscanf(line, "truth p50 %lf", &r.p50);
		sscanf(line, "truth p99 %lf", &r.p99);
		sscanf(line, "truth waits %lf", &r.waits);
		if (!json_valid(line) || !json_find(line, "t"))
			continue;
		free(r.before);
		r.before = r.tick;
		r.tick = strdup(line);
		r.timed += fmax(0, figure(&r, "lat.request_seconds", "count"));
	}
	child_free(tach);
	assert_non_null(r.tick);
	return r;
}

static void run_free(struct run *r)
{
	free(r->tick);
	free(r->before);
}

/* A request is a message out and one in, and so is its answer. */
static void expect_requests(const struct run *r)
{
	assert_near(figure(r, "lat.request_seconds", "count"), r->requests, 0);
	assert_near(figure(r, "lat.upstream_seconds", "count"), r->requests, 0);
	assert_near(tick_total(r->tick, "sock.rx_messages"), 2 * r->requests, 0);
	assert_near(tick_total(r->tick, "sock.tx_messages"), 2 * r->requests, 0);
	assert_near(tick_total(r->tick, "sock.rx_bytes"), 30 * r->requests, 0);
	assert_near(tick_total(r->tick, "sock.tx_bytes"), 30 * r->requests, 0);
}

static bool is_within(const struct run *r, const char *name, const char *what, double truth, double share)
{
	double said = figure(r, name, what);

	printf("# %s %s %.1f us, by the server's own clock %.1f us\n", name, what, 1e6 * said, 1e6 * truth);
	return fabs(said - truth) <= share * truth;
}

/* Up to four times: whoever is pushed off the CPU between one clock and the other sees it only in one of them. */
static void percentiles_are_those_of_the_server(void **state)
{
	const char *const command[] = { child_serve(), "2000", NULL };
	bool near = false;

	(void)state;
	need_probe();
	for (int i = 0; i < 4 && !near; i++) {
		struct run r = run("1m", command);

		expect_requests(&r);
		assert_near(r.requests, 2000, 0);
		near = is_within(&r, "lat.request_seconds", "p50", r.p50, 0.05) &
			is_within(&r, "lat.request_seconds", "p99", r.p99, 0.05);
		assert_true(figure(&r, "lat.upstream_seconds", "p50") > r.p50); /* the way there and back as well */
		run_free(&r);
	}
	assert_true(near);
}

/* ---- a target that lives elsewhere ---- */

/* The rows of a table whose column begins with that text. */
static int rows_with(const char *tick, const char *table, const char *column, const char *text, int *first)
{
	char path[128];
	int n = 0;

	for (int i = 0;; i++) {
		const char *at;

		snprintf(path, sizeof path, "tables/%s/%d", table, i);
		if (!json_find(tick, path))
			return n;
		snprintf(path, sizeof path, "tables/%s/%d/%s", table, i, column);
		at = json_find(tick, path);
		if (at && *at == '"' && strncmp(at + 1, text, strlen(text)) == 0 && n++ == 0)
			*first = i;
	}
}

/* Both programs stand on a tmpfs that is mounted in the target's namespace only. */
static void sees_a_target_with_its_own_network_and_files(void **state)
{
	static const char script[] =
		"mount -t tmpfs none $0 && cp $1 $0/only_waits && cp $2 $0/only_serve && ip link set lo up && "
		"{ $0/only_serve 1000 & $0/only_waits locks 3; wait; }";
	const char *const command[] = { "unshare", "-nm", "sh", "-c", script, folder, child_waits(), child_serve(), NULL };
	char path[128];
	struct run r;
	int row = -1;

	(void)state;
	need_probe();
	if (!have_program("unshare") || !have_program("ip")) {
		printf("# skip: no unshare or ip here (Debian: util-linux, iproute2)\n");
		skip();
	}
	r = run("500ms", command); /* names are found meanwhile */
	snprintf(path, sizeof path, "%s/only_waits", folder);
	assert_int_equal(access(path, F_OK), -1);
	assert_non_null(r.before);
	assert_near(r.requests, 1000, 0);
	assert_near(r.timed, 1000, 0);
	assert_near(tick_total(r.tick, "sock.tcp_rx_messages"), 2000, 0);
	assert_near(tick_total(r.tick, "sock.tcp_tx_messages"), 2000, 0);
	printf("# waits %.0f of %.0f\n", tick_total(r.tick, "lock.waits"), r.waits);
	assert_near(tick_total(r.tick, "lock.waits"), r.waits, 0.03 * r.waits);
	assert_int_equal(rows_with(r.before, "locks", "lock", "conn_tbl", &row), 1);
	snprintf(path, sizeof path, "tables/locks/%d/holder", row);
	assert_memory_equal(json_find(r.before, path), "\"holder/", 8);
	run_free(&r);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_those_of_the_server),
		cmocka_unit_test(sees_a_target_with_its_own_network_and_files),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
