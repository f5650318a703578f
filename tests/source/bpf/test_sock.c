/*
 * Messages, segments, drops and answering times of a process whose every message is known; the test itself is at the other
 * end of its connections, and nothing of that must be counted.
 */
#include "../../lib/loopback.h"
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "model/tables.h"
#include "source/source.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef SOCK_WAY
#define SOCK_WAY 0 /* the best */
#define SOCK_WAY_TEXT ""
#endif

enum { OPEN_BOTH, SERVE, CALL, SEND_DATAGRAMS, RECEIVE_DATAGRAMS, READ_ALL, LISTEN, ACCEPT, ANSWER_AT_ONCE, SERVE_SLOWLY,
	SERVE_VERY_SLOWLY, CLOSE_ACCEPTED, UNIX_PAIR, TELL_SEGMENTS, ECHO_DATAGRAMS };

#define SERVED 2000
#define NS_PER_MS 1000000

/* What test and puppet tell each other. */
static struct {
	struct sockaddr_in sink, server; /* of the test: datagrams, connections */
	struct sockaddr_in udp, listener; /* of the puppet */
	struct tcp_info accepted, called;
	long read;
	uint64_t served[SERVED];
} *told;

/* Of the puppet. */
static int accepted, called, udp, listener;

static const char *const wants[] = { "sock.rx_messages", "sock.tx_messages", "sock.rx_bytes", "sock.tx_bytes",
	"sock.udp_rx_messages", "sock.udp_tx_messages", "sock.udp_rx_bytes", "sock.udp_tx_bytes", "sock.tcp_rx_messages",
	"sock.tcp_tx_messages", "sock.unix_rx_messages", "sock.unix_tx_messages", "sock.tcp_rx_segments", "sock.tcp_tx_segments",
	"sock.tcp_retransmits", "sock.rx_drops", "lat.request_seconds", "lat.upstream_seconds", "lat.gap_seconds",
	"lat.rtt_seconds", "lat.runqueue_seconds", NULL };

/* Of the test: the other ends of `accepted` and `called`. */
static int client, server;
static struct puppet puppet;
static struct probe *probe;

/* ---- both ---- */

static int make_listener(struct sockaddr_in *name)
{
	int fd = make_socket(SOCK_STREAM, name);

	must(listen(fd, 8) == 0);
	return fd;
}

static void give(int fd, size_t size)
{
	static const char zeros[65536];

	must(send(fd, zeros, size, MSG_NOSIGNAL) == (ssize_t)size);
}

static void take(int fd, size_t size)
{
	char buf[65536];

	must(recv(fd, buf, size, MSG_WAITALL) == (ssize_t)size);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof info;

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
	return info;
}

/* ---- the puppet ---- */

static void open_both(void)
{
	listener = make_listener(&told->listener);
	udp = make_socket(SOCK_DGRAM, &told->udp);
	called = call(&told->server, SOCK_STREAM);
}

static void send_datagrams(long n)
{
	static char text[65536];
	struct iovec piece = { .iov_base = text, .iov_len = 64 };
	struct mmsghdr many[32] = { 0 };
	int fd = call(&told->sink, SOCK_DGRAM);

	for (long i = 0; i < n; i++)
		give(fd, 100);
	for (int i = 0; i < 32; i++)
		many[i].msg_hdr = (struct msghdr){ .msg_iov = &piece, .msg_iovlen = 1 };
	for (int i = 0; i < 10; i++)
		must(sendmmsg(fd, many, 32, 0) == 32);
	give(fd, 0);
	must(send(fd, text, sizeof text, 0) < 0); /* too long */
	close(fd);
}

/* Looks at the first one before it takes it, and then finds no more. */
static void receive_datagrams(long n)
{
	char buf[2048];

	must(recv(udp, buf, sizeof buf, MSG_PEEK) > 0);
	for (long i = 0; i < n; i++)
		must(recv(udp, buf, sizeof buf, 0) > 0);
	must(recv(udp, buf, sizeof buf, MSG_DONTWAIT) < 0);
}

static void read_all(void)
{
	char buf[2048];

	for (told->read = 0; recv(udp, buf, sizeof buf, MSG_DONTWAIT) >= 0; told->read++)
		;
}

/* Three answers to two questions: only the first of them counts. */
static void echo_datagrams(long n)
{
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	char buf[64];

	for (long i = 0; i < n; i++) {
		must(recv(udp, buf, sizeof buf, 0) > 0);
		must(recvfrom(udp, buf, sizeof buf, 0, (struct sockaddr *)&from, &size) > 0);
		for (int k = 0; k < 3; k++)
			must(sendto(udp, buf, 10, 0, (struct sockaddr *)&from, size) == 10);
	}
}

/* 90 % of the answers take 0.3 ms, the others 2 ms; the time is taken here as well. */
static void serve_slowly(void)
{
	struct timespec quick = { .tv_nsec = 300000 }, slow = { .tv_nsec = 2 * NS_PER_MS };

	prctl(PR_SET_TIMERSLACK, 1);
	for (int i = 0; i < SERVED; i++) {
		uint64_t begin;

		take(accepted, 10);
		begin = now_ns();
		nanosleep(i % 10 == 9 ? &slow : &quick, NULL);
		give(accepted, 20);
		told->served[i] = now_ns() - begin;
	}
}

static void unix_pair(long n)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(sa_family_t); /* the kernel finds a name */
	int listens = socket(AF_UNIX, SOCK_STREAM, 0), calls = socket(AF_UNIX, SOCK_STREAM, 0), answers;

	must(bind(listens, (struct sockaddr *)&name, size) == 0 && listen(listens, 1) == 0);
	size = sizeof name;
	must(getsockname(listens, (struct sockaddr *)&name, &size) == 0);
	must(connect(calls, (struct sockaddr *)&name, size) == 0);
	answers = accept(listens, NULL, NULL);
	must(answers >= 0);
	for (long i = 0; i < n; i++) {
		give(calls, 10);
		take(answers, 10);
		give(answers, 20);
		take(calls, 20);
	}
	close(listens);
	close(calls);
	close(answers);
}

static void act(int what, long n)
{
	for (long i = 0; i < n && what == SERVE; i++) {
		take(accepted, 10);
		give(accepted, 20);
	}
	for (long i = 0; i < n && what == CALL; i++) {
		give(called, 10);
		take(called, 20);
	}
	if (what == OPEN_BOTH)
		open_both();
	if (what == LISTEN)
		listener = make_listener(&told->listener);
	if (what == ACCEPT)
		must((accepted = accept(listener, NULL, NULL)) >= 0);
	if (what == SEND_DATAGRAMS)
		send_datagrams(n);
	if (what == RECEIVE_DATAGRAMS)
		receive_datagrams(n);
	if (what == READ_ALL)
		read_all();
	if (what == ECHO_DATAGRAMS)
		echo_datagrams(n);
	if (what == ANSWER_AT_ONCE) {
		take(accepted, (size_t)n * 10);
		for (long i = 0; i < n; i++)
			give(accepted, 20);
	}
	if (what == SERVE_SLOWLY)
		serve_slowly();
	if (what == SERVE_VERY_SLOWLY) {
		take(accepted, 10);
		usleep(100000);
		give(accepted, 20);
	}
	if (what == CLOSE_ACCEPTED) {
		close(accepted);
		accepted = -1;
	}
	if (what == UNIX_PAIR)
		unix_pair(n);
	if (what == TELL_SEGMENTS) {
		told->accepted = info_of(accepted);
		told->called = info_of(called);
	}
}

/* ---- the test ---- */

static int sink;

/* Both connections are there, and used, before the probe comes. */
static void begin_puppet(void)
{
	int listens = make_listener(&told->server);

	sink = make_socket(SOCK_DGRAM, &told->sink);
	puppet = puppet_start(act);
	puppet_do(&puppet, OPEN_BOTH, 0);
	server = accept(listens, NULL, NULL);
	client = call(&told->listener, SOCK_STREAM);
	puppet_do(&puppet, ACCEPT, 0);
	for (int i = 0; i < 3; i++)
		give(client, 10);
	puppet_do(&puppet, SERVE, 3);
	take(client, 3 * 20);
	for (int i = 0; i < 2; i++)
		give(server, 20);
	puppet_do(&puppet, CALL, 2);
	take(server, 2 * 10);
	usleep(100000); /* acknowledgements that wait for company */
	puppet_do(&puppet, TELL_SEGMENTS, 0);
	close(listens);
}

static int set_up(void **state)
{
	(void)state;
	told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	begin_puppet();
	if (!probe_refused())
		probe = probe_open_env(puppet.pid, wants, &(struct source_env){ .force = true }); /* whatever it costs */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	probe_close(probe);
	puppet_end(&puppet);
	return 0;
}

static void need_probe(void)
{
	if (probe) {
		probe_read(probe);
		return;
	}
	printf("# skip: %s\n", probe_refused());
	skip();
}

/* What a slow machine does not walk at every tick is read again. */
static struct sample *read_all_of_it(void)
{
	struct sample *s = probe_read(probe);

	for (int i = 0; i < 100 && isnan(probe_value(probe, "sock.rx_drops")); i++) {
		usleep(10000);
		s = probe_read(probe);
	}
	return s;
}

static double events(const char *metric)
{
	return (double)hist_count(probe_hist(probe, metric));
}

/* What metrics stood at, and have grown by since. */
static double before[sizeof wants / sizeof wants[0]];

static double value_of(const char *metric)
{
	return strncmp(metric, "lat.", 4) == 0 ? events(metric) : probe_value(probe, metric);
}

static void remember(void)
{
	need_probe();
	read_all_of_it();
	for (size_t i = 0; wants[i]; i++)
		before[i] = value_of(wants[i]);
}

static double grown(const char *metric)
{
	for (size_t i = 0; wants[i]; i++)
		if (strcmp(wants[i], metric) == 0)
			return value_of(metric) - before[i];
	fail_msg("%s was not asked for", metric);
	return 0;
}

#define assert_grown(metric, n) \
	do { \
		printf("# %s: %.0f\n", metric, grown(metric)); \
		assert_near(grown(metric), n, 0); \
	} while (0)

static void test_counts_datagrams_sent(void **state)
{
	(void)state;
	remember();
	puppet_do(&puppet, SEND_DATAGRAMS, 777);
	read_all_of_it();
	assert_grown("sock.udp_tx_messages", 777 + 320 + 1);
	assert_grown("sock.udp_tx_bytes", 777 * 100 + 320 * 64);
	assert_grown("sock.tx_messages", 777 + 320 + 1);
	assert_grown("sock.tx_bytes", 777 * 100 + 320 * 64);
	assert_grown("sock.rx_messages", 0);
	assert_grown("sock.tcp_tx_messages", 0);
	assert_grown("lat.gap_seconds", 0);
}

static void test_counts_datagrams_received(void **state)
{
	int fd = call(&told->udp, SOCK_DGRAM);

	(void)state;
	remember();
	for (int i = 0; i < 55; i++)
		give(fd, 33);
	puppet_do(&puppet, RECEIVE_DATAGRAMS, 55);
	close(fd);
	read_all_of_it();
	assert_grown("sock.udp_rx_messages", 55);
	assert_grown("sock.udp_rx_bytes", 55 * 33);
	assert_grown("sock.tx_messages", 0);
}

/* Who was there before tach: which end is which, and nothing of what was before. */
static void test_tells_older_roles(void **state)
{
	(void)state;
	need_probe();
	assert_near(probe_value(probe, "sock.tcp_rx_messages"), 0, 0);
	remember();
	for (int i = 0; i < 40; i++)
		give(client, 10);
	puppet_do(&puppet, SERVE, 40);
	read_all_of_it();
	assert_grown("sock.tcp_rx_messages", 40);
	assert_grown("lat.request_seconds", 40);
	assert_grown("lat.upstream_seconds", 0);
	for (int i = 0; i < 30; i++)
		give(server, 20);
	puppet_do(&puppet, CALL, 30);
	read_all_of_it();
	assert_grown("sock.tcp_tx_messages", 70);
	assert_grown("lat.request_seconds", 40);
	assert_grown("lat.upstream_seconds", 30);
	assert_true(grown("lat.rtt_seconds") >= 1);
	take(client, 40 * 20);
	take(server, 30 * 10);
}

/* Since the probe came both connections have only sent what the kernel itself counts for them. */
static void test_counts_segments_of_older_ones(void **state)
{
	struct tcp_info first[2] = { told->accepted, told->called };
	unsigned in, out;

	(void)state;
	need_probe();
	usleep(100000);
	puppet_do(&puppet, TELL_SEGMENTS, 0);
	in = told->accepted.tcpi_segs_in - first[0].tcpi_segs_in + told->called.tcpi_segs_in - first[1].tcpi_segs_in;
	out = told->accepted.tcpi_segs_out - first[0].tcpi_segs_out + told->called.tcpi_segs_out - first[1].tcpi_segs_out;
	assert_in_range(out, 5, 400);
	read_all_of_it();
	assert_near(probe_value(probe, "sock.tcp_rx_segments"), in, 0);
	assert_near(probe_value(probe, "sock.tcp_tx_segments"), out, 0);
	assert_near(probe_value(probe, "sock.tcp_retransmits"), 0, 0);
}

/* Listens, is called, answers, closes: all of it counts, handshake and farewell included, as the caller itself counts it. */
static void test_counts_a_whole_connection(void **state)
{
	struct tcp_info info;

	(void)state;
	need_probe();
	close(client);
	puppet_do(&puppet, CLOSE_ACCEPTED, 0);
	usleep(50000);
	remember();
	puppet_do(&puppet, LISTEN, 0);
	client = call(&told->listener, SOCK_STREAM);
	puppet_do(&puppet, ACCEPT, 0);
	for (int i = 0; i < 25; i++)
		give(client, 10);
	puppet_do(&puppet, SERVE, 25);
	take(client, 25 * 20);
	read_all_of_it();
	assert_grown("lat.request_seconds", 25);
	assert_grown("lat.upstream_seconds", 0);
	shutdown(client, SHUT_WR);
	usleep(50000);
	puppet_do(&puppet, CLOSE_ACCEPTED, 0);
	usleep(50000);
	info = info_of(client);
	read_all_of_it();
	assert_grown("sock.tcp_rx_messages", 25);
	assert_grown("sock.tcp_tx_messages", 25);
	assert_in_range(info.tcpi_segs_out, 10, 200);
	assert_grown("sock.tcp_rx_segments", info.tcpi_segs_out);
	assert_grown("sock.tcp_tx_segments", info.tcpi_segs_in - 1); /* the SYN-ACK is sent before there is a socket for it */
}

/* A new connection for what follows. */
static void connect_anew(void)
{
	puppet_do(&puppet, CLOSE_ACCEPTED, 0);
	close(client);
	client = call(&told->listener, SOCK_STREAM);
	puppet_do(&puppet, ACCEPT, 0);
}

static void test_takes_pipelined_requests_for_one(void **state)
{
	(void)state;
	need_probe();
	connect_anew();
	remember();
	for (int i = 0; i < 16; i++)
		give(client, 10);
	puppet_do(&puppet, ANSWER_AT_ONCE, 16);
	take(client, 16 * 20);
	read_all_of_it();
	assert_grown("lat.request_seconds", 1);
	assert_grown("sock.tcp_tx_messages", 16);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool are_near(const char *what, const struct hist *h, double p)
{
	double here = hist_percentile(h, p), there = (double)told->served[(int)(SERVED * p)];

	printf("# %s %.0f us, by the server's own clock %.0f us\n", what, here / 1e3, there / 1e3);
	return fabs(here - there) <= 0.05 * there;
}

/* The answering times of one run as the probe has them. */
static void serve_all(struct hist *out)
{
	struct hist *older = hist_new();

	probe_read(probe);
	hist_add(older, probe_hist(probe, "lat.request_seconds"));
	puppet_order(&puppet, SERVE_SLOWLY, 0);
	for (int i = 0; i < SERVED; i++) {
		give(client, 10);
		take(client, 20);
	}
	puppet_await(&puppet);
	probe_read(probe);
	hist_subtract(out, probe_hist(probe, "lat.request_seconds"), older);
	free(older);
	assert_int_equal((int)hist_count(out), SERVED);
	qsort(told->served, SERVED, sizeof told->served[0], by_size);
}

/* Up to four times, as whoever is pushed off the CPU between one clock and the other sees it only in one of them. */
static void test_times_requests(void **state)
{
	bool near = false;
	struct hist h;

	(void)state;
	need_probe();
	connect_anew();
	for (int i = 0; i < 4 && !near; i++) {
		serve_all(&h);
		near = are_near("p50", &h, 0.5) & are_near("p99", &h, 0.99);
	}
	assert_true(near);
}

/* A row of a table with these two texts. */
static const union cell *row_of(const struct table_def *def, size_t a, const char *a_text, size_t b, const char *b_text)
{
	const struct table *t = sample_find_table(read_all_of_it(), def);

	for (size_t i = 0; t && i < t->nrows; i++) {
		const union cell *row = t->cells + i * t->def->ncolumns;

		if (strcmp(row[a].text, a_text) == 0 && strncmp(row[b].text, b_text, strlen(b_text)) == 0)
			return row;
	}
	return NULL;
}

static void test_says_what_slow_ones_waited_for(void **state)
{
	const union cell *row;

	(void)state;
	need_probe();
	give(client, 10);
	puppet_do(&puppet, SERVE_VERY_SLOWLY, 0);
	take(client, 20);
	row = row_of(&table_slow, SLOW_METRIC, "lat.request_seconds", SLOW_WAITED, "sleep 1");
	assert_non_null(row);
	printf("# %s took %.3f ms: %s\n", row[SLOW_THREAD].text, row[SLOW_SECONDS].number * 1e3, row[SLOW_WAITED].text);
	assert_true(row[SLOW_SECONDS].number >= 0.1);
	assert_int_equal(strncmp(row[SLOW_THREAD].text, "test_sock/", 10), 0);
}

static void test_tells_unix_roles(void **state)
{
	(void)state;
	remember();
	puppet_do(&puppet, UNIX_PAIR, 50);
	read_all_of_it();
	assert_grown("sock.unix_tx_messages", 100);
	assert_grown("sock.unix_rx_messages", 100);
	assert_grown("lat.request_seconds", 50);
	assert_grown("lat.upstream_seconds", 50);
}

/* Of very many requests a part is timed, which is said; every message is counted all the same. */
static void test_times_a_part_of_very_many(void **state)
{
	const char *said;
	unsigned part = 0;

	(void)state;
	need_probe();
	for (int i = 0; i < 10 && !part; i++) { /* until the machine has the time for so many */
		puppet_do(&puppet, UNIX_PAIR, 10000);
		remember();
		said = strstr(probe_status(probe, "sock")->why, "one request in");
		if (said)
			sscanf(said, "one request in %u is timed", &part);
	}
	assert_in_range(part, 2, 64);
	puppet_do(&puppet, UNIX_PAIR, 8000);
	probe_read(probe);
	assert_int_equal(probe_state(probe, "lat.request_seconds", NULL), POINT_SCALED);
	assert_grown("sock.unix_tx_messages", 16000);
	assert_near(grown("lat.request_seconds") + grown("lat.upstream_seconds"), 16000.0 / part, 2);
	for (int i = 0; i < 3; i++) {
		usleep(60000);
		probe_read(probe);
	}
	assert_null(strstr(probe_status(probe, "sock")->why, "one request in"));
	assert_int_equal(probe_state(probe, "lat.request_seconds", NULL), POINT_OK);
}

static void test_times_gaps_of_datagrams(void **state)
{
	int fd = call(&told->udp, SOCK_DGRAM);

	(void)state;
	remember();
	for (int i = 0; i < 20; i++)
		give(fd, 10);
	puppet_do(&puppet, ECHO_DATAGRAMS, 10);
	close(fd);
	read_all_of_it();
	assert_grown("lat.gap_seconds", 10);
	assert_grown("lat.request_seconds", 0);
	assert_grown("sock.udp_tx_messages", 30);
}

/* What does not fit is dropped; the puppet says how many did. */
static void test_counts_drops(void **state)
{
	int fd = call(&told->udp, SOCK_DGRAM);

	(void)state;
	remember();
	for (int i = 0; i < 2000; i++)
		give(fd, 1000);
	puppet_do(&puppet, READ_ALL, 0);
	close(fd);
	read_all_of_it();
	assert_in_range(told->read, 1, 1999);
	assert_grown("sock.rx_drops", (double)(2000 - told->read));
	assert_grown("sock.udp_rx_messages", (double)told->read);
}

static const char *name_of(int fd, char buf[32])
{
	struct sockaddr_in name;
	socklen_t size = sizeof name;

	must(getsockname(fd, (struct sockaddr *)&name, &size) == 0);
	snprintf(buf, 32, "127.0.0.1:%u", ntohs(name.sin_port));
	return buf;
}

static void test_lists_sockets(void **state)
{
	char name[32];
	const union cell *row;

	(void)state;
	need_probe();
	snprintf(name, sizeof name, "127.0.0.1:%u", ntohs(told->udp.sin_port));
	row = row_of(&table_sockets, SOCKETS_PROTOCOL, "udp", SOCKETS_LOCAL, name);
	assert_non_null(row);
	assert_true(row[SOCKETS_RX_MESSAGES].number >= 55 + 20);
	assert_true(row[SOCKETS_DROPS].number >= 1);
	snprintf(name, sizeof name, "127.0.0.1:%u", ntohs(told->listener.sin_port));
	row = row_of(&table_sockets, SOCKETS_ROLE, "listen", SOCKETS_LOCAL, name);
	assert_non_null(row);
	assert_string_equal(row[SOCKETS_STATE].text, "LISTEN");
	connect_anew();
	give(client, 10);
	puppet_do(&puppet, SERVE, 1);
	row = row_of(&table_sockets, SOCKETS_ROLE, "server", SOCKETS_PEER, name_of(client, name));
	assert_non_null(row);
	assert_near(row[SOCKETS_RX_MESSAGES].number, 1, 0);
	assert_near(row[SOCKETS_TX_MESSAGES].number, 1, 0);
	assert_string_equal(row[SOCKETS_STATE].text, "ESTAB");
}

static void test_says_which_way(void **state)
{
	(void)state;
	need_probe();
	read_all_of_it();
	assert_int_equal(strncmp(probe_status(probe, "sock")->why, "messages only ", 14), 0);
	assert_int_equal(probe_status(probe, "sock")->state, STATUS_PARTIAL);
	assert_int_equal(probe_state(probe, "sock.tx_messages", NULL), POINT_PARTIAL);
	assert_int_equal(probe_state(probe, "sock.tcp_rx_segments", NULL), POINT_PARTIAL);
}

/* Who listens since the probe came is known, and who sends and receives. */
static void test_lists_newer_sockets(void **state)
{
	char name[32];
	const union cell *row;

	(void)state;
	need_probe();
	puppet_do(&puppet, LISTEN, 0);
	snprintf(name, sizeof name, "127.0.0.1:%u", ntohs(told->listener.sin_port));
	row = row_of(&table_sockets, SOCKETS_ROLE, "listen", SOCKETS_LOCAL, name);
	assert_non_null(row);
	assert_string_equal(row[SOCKETS_STATE].text, "LISTEN");
	connect_anew();
	give(client, 10);
	puppet_do(&puppet, SERVE, 1);
	row = row_of(&table_sockets, SOCKETS_ROLE, "server", SOCKETS_PEER, name_of(client, name));
	assert_non_null(row);
	assert_near(row[SOCKETS_RX_MESSAGES].number, 1, 0);
	puppet_do(&puppet, CLOSE_ACCEPTED, 0);
	close(client);
	usleep(50000);
	assert_null(row_of(&table_sockets, SOCKETS_ROLE, "server", SOCKETS_PEER, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tells_older_roles),
		cmocka_unit_test(test_counts_segments_of_older_ones),
		cmocka_unit_test(test_counts_datagrams_sent),
		cmocka_unit_test(test_counts_datagrams_received),
		cmocka_unit_test(test_counts_a_whole_connection),
		cmocka_unit_test(test_takes_pipelined_requests_for_one),
		cmocka_unit_test(test_times_requests),
		cmocka_unit_test(test_says_what_slow_ones_waited_for),
		cmocka_unit_test(test_tells_unix_roles),
		cmocka_unit_test(test_times_a_part_of_very_many),
		cmocka_unit_test(test_times_gaps_of_datagrams),
		cmocka_unit_test(test_counts_drops),
		cmocka_unit_test(test_lists_sockets),
	};
	const struct CMUnitTest older[] = {
		cmocka_unit_test(test_tells_older_roles),
		cmocka_unit_test(test_counts_datagrams_sent),
		cmocka_unit_test(test_counts_datagrams_received),
		cmocka_unit_test(test_takes_pipelined_requests_for_one),
		cmocka_unit_test(test_tells_unix_roles),
		cmocka_unit_test(test_times_gaps_of_datagrams),
		cmocka_unit_test(test_counts_drops),
		cmocka_unit_test(test_lists_newer_sockets),
		cmocka_unit_test(test_says_which_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (!SOCK_WAY)
		return cmocka_run_group_tests(tests, set_up, tear_down);
	setenv("TACH_SOCK_WAY", SOCK_WAY_TEXT, 0);
	return cmocka_run_group_tests(older, set_up, tear_down);
}
