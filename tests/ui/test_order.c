/* Order of a list: by numbers and texts, in both directions, what is unknown last; who is where in it; and which column
 * comes next. */
#include "ui/order.h"

#include "../lib/played.h"
#include "ui/pane/panes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct feed_shape empty = { .flags = 0, .ticks = 5, .threads = 0 };

static size_t columns(const struct cells *t, struct order_column out[ORDER_COLUMNS])
{
	static const struct order_column all[] = { { SOCKETS_PEER, "peer" }, { SOCKETS_RTT, "rtt" },
		{ SOCKETS_ROLE, "role" } };

	(void)t;
	memcpy(out, all, sizeof all);
	return 3;
}

static double own(const struct cells *t, size_t row)
{
	return cells_number(t, row, SOCKETS_RX_QUEUE);
}

static bool listens(const struct cells *t, size_t row)
{
	return strcmp(cells_text(t, row, SOCKETS_ROLE), "listen") == 0;
}

static const struct order_rules plain = { .def = &table_sockets, .columns = columns, .own = own };
static const struct order_rules apart = { .def = &table_sockets, .columns = columns, .own_column = SOCKETS_RTT,
	.apart = listens };

#define BY(column) (1 + (column))

/* Five sockets with keys 1 to 5: the third and the fifth have no round-trip time, the fourth has no peer. */
static struct played *sockets(void)
{
	static const char *const text[] = { "column sockets peer text count peer", "column sockets role text count role",
		"column sockets rtt_seconds gauge seconds rtt", "column sockets rx_queue_bytes gauge bytes rxq", "tick 1",
		"row sockets 1 w10 client 0.2 7", "row sockets 2 w9 server 0.1 9", "row sockets 3 b client - 9",
		"row sockets 4 - listen 0.3 1", "row sockets 5 a server - -", "end", NULL };
	struct played *p = played_new(&empty, 10);

	for (const char *const *line = text; *line; line++)
		played_line(p, *line);
	return p;
}

/* The keys of the rows, "21345". */
static void expect(const struct played *p, const struct order_rules *rules, int by, bool reverse, const char *expected)
{
	struct view v = { .store = played_store(p), .order = { .by = by, .reverse = reverse } };
	struct cells t = cells_of(&v, &table_sockets);
	struct order o = order_of(&v, &t, rules);
	char keys[8] = "";

	assert_int_equal(o.count, 5);
	for (size_t i = 0; i < o.count; i++)
		keys[i] = (char)('0' + t.table->keys[o.rows[i]]);
	assert_string_equal(keys, expected);
	order_drop(&o);
}

static void numbers_begin_with_the_largest(void **state)
{
	struct played *p = sockets();

	(void)state;
	expect(p, &plain, BY(SOCKETS_RTT), false, "41235");
	expect(p, &plain, BY(SOCKETS_RTT), true, "21435"); /* what is unknown is last here too */
	expect(p, &plain, 0, false, "23145");              /* equal ones as the table has them */
	expect(p, &plain, 0, true, "41235");
	played_free(p);
}

static void texts_begin_with_the_first_letter(void **state)
{
	struct played *p = sockets();

	(void)state;
	expect(p, &plain, BY(SOCKETS_PEER), false, "53214"); /* w9 before w10 */
	expect(p, &plain, BY(SOCKETS_PEER), true, "12354");
	expect(p, &plain, BY(SOCKETS_ROLE), false, "13425");
	played_free(p);
}

static void some_rows_stand_apart_in_any_order(void **state)
{
	struct played *p = sockets();

	(void)state;
	expect(p, &apart, 0, false, "12354");
	expect(p, &apart, BY(SOCKETS_RTT), false, "12354");
	expect(p, &apart, 0, true, "21354");
	expect(p, &apart, BY(SOCKETS_PEER), true, "12354");
	played_free(p);
}

/* By its key a row is found wherever it went. */
static void a_row_is_found_in_every_order(void **state)
{
	struct played *p = sockets();
	struct view v = { .store = played_store(p), .order = { .by = BY(SOCKETS_RTT) } };
	char buf[16] = "kept";

	(void)state;
	order_identity(&v, &plain, 5, buf, sizeof buf); /* there is nobody */
	assert_string_equal(buf, "kept");
	order_identity(&v, &plain, 1, buf, sizeof buf);
	assert_string_equal(buf, "1");
	assert_int_equal(order_find(&v, &plain, "1"), 1);
	v.order.by = BY(SOCKETS_PEER);
	assert_int_equal(order_find(&v, &plain, "1"), 3);
	v.order.reverse = true;
	assert_int_equal(order_find(&v, &plain, "1"), 0);
	assert_int_equal(order_find(&v, &plain, "9"), -1);
	assert_int_equal(order_find(&v, &plain, ""), -1);
	assert_int_equal(order_count(&v, &plain), 5);
	played_free(p);
}

/* In a text or a whole number, in any case; round from the last row to the first. */
static void a_text_is_found(void **state)
{
	struct played *p = sockets();
	struct view v = { .store = played_store(p), .order = { .by = BY(SOCKETS_PEER) } }; /* 5 3 2 1 4 */

	(void)state;
	assert_int_equal(order_search(&v, &plain, "W", 0, 1), 2);
	assert_int_equal(order_search(&v, &plain, "w", 2, 1), 3);
	assert_int_equal(order_search(&v, &plain, "w", 3, 1), 2);
	assert_int_equal(order_search(&v, &plain, "w", 2, -1), 3);
	assert_int_equal(order_search(&v, &plain, "w10", 3, 1), 3); /* itself, where it is the only one */
	assert_int_equal(order_search(&v, &plain, "listen", 0, -1), 4);
	assert_int_equal(order_search(&v, &plain, "0.1", 0, 1), -1); /* what is measured is no name */
	v.filter = "client"; /* 3 1 */
	assert_int_equal(order_search(&v, &plain, "w", 0, 1), 1);
	assert_int_equal(order_search(&v, &plain, "listen", 0, 1), -1);
	v.filter = "nobody";
	assert_int_equal(order_search(&v, &plain, "w", 0, 1), -1);
	played_free(p);
}

static void a_filter_leaves_rows_out(void **state)
{
	struct played *p = sockets();
	struct view v = { .store = played_store(p), .order = { .by = BY(SOCKETS_RTT) }, .filter = "Client" };
	struct cells t = cells_of(&v, &table_sockets);
	struct order o = order_of(&v, &t, &plain);
	char buf[64];

	(void)state;
	assert_int_equal(o.count, 2);
	assert_int_equal(o.hidden, 3);
	assert_int_equal(t.table->keys[o.rows[0]], 1);
	assert_int_equal(t.table->keys[o.rows[1]], 3);
	order_drop(&o);
	assert_int_equal(order_count(&v, &plain), 2);
	assert_int_equal(order_find(&v, &plain, "3"), 1);
	assert_int_equal(order_find(&v, &plain, "2"), -1);
	assert_string_equal(order_filtered(&v, &plain, buf, sizeof buf), "filter \"Client\" hides 3 of 5");
	v.filter = "nobody";
	assert_int_equal(order_count(&v, &plain), 0);
	assert_int_equal(order_find(&v, &plain, "3"), -1);
	v.filter = "";
	assert_int_equal(order_count(&v, &plain), 5);
	assert_string_equal(order_filtered(&v, &plain, buf, sizeof buf), "");
	played_free(p);
}

/* The id of a thread is a name. */
static void a_whole_number_is_found(void **state)
{
	static const struct feed_shape threads = { .flags = 0, .ticks = 5, .threads = 3 };
	struct played *p = played_new(&threads, 10);
	struct view v = { .store = played_store(p) };
	const struct order_rules *rules = pane_threads.order(&v);

	(void)state;
	played_until(p, 3);
	assert_int_equal(order_count(&v, rules), 3);
	v.filter = "18233";
	assert_int_equal(order_count(&v, rules), 1);
	v.filter = "RX1";
	assert_int_equal(order_count(&v, rules), 1);
	played_free(p);
}

/* All columns in turn, then the order that the list has of itself; each begins in its own direction. */
static void every_column_has_its_turn(void **state)
{
	static const int forth[] = { BY(SOCKETS_PEER), BY(SOCKETS_RTT), BY(SOCKETS_ROLE), 0, BY(SOCKETS_PEER) };
	struct played *p = sockets();
	struct view v = { .store = played_store(p), .order = { .reverse = true } };

	(void)state;
	for (size_t i = 0; i < sizeof forth / sizeof forth[0]; i++) {
		v.order = order_step(&v, &plain, 1);
		assert_int_equal(v.order.by, forth[i]);
		assert_false(v.order.reverse);
	}
	v.order = order_step(&v, &plain, -1);
	assert_int_equal(v.order.by, 0);
	v.order = order_step(&v, &plain, -1);
	assert_int_equal(v.order.by, BY(SOCKETS_ROLE));
	v.order.by = 0; /* where the own order is that of a column, it is that column's turn */
	assert_int_equal(order_step(&v, &apart, 1).by, BY(SOCKETS_ROLE));
	assert_int_equal(order_step(&v, &apart, -1).by, BY(SOCKETS_PEER));
	played_free(p);
}

static void expect_words(const struct played *p, const struct order_rules *rules, struct view_order by,
	const char *words, char mark)
{
	struct view v = { .store = played_store(p), .order = by };
	struct cells t = cells_of(&v, &table_sockets);
	struct order o = order_of(&v, &t, rules);
	char buf[64];

	assert_string_equal(order_words(&v, rules, buf, sizeof buf), words);
	assert_int_equal(order_mark(&o, SOCKETS_RTT), mark);
	order_drop(&o);
}

static void the_order_is_named_and_marked(void **state)
{
	struct played *p = sockets();

	(void)state;
	expect_words(p, &plain, (struct view_order){ 0, false }, "the busiest first", '\0');
	expect_words(p, &plain, (struct view_order){ 0, true }, "the least busy first", '\0');
	expect_words(p, &plain, (struct view_order){ BY(SOCKETS_RTT), false }, "rtt, largest first", 'v');
	expect_words(p, &plain, (struct view_order){ BY(SOCKETS_RTT), true }, "rtt, smallest first", '^');
	expect_words(p, &plain, (struct view_order){ BY(SOCKETS_PEER), false }, "peer, A first", '\0');
	expect_words(p, &plain, (struct view_order){ BY(SOCKETS_PEER), true }, "peer, Z first", '\0');
	expect_words(p, &apart, (struct view_order){ 0, false }, "rtt, largest first", 'v');
	played_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_begin_with_the_largest),
		cmocka_unit_test(texts_begin_with_the_first_letter),
		cmocka_unit_test(some_rows_stand_apart_in_any_order),
		cmocka_unit_test(a_row_is_found_in_every_order),
		cmocka_unit_test(a_text_is_found),
		cmocka_unit_test(a_filter_leaves_rows_out),
		cmocka_unit_test(a_whole_number_is_found),
		cmocka_unit_test(every_column_has_its_turn),
		cmocka_unit_test(the_order_is_named_and_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
