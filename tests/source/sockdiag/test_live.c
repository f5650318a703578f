/*
 * Real sockets of a process of the test: what the source says of them is what getsockopt(TCP_INFO) and ss(8) say of the
 * same sockets while nothing moves.
 */
#include "watch.h"

#include <limits.h>
#include <sys/stat.h>

#define MESSAGES 50
#define SIZE 1000

/* ---- the actor ---- */

/* What it tells of its connection. */
struct told {
	struct tcp_info info;
	uint16_t port, peer;
};

/* An order a byte:
 *   l, L  listen on 127.0.0.1, on all addresses of both families; answers the port
 *   a     accept        c  connect to itself (the listening socket stays unaccepted for that one)
 *   r     read MESSAGES messages of SIZE and answer each with one byte        w  write so many bytes
 *   i     tell struct told of the connection        x  close it
 *   n     go to another network namespace
 *   u     a UDP socket with a tiny buffer gets 100 datagrams from another one        f  a child that lives on
 *   q     a connection of its own that comes and goes, seen by nobody */
struct actor_state {
	int line, on, connection, own, udp[2];
};

static void tell(const struct actor_state *a)
{
	struct told told = { .info = info_of(a->connection), .port = port_of(a->connection) };
	struct sockaddr_storage at;
	socklen_t size = sizeof at;

	if (getpeername(a->connection, (struct sockaddr *)&at, &size) != 0)
		_exit(1);
	told.peer = ntohs(((struct sockaddr_in *)&at)->sin_port);
	if (write(a->line, &told, sizeof told) != sizeof told)
		_exit(1);
}

static void answer_messages(int fd)
{
	char data[SIZE];

	for (int i = 0; i < MESSAGES; i++)
		if (recv(fd, data, sizeof data, MSG_WAITALL) != sizeof data || write(fd, "", 1) != 1)
			_exit(1);
}

static void overflow(struct actor_state *a)
{
	struct sockaddr_storage at = address_of(AF_INET, "127.0.0.1", 0);
	socklen_t size = sizeof at;
	int tiny = 1;

	if (!a->udp[0]) {
		for (int i = 0; i < 2; i++)
			a->udp[i] = socket(AF_INET, SOCK_DGRAM, 0);
		setsockopt(a->udp[0], SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny);
		if (bind(a->udp[0], (struct sockaddr *)&at, sizeof at) != 0 ||
			getsockname(a->udp[0], (struct sockaddr *)&at, &size) != 0 ||
			connect(a->udp[1], (struct sockaddr *)&at, size) != 0)
			_exit(1);
	}
	for (int i = 0; i < 100; i++)
		if (send(a->udp[1], "datagram", 8, 0) != 8)
			_exit(1);
}

static void come_and_go(const struct actor_state *a)
{
	int fd = connect_to(AF_INET, "127.0.0.1", port_of(a->on)), there = accept(a->on, NULL, NULL);

	if (fd < 0 || there < 0)
		_exit(1);
	close(fd);
	close(there);
}

static void obey(struct actor_state *a, char order)
{
	static char data[100000];
	uint16_t port;

	switch (order) {
	case 'l':
	case 'L':
		a->on = order == 'l' ? listen_at(AF_INET, "127.0.0.1") : listen_at(AF_INET6, "::");
		port = a->on < 0 ? 0 : port_of(a->on);
		if (write(a->line, &port, sizeof port) != sizeof port)
			_exit(1);
		return;
	case 'i':
		tell(a);
		return;
	case 'a':
		a->connection = accept(a->on, NULL, NULL);
		break;
	case 'c':
		a->own = connect_to(AF_INET, "127.0.0.1", port_of(a->on));
		break;
	case 'r':
		answer_messages(a->connection);
		break;
	case 'w':
		if (write(a->connection, data, sizeof data) != sizeof data)
			_exit(1);
		break;
	case 'x':
		close(a->connection);
		break;
	case 'n':
		if (!leave_namespace())
			_exit(1);
		break;
	case 'u':
		overflow(a);
		break;
	case 'q':
		come_and_go(a);
		break;
	case 'f':
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			sleep(60);
			_exit(0);
		}
		break;
	default:
		break;
	}
	order_done(a->line);
}

static void body(int line)
{
	struct actor_state a = { .line = line };
	char order;

	close_range(3, (unsigned)line - 1, 0); /* the test's own sockets */
	close_range((unsigned)line + 1, UINT_MAX, 0);
	while ((order = order_next(line)))
		obey(&a, order);
}

/* ---- what the test does ---- */

struct scene {
	struct actor actor;
	struct watch w;
	int client; /* the test's end of the connection */
	uint16_t port;
	char local[32];
};

/* The actor listens, the test connects, and the actor has accepted when it is watched (or only then: late). */
static void set_scene(struct scene *s, bool late)
{
	*s = (struct scene){ .actor = actor_start(body) };
	actor_tell(&s->actor, 'l');
	actor_hear(&s->actor, &s->port, sizeof s->port);
	assert_true(s->port != 0);
	snprintf(s->local, sizeof s->local, "127.0.0.1:%u", s->port);
	if (late) {
		watch_attach(&s->w, s->actor.pid, true);
		watch_tick(&s->w);
	}
	s->client = connect_to(AF_INET, "127.0.0.1", s->port);
	assert_true(s->client >= 0);
	actor_do(&s->actor, 'a');
	if (!late) {
		watch_attach(&s->w, s->actor.pid, true);
		watch_tick(&s->w);
	}
}

static void strike_scene(struct scene *s)
{
	watch_close(&s->w);
	actor_end(&s->actor);
	close(s->client);
}

static struct told ask_actor(const struct scene *s)
{
	struct told told;

	actor_tell(&s->actor, 'i');
	actor_hear(&s->actor, &told, sizeof told);
	return told;
}

/* MESSAGES requests, each with its answer; and until the last acknowledgement is there. */
static void exchange(const struct scene *s)
{
	char data[SIZE] = { 0 };

	actor_tell(&s->actor, 'r');
	for (int i = 0; i < MESSAGES; i++) {
		assert_int_equal(write(s->client, data, sizeof data), sizeof data);
		assert_int_equal(read(s->client, data, 1), 1);
	}
	actor_hear(&s->actor, data, 1);
	sleep_ms(60);
}

/* The numbers of the only connection, in the order of the metrics. */
static void expect(const struct watch *w, const struct tcp_info *now, const struct tcp_info *before)
{
	assert_near(watch_value(w, "tcp.rx_segments"), now->tcpi_segs_in - before->tcpi_segs_in, 0);
	assert_near(watch_value(w, "tcp.tx_segments"), now->tcpi_segs_out - before->tcpi_segs_out, 0);
	assert_near(watch_value(w, "tcp.rx_bytes"), (double)(now->tcpi_bytes_received - before->tcpi_bytes_received), 0);
	assert_near(watch_value(w, "tcp.tx_bytes"), (double)(now->tcpi_bytes_sent - before->tcpi_bytes_sent), 0);
	assert_near(watch_value(w, "tcp.retransmits"), now->tcpi_total_retrans - before->tcpi_total_retrans, 0);
}

static void a_connection_is_as_tcp_info_says(void **state)
{
	struct scene s;
	struct told before, now;

	(void)state;
	set_scene(&s, false);
	before = ask_actor(&s);
	assert_near(watch_value(&s.w, "tcp.rx_segments"), 0, 0);
	assert_near(watch_value(&s.w, "tcp.sockets"), 1, 0);
	exchange(&s);
	now = ask_actor(&s);
	watch_tick(&s.w);
	assert_near(watch_value(&s.w, "tcp.rx_bytes"), MESSAGES * SIZE, 0);
	assert_near(watch_value(&s.w, "tcp.tx_bytes"), MESSAGES, 0);
	expect(&s.w, &now.info, &before.info);
	assert_near(watch_value(&s.w, "tcp.rtt_seconds"), (double)now.info.tcpi_rtt / 1e6, 1e-9);
	assert_near(watch_value(&s.w, "tcp.rtt_max_seconds"), (double)now.info.tcpi_rtt / 1e6, 1e-9);
	assert_int_equal(watch_point(&s.w, "tcp.rx_bytes").state, POINT_OK);
	assert_int_equal(watch_status(&s.w)->state, STATUS_ON);
	strike_scene(&s);
}

static void one_that_is_born_counts_from_zero(void **state)
{
	static const struct tcp_info nothing;
	struct scene s;
	struct told now;

	(void)state;
	set_scene(&s, true);
	exchange(&s);
	now = ask_actor(&s);
	watch_tick(&s.w);
	expect(&s.w, &now.info, &nothing);
	assert_int_equal(watch_point(&s.w, "tcp.rx_bytes").state, POINT_OK);
	strike_scene(&s);
}

/* New ones are looked for when it is cheap; those that are known are asked at every tick, and miss nothing. */
static void known_ones_are_asked_one_by_one(void **state)
{
	struct scene s;
	struct told before, now;
	const struct table *t;

	(void)state;
	set_scene(&s, false);
	watch_tick(&s.w);
	before = ask_actor(&s);
	for (int i = 0; i < 5; i++) {
		if (i == 1)
			actor_do(&s.actor, 'c');
		exchange(&s);
		watch_read(&s.w);
		assert_near(watch_value(&s.w, "tcp.rx_bytes"), (double)(i + 1) * MESSAGES * SIZE, 0);
	}
	now = ask_actor(&s);
	watch_tick(&s.w);
	assert_near(watch_value(&s.w, "tcp.tx_segments"), now.info.tcpi_segs_out - before.info.tcpi_segs_out + 2, 0); /* SYN, ACK */
	t = sample_find_table(s.w.sample, &table_sockets);
	assert_int_equal(t->nrows, 3);
	assert_near(watch_value(&s.w, "tcp.rx_bytes"), 5 * MESSAGES * SIZE, 0);
	actor_do(&s.actor, 'x');
	sleep_ms(50);
	watch_read(&s.w);
	assert_near(watch_value(&s.w, "tcp.sockets"), 1, 0);
	strike_scene(&s);
}

static void what_it_moved_last_is_in_the_total(void **state)
{
	struct scene s;
	struct told now;

	(void)state;
	set_scene(&s, true);
	watch_tick(&s.w);
	exchange(&s);
	now = ask_actor(&s);
	actor_do(&s.actor, 'x');
	close(s.client);
	s.client = -1;
	sleep_ms(100);
	for (int i = 0; i < 4; i++) {
		watch_tick(&s.w);
		assert_near(watch_value(&s.w, "tcp.tx_bytes"), (double)now.info.tcpi_bytes_sent, 0);
		assert_near(watch_value(&s.w, "tcp.rx_bytes"), (double)now.info.tcpi_bytes_received, 1); /* the end counts as one */
		assert_near(watch_value(&s.w, "tcp.tx_segments"), now.info.tcpi_segs_out + 1.5, 0.5); /* FIN, perhaps its ACK */
		assert_near(watch_value(&s.w, "tcp.sockets"), 0, 0);
		assert_int_equal(watch_point(&s.w, "tcp.tx_segments").state, POINT_OK);
	}
	assert_string_equal(watch_row(&s.w, s.local)[SOCKETS_STATE].text, "LISTEN"); /* nothing else is left there */
	strike_scene(&s);
}

/* 100,000 bytes that the client does not read, in one queue or the other. */
static void queues_are_seen(void **state)
{
	struct scene s;
	int small = 4096;
	double queued;

	(void)state;
	set_scene(&s, false);
	setsockopt(s.client, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	assert_int_equal(write(s.client, "unread", 6), 6);
	actor_do(&s.actor, 'w');
	sleep_ms(50);
	watch_tick(&s.w);
	assert_near(watch_value(&s.w, "tcp.rx_queue_bytes"), 6, 0);
	queued = watch_value(&s.w, "tcp.tx_queue_bytes");
	assert_true(queued > 0 && queued <= 100000);
	strike_scene(&s);
}

static void rows_say_who_is_server_and_client(void **state)
{
	struct scene s;
	union cell *row;
	struct told told;
	char peer[32];
	const struct table *t;

	(void)state;
	set_scene(&s, false);
	actor_do(&s.actor, 'c'); /* its own client: nobody has accepted it, so that it has one end only */
	exchange(&s);
	told = ask_actor(&s);
	watch_tick(&s.w);
	t = sample_find_table(s.w.sample, &table_sockets);
	assert_non_null(t);
	assert_int_equal(t->nrows, 3);
	assert_int_equal(t->left_out, 0);
	snprintf(peer, sizeof peer, "127.0.0.1:%u", told.peer);
	for (size_t i = 0; i < t->nrows; i++) {
		row = t->cells + i * table_sockets_columns;
		if (strcmp(row[SOCKETS_PEER].text, peer) == 0) {
			assert_string_equal(row[SOCKETS_LOCAL].text, s.local);
			assert_string_equal(row[SOCKETS_ROLE].text, "server");
			assert_string_equal(row[SOCKETS_STATE].text, "ESTAB");
			assert_string_equal(row[SOCKETS_PROTOCOL].text, "tcp");
			assert_near(row[SOCKETS_RX_BYTES].number, MESSAGES * SIZE, 0);
			assert_near(row[SOCKETS_RTT].number, (double)told.info.tcpi_rtt / 1e6, 1e-9);
			assert_near(row[SOCKETS_RX_QUEUE].number, 0, 0);
		} else if (strcmp(row[SOCKETS_STATE].text, "LISTEN") == 0) {
			assert_string_equal(row[SOCKETS_ROLE].text, "listen");
			assert_string_equal(row[SOCKETS_LOCAL].text, s.local);
			assert_string_equal(row[SOCKETS_PEER].text, "0.0.0.0:*");
			assert_true(row[SOCKETS_RX_BYTES].number != row[SOCKETS_RX_BYTES].number); /* unknown, not zero */
		} else {
			assert_string_equal(row[SOCKETS_PEER].text, s.local);
			assert_string_equal(row[SOCKETS_ROLE].text, "client");
		}
	}
	strike_scene(&s);
}

/* Both families at one listening socket: IPv4 through it is IPv4-mapped. */
static void both_families_are_seen(void **state)
{
	struct actor a = actor_start(body);
	struct watch w;
	uint16_t port;
	char local[32];
	int fd;

	(void)state;
	actor_tell(&a, 'L');
	actor_hear(&a, &port, sizeof port);
	if (!port) {
		actor_end(&a);
		skip_because("no IPv6 here");
	}
	watch_attach(&w, a.pid, true);
	fd = connect_to(AF_INET, "127.0.0.1", port);
	assert_true(fd >= 0);
	actor_do(&a, 'a');
	watch_tick(&w);
	snprintf(local, sizeof local, "127.0.0.1:%u", port);
	assert_non_null(watch_row(&w, local));
	assert_string_equal(watch_row(&w, local)[SOCKETS_ROLE].text, "server");
	snprintf(local, sizeof local, "[::]:%u", port);
	assert_non_null(watch_row(&w, local));
	close(fd);
	fd = connect_to(AF_INET6, "::1", port);
	assert_true(fd >= 0);
	actor_do(&a, 'a');
	watch_tick(&w);
	snprintf(local, sizeof local, "[::1]:%u", port);
	assert_non_null(watch_row(&w, local));
	assert_string_equal(watch_row(&w, local)[SOCKETS_ROLE].text, "server");
	assert_near(watch_value(&w, "tcp.sockets"), 1, 0); /* the first one has been closed by the peer */
	close(fd);
	watch_close(&w);
	actor_end(&a);
}

static void dropped_datagrams_are_counted(void **state)
{
	struct scene s;
	double dropped;

	(void)state;
	set_scene(&s, false);
	actor_do(&s.actor, 'u');
	watch_tick(&s.w);
	dropped = watch_value(&s.w, "udp.drops");
	assert_true(dropped > 80 && dropped < 100); /* some fit */
	assert_true(watch_value(&s.w, "udp.rx_queue_bytes") >= 8 * (100 - dropped));
	actor_do(&s.actor, 'u');
	watch_tick(&s.w);
	assert_near(watch_value(&s.w, "udp.drops"), dropped + 100, 0);
	strike_scene(&s);
}

static void one_that_came_and_went_unseen_makes_it_a_lower_bound(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s, false);
	watch_tick(&s.w);
	actor_do(&s.actor, 'q');
	sleep_ms(50);
	watch_tick(&s.w);
	assert_int_equal(watch_point(&s.w, "tcp.rx_segments").state, POINT_PARTIAL);
	watch_tick(&s.w);
	assert_int_equal(watch_point(&s.w, "tcp.rx_segments").state, POINT_OK);
	strike_scene(&s);
}

static void of_others_nothing_is_said(void **state)
{
	struct scene s;
	int on, fd, there;

	(void)state;
	set_scene(&s, false);
	on = listen_at(AF_INET, "127.0.0.1");
	fd = connect_to(AF_INET, "127.0.0.1", port_of(on));
	there = accept(on, NULL, NULL);
	move_bytes(fd, there, 100000);
	for (int i = 0; i < 3; i++) {
		watch_tick(&s.w);
		assert_near(watch_value(&s.w, "tcp.rx_bytes"), 0, 0);
		assert_near(watch_value(&s.w, "tcp.sockets"), 1, 0);
	}
	close(there);
	close(fd);
	close(on);
	strike_scene(&s);
}

static void sums_stay_when_the_target_has_ended(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s, true);
	exchange(&s);
	watch_tick(&s.w);
	kill(s.actor.pid, SIGKILL);
	waitpid(s.actor.pid, NULL, 0);
	sleep_ms(50);
	for (int i = 0; i < 3; i++) {
		watch_tick(&s.w);
		assert_near(watch_value(&s.w, "tcp.rx_bytes"), MESSAGES * SIZE, 1);
		assert_near(watch_value(&s.w, "tcp.sockets"), 0, 0);
	}
	strike_scene(&s);
}

/* ---- ss(8) ---- */

/* The number behind `key` in the line; -1: not there. */
static double ss_number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtod(at + strlen(key), NULL) : -1;
}

static void ss_says_the_same(void **state)
{
	struct scene s;
	char command[128], line[2048];
	FILE *ss;

	(void)state;
	if (access("/bin/ss", X_OK) != 0 && access("/usr/bin/ss", X_OK) != 0)
		skip_because("no ss here (iproute2)");
	set_scene(&s, true);
	exchange(&s);
	watch_tick(&s.w);
	snprintf(command, sizeof command, "ss -tinOH state established src 127.0.0.1 and sport = %u", s.port);
	ss = popen(command, "r");
	assert_non_null(ss);
	assert_non_null(fgets(line, sizeof line, ss));
	pclose(ss);
	assert_near(watch_value(&s.w, "tcp.rx_segments"), ss_number(line, " segs_in:"), 0);
	assert_near(watch_value(&s.w, "tcp.tx_segments"), ss_number(line, " segs_out:"), 0);
	assert_near(watch_value(&s.w, "tcp.rx_bytes"), ss_number(line, " bytes_received:"), 0);
	assert_near(watch_value(&s.w, "tcp.tx_bytes"), ss_number(line, " bytes_sent:"), 0);
	assert_near(watch_value(&s.w, "tcp.rtt_seconds") * 1000, ss_number(line, " rtt:"), 0.0006);
	strike_scene(&s);
}

/* ---- namespaces ---- */

static void need_namespaces(void)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) != 0);
	waitpid(pid, &status, 0);
	if (status != 0)
		skip_because("needs the right to make network namespaces (root)");
}

static ino_t own_namespace(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/thread-self/ns/net", &st), 0);
	return st.st_ino;
}

/* Its sockets are seen, and the test's own thread never goes there. */
static void another_namespace_is_looked_into(void **state)
{
	struct actor a;
	struct watch w;
	uint16_t port;
	char local[32];
	ino_t before = own_namespace();

	(void)state;
	need_namespaces();
	a = actor_start(body);
	actor_do(&a, 'n');
	actor_tell(&a, 'l');
	actor_hear(&a, &port, sizeof port);
	watch_attach(&w, a.pid, true);
	watch_tick(&w);
	snprintf(local, sizeof local, "127.0.0.1:%u", port);
	assert_non_null(watch_row(&w, local));
	assert_int_equal(watch_status(&w)->state, STATUS_ON);
	actor_do(&a, 'c');
	watch_tick(&w);
	assert_near(watch_value(&w, "tcp.sockets"), 1, 0); /* the other end is not accepted: nobody's yet */
	actor_do(&a, 'a');
	watch_tick(&w);
	assert_near(watch_value(&w, "tcp.sockets"), 2, 0);
	assert_int_equal(own_namespace(), before);
	watch_close(&w);
	actor_end(&a);
}

/* A process in each: both are summed up; the one that moves away is followed. */
static void several_namespaces_are_looked_into(void **state)
{
	struct scene s;
	uint16_t port;

	(void)state;
	need_namespaces();
	set_scene(&s, false);
	actor_do(&s.actor, 'f'); /* a child stays where they are, with the same sockets */
	actor_do(&s.actor, 'n');
	actor_tell(&s.actor, 'l');
	actor_hear(&s.actor, &port, sizeof port);
	actor_do(&s.actor, 'c');
	for (int i = 0; i < 3; i++)
		watch_tick(&s.w);
	assert_near(watch_value(&s.w, "tcp.sockets"), 2, 0);
	assert_int_equal(watch_status(&s.w)->state, STATUS_ON);
	strike_scene(&s);
}

/* Where others end connections by the hundred nobody listens to last words: the test is alone, if it may. */
static int be_alone(void **state)
{
	(void)state;
	leave_namespace();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_as_tcp_info_says),
		cmocka_unit_test(one_that_is_born_counts_from_zero),
		cmocka_unit_test(known_ones_are_asked_one_by_one),
		cmocka_unit_test(what_it_moved_last_is_in_the_total),
		cmocka_unit_test(queues_are_seen),
		cmocka_unit_test(rows_say_who_is_server_and_client),
		cmocka_unit_test(both_families_are_seen),
		cmocka_unit_test(dropped_datagrams_are_counted),
		cmocka_unit_test(one_that_came_and_went_unseen_makes_it_a_lower_bound),
		cmocka_unit_test(of_others_nothing_is_said),
		cmocka_unit_test(sums_stay_when_the_target_has_ended),
		cmocka_unit_test(ss_says_the_same),
		cmocka_unit_test(another_namespace_is_looked_into),
		cmocka_unit_test(several_namespaces_are_looked_into),
	};

	return cmocka_run_group_tests(tests, be_alone, NULL);
}
