/* The parts of thread time: by the probe where it knows all causes, else by /proc, never a mixture; and lists' columns. */
#include "ui/where.h"

#include "../lib/near.h"
#include "../lib/played.h"
#include "ui/header.h"
#include "ui/listing.h"
#include "ui/pane/panes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct feed_shape plain = { .flags = 0, .ticks = 60, .threads = 6 };
static const struct feed_shape probed = { .flags = FEED_LOCKS, .ticks = 60, .threads = 6 };
static const struct feed_shape sampled = { .flags = FEED_LOCKS | FEED_SAMPLED, .ticks = 60, .threads = 6 };

static struct view view_of(struct played *p)
{
	static struct theme theme;

	theme_default(&theme);
	return (struct view){ .store = played_store(p), .now = store_now(played_store(p)), .column = 5 * NSEC_PER_SEC,
		.glyphs = &theme.glyphs };
}

static void without_the_probe_the_cause_is_unknown(void **state)
{
	struct played *p = played_new(&plain, 10);
	struct where w;
	struct cells t;
	struct view v;

	(void)state;
	played_until(p, 10);
	v = view_of(p);
	w = where_of_target(&v);
	assert_false(w.exact);
	assert_string_equal(w.label[PART_IO], "io");
	assert_string_equal(w.label[PART_WAIT], "wait");
	assert_null(w.label[PART_LOCK]);
	assert_near(w.sum, 6, 0.4);
	t = cells_of(&v, &table_threads);
	w = where_of_thread(&t, 0); /* rx0: 0.88 usr, 0.08 sys, 0.02 run queue */
	assert_false(w.exact);
	assert_near(w.sum, 1, 0.03);
	assert_near(w.part[PART_WAIT].value, 0.02, 0.06);
	assert_int_equal(w.part[PART_NET].state, POINT_GAP);
	played_free(p);
}

static void with_the_probe_each_cause_is_a_part(void **state)
{
	struct played *p = played_new(&probed, 60);
	struct where w;
	struct cells t;
	struct view v;

	(void)state;
	played_until(p, 60);
	v = view_of(p);
	w = where_of_target(&v);
	assert_true(w.exact);
	assert_string_equal(w.label[PART_IO], "disk");
	assert_string_equal(w.label[PART_WAIT], "oth");
	assert_near(w.part[PART_LOCK].value, 1.03, 0.11);
	assert_int_equal(w.part[PART_LOCK].state, POINT_OK);
	t = cells_of(&v, &table_threads);
	w = where_of_thread(&t, 1); /* rx1 waits for conn_tbl 80 % of the 46 % that it is off the CPU */
	assert_true(w.exact);
	assert_near(w.sum, 1, 0.001);
	assert_near(w.part[PART_LOCK].value, 0.8 * 0.46, 0.03);
	assert_near(w.part[PART_NET].value, 0.15 * 0.46, 0.01);
	played_free(p);
}

static void what_was_sampled_says_so(void **state)
{
	struct played *p = played_new(&sampled, 60);
	struct where w;
	struct cells t;
	struct view v;

	(void)state;
	played_until(p, 60);
	v = view_of(p);
	t = cells_of(&v, &table_threads);
	w = where_of_thread(&t, 1);
	assert_true(w.exact);
	assert_int_equal(w.part[PART_LOCK].state, POINT_SCALED);
	assert_int_equal(w.part[PART_USR].state, POINT_OK);
	w = where_of_target(&v);
	assert_int_equal(w.part[PART_LOCK].state, POINT_SCALED);
	assert_int_equal(w.part[PART_SYS].state, POINT_OK);
	played_free(p);
}

/* A wait whose cause is not known stays one wait: half of the probe's parts are not mixed with those of /proc. */
static void one_part_missing_is_no_probe(void **state)
{
	struct played *p = played_new(&probed, 60);
	struct where w;
	struct view v;

	(void)state;
	played_until(p, 10);
	played_line(p, "tick 11");
	played_line(p, "v thr.user_seconds 100");
	played_line(p, "v thr.wait_seconds 100");
	played_line(p, "v thr.lock_seconds 100");
	played_line(p, "x thr.net_seconds denied needs CAP_BPF");
	played_line(p, "end");
	v = view_of(p);
	w = where_of_target(&v);
	assert_false(w.exact);
	assert_int_equal(w.part[PART_LOCK].state, POINT_GAP);
	assert_int_equal(w.part[PART_WAIT].state, POINT_OK);
	played_free(p);
}

static void expect_bar(struct played *p, int cols, const char *text)
{
	struct view v = view_of(p);
	struct canvas *c = canvas_new(1, cols);
	char *out;

	header_bar(&v, c, (struct rect){ 0, 0, 1, cols });
	out = canvas_print(c);
	if (!strstr(out, text))
		fail_msg("no '%s' in '%s'", text, out);
	free(out);
	canvas_free(c);
}

/* The text gives way to the bar, its last parts first. */
static void the_where_line_fits(void **state)
{
	struct played *p = played_new(&probed, 60);

	(void)state;
	played_until(p, 60);
	expect_bar(p, 120, "  usr 43  sys 13  lock 16  runq  7  disk  0  net  9  oth  1  slp  9  idle  1%\n");
	expect_bar(p, 102, " usr 43 sys 13 lock 16 runq  7 disk  0 net  9 oth  1 slp  9 idle  1%\n");
	expect_bar(p, 80, "  usr 43 sys 13 lock 16 runq  7 disk  0 net  9%\n");
	expect_bar(p, 60, " usr 43 sys 13 lock 16 runq  7%\n");
	played_free(p);
}

/* A list that is not zoomed keeps the place that was chosen in it, of which nothing may be left. */
static void a_list_that_became_short_is_not_blank(void **state)
{
	struct played *p = played_new(&probed, 60);
	struct canvas *c = canvas_new(8, 80);
	struct view v;
	char *out;

	(void)state;
	played_until(p, 10);
	v = view_of(p);
	v.selected = 40;
	assert_true(pane_threads.draw(&v, c, (struct rect){ 0, 0, 8, 80 }));
	out = canvas_print(c);
	assert_non_null(strstr(out, "18232 rx0"));
	assert_non_null(strstr(out, "18237 stat"));
	free(out);
	canvas_free(c);
	played_free(p);
}

static void columns_go_by_rank_and_grow(void **state)
{
	static const struct listing_column columns[] = { { "a", 5, 0, 0, false }, { "b", 6, 20, 2, true },
		{ "c", 4, 0, 1, false }, { "d", 7, 9, 1, true } };
	struct listing_place p[4];

	(void)state;
	listing_place(columns, 4, (struct rect){ 0, 10, 1, 22 }, p);
	assert_int_equal(p[0].col, 11);
	assert_int_equal(p[0].cols, 4);
	assert_int_equal(p[3].col, 26);
	assert_int_equal(p[3].cols, 6);
	listing_place(columns, 4, (struct rect){ 0, 10, 1, 38 }, p); /* two of the 16 for d, the rest for b */
	assert_int_equal(p[1].cols, 19);
	assert_int_equal(p[3].cols, 8);
	listing_place(columns, 4, (struct rect){ 0, 10, 1, 25 }, p); /* three more: two for b, one for d */
	assert_int_equal(p[1].cols, 7);
	assert_int_equal(p[3].cols, 7);
	listing_place(columns, 4, (struct rect){ 0, 0, 1, 21 }, p);
	assert_int_equal(p[1].cols, 0);
	assert_int_equal(p[2].col, 6);
	assert_int_equal(p[3].cols, 8);
	listing_place(columns, 4, (struct rect){ 0, 0, 1, 9 }, p);
	assert_int_equal(p[2].cols, 3);
	assert_int_equal(p[3].cols, 0);
	listing_place(columns, 4, (struct rect){ 0, 0, 1, 3 }, p); /* nothing beyond the edge */
	assert_int_equal(p[0].cols, 2);
	assert_int_equal(p[2].cols, 0);
}

static void half_a_number_is_not_shown(void **state)
{
	static const struct listing_column number = { "n", 5, 0, 0, false }, text = { "t", 5, 0, 0, true };
	struct canvas *c = canvas_new(1, 10);
	char *out;

	(void)state;
	listing_cell(&number, (struct listing_place){ 0, 4 }, c, 0, ROLE_TEXT, "12345");
	listing_cell(&text, (struct listing_place){ 5, 4 }, c, 0, ROLE_TEXT, "中中中");
	out = canvas_print(c);
	assert_string_equal(out, "#### 中中\n");
	free(out);
	canvas_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_probe_the_cause_is_unknown),
		cmocka_unit_test(with_the_probe_each_cause_is_a_part),
		cmocka_unit_test(what_was_sampled_says_so),
		cmocka_unit_test(one_part_missing_is_no_probe),
		cmocka_unit_test(the_where_line_fits),
		cmocka_unit_test(a_list_that_became_short_is_not_blank),
		cmocka_unit_test(columns_go_by_rank_and_grow),
		cmocka_unit_test(half_a_number_is_not_shown),
	};

	return cmocka_run_group_tests_name("ui/where", tests, NULL, NULL);
}
