/* Tables read by the columns of their definition, whatever those of a recorded one are; and tables that stand still. */
#include "ui/cells.h"

#include "../lib/played.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct feed_shape empty = { .flags = 0, .ticks = 5, .threads = 0 };

/* Sockets with their columns in another order, one that has another kind, and most of them missing. */
static struct played *with_sockets(void)
{
	struct played *p = played_new(&empty, 10);

	played_line(p, "column sockets tx_bytes counter bytes tx");
	played_line(p, "column sockets peer text count peer");
	played_line(p, "column sockets rtt_seconds gauge seconds rtt");
	played_line(p, "column sockets role gauge count role");
	return p;
}

static void tick(struct played *p, int n, const char *const rows[])
{
	char line[64];

	snprintf(line, sizeof line, "tick %d", n);
	played_line(p, line);
	for (; *rows; rows++)
		played_line(p, *rows);
	played_line(p, "end");
}

static void columns_are_found_by_name_and_kind(void **state)
{
	static const char *const first[] = { "row sockets 7 1000 10.0.0.9:80 0.25 1", NULL };
	static const char *const second[] = { "row sockets 7 1600 10.0.0.9:80 0.5 1", NULL };
	struct played *p = with_sockets();
	struct view v = { .store = played_store(p) };
	struct cells c;

	(void)state;
	tick(p, 1, first);
	tick(p, 2, second);
	c = cells_of(&v, &table_sockets);
	assert_int_equal(c.nrows, 1);
	assert_true(cells_number(&c, 0, SOCKETS_TX_BYTES) == 600);
	assert_true(cells_number(&c, 0, SOCKETS_RTT) == 0.5);
	assert_string_equal(cells_text(&c, 0, SOCKETS_PEER), "10.0.0.9:80");
	assert_true(isnan(cells_number(&c, 0, SOCKETS_RX_BYTES)));
	assert_string_equal(cells_text(&c, 0, SOCKETS_STATE), "");
	assert_string_equal(cells_text(&c, 0, SOCKETS_ROLE), ""); /* no text in that recording */
	c = cells_of(&v, &table_slow);
	assert_null(c.table);
	assert_int_equal(c.nrows, 0);
	played_free(p);
}

static void the_largest_come_first_and_the_unknown_last(void **state)
{
	static const char *const rows[] = { "row sockets 1 0 a -", "row sockets 2 0 b 0.1", "row sockets 3 0 c 0.7",
		"row sockets 4 0 d 0.1", NULL };
	static const size_t expected[] = { 2, 1, 3, 0 };
	struct played *p = with_sockets();
	struct view v = { .store = played_store(p) };
	struct cells c;
	size_t *order;

	(void)state;
	tick(p, 1, rows);
	c = cells_of(&v, &table_sockets);
	order = cells_sorted(&c, SOCKETS_RTT);
	assert_memory_equal(order, expected, sizeof expected);
	free(order);
	played_free(p);
}

static void frozen_tables_stand_still(void **state)
{
	static const char *const before[] = { "row sockets 7 0 before 0.25",
		"note sockets sampled looked at now and then", NULL };
	static const char *const after[] = { "row sockets 8 0 after 0.5", NULL };
	struct played *p = with_sockets();
	struct frozen frozen = { 0 }, copy = { 0 };
	struct view v = { .store = played_store(p), .tables = &copy };
	struct cells c;

	(void)state;
	tick(p, 1, before);
	frozen_take(&frozen, played_store(p));
	frozen_copy(&copy, &frozen);
	frozen_drop(&frozen);
	tick(p, 2, after);
	c = cells_of(&v, &table_sockets);
	assert_string_equal(cells_text(&c, 0, SOCKETS_PEER), "before");
	assert_true(cells_number(&c, 0, SOCKETS_RTT) == 0.25);
	assert_int_equal(c.table->keys[0], 7);
	assert_true(c.table->sampled);
	assert_string_equal(c.table->note, "looked at now and then");
	assert_null(frozen_table(&copy, "slow"));
	v.tables = NULL;
	c = cells_of(&v, &table_sockets);
	assert_string_equal(cells_text(&c, 0, SOCKETS_PEER), "after");
	frozen_drop(&copy);
	played_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_found_by_name_and_kind),
		cmocka_unit_test(the_largest_come_first_and_the_unknown_last),
		cmocka_unit_test(frozen_tables_stand_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
