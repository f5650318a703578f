/* Lists of rows: heads, order, what goes where there is no room, and the selected row. */
#include "ui/list.h"

#include "../lib/played.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct feed_shape empty = { .flags = 0, .ticks = 5, .threads = 0 };

static void shout(const struct view *v, const struct cells *t, size_t row, char *buf, size_t size)
{
	(void)v;
	snprintf(buf, size, "%s!", cells_text(t, row, SOCKETS_ROLE));
}

static const struct list_column columns[] = {
	{ .column = SOCKETS_PEER, .cols = 8, .most = 100 },
	{ .column = SOCKETS_ROLE, .cols = 8, .rank = 2, .head = "who", .text = shout },
	{ .column = SOCKETS_TX_BYTES, .cols = 7 },
	{ .column = SOCKETS_RTT, .cols = 6, .rank = 1 },
	{ .column = SOCKETS_STATE, .cols = 6 }, /* the feed has none */
};

/* Three sockets over two ticks of a second. */
static struct played *sockets(void)
{
	static const char *const text[] = { "column sockets peer text count peer", "column sockets role text count role",
		"column sockets tx_bytes counter bytes tx", "column sockets rtt_seconds gauge seconds rtt",
		"tick 1", "row sockets 1 a:80 server 0 0.001", "row sockets 2 b:80 client 0 0.002", "end",
		"tick 2", "row sockets 1 a:80 server 512 0.001", "row sockets 2 b:80 client 4096 -",
		"row sockets 3 c:80 client 4096 0.003", "end", NULL };
	struct played *p = played_new(&empty, 10);

	for (const char *const *line = text; *line; line++)
		played_line(p, *line);
	return p;
}

static void expect_list(const struct played *p, int rows, int cols, int selected, const char *expected)
{
	struct view v = { .store = played_store(p) };
	struct cells t = cells_of(&v, &table_sockets);
	struct canvas *c = canvas_new(rows, cols);
	struct order order = { .rows = cells_sorted(&t, SOCKETS_TX_BYTES), .count = t.nrows };
	char *text;

	list_draw(&v, c, (struct rect){ 0, 0, rows, cols }, &t, &order, columns,
		sizeof columns / sizeof columns[0], selected);
	text = canvas_print(c);
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "%s\n", text);
	assert_string_equal(text, expected);
	free(text);
	order_drop(&order);
	canvas_free(c);
}

static void rows_stand_under_their_heads(void **state)
{
	struct played *p = sockets();

	(void)state;
	expect_list(p, 4, 44, -1,
		" peer               who           tx    rtt\n"
		" b:80               client!    4.00K      -\n"
		" a:80               server!      512  1.0ms\n"
		" c:80               client!        -  3.0ms\n");
	played_free(p);
}

static void columns_go_by_their_rank(void **state)
{
	struct played *p = sockets();

	(void)state;
	expect_list(p, 2, 30, -1, " peer               tx    rtt\n b:80            4.00K      -\n");
	expect_list(p, 2, 20, -1, " peer            tx\n b:80         4.00K\n");
	expect_list(p, 2, 14, -1, " peer      tx\n b:80     ###\n");
	expect_list(p, 1, 44, -1, "\n");
	played_free(p);
}

static void the_selected_row_is_in_sight(void **state)
{
	struct played *p = sockets();

	(void)state;
	expect_list(p, 3, 20, 0, " peer            tx\n>b:80         4.00K\n a:80           512\n");
	expect_list(p, 3, 20, 2, " peer            tx\n a:80           512\n>c:80             -\n");
	played_free(p);
}

static void estimates_are_marked(void **state)
{
	struct played *p = sockets();

	(void)state;
	played_line(p, "tick 3");
	played_line(p, "row sockets 1 a:80 server 100512 0.5");
	played_line(p, "note sockets sampled now and then");
	played_line(p, "end");
	expect_list(p, 2, 30, -1, " peer               tx    rtt\n a:80           ~97.7K ~500ms\n");
	played_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_stand_under_their_heads),
		cmocka_unit_test(columns_go_by_their_rank),
		cmocka_unit_test(the_selected_row_is_in_sight),
		cmocka_unit_test(estimates_are_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
