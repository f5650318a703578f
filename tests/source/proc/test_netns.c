/* The counters of a network namespace: known datagrams, counted in a namespace of their own and against what the kernel
 * says there. */
#include "live.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>

#define DATAGRAMS 1000
#define SIZE 100
#define PACKET (SIZE + 8 + 20) /* with UDP and IPv4 headers */

static void bring_up_loopback(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &r) != 0)
		_exit(1);
	close(s);
}

static int bound(int family)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = family == AF_INET ? sizeof four : sizeof six;
	struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
	int s = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (s < 0 || bind(s, address, size) != 0 || getsockname(s, address, &size) != 0 || connect(s, address, size) != 0)
		return -1;
	return s;
}

/* A socket that sends to itself; what is not taken overflows its buffer. */
static void send_datagrams(int family, bool take)
{
	char data[SIZE] = { 0 };
	int s = bound(family), small = 1;

	if (s < 0)
		_exit(1);
	if (!take)
		setsockopt(s, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < DATAGRAMS; i++) {
		if (send(s, data, sizeof data, 0) != sizeof data)
			_exit(1);
		if (take && recv(s, data, sizeof data, 0) != sizeof data)
			_exit(1);
	}
	close(s);
}

static void talker(int line)
{
	char order;

	if (unshare(CLONE_NEWNET) != 0)
		_exit(1);
	bring_up_loopback();
	while ((order = order_next(line))) {
		if (order == '4' || order == 'o')
			send_datagrams(AF_INET, order == '4');
		if (order == '6')
			send_datagrams(AF_INET6, true);
		if (order == 'n' && unshare(CLONE_NEWNET) != 0) /* to another one */
			_exit(1);
		if (order == 'c' && fork() == 0) { /* a child in another one */
			if (unshare(CLONE_NEWNET) != 0)
				_exit(1);
			order_done(line);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			sleep(60);
			_exit(0);
		}
		if (order != 'c')
			order_done(line);
	}
}

static bool may_unshare(void)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) != 0);
	waitpid(pid, &status, 0);
	if (status != 0)
		skip_because("needs the right to make network namespaces (root)");
	return true;
}

static uint64_t snmp(pid_t pid, const char *name)
{
	char path[64], text[16384];
	uint64_t v = 0;

	snprintf(path, sizeof path, "/proc/%d/net/snmp", (int)pid);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof text) > 0);
	assert_int_equal(text_paired(text, &name, 1, &v), 1);
	return v;
}

/* By how much a counter of the source grew. */
#define GREW(l, name, before) (live_value(l, name) - (before))

static void datagrams_are_counted_to_the_last(void **state)
{
	static const char *const counted[] = { "netns.udp_rx_datagrams", "netns.udp_tx_datagrams", "netns.rx_packets",
		"netns.tx_packets" };
	struct actor a;
	struct live l;
	double before[4], bytes;

	(void)state;
	may_unshare();
	a = actor_start(talker);
	actor_do(&a, '-');
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	for (size_t i = 0; i < 4; i++)
		before[i] = live_value(&l, counted[i]);
	bytes = live_value(&l, "netns.rx_bytes");
	actor_do(&a, '4');
	live_tick(&l);
	for (size_t i = 0; i < 4; i++)
		assert_near(GREW(&l, counted[i], before[i]), DATAGRAMS, i < 2 ? 0 : 8); /* multicast reports of IPv6 */
	assert_near(GREW(&l, "netns.rx_bytes", bytes), DATAGRAMS * PACKET, 8 * 100);
	assert_near(live_value(&l, "netns.udp_rx_datagrams"), (double)snmp(a.pid, "Udp:InDatagrams"), 0);
	assert_near(live_value(&l, "netns.tcp_tx_segments"), (double)snmp(a.pid, "Tcp:OutSegs"), 0);
	assert_near(live_value(&l, "netns.rx_drops"), 0, 0);
	assert_int_equal(live_status(&l, "network namespace")->state, STATUS_ON);
	live_close(&l);
	actor_end(&a);
}

static void version_six_counts_too(void **state)
{
	struct actor a;
	struct live l;
	double before;

	(void)state;
	may_unshare();
	if (access("/proc/net/if_inet6", F_OK) != 0)
		skip_because("no IPv6 here");
	a = actor_start(talker);
	actor_do(&a, '-');
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	before = live_value(&l, "netns.udp_rx_datagrams");
	actor_do(&a, '6');
	live_tick(&l);
	assert_near(GREW(&l, "netns.udp_rx_datagrams", before), DATAGRAMS, 0);
	live_close(&l);
	actor_end(&a);
}

static void overflow_of_a_socket_is_counted(void **state)
{
	struct actor a;
	struct live l;
	double received, lost;

	(void)state;
	may_unshare();
	a = actor_start(talker);
	actor_do(&a, '-');
	live_attach(&l, a.pid, true, NULL);
	actor_do(&a, 'o');
	live_tick(&l);
	received = live_value(&l, "netns.udp_rx_datagrams");
	lost = live_value(&l, "netns.udp_rcvbuf_errors");
	assert_true(lost > DATAGRAMS / 2);
	assert_near(lost + received, DATAGRAMS, DATAGRAMS / 10); /* what is still in the buffer is neither */
	assert_near(lost, (double)snmp(a.pid, "Udp:RcvbufErrors"), 0);
	live_close(&l);
	actor_end(&a);
}

static void a_process_that_moves_is_followed(void **state)
{
	struct actor a;
	struct live l;

	(void)state;
	may_unshare();
	a = actor_start(talker);
	actor_do(&a, '4');
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	assert_near(live_value(&l, "netns.udp_tx_datagrams"), DATAGRAMS, 0);
	actor_do(&a, 'n');
	live_tick(&l);
	assert_near(live_value(&l, "netns.udp_tx_datagrams"), 0, 0);
	live_close(&l);
	actor_end(&a);
}

static void different_namespaces_are_told(void **state)
{
	struct actor a;
	struct live l;

	(void)state;
	may_unshare();
	a = actor_start(talker);
	actor_do(&a, '4');
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	assert_int_equal(live_status(&l, "network namespace")->state, STATUS_ON);
	actor_do(&a, 'c');
	live_tick(&l);
	assert_near(live_value(&l, "cpu.processes"), 2, 0);
	assert_int_equal(live_status(&l, "network namespace")->state, STATUS_PARTIAL);
	assert_non_null(strstr(live_status(&l, "network namespace")->why, "several network namespaces"));
	assert_near(live_value(&l, "netns.udp_tx_datagrams"), DATAGRAMS, 0);
	live_close(&l);
	actor_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_are_counted_to_the_last),
		cmocka_unit_test(version_six_counts_too),
		cmocka_unit_test(overflow_of_a_socket_is_counted),
		cmocka_unit_test(a_process_that_moves_is_followed),
		cmocka_unit_test(different_namespaces_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
