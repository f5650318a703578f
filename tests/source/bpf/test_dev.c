/* Packets of a process at the network device (lo), as many as it says itself; nobody else's; and only while it is asked for. */
#include "../../lib/loopback.h"
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "source/source.h"

#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEND_SEGMENTED, SEND_ONE_EACH, CALL };

#define HEADERS 42 /* of Ethernet, IPv4 and UDP */

static struct {
	struct sockaddr_in sink, server;
	struct tcp_info info;
} *told;

static const char *const wants[] = { "sock.tx_messages", "netdev.tx_packets", "netdev.tx_bytes", "netdev.rx_packets", NULL };
static struct puppet puppet, other;
static struct probe *probe;
static int server;

static void act(int what, long n)
{
	static char text[65536];
	socklen_t size = sizeof told->info;
	int fd;

	if (what == SEND_SEGMENTED)
		send_segmented(&told->sink, n);
	for (long i = 0; i < n && what == SEND_ONE_EACH; i++) {
		fd = call(&told->sink, SOCK_DGRAM);
		must(send(fd, text, 10, 0) == 10);
		close(fd);
	}
	if (what != CALL)
		return;
	fd = call(&told->server, SOCK_STREAM);
	for (long sent = 0; sent < n; sent += (long)sizeof text)
		must(send(fd, text, sizeof text, 0) == (ssize_t)sizeof text);
	shutdown(fd, SHUT_WR);
	must(recv(fd, text, sizeof text, 0) == 0); /* the test has closed its end */
	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &told->info, &size) == 0);
	close(fd);
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
	if (!probe_refused())
		probe = probe_open_env(puppet.pid, wants, &(struct source_env){ .force = true }); /* whatever it costs */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	probe_close(probe);
	puppet_end(&puppet);
	puppet_end(&other);
	return 0;
}

static void need_probe(void)
{
	if (probe)
		return;
	printf("# skip: %s\n", probe_refused());
	skip();
}

static double packets_before, bytes_before;

static void remember(void)
{
	need_probe();
	assert_string_equal(probe_ask(probe, "on dev keep"), "dev is switched on");
	assert_true(probe_await(probe, "dev", STATUS_ON));
	packets_before = probe_value(probe, "netdev.tx_packets");
	bytes_before = probe_value(probe, "netdev.tx_bytes");
}

static void assert_grown(double packets, double bytes)
{
	probe_read(probe);
	print_message("# %.0f packets, %.0f bytes\n", probe_value(probe, "netdev.tx_packets") - packets_before,
		probe_value(probe, "netdev.tx_bytes") - bytes_before);
	assert_near(probe_value(probe, "netdev.tx_packets") - packets_before, packets, 0);
	if (!isnan(bytes))
		assert_near(probe_value(probe, "netdev.tx_bytes") - bytes_before, bytes, 0);
}

static void test_is_off_until_asked(void **state)
{
	const char *why;

	(void)state;
	need_probe();
	probe_read(probe);
	assert_int_equal(probe_status(probe, "dev")->state, STATUS_OFF);
	assert_int_equal(probe_state(probe, "netdev.tx_packets", &why), POINT_ABSENT);
	assert_non_null(strstr(why, "off until it is asked for"));
}

static void test_counts_what_the_kernel_splits(void **state)
{
	(void)state;
	remember();
	puppet_do(&puppet, SEND_SEGMENTED, 2000);
	assert_grown(64000, 64000 * (64 + HEADERS));
}

static void test_counts_first_datagrams(void **state)
{
	(void)state;
	remember();
	puppet_do(&puppet, SEND_ONE_EACH, 100);
	assert_grown(100, 100 * (10 + HEADERS));
}

/* Also those that the kernel sends by itself when others come in: as many as TCP says. */
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
	assert_in_range(told->info.tcpi_segs_out, 2098, 10000);
	assert_grown(told->info.tcpi_segs_out, (double)NAN);
}

static void test_does_not_count_others(void **state)
{
	(void)state;
	remember();
	puppet_do(&other, SEND_SEGMENTED, 100);
	puppet_do(&other, SEND_ONE_EACH, 100);
	assert_grown(0, 0);
}

static void test_says_nothing_of_what_comes_in(void **state)
{
	const char *why;

	(void)state;
	remember();
	assert_int_equal(probe_state(probe, "netdev.rx_packets", &why), POINT_ABSENT);
	assert_int_equal(strncmp(why, "no packet has a socket yet", 26), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_off_until_asked),
		cmocka_unit_test(test_counts_what_the_kernel_splits),
		cmocka_unit_test(test_counts_first_datagrams),
		cmocka_unit_test(test_counts_segments),
		cmocka_unit_test(test_does_not_count_others),
		cmocka_unit_test(test_says_nothing_of_what_comes_in),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
