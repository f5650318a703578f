/* Totals of sockets that come, are found to be the target's, are used again and end: made-up sockets, known sums. */
#include "source/sockdiag/ledger.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ALL ((1u << SEEN_TOTALS) - 1)
#define INODE 4711

/* A connection from port 40000 to port 80 of 10.0.0.1, which moved n segments in and 2n out, 100n bytes in and 200n out. */
static struct seen tcp(uint64_t cookie, uint64_t n)
{
	struct seen s = { .cookie = cookie, .inode = INODE, .protocol = IPPROTO_TCP, .state = SEEN_ESTABLISHED, .known = ALL,
		.local = { .address = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 9 }, .port = 40000 },
		.peer = { .address = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1 }, .port = 80 },
		.total = { n, 2 * n, 100 * n, 200 * n, n / 10, 0 } };

	return s;
}

static struct seen listening(uint64_t cookie, uint16_t port)
{
	struct seen s = tcp(cookie, 0);

	s.state = SEEN_LISTEN;
	s.known = 1u << SEEN_DROPS;
	s.local = (struct seen_end){ .port = port };
	s.peer = (struct seen_end){ .port = 0 };
	return s;
}

/* A cycle that sees one socket (cookie 0: none) of the target. */
static void look(struct ledger *l, const struct seen *s, bool old)
{
	ledger_begin(l);
	if (s)
		ledger_take(l, s, true, old, 0);
	ledger_finish(l, true);
}

static void expect(const struct ledger *l, uint64_t n)
{
	assert_int_equal(l->total[SEEN_RX_SEGMENTS], n);
	assert_int_equal(l->total[SEEN_TX_SEGMENTS], 2 * n);
	assert_int_equal(l->total[SEEN_RX_BYTES], 100 * n);
	assert_int_equal(l->total[SEEN_TX_BYTES], 200 * n);
}

static void an_old_one_counts_from_when_it_was_found(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 1000);

	(void)state;
	look(&l, &s, true);
	expect(&l, 0);
	s = tcp(1, 1007);
	look(&l, &s, false);
	expect(&l, 7);
	assert_int_equal(l.list[0].moved, 21);
	ledger_free(&l);
}

static void one_that_came_up_counts_from_zero(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 1000);

	(void)state;
	look(&l, NULL, true);
	look(&l, &s, false);
	expect(&l, 1000);
	assert_int_equal(l.total[SEEN_RETRANSMITS], 100);
	ledger_free(&l);
}

static void what_has_ended_stays_in_the_sum(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10), other = tcp(2, 5);

	(void)state;
	look(&l, &s, false);
	s = tcp(1, 12);
	s.inode = 0;
	s.state = SEEN_CLOSE;
	ledger_end(&l, &s);
	look(&l, &other, false);
	expect(&l, 17);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.lost, 0);
	look(&l, &other, false);
	look(&l, &other, false);
	expect(&l, 17);
	assert_int_equal(l.lost, 0);
	ledger_free(&l);
}

/* A dump may pass over one; its last word may be late. Only then something is lost. */
static void gone_without_a_word_is_lost_after_two_cycles(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10);

	(void)state;
	look(&l, &s, false);
	look(&l, NULL, false);
	assert_int_equal(l.lost, 0);
	s = tcp(1, 30);
	look(&l, &s, false);
	expect(&l, 30);
	look(&l, NULL, false);
	look(&l, NULL, false);
	assert_int_equal(l.lost, 1);
	assert_int_equal(l.count, 0);
	expect(&l, 30);
	ledger_free(&l);
}

static void a_late_last_word_is_heard(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10);

	(void)state;
	look(&l, &s, false);
	look(&l, NULL, false);
	s = tcp(1, 11);
	ledger_end(&l, &s);
	ledger_end(&l, &s);
	look(&l, NULL, false);
	expect(&l, 11);
	assert_int_equal(l.lost, 0);
	ledger_free(&l);
}

static void segments_are_counted_past_two_to_the_32(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 0);

	(void)state;
	s.total[SEEN_RX_SEGMENTS] = UINT32_MAX - 4;
	look(&l, &s, true);
	s.total[SEEN_RX_SEGMENTS] = 5;
	look(&l, &s, true);
	assert_int_equal(l.total[SEEN_RX_SEGMENTS], 10);
	ledger_free(&l);
}

/* connect(2) to AF_UNSPEC and then to somebody else: the same socket from 0 on. */
static void one_that_is_used_again_goes_on_from_zero(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 1000);

	(void)state;
	look(&l, &s, false);
	s = tcp(1, 3);
	look(&l, &s, false);
	expect(&l, 1003);
	ledger_free(&l);
}

static void what_the_kernel_does_not_say_is_not_counted(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 1000);

	(void)state;
	look(&l, &s, true);
	s = tcp(1, 1010);
	s.known &= ~(1u << SEEN_TX_BYTES);
	s.total[SEEN_TX_BYTES] = 0;
	look(&l, &s, true);
	assert_int_equal(l.total[SEEN_TX_BYTES], 0);
	assert_int_equal(l.total[SEEN_RX_BYTES], 1000);
	s = tcp(1, 1020);
	look(&l, &s, true);
	assert_int_equal(l.total[SEEN_TX_BYTES], 0); /* never a thousand at once */
	assert_int_equal(l.total[SEEN_RX_BYTES], 2000);
	ledger_free(&l);
}

/* What the kernel keeps of a connection that is over has its cookie and no numbers. */
static void what_is_left_of_it_is_no_socket(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10);

	(void)state;
	look(&l, &s, false);
	s.known = 0;
	s.inode = 0;
	s.state = 5;
	look(&l, &s, false);
	look(&l, &s, false);
	assert_int_equal(l.count, 0);
	expect(&l, 10);
	ledger_free(&l);
}

static bool yes(const void *context, const struct seen *s)
{
	(void)context;
	(void)s;
	return true;
}

static bool no(const void *context, const struct seen *s)
{
	(void)context;
	(void)s;
	return false;
}

/* A cycle in which a stranger is seen; looked: when everybody was asked what he holds. */
static void look_at_stranger(struct ledger *l, const struct seen *s, bool old, uint32_t looked)
{
	ledger_begin(l);
	l->moment++;
	ledger_take(l, s, false, old, looked);
}

static void a_stranger_that_turns_out_ours_counts_from_its_birth(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10);

	(void)state;
	look_at_stranger(&l, &s, false, 0);
	assert_int_equal(l.npending, 1);
	ledger_adopt(&l, no, NULL);
	assert_int_equal(l.npending, 1);
	ledger_finish(&l, true);
	expect(&l, 0);
	s = tcp(1, 20);
	look_at_stranger(&l, &s, false, 0);
	ledger_adopt(&l, yes, NULL);
	ledger_finish(&l, true);
	expect(&l, 20);
	ledger_free(&l);
}

static void a_stranger_that_was_there_counts_from_when_it_was_found(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10);

	(void)state;
	look_at_stranger(&l, &s, true, 0);
	ledger_finish(&l, true);
	s = tcp(1, 20);
	look_at_stranger(&l, &s, false, 0);
	ledger_adopt(&l, yes, NULL);
	ledger_finish(&l, true);
	expect(&l, 0);
	s = tcp(1, 25);
	look(&l, &s, false);
	expect(&l, 5);
	ledger_free(&l);
}

/* Whoever was not the target's is not asked after again, and counts from then on if it is handed over. */
static void a_stranger_is_settled_once_all_were_asked(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10);

	(void)state;
	look_at_stranger(&l, &s, false, 0); /* at moment 1 */
	ledger_finish(&l, true);
	look_at_stranger(&l, &s, false, 1); /* they were asked before it came up */
	assert_int_equal(l.npending, 1);
	ledger_finish(&l, true);
	look_at_stranger(&l, &s, false, 2);
	assert_int_equal(l.npending, 0);
	ledger_finish(&l, true);
	look(&l, &s, false);
	expect(&l, 0);
	ledger_free(&l);
}

/* In the queue of a listening socket nobody holds a connection yet: to look for its holder then says nothing. */
static void one_that_is_not_accepted_yet_is_not_settled(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 10);

	(void)state;
	s.inode = 0;
	look_at_stranger(&l, &s, false, 0);
	ledger_finish(&l, true);
	look_at_stranger(&l, &s, false, 100);
	assert_int_equal(l.npending, 0);
	ledger_finish(&l, true);
	l.moment = 200;
	s.inode = INODE;
	look_at_stranger(&l, &s, false, 100);
	assert_int_equal(l.npending, 1);
	ledger_adopt(&l, yes, NULL);
	ledger_finish(&l, true);
	expect(&l, 10);
	ledger_free(&l);
}

static void the_role_is_told_by_who_listens(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen client = tcp(1, 1), server = tcp(2, 1), elsewhere = tcp(3, 1), on = listening(4, 8080);

	(void)state;
	server.local.port = elsewhere.local.port = 8080;
	elsewhere.space = 1;
	ledger_begin(&l);
	ledger_take(&l, &server, true, false, 0);
	ledger_take(&l, &client, true, false, 0);
	ledger_take(&l, &elsewhere, true, false, 0);
	ledger_take(&l, &on, false, false, 0); /* whoever holds it */
	ledger_finish(&l, true);
	assert_int_equal(l.count, 3);
	assert_true(l.list[0].server);
	assert_false(l.list[1].server);
	assert_false(l.list[2].server);
	look(&l, &server, false); /* it stays a server when nobody listens any more */
	assert_true(l.list[0].server);
	ledger_free(&l);
}

static void another_address_is_another_listener(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen server = tcp(2, 1), on = listening(4, 8080);

	(void)state;
	server.local.port = 8080;
	on.local = server.local;
	on.local.address[15]++;
	ledger_begin(&l);
	ledger_take(&l, &server, true, false, 0);
	ledger_take(&l, &on, true, false, 0);
	ledger_finish(&l, true);
	assert_false(l.list[0].server);
	ledger_free(&l);
}

/* Accepted, used and closed between two looks: what it moved is lost, and that is told. Of others it is not. */
static void one_that_nobody_saw_is_told(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen on = listening(4, 8080), short_lived = tcp(9, 3), other = tcp(10, 3);

	(void)state;
	look(&l, &on, false);
	look(&l, &on, false);
	ledger_end(&l, &other);
	assert_int_equal(l.lost, 0);
	short_lived.local.port = 8080;
	ledger_end(&l, &short_lived);
	assert_int_equal(l.lost, 1);
	ledger_free(&l);
}

/* Between two dumps only connections are asked after. */
static void what_was_not_asked_after_stays(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen on = listening(4, 8080), server = tcp(2, 1);

	(void)state;
	server.local.port = 8080;
	look(&l, &on, false);
	for (int i = 0; i < 5; i++) {
		ledger_begin(&l);
		ledger_finish(&l, false);
		assert_int_equal(l.list[0].cycle, l.cycle);
	}
	ledger_begin(&l);
	ledger_take(&l, &server, true, false, 0);
	ledger_finish(&l, false);
	assert_true(l.list[1].server); /* by who listened when it was last looked */
	for (int i = 0; i < 2; i++)
		look(&l, &server, false);
	assert_int_equal(l.count, 1);
	ledger_begin(&l);
	ledger_finish(&l, false); /* a connection that was asked after and is not there has gone */
	ledger_begin(&l);
	ledger_finish(&l, false);
	assert_int_equal(l.count, 0);
	ledger_free(&l);
}

static void datagram_drops_are_apart(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen s = tcp(1, 0), t = tcp(2, 0);

	(void)state;
	s.protocol = IPPROTO_UDP;
	s.known = 1u << SEEN_DROPS;
	s.total[SEEN_DROPS] = 18;
	t.total[SEEN_DROPS] = 5;
	look(&l, &s, true);
	s.total[SEEN_DROPS] = 20;
	look(&l, &s, true);
	look(&l, &t, false);
	assert_int_equal(l.udp_drops, 2);
	ledger_free(&l);
}

/* Strangers come and go by the thousand: what is known of them does not stay for ever, of the target's it does. */
static void strangers_are_forgotten(void **state)
{
	struct ledger l = { .cycle = 0 };
	struct seen mine = tcp(1, 10);

	(void)state;
	for (uint64_t cycle = 0; cycle < 50; cycle++) {
		ledger_begin(&l);
		ledger_take(&l, &mine, true, false, 0);
		for (uint64_t i = 0; i < 1000; i++) {
			struct seen s = tcp(100 + cycle * 1000 + i, 5);

			ledger_take(&l, &s, false, false, 0);
		}
		ledger_finish(&l, true);
		ledger_sweep(&l);
	}
	assert_int_equal(l.connections, 1001);
	assert_true(l.cookies.used < 5000);
	assert_int_equal(l.count, 1);
	expect(&l, 10);
	ledger_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_one_counts_from_when_it_was_found),
		cmocka_unit_test(one_that_came_up_counts_from_zero),
		cmocka_unit_test(what_has_ended_stays_in_the_sum),
		cmocka_unit_test(gone_without_a_word_is_lost_after_two_cycles),
		cmocka_unit_test(a_late_last_word_is_heard),
		cmocka_unit_test(segments_are_counted_past_two_to_the_32),
		cmocka_unit_test(one_that_is_used_again_goes_on_from_zero),
		cmocka_unit_test(what_the_kernel_does_not_say_is_not_counted),
		cmocka_unit_test(what_is_left_of_it_is_no_socket),
		cmocka_unit_test(a_stranger_that_turns_out_ours_counts_from_its_birth),
		cmocka_unit_test(a_stranger_that_was_there_counts_from_when_it_was_found),
		cmocka_unit_test(a_stranger_is_settled_once_all_were_asked),
		cmocka_unit_test(one_that_is_not_accepted_yet_is_not_settled),
		cmocka_unit_test(the_role_is_told_by_who_listens),
		cmocka_unit_test(another_address_is_another_listener),
		cmocka_unit_test(one_that_nobody_saw_is_told),
		cmocka_unit_test(what_was_not_asked_after_stays),
		cmocka_unit_test(datagram_drops_are_apart),
		cmocka_unit_test(strangers_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
