/* Packets of a process in a cgroup of its own, which the test makes: as many as it says itself, also where it leaves the
 * splitting to the kernel; and what becomes of them when somebody else comes into the cgroup. */
#include "../../lib/loopback.h"
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "source/source.h"
#include "target/hierarchy.h"
#include "target/target.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEND_SEGMENTED, RECEIVE, CALL };

#define HEADERS 28 /* of IPv4 and UDP */

static struct {
	struct sockaddr_in udp, sink, server;
	struct tcp_info info;
} *told;

static const char *const wants[] = { "net.rx_packets", "net.tx_packets", "net.rx_bytes", "net.tx_bytes", NULL };
static char cgroup[1100];
static struct puppet puppet, other;
static struct probe *probe;
static int server, udp; /* udp: the puppet's */

/* Up to a megabyte to the test, which reads it all; then what TCP itself has counted. */
static void call_and_send(long n)
{
	static char text[65536];
	socklen_t size = sizeof told->info;
	int fd = call(&told->server, SOCK_STREAM);

	for (long sent = 0; sent < n; sent += (long)sizeof text)
		must(send(fd, text, sizeof text, 0) == (ssize_t)sizeof text);
	shutdown(fd, SHUT_WR);
	must(recv(fd, text, sizeof text, 0) == 0); /* the test has closed its end */
	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &told->info, &size) == 0);
	close(fd);
}

static void act(int what, long n)
{
	char buf[2048];

	if (what == SEND_SEGMENTED)
		send_segmented(&told->sink, n);
	if (what == CALL)
		call_and_send(n);
	if (what == RECEIVE && !udp)
		udp = make_socket(SOCK_DGRAM, &told->udp);
	for (long i = 0; i < n && what == RECEIVE; i++)
		must(recv(udp, buf, sizeof buf, 0) > 0);
}

static bool move(pid_t pid, const char *directory)
{
	char path[1200], text[16];
	int n = snprintf(text, sizeof text, "%d", (int)pid), fd;
	bool done;

	snprintf(path, sizeof path, "%s/cgroup.procs", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, text, (size_t)n) == n;
	close(fd);
	return done;
}

static bool make_cgroup(void)
{
	struct hierarchies h = hierarchies_find();

	if (h.count)
		snprintf(cgroup, sizeof cgroup, "%s/tach-test-wire-%d", h.all[0].point, (int)getpid());
	hierarchies_free(&h);
	return cgroup[0] && mkdir(cgroup, 0755) == 0;
}

static int set_up(void **state)
{
	(void)state;
	told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	server = make_socket(SOCK_STREAM, &told->server);
	must(listen(server, 1) == 0);
	make_socket(SOCK_DGRAM, &told->sink);
	puppet = puppet_start(act);
	other = puppet_start(act);
	if (!probe_refused() && make_cgroup() && move(puppet.pid, cgroup))
		probe = probe_open_env(puppet.pid, wants, &(struct source_env){ .force = true }); /* whatever it costs */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	probe_close(probe);
	puppet_end(&puppet);
	puppet_end(&other);
	for (int i = 0; i < 100 && cgroup[0] && rmdir(cgroup) && i < 99; i++)
		usleep(10000);
	return 0;
}

static double before[4];

static void remember(void)
{
	if (!probe) {
		printf("# skip: %s\n", probe_refused() ? probe_refused() : "no cgroup v2 can be made here");
		skip();
	}
	probe_read(probe);
	for (int i = 0; i < 4; i++)
		before[i] = probe_value(probe, wants[i]);
}

static void assert_grown(double rx, double tx, double rx_bytes, double tx_bytes)
{
	const double expected[] = { rx, tx, rx_bytes, tx_bytes };

	probe_read(probe);
	for (int i = 0; i < 4; i++) {
		print_message("# %s: %.0f\n", wants[i], probe_value(probe, wants[i]) - before[i]);
		if (!isnan(expected[i]))
			assert_near(probe_value(probe, wants[i]) - before[i], expected[i], 0);
	}
}

static void test_counts_what_the_kernel_splits(void **state)
{
	(void)state;
	remember();
	puppet_do(&puppet, SEND_SEGMENTED, 2000);
	assert_grown(0, 64000, 0, 64000 * (64 + HEADERS));
}

static void test_counts_what_comes_in(void **state)
{
	char text[500] = "";
	int fd;

	(void)state;
	remember();
	puppet_do(&puppet, RECEIVE, 0);
	fd = call(&told->udp, SOCK_DGRAM);
	for (int i = 0; i < 100; i++)
		must(send(fd, text, sizeof text, 0) == (ssize_t)sizeof text);
	puppet_do(&puppet, RECEIVE, 100);
	close(fd);
	assert_grown(100, 0, 100 * (500 + HEADERS), 0);
}

/* As TCP counts its segments, of which the kernel hands over many at once. */
static void test_counts_segments(void **state)
{
	static char text[65536];
	const int small = 500;
	int fd;

	(void)state;
	remember();
	must(setsockopt(server, IPPROTO_TCP, TCP_MAXSEG, &small, sizeof small) == 0);
	puppet_order(&puppet, CALL, 1 << 20);
	fd = accept(server, NULL, NULL);
	while (recv(fd, text, sizeof text, 0) > 0)
		;
	close(fd);
	puppet_await(&puppet);
	print_message("# TCP says %u out, %u in\n", told->info.tcpi_segs_out, told->info.tcpi_segs_in);
	assert_in_range(told->info.tcpi_segs_out, 2098, 10000); /* of 500 bytes at most */
	assert_grown(told->info.tcpi_segs_in, told->info.tcpi_segs_out, (double)NAN, (double)NAN);
}

static void test_does_not_count_others(void **state)
{
	(void)state;
	remember();
	puppet_do(&other, SEND_SEGMENTED, 100);
	assert_grown(0, 0, 0, 0);
}

static void test_makes_room_for_nobody(void **state)
{
	const char *why;

	(void)state;
	remember();
	assert_true(move(other.pid, cgroup));
	probe_read(probe);
	probe_read(probe);
	assert_int_equal(probe_state(probe, "net.tx_packets", &why), POINT_ABSENT);
	assert_string_equal(why, "others have come to its cgroup");
	assert_int_equal(probe_status(probe, "wire")->state, STATUS_ABSENT);
}

static void test_says_why_there_is_none(void **state)
{
	struct probe *p;
	const char *why;

	(void)state;
	remember();
	p = probe_open(puppet.pid, wants);
	assert_int_equal(probe_state(p, "net.tx_packets", &why), POINT_ABSENT);
	assert_string_equal(why, "others are in its cgroup too");
	probe_close(p);
}

/* A command that is still held gets one, below tach's own; it goes when it is given back, whoever is in it. */
static void test_makes_one_for_a_command(void **state)
{
	char *const argv[] = { (char *)"sleep", (char *)"5", NULL };
	struct target_options o = { .children = true, .detached = true };
	char procs[1200], text[64] = "";
	struct target *t;
	struct err e;
	bool made;
	char *path;
	FILE *f;

	(void)state;
	remember();
	t = target_spawn(argv, &o, &e);
	assert_non_null(t);
	path = target_own_cgroup(t, &made, &e);
	if (!path)
		fail_msg("%s", e.text);
	assert_true(made);
	snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
	f = fopen(procs, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_int_equal(atoi(text), target_processes(t, &(size_t){ 0 })[0].pid);
	assert_int_equal(target_go(t, &e), 0);
	assert_true(target_is_alone_in(t, path));
	assert_true(move(other.pid, path));
	assert_false(target_is_alone_in(t, path));
	target_remove_cgroup(path);
	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
	target_stop(t, 0);
	target_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_what_the_kernel_splits),
		cmocka_unit_test(test_counts_what_comes_in),
		cmocka_unit_test(test_counts_segments),
		cmocka_unit_test(test_does_not_count_others),
		cmocka_unit_test(test_makes_room_for_nobody),
		cmocka_unit_test(test_says_why_there_is_none),
		cmocka_unit_test(test_makes_one_for_a_command),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
