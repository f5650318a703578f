/* Answers of the kernel: recorded ones against what ss(8) showed of the same sockets, and cut and broken ones. */
#include "base/file.h"
#include "source/sockdiag/message.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA "tests/data/sockdiag/"
#define MOST 32

struct answer {
	struct seen list[MOST];
	size_t count;
	enum message_kind last;
	int error;
};

/* Pieces as they were received, one after the other: the parser takes them as one. */
static struct answer parse(const void *bytes, size_t size, uint32_t sequence)
{
	struct messages m = { .at = bytes, .left = size, .sequence = sequence };
	struct answer a = { .count = 0 };

	while (a.count < MOST && (a.last = message_next(&m, &a.list[a.count], &a.error)) == MESSAGE_SOCKET)
		a.count++;
	return a;
}

static char *load(const char *name, size_t *size)
{
	char path[128], *bytes;

	snprintf(path, sizeof path, DATA "%s", name);
	assert_int_equal(file_read_all(path, 1 << 20, &bytes, size), 0);
	return bytes;
}

static struct answer parse_file(const char *name, uint32_t sequence)
{
	size_t size;
	char *bytes = load(name, &size);
	struct answer a = parse(bytes, size, sequence);

	free(bytes);
	return a;
}

static const struct seen *find(const struct answer *a, uint64_t cookie)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].cookie == cookie)
			return &a->list[i];
	fail_msg("no socket with cookie %llx", (unsigned long long)cookie);
	return NULL;
}

static const uint8_t loopback_4[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
static const uint8_t second_4[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 2 };
static const uint8_t any_4[16] = { [10] = 0xff, [11] = 0xff };
static const uint8_t loopback_6[16] = { [15] = 1 }, any_6[16];

/* The connections of tcp-6.18, by what ss -tinaoe said. Round trips are in microseconds. */
static const struct {
	uint64_t cookie;
	uint32_t inode;
	uint8_t state;
	const uint8_t *local;
	uint16_t local_port;
	const uint8_t *peer;
	uint16_t peer_port;
	uint32_t rx_queue, tx_queue, rtt, rx_segments, tx_segments, rx_bytes, tx_bytes;
} recorded[] = {
	{ 0xbc12, 9314637, 1, loopback_4, 5555, second_4, 40001, 0, 0, 20, 6, 4, 3000, 5000 },
	{ 0xbc13, 9314636, 1, second_4, 40001, loopback_4, 5555, 5000, 0, 23, 5, 6, 5000, 3000 },
	{ 0xbc14, 9314646, 5, second_4, 40004, loopback_4, 5555, 0, 0, 645, 2, 3, 0, 0 },
	{ 0xbc16, 9314644, 1, second_4, 40003, loopback_4, 6666, 0, 0, 14, 1, 2, 0, 0 },
	{ 0xbc18, 9314647, 8, loopback_4, 5555, second_4, 40004, 1, 0, 9, 3, 1, 1, 0 }, /* the end is a byte to the kernel */
	{ 0xbc11, 9314642, 1, loopback_6, 40002, loopback_6, 6666, 0, 0, 41, 1, 2, 0, 0 },
	{ 0xbc15, 9314645, 1, loopback_4, 6666, second_4, 40003, 0, 0, 6, 2, 0, 0, 0 }, /* IPv4-mapped */
	{ 0xbc17, 9314643, 1, loopback_6, 6666, loopback_6, 40002, 0, 0, 20, 2, 0, 0, 0 },
};

#define RECORDED (sizeof recorded / sizeof recorded[0])

static void connections_are_as_ss_shows_them(void **state)
{
	struct answer a = parse_file("tcp-6.18", 1);

	(void)state;
	assert_int_equal(a.last, MESSAGE_DONE);
	assert_int_equal(a.count, RECORDED + 2);
	for (size_t i = 0; i < RECORDED; i++) {
		const struct seen *s = find(&a, recorded[i].cookie);

		assert_int_equal(s->inode, recorded[i].inode);
		assert_int_equal(s->state, recorded[i].state);
		assert_memory_equal(s->local.address, recorded[i].local, 16);
		assert_int_equal(s->local.port, recorded[i].local_port);
		assert_memory_equal(s->peer.address, recorded[i].peer, 16);
		assert_int_equal(s->peer.port, recorded[i].peer_port);
		assert_int_equal(s->rx_queue, recorded[i].rx_queue);
		assert_int_equal(s->tx_queue, recorded[i].tx_queue);
		assert_int_equal(s->rtt, recorded[i].rtt);
		assert_int_equal(s->known, 0x3f);
		assert_int_equal(s->total[SEEN_RX_SEGMENTS], recorded[i].rx_segments);
		assert_int_equal(s->total[SEEN_TX_SEGMENTS], recorded[i].tx_segments);
		assert_int_equal(s->total[SEEN_RX_BYTES], recorded[i].rx_bytes);
		assert_int_equal(s->total[SEEN_TX_BYTES], recorded[i].tx_bytes);
		assert_int_equal(s->total[SEEN_RETRANSMITS], 0);
		assert_true(s->cgroup != 0);
	}
}

static void those_that_listen_move_nothing(void **state)
{
	struct answer a = parse_file("tcp-6.18", 1);
	const struct seen *four = find(&a, 0xbc10), *six = find(&a, 0xbc0f);

	(void)state;
	assert_int_equal(four->state, SEEN_LISTEN);
	assert_int_equal(four->known, 1 << SEEN_DROPS);
	assert_memory_equal(four->local.address, loopback_4, 16);
	assert_memory_equal(four->peer.address, any_4, 16);
	assert_int_equal(four->tx_queue, 7);
	assert_memory_equal(six->local.address, any_6, 16);
	assert_int_equal(six->local.port, 6666);
	assert_int_equal(six->rtt, 0);
}

static void datagram_sockets_have_queue_and_drops(void **state)
{
	struct answer a = parse_file("udp4-6.18", 1);
	const struct seen *s = find(&a, 0xbc19);

	(void)state;
	assert_int_equal(a.last, MESSAGE_DONE);
	assert_int_equal(a.count, 2);
	assert_int_equal(s->state, SEEN_CLOSE);
	assert_int_equal(s->known, 1 << SEEN_DROPS);
	assert_int_equal(s->total[SEEN_DROPS], 18);
	assert_int_equal(s->rx_queue, 1664);
	assert_int_equal(find(&a, 0xbc1a)->total[SEEN_DROPS], 0);
}

static void a_last_word_has_all_that_was_moved(void **state)
{
	struct answer a = parse_file("ending-6.18", 0);

	(void)state;
	assert_int_equal(a.count, 1);
	assert_int_equal(a.list[0].cookie, 0xbc13); /* it was closed with 5000 bytes unread: reset */
	assert_int_equal(a.list[0].protocol, IPPROTO_TCP);
	assert_int_equal(a.list[0].local.port, 40001);
	assert_int_equal(a.list[0].total[SEEN_TX_BYTES], 3000);
	assert_int_equal(a.list[0].total[SEEN_RX_BYTES], 5000);
	assert_int_equal(a.list[0].total[SEEN_TX_SEGMENTS], 7);
}

static void an_error_is_told(void **state)
{
	struct answer a = parse_file("error-6.18", 1);

	(void)state;
	assert_int_equal(a.last, MESSAGE_ERROR);
	assert_int_equal(a.error, ENOENT);
}

static void what_another_asked_for_is_passed_over(void **state)
{
	struct answer a = parse_file("tcp-6.18", 2);

	(void)state;
	assert_int_equal(a.count, 0);
	assert_int_equal(a.last, MESSAGE_NONE);
}

/* Each in memory of its own, so that a sanitizer sees a read past the end. */
static void cut_anywhere_it_has_whole_sockets_only(void **state)
{
	size_t size, most = 0;
	char *bytes = load("tcp-6.18", &size);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		char *piece = malloc(cut ? cut : 1);
		struct answer a;

		memcpy(piece, bytes, cut);
		a = parse(piece, cut, 1);
		assert_true(a.count >= most && a.count <= RECORDED + 2);
		most = a.count;
		assert_int_equal(a.last, MESSAGE_NONE);
		for (size_t i = 0; i < a.count; i++)
			assert_true(a.list[i].state == SEEN_LISTEN || a.list[i].known == 0x3f);
		free(piece);
	}
	assert_int_equal(most, RECORDED + 2);
	free(bytes);
}

/* ---- made up ---- */

struct made {
	struct nlmsghdr head;
	struct inet_diag_msg body;
	struct nlattr attribute;
	struct tcp_info info;
} __attribute__((packed)); /* nothing stands between an attribute and its head */

static struct made make(size_t info)
{
	struct made m = { .head = { .nlmsg_type = 20, .nlmsg_seq = 1 }, .body = { .idiag_family = AF_INET, .idiag_state = 1 },
		.attribute = { .nla_len = (uint16_t)(sizeof(struct nlattr) + info), .nla_type = INET_DIAG_INFO } };

	m.body.id.idiag_cookie[0] = 7;
	m.body.id.idiag_cookie[1] = 1;
	m.info.tcpi_segs_in = 11;
	m.info.tcpi_segs_out = 12;
	m.info.tcpi_bytes_received = 13;
	m.info.tcpi_bytes_sent = 1400;
	m.info.tcpi_bytes_retrans = 400;
	m.info.tcpi_total_retrans = 15;
	m.info.tcpi_rtt = 16;
	m.head.nlmsg_len = (uint32_t)(offsetof(struct made, info) + info);
	return m;
}

static void an_older_kernel_says_less(void **state)
{
	struct made m = make(offsetof(struct tcp_info, tcpi_bytes_sent)); /* Linux 4.18 */
	struct answer a = parse(&m, m.head.nlmsg_len, 1);

	(void)state;
	assert_int_equal(a.count, 1);
	assert_true(a.list[0].cookie == 0x100000007);
	assert_int_equal(a.list[0].known, 1 << SEEN_RX_SEGMENTS | 1 << SEEN_TX_SEGMENTS | 1 << SEEN_RX_BYTES | 1 << SEEN_RETRANSMITS);
	assert_int_equal(a.list[0].total[SEEN_RX_SEGMENTS], 11);
	assert_int_equal(a.list[0].total[SEEN_RETRANSMITS], 15);
	assert_int_equal(a.list[0].rtt, 16);
	m = make(offsetof(struct tcp_info, tcpi_pacing_rate)); /* 3.14 */
	assert_int_equal(parse(&m, m.head.nlmsg_len, 1).list[0].known, 1 << SEEN_RETRANSMITS);
	m = make(3);
	m.head.nlmsg_len = sizeof m;
	assert_int_equal(parse(&m, sizeof m, 1).list[0].known, 0);
}

static void what_is_sent_again_counts_once(void **state)
{
	struct made m = make(sizeof(struct tcp_info));
	struct answer a = parse(&m, m.head.nlmsg_len, 1);

	(void)state;
	assert_int_equal(a.list[0].known, 0x1f);
	assert_int_equal(a.list[0].total[SEEN_TX_BYTES], 1000);
	m.info.tcpi_bytes_retrans = 1401; /* cannot be */
	assert_int_equal(parse(&m, m.head.nlmsg_len, 1).list[0].known, 0x1f & ~(1 << SEEN_TX_BYTES));
}

static void lengths_that_lie_end_it(void **state)
{
	static const uint32_t lies[] = { 0, 1, 15, 100000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		struct made m = make(sizeof(struct tcp_info));

		m.head.nlmsg_len = lies[i];
		assert_int_equal(parse(&m, sizeof m, 1).count, 0);
		m = make(sizeof(struct tcp_info));
		m.attribute.nla_len = (uint16_t)lies[i];
		assert_int_equal(parse(&m, sizeof m, 1).list[0].known, 0);
	}
}

static void other_families_and_no_cookie_are_left_out(void **state)
{
	struct made m = make(sizeof(struct tcp_info));

	(void)state;
	m.body.idiag_family = AF_UNIX;
	assert_int_equal(parse(&m, sizeof m, 1).count, 0);
	m = make(sizeof(struct tcp_info));
	m.body.id.idiag_cookie[0] = m.body.id.idiag_cookie[1] = 0;
	assert_int_equal(parse(&m, sizeof m, 1).count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_as_ss_shows_them),
		cmocka_unit_test(those_that_listen_move_nothing),
		cmocka_unit_test(datagram_sockets_have_queue_and_drops),
		cmocka_unit_test(a_last_word_has_all_that_was_moved),
		cmocka_unit_test(an_error_is_told),
		cmocka_unit_test(what_another_asked_for_is_passed_over),
		cmocka_unit_test(cut_anywhere_it_has_whole_sockets_only),
		cmocka_unit_test(an_older_kernel_says_less),
		cmocka_unit_test(what_is_sent_again_counts_once),
		cmocka_unit_test(lengths_that_lie_end_it),
		cmocka_unit_test(other_families_and_no_cookie_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
