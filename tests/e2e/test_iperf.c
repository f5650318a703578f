/*
 * iperf3 on loopback in a network namespace of its own: the namespace's packets that tach says are those of
 * /proc/net/snmp, to the packet, as nothing else lives there and both are read while nothing moves; and so are the segments
 * of all sockets of both ends together, but for those that no socket sends.
 */
#include "../lib/near.h"
#include "../lib/tick.h"

#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool have_namespace;
static struct child *server;

static bool raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	close(fd);
	return up;
}

static int enter_namespace(void **state)
{
	const char *const argv[] = { "iperf3", "-s", "-p", "5201", "--forceflush", NULL };

	(void)state;
	if (!have_program("iperf3"))
		return 0;
	have_namespace = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) && raise_loopback();
	if (!have_namespace)
		return 0;
	server = child_start(argv);
	return child_expect(server, "listening", 5000) ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	child_free(server);
	return 0;
}

static void need_namespace(void)
{
	if (server)
		return;
	printf("# skip: %s\n", have_program("iperf3") ? "no network namespace may be made here" : "no iperf3 here");
	skip();
}

/* The number under `name` in the two lines that begin with `protocol` in /proc/net/snmp. */
static double snmp(const char *protocol, const char *name)
{
	char names[2048], values[2048], *n = names, *v = values, *word, *value;
	FILE *f = fopen("/proc/self/net/snmp", "r");
	double found = (double)NAN;

	assert_non_null(f);
	while (fgets(names, sizeof names, f) && fgets(values, sizeof values, f)) {
		if (strncmp(names, protocol, strlen(protocol)) != 0)
			continue;
		while ((word = strsep(&n, " \n")) && (value = strsep(&v, " \n")))
			if (strcmp(word, name) == 0)
				found = strtod(value, NULL);
		break;
	}
	fclose(f);
	return found;
}

static const struct {
	const char *metric, *protocol, *name;
} counted[] = {
	{ "netns.rx_packets", "Ip:", "InReceives" },
	{ "netns.tx_packets", "Ip:", "OutRequests" },
	{ "netns.udp_rx_datagrams", "Udp:", "InDatagrams" },
	{ "netns.udp_tx_datagrams", "Udp:", "OutDatagrams" },
	{ "netns.udp_rcvbuf_errors", "Udp:", "RcvbufErrors" },
	{ "netns.tcp_rx_segments", "Tcp:", "InSegs" },
	{ "netns.tcp_tx_segments", "Tcp:", "OutSegs" },
};

#define COUNTED (sizeof counted / sizeof *counted)

static void read_both(struct child *tach, double theirs[], double kernel[])
{
	const char *tick = tick_newest(tach, 10000);

	assert_non_null(tick);
	for (size_t i = 0; i < COUNTED; i++) {
		theirs[i] = tick_total(tick, counted[i].metric);
		kernel[i] = snmp(counted[i].protocol, counted[i].name);
	}
}

/* Runs a client, and returns how many packets came in, by the kernel. */
static double compare(const char *const client[])
{
	double theirs[2][COUNTED], kernel[2][COUNTED];
	char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "100ms", "-p", number, NULL };
	struct child *tach, *c;
	int status = -1;

	snprintf(number, sizeof number, "%d", (int)child_pid(server));
	tach = child_start(argv);
	usleep(300000);
	read_both(tach, theirs[0], kernel[0]);
	c = child_start(client);
	assert_true(child_wait(c, 30000, &status));
	assert_int_equal(status, 0);
	child_free(c);
	usleep(300000); /* the connection's last segments */
	read_both(tach, theirs[1], kernel[1]);
	child_free(tach);
	for (size_t i = 0; i < COUNTED; i++) {
		print_message("# %s: tach %.0f, kernel %.0f\n", counted[i].metric, theirs[1][i] - theirs[0][i],
			kernel[1][i] - kernel[0][i]);
		assert_near(theirs[1][i] - theirs[0][i], kernel[1][i] - kernel[0][i], 0);
	}
	return kernel[1][0] - kernel[0][0];
}

static void udp_packets_equal_the_kernels(void **state)
{
	const char *const client[] = { "iperf3", "-c", "127.0.0.1", "-p", "5201", "-u", "-b", "100M", "-l", "1000", "-t", "1", NULL };

	(void)state;
	need_namespace();
	assert_true(compare(client) > 5000);
}

static void tcp_packets_equal_the_kernels(void **state)
{
	const char *const client[] = { "iperf3", "-c", "127.0.0.1", "-p", "5201", "-n", "50M", NULL };

	(void)state;
	need_namespace();
	assert_true(compare(client) > 500);
}

#define PAYLOAD 52428800.0

/* Both ends under one roof, watched from before their first socket to after their last. Of each of the two connections no
 * socket sent the SYN-ACK (the kernel has none yet), and what comes after its end may find none. */
static void segments_of_sockets_are_those_of_the_namespace(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "100ms", "--", "sh", "-c",
		"iperf3 -s -1 -p 5202 >/dev/null & sleep 0.5; iperf3 -c 127.0.0.1 -p 5202 -n 50M -b 200M >/dev/null; wait", NULL };
	double in, out, rx_segments = (double)NAN, tx_segments = rx_segments, rx_bytes = rx_segments, tx_bytes = rx_segments;
	struct child *tach;
	const char *tick;

	(void)state;
	need_namespace();
	in = snmp("Tcp:", "InSegs");
	out = snmp("Tcp:", "OutSegs") + snmp("Tcp:", "RetransSegs");
	tach = child_start(argv);
	while ((tick = tick_next(tach, 30000))) {
		rx_segments = tick_total(tick, "tcp.rx_segments");
		tx_segments = tick_total(tick, "tcp.tx_segments");
		rx_bytes = tick_total(tick, "tcp.rx_bytes");
		tx_bytes = tick_total(tick, "tcp.tx_bytes");
	}
	child_free(tach);
	in = snmp("Tcp:", "InSegs") - in;
	out = snmp("Tcp:", "OutSegs") + snmp("Tcp:", "RetransSegs") - out;
	print_message("# received: sockets %.0f, namespace %.0f; sent: sockets %.0f, namespace %.0f\n", rx_segments, in,
		tx_segments, out);
	assert_near(rx_segments, in, 2);
	assert_near(tx_segments, out - 2, 2);
	assert_true(in > 500);
	assert_near(rx_bytes, PAYLOAD + 5000, 5000); /* the control connection speaks too */
	assert_near(tx_bytes, rx_bytes, 4);          /* the end of a connection is a byte to who receives it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_packets_equal_the_kernels),
		cmocka_unit_test(tcp_packets_equal_the_kernels),
		cmocka_unit_test(segments_of_sockets_are_those_of_the_namespace),
	};

	return cmocka_run_group_tests(tests, enter_namespace, leave);
}
