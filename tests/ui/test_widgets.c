/* What panes are drawn with: scales, bars, heat maps, marks, wrapped text. */
#include "ui/bar.h"
#include "ui/graph.h"
#include "ui/heat.h"
#include "ui/rows.h"
#include "ui/text.h"
#include "ui/value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct theme theme;

static int set_up(void **state)
{
	(void)state;
	theme_default(&theme);
	return 0;
}

static void expect_canvas(const struct canvas *c, const char *expected)
{
	char *text = canvas_print(c);

	assert_string_equal(text, expected);
	free(text);
}

static void expect_near(double a, double b)
{
	if (!(fabs(a - b) <= 1e-9 * fabs(b)))
		fail_msg("%.12g is not %.12g", a, b);
}

static void scales_move_in_steps(void **state)
{
	(void)state;
	expect_near(graph_top(0.9), 1);
	expect_near(graph_top(1), 1);
	expect_near(graph_top(1.01), 1.5);
	expect_near(graph_top(1.6), 2);
	expect_near(graph_top(2.5), 3);
	expect_near(graph_top(4), 5);
	expect_near(graph_top(5.1), 10);
	expect_near(graph_top(1.25e6), 1.5e6);
	expect_near(graph_top(0.0031), 0.005);
	expect_near(graph_top(0), 1);
	expect_near(graph_top(-3), 1);
	expect_near(graph_top((double)NAN), 1);
	expect_near(graph_top((double)INFINITY), 1);
}

static void graph_tells_zero_from_nothing(void **state)
{
	struct canvas *c = canvas_new(1, 8);
	struct point p[7] = { point_of(0), point_of(1), point_missing(POINT_GAP, NULL), point_of(5), point_of(10),
		point_missing(POINT_ABSENT, "no"), point_of(0.01) };

	(void)state;
	graph_draw(c, (struct rect){ 0, 0, 1, 8 }, &theme.glyphs, p, 7);
	expect_canvas(c, " ▁▁ ▄█ ▁\n");
	canvas_clear(c);
	graph_draw(c, (struct rect){ 0, 0, 1, 8 }, &theme.ascii, p, 7);
	expect_canvas(c, " .. +@ .\n");
	canvas_free(c);
}

static void graph_grows_over_rows(void **state)
{
	struct canvas *c = canvas_new(2, 4);
	struct point p[4] = { point_of(1), point_of(5), point_of(7.5), point_of(10) };

	(void)state;
	graph_draw(c, (struct rect){ 0, 0, 2, 4 }, &theme.glyphs, p, 4);
	expect_canvas(c, "  ▄█\n▂███\n");
	canvas_free(c);
}

static void bar_cells_add_up(void **state)
{
	static const double amounts[PART_COUNT] = { 43, 13, 17, 7, 0, (double)NAN, 0, 0, 20 };
	static const int expected[PART_COUNT] = { 13, 4, 5, 2, 0, 0, 0, 0, 6 };
	static const double nothing[PART_COUNT] = { 0 };
	int out[PART_COUNT];

	(void)state;
	bar_share(amounts, 30, out);
	assert_memory_equal(out, expected, sizeof out);
	for (int cells = 0; cells < 200; cells++) {
		int sum = 0;

		bar_share(amounts, cells, out);
		for (int i = 0; i < PART_COUNT; i++)
			sum += out[i];
		assert_int_equal(sum, cells);
	}
	bar_share(nothing, 30, out);
	for (int i = 0; i < PART_COUNT; i++)
		assert_int_equal(out[i], 0);
}

static void bar_has_a_fill_a_part(void **state)
{
	static const double amounts[PART_COUNT] = { 4, 2, 1, 1, 1, 2, 1, 1, 1 };
	struct canvas *c = canvas_new(1, 16);

	(void)state;
	bar_draw(c, (struct rect){ 0, 1, 1, 14 }, &theme.glyphs, amounts);
	expect_canvas(c, " ████▓▓▒░▚▌▌╌┊·\n");
	assert_int_equal(c->cells[1].role, ROLE_USR);
	assert_int_equal(c->cells[7].role, ROLE_LOCK);
	assert_int_equal(c->cells[10].role, ROLE_NET);
	assert_int_equal(c->cells[14].role, ROLE_IDLE);
	canvas_free(c);
}

static void heat_levels_are_powers_of_ten(void **state)
{
	(void)state;
	assert_int_equal(heat_level(0, 100), -1);
	assert_int_equal(heat_level(100, 100), 4);
	assert_int_equal(heat_level(40, 100), 4);
	assert_int_equal(heat_level(39, 100), 3);
	assert_int_equal(heat_level(4, 100), 3);
	assert_int_equal(heat_level(3, 100), 2);
	assert_int_equal(heat_level(1, 1000), 1);
	assert_int_equal(heat_level(1, 1000000), 0);
}

/* A hundred operations around 15 us and one of 2 ms. */
static void record_some(struct hist *h)
{
	memset(h, 0, sizeof *h);
	for (int i = 0; i < 100; i++)
		hist_record(h, 15000 + (uint64_t)i);
	hist_record(h, 2000000);
}

static void heat_axis_reaches_from_fast_to_slow(void **state)
{
	static const char *const labels[] = { "<10us", "10us", "100us", ">=1ms" };
	uint64_t count[HEAT_ROWS_MAX];
	struct heat_axis a;
	struct hist h;
	char buf[24];

	(void)state;
	record_some(&h);
	heat_axis(&a, &h, 4);
	assert_int_equal(a.rows, 4);
	assert_int_equal(a.steps, 1);
	for (int i = 0; i < 4; i++)
		assert_string_equal(heat_label(buf, sizeof buf, &a, i, true), labels[i]);
	heat_count(&a, &h, count);
	assert_int_equal(count[0], 0);
	assert_int_equal(count[1], 100);
	assert_int_equal(count[2], 0);
	assert_int_equal(count[3], 1);
}

static void heat_axis_is_as_fine_as_fits(void **state)
{
	struct heat_axis a;
	struct hist h;
	char buf[24];

	(void)state;
	record_some(&h);
	heat_axis(&a, &h, 8); /* 10 us to 2 ms: 2.3 powers of ten, three rows each */
	assert_int_equal(a.steps, 3);
	assert_string_equal(heat_label(buf, sizeof buf, &a, 1, true), "10us");
	assert_string_equal(heat_label(buf, sizeof buf, &a, 2, true), "20us");
	assert_string_equal(heat_label(buf, sizeof buf, &a, 3, true), "50us");
	assert_string_equal(heat_label(buf, sizeof buf, &a, 7, true), ">=1ms");
	heat_axis(&a, &h, 7); /* one row less: two each, and one to spare above */
	assert_int_equal(a.steps, 2);
	assert_string_equal(heat_label(buf, sizeof buf, &a, 2, true), "30us");
	assert_string_equal(heat_label(buf, sizeof buf, &a, 6, true), ">=3ms");
	assert_string_equal(heat_label(buf, sizeof buf, &a, 2, false), "30k");
	heat_axis(&a, &h, 3); /* too few rows: both ends are open */
	assert_string_equal(heat_label(buf, sizeof buf, &a, 2, true), ">=1ms");
	assert_string_equal(heat_label(buf, sizeof buf, &a, 0, true), "<100us");
	memset(&h, 0, sizeof h);
	heat_axis(&a, &h, 1); /* an empty histogram and a silly height are survived */
	assert_int_equal(a.rows, 2);
}

static void heat_draws_from_the_bottom(void **state)
{
	struct canvas *c = canvas_new(4, 2);
	struct heat_axis a;
	struct hist h;

	(void)state;
	record_some(&h);
	heat_axis(&a, &h, 4);
	heat_draw(c, (struct rect){ 0, 0, 4, 2 }, 1, &theme.glyphs, &a, &h);
	expect_canvas(c, " ▒\n\n █\n\n");
	canvas_free(c);
}

static void marks_stand_for_what_is_not_there(void **state)
{
	struct point scaled = { .value = 1.2e6, .coverage = 0.5f, .state = POINT_SCALED };
	struct point partial = { .value = 1200, .coverage = 1, .state = POINT_PARTIAL };
	char buf[VALUE_SIZE];

	(void)state;
	assert_string_equal(value_text(buf, FORM_COUNT, point_of(1.25e6)), "1.25M");
	assert_string_equal(value_text(buf, FORM_BYTES, point_of(2147483648.0)), "2.00G");
	assert_string_equal(value_text(buf, FORM_SECONDS, point_of(11e-6)), "11.0us");
	assert_string_equal(value_text(buf, FORM_PERCENT, point_of(0.17)), "17%");
	assert_string_equal(value_text(buf, FORM_COUNT, point_of(0)), "0");
	assert_string_equal(value_text(buf, FORM_COUNT, point_of(0.000324)), "3.2e-4"); /* not "0.00" */
	assert_string_equal(value_text(buf, FORM_COUNT, point_of(0.006)), "0.01");
	assert_string_equal(value_text(buf, FORM_COUNT, point_of(4e-12)), "4.0e-12");
	assert_string_equal(value_text(buf, FORM_COUNT, scaled), "~1.20M");
	assert_string_equal(value_text(buf, FORM_COUNT, partial), ">1.20k");
	assert_string_equal(value_text(buf, FORM_COUNT, point_missing(POINT_GAP, NULL)), "-");
	assert_string_equal(value_text(buf, FORM_COUNT, point_missing(POINT_ABSENT, "x")), "n/a");
	assert_string_equal(value_text(buf, FORM_COUNT, point_missing(POINT_DENIED, "x")), "DENIED");
}

static void reasons_are_cut_at_words(void **state)
{
	char buf[64], tiny[6];

	(void)state;
	assert_string_equal(value_reason(buf, sizeof buf, "no PMU: this kernel sees none (virtual machine)", 6),
		"no PMU: this kernel sees none");
	assert_string_equal(value_reason(buf, sizeof buf, "needs CAP_PERFMON: setcap", 2), "needs CAP_PERFMON");
	assert_string_equal(value_reason(buf, sizeof buf, "no program here publishes: see man tach-publish", 6),
		"no program here publishes");
	assert_string_equal(value_reason(buf, sizeof buf, NULL, 6), "");
	assert_string_equal(value_reason(tiny, sizeof tiny, "abcdefgh", 6), "abcde");
}

static void a_number_is_written_by_its_unit(void **state)
{
	static const struct metric ratio = { .kind = METRIC_DERIVED, .unit = UNIT_RATIO };
	static const struct metric wait = { .kind = METRIC_COUNTER, .unit = UNIT_SECONDS };
	static const struct metric mean = { .kind = METRIC_DERIVED, .unit = UNIT_SECONDS };
	char buf[FMT_SIZE];

	(void)state;
	assert_int_equal(value_form(&ratio, true, false), FORM_PERCENT);
	assert_int_equal(value_form(&ratio, false, false), FORM_COUNT);
	assert_int_equal(value_form(&wait, false, false), FORM_SPENT); /* seconds a second */
	assert_int_equal(value_form(&wait, false, true), FORM_SECONDS);
	assert_int_equal(value_form(&mean, false, false), FORM_SECONDS);
	assert_string_equal(value_number(buf, FORM_SPENT, 1.03), "1.03");
	assert_string_equal(value_number(buf, FORM_SPENT, 0.00036), "360us");
	assert_string_equal(value_number(buf, FORM_COUNT, 0.00036), "3.6e-4");
}

static void text_breaks_at_blanks(void **state)
{
	struct canvas *c = canvas_new(3, 10);

	(void)state;
	assert_int_equal(text_break("one two three", 8), 7);
	assert_int_equal(text_break("one two", 8), 7);
	assert_int_equal(text_break("extraordinary", 5), 5);
	assert_int_equal(text_break("größe", 3), 4); /* three columns are four bytes */
	assert_int_equal(text_wrap(c, (struct rect){ 0, 1, 2, 8 }, ROLE_TEXT, "one two three four"), 3);
	expect_canvas(c, " one two\n three\n\n");
	canvas_free(c);
}

static void settings_of_time_have_no_decimals(void **state)
{
	char buf[FMT_SIZE], span[64];

	(void)state;
	assert_string_equal(text_duration(buf, 500 * NSEC_PER_MSEC), "500ms");
	assert_string_equal(text_duration(buf, 5 * NSEC_PER_SEC), "5s");
	assert_string_equal(text_duration(buf, 60 * NSEC_PER_SEC), "1m");
	assert_string_equal(text_duration(buf, 250 * NSEC_PER_SEC), "4m10s");
	assert_string_equal(text_duration(buf, 3600 * NSEC_PER_SEC), "1h0m");
	text_span(span, sizeof span, 5 * NSEC_PER_SEC, 50);
	assert_string_equal(span, "5s/col 4m10s");
}

static void the_grid_is_inside_at_every_width(void **state)
{
	(void)state;
	for (int cols = 1; cols < 1200; cols++)
		for (int rules = 0; rules < 2; rules++) {
			struct grid g = rows_grid((struct rect){ 3, 7, 1, cols }, rules);
			const struct rect *all[] = { &g.label, &g.graph, &g.now, &g.min, &g.max };
			int at = 7;

			assert_true(g.now.cols > 0);
			for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
				if (all[i]->cols <= 0)
					continue;
				assert_true(all[i]->col >= at);
				at = all[i]->col + all[i]->cols;
			}
			assert_true(at <= 7 + cols);
			assert_true(g.graph.cols <= HISTORY_COLUMNS);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scales_move_in_steps),
		cmocka_unit_test(graph_tells_zero_from_nothing),
		cmocka_unit_test(graph_grows_over_rows),
		cmocka_unit_test(bar_cells_add_up),
		cmocka_unit_test(bar_has_a_fill_a_part),
		cmocka_unit_test(heat_levels_are_powers_of_ten),
		cmocka_unit_test(heat_axis_reaches_from_fast_to_slow),
		cmocka_unit_test(heat_axis_is_as_fine_as_fits),
		cmocka_unit_test(heat_draws_from_the_bottom),
		cmocka_unit_test(marks_stand_for_what_is_not_there),
		cmocka_unit_test(reasons_are_cut_at_words),
		cmocka_unit_test(a_number_is_written_by_its_unit),
		cmocka_unit_test(text_breaks_at_blanks),
		cmocka_unit_test(settings_of_time_have_no_decimals),
		cmocka_unit_test(the_grid_is_inside_at_every_width),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
