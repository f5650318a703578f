/* The layout at every size: nothing overlaps, nothing stands outside, what fits at one size fits at the next. */
#include "ui/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PANES 6
#define MAX_ROWS 80
#define MAX_COLS 240

/* Rate, Latency, Cache, Locks, Memory, Threads as the panes themselves wish at their fullest. */
static const struct layout_wish usual[PANES] = {
	{ .first_rows = 2, .good_rows = 9, .weight = 1, .rank = 0 },
	{ .first_rows = 2, .good_rows = 24, .weight = 2, .rank = 1 },
	{ .first_rows = 2, .good_rows = 8, .weight = 1, .rank = 2 },
	{ .first_rows = 1, .good_rows = 6, .weight = 2, .rank = 3 },
	{ .first_rows = 1, .good_rows = 7, .weight = 1, .rank = 4 },
	{ .first_rows = 2, .good_rows = 4, .weight = 1, .rank = 5, .optional = true, .side = true },
};

static struct rect place[PANES];

static struct layout compute(int rows, int cols, const struct layout_wish *wishes, int zoomed)
{
	struct layout l = { .pane = place };

	layout_compute(&l, rows, cols, wishes, PANES, zoomed);
	return l;
}

static void expect_rect(struct rect r, int row, int col, int rows, int cols)
{
	if (r.row != row || r.col != col || r.rows != rows || r.cols != cols)
		fail_msg("rectangle is %d,%d %dx%d, not %d,%d %dx%d", r.row, r.col, r.cols, r.rows, row, col, cols, rows);
}

/* Marks the cells of a rectangle; each cell may be taken once and must lie inside. */
static void take(uint8_t *cells, int rows, int cols, struct rect r)
{
	if (!r.rows)
		return;
	if (r.row < 0 || r.col < 0 || r.rows < 0 || r.cols < 1 || r.row + r.rows > rows || r.col + r.cols > cols)
		fail_msg("%dx%d: a rectangle at %d,%d of %dx%d stands outside", cols, rows, r.row, r.col, r.cols, r.rows);
	for (int y = r.row; y < r.row + r.rows; y++)
		for (int x = r.col; x < r.col + r.cols; x++)
			if (cells[y * cols + x]++)
				fail_msg("%dx%d: cell %d,%d is taken twice", cols, rows, y, x);
}

static void check_size(int rows, int cols, const struct layout_wish *wishes, int zoomed)
{
	static uint8_t cells[MAX_ROWS * MAX_COLS];
	struct layout l = compute(rows, cols, wishes, zoomed);

	memset(cells, 0, sizeof cells);
	take(cells, rows, cols, l.header);
	take(cells, rows, cols, l.message);
	take(cells, rows, cols, l.footer);
	if (l.divider >= 0)
		take(cells, rows, cols, (struct rect){ l.header.rows, l.divider, 1, 1 });
	for (int i = 0; i < PANES; i++) {
		take(cells, rows, cols, l.pane[i]);
		if (zoomed < 0 && l.pane[i].rows && !wishes[i].side)
			assert_true(l.pane[i].rows <= wishes[i].good_rows + l.rules);
		if (l.rules && l.pane[i].rows)
			assert_true(l.pane[i].rows >= 2);
	}
	if (rows >= 4 && cols >= LAYOUT_HEADER_COLS)
		assert_true(l.footer.rows == 1 && l.footer.row == rows - 1);
	if (rows > 1)
		assert_true(l.pane[zoomed >= 0 ? zoomed : 0].rows > 0);
}

static void every_size_is_sound(void **state)
{
	(void)state;
	for (int rows = 1; rows <= MAX_ROWS; rows++)
		for (int cols = 1; cols <= MAX_COLS; cols += cols < 24 || cols > 176 ? 1 : 7)
			for (int zoomed = -1; zoomed < PANES; zoomed++)
				check_size(rows, cols, usual, zoomed);
}

/* The same with wishes that nobody has thought of. */
static void any_wish_is_sound(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct layout_wish w[PANES];
		int rows, cols;

		for (int i = 0; i < PANES; i++) {
			seed = seed * 1664525 + 1013904223;
			w[i] = (struct layout_wish){ .first_rows = 1 + (int)(seed >> 8) % 4, .weight = 1 + (int)(seed >> 12) % 3,
				.rank = (i * 5 + (int)(seed >> 30)) % 1000 + i * 1000, .optional = seed >> 28 & 1, .side = seed >> 29 & 1 };
			w[i].good_rows = w[i].first_rows + (int)(seed >> 16) % 30;
		}
		w[0].optional = w[0].side = false;
		rows = 1 + (int)(seed >> 7) % MAX_ROWS;
		cols = 1 + (int)(seed >> 3) % MAX_COLS;
		check_size(rows, cols, w, round % 8 == 0 ? round / 8 % PANES : -1);
	}
}

static void what_fits_still_fits_one_larger(void **state)
{
	(void)state;
	for (int cols = 1; cols <= MAX_COLS; cols++)
		for (int rows = 1; rows < MAX_ROWS; rows++) {
			bool stood[PANES];
			struct layout l = compute(rows, cols, usual, -1);

			for (int i = 0; i < PANES; i++)
				stood[i] = l.pane[i].rows > 0;
			l = compute(rows + 1, cols, usual, -1);
			for (int i = 0; i < PANES; i++)
				if (stood[i] && !l.pane[i].rows)
					fail_msg("pane %d stands at %dx%d but not one row higher", i + 1, cols, rows);
			if (cols < LAYOUT_HEADER_COLS)
				continue;
			l = compute(rows, cols + 1, usual, -1);
			for (int i = 0; i < PANES; i++)
				if (stood[i] && !l.pane[i].rows)
					fail_msg("pane %d stands at %dx%d but not one column wider", i + 1, cols, rows);
		}
}

static void the_80x24_of_the_mock_up(void **state)
{
	struct layout l = compute(24, 80, usual, -1);

	(void)state;
	assert_true(l.rules && !l.one_line && l.divider == -1);
	expect_rect(l.header, 0, 0, 2, 80);
	expect_rect(l.pane[0], 2, 0, 4, 80);
	expect_rect(l.pane[1], 6, 0, 5, 80);
	expect_rect(l.pane[2], 11, 0, 4, 80);
	expect_rect(l.pane[3], 15, 0, 4, 80);
	expect_rect(l.pane[4], 19, 0, 3, 80);
	assert_int_equal(l.pane[5].rows, 0);
	expect_rect(l.message, 22, 0, 1, 80);
	expect_rect(l.footer, 23, 0, 1, 80);
}

static void a_wide_screen_has_threads_on_the_right(void **state)
{
	struct layout l = compute(60, 200, usual, -1);

	(void)state;
	assert_int_equal(l.divider, 120);
	expect_rect(l.pane[0], 2, 0, 10, 120);
	expect_rect(l.pane[5], 2, 121, 56, 79);
	expect_rect(l.header, 0, 0, 2, 200);
}

static void a_small_screen_drops_rules_before_rows(void **state)
{
	struct layout l = compute(16, 80, usual, -1);

	(void)state;
	assert_true(l.rules);
	assert_int_equal(l.message.rows, 0);
	l = compute(15, 80, usual, -1);
	assert_false(l.rules);
	l = compute(10, 40, usual, -1); /* eight rows between one header line and the footer */
	expect_rect(l.header, 0, 0, 1, 40);
	expect_rect(l.pane[0], 1, 0, 2, 40);
	expect_rect(l.pane[1], 3, 0, 2, 40);
	expect_rect(l.pane[2], 5, 0, 2, 40);
	expect_rect(l.pane[3], 7, 0, 1, 40);
	expect_rect(l.pane[4], 8, 0, 1, 40);
	expect_rect(l.footer, 9, 0, 1, 40);
	l = compute(4, 20, usual, -1);
	expect_rect(l.pane[0], 1, 0, 1, 20);
	expect_rect(l.pane[1], 2, 0, 1, 20);
	assert_int_equal(l.pane[2].rows, 0);
	l = compute(1, 1, usual, -1);
	assert_true(l.one_line);
	expect_rect(l.header, 0, 0, 1, 1);
	l = compute(0, 0, usual, -1);
	assert_int_equal(l.header.rows, 0);
}

static void a_zoomed_pane_has_the_body(void **state)
{
	struct layout l = compute(40, 120, usual, 3);

	(void)state;
	expect_rect(l.header, 0, 0, 1, 120);
	expect_rect(l.pane[3], 1, 0, 37, 120);
	assert_int_equal(l.pane[0].rows, 0);
	expect_rect(l.message, 38, 0, 1, 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_is_sound),
		cmocka_unit_test(any_wish_is_sound),
		cmocka_unit_test(what_fits_still_fits_one_larger),
		cmocka_unit_test(the_80x24_of_the_mock_up),
		cmocka_unit_test(a_wide_screen_has_threads_on_the_right),
		cmocka_unit_test(a_small_screen_drops_rules_before_rows),
		cmocka_unit_test(a_zoomed_pane_has_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
