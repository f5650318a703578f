/* Who of the target's threads does the work: bars of the busiest ones, or, with room for it, a list. */
#include "ui/pane/panes.h"

#include "base/alloc.h"
#include "ui/bar.h"
#include "ui/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_COLS 60    /* width of a bar with its name, tid and percentage */
#define LIST_FROM_ROWS 6 /* a list needs a head and some rows; below that: bars */
#define NAME_COLS 15

/* Share of a CPU that a thread used; NaN before its second tick. */
static double busy(const struct cells *t, size_t row)
{
	return cells_number(t, row, THREADS_USER) + cells_number(t, row, THREADS_SYSTEM);
}

static void amounts_of(const struct cells *t, size_t row, double out[PART_COUNT])
{
	double rest = 1;

	for (int i = 0; i < PART_COUNT; i++)
		out[i] = (double)NAN;
	out[PART_USR] = cells_number(t, row, THREADS_USER);
	out[PART_SYS] = cells_number(t, row, THREADS_SYSTEM);
	out[PART_RUNQ] = cells_number(t, row, THREADS_RUNQUEUE);
	out[PART_IO] = cells_number(t, row, THREADS_IO);
	for (int i = 0; i < PART_COUNT; i++)
		rest -= out[i] > 0 ? out[i] : 0;
	out[PART_WAIT] = isnan(out[PART_USR]) ? (double)NAN : fmax(rest, 0);
}

struct ranked {
	size_t row;
	int percent; /* of a CPU; whole numbers, so that the order does not change with every breath */
};

static int by_percent(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->percent != y->percent)
		return x->percent > y->percent ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static int by_row(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->row < y->row ? -1 : x->row > y->row;
}

/* The rows of the table, the busiest first; the caller frees. */
static struct ranked *rank_rows(const struct cells *t)
{
	struct ranked *list = xcalloc(t->nrows, sizeof *list);

	for (size_t i = 0; i < t->nrows; i++) {
		double percent = busy(t, i) * 100;

		list[i] = (struct ranked){ i, isnan(percent) ? -1 : (int)(percent + 0.5) };
	}
	qsort(list, t->nrows, sizeof *list, by_percent);
	return list;
}

static void draw_number(struct canvas *c, int row, int col, int cols, double v, const char *unit)
{
	char buf[32] = "-";

	if (isfinite(v))
		snprintf(buf, sizeof buf, "%.0f%s", v, unit);
	canvas_right(c, row, col, cols, isfinite(v) ? ROLE_TEXT : ROLE_DIM, buf);
}

/* "rx0  18232 ██████████████████▓▒  96%" */
static void draw_entry(const struct view *v, struct canvas *c, struct rect r, const struct cells *t, size_t row)
{
	int name = r.cols < ENTRY_COLS - 20 ? 6 : NAME_COLS, tid = r.col + 1 + name + 1, bar = tid + 9;
	double amounts[PART_COUNT];

	canvas_write(c, r.row, r.col + 1, name, ROLE_TEXT, cells_text(t, row, THREADS_NAME));
	draw_number(c, r.row, tid, 8, cells_number(t, row, THREADS_TID), "");
	amounts_of(t, row, amounts);
	bar_draw(c, (struct rect){ r.row, bar, 1, r.col + r.cols - 7 - bar }, v->glyphs, amounts);
	draw_number(c, r.row, r.col + r.cols - 6, 5, busy(t, row) * 100, "%");
}

/* The busiest ones that there is room for, in the order of the table so that they keep their places. */
static void draw_bars(const struct view *v, struct canvas *c, struct rect r, const struct cells *t)
{
	size_t across = r.cols >= 2 * ENTRY_COLS ? (size_t)(r.cols / ENTRY_COLS) : 1, n = across * (size_t)r.rows;
	struct ranked *list = rank_rows(t);
	int cols = r.cols / (int)across;

	if (n > t->nrows)
		n = t->nrows;
	qsort(list, n, sizeof *list, by_row);
	for (size_t i = 0; i < n; i++)
		draw_entry(v, c, (struct rect){ r.row + (int)(i / across), r.col + (int)(i % across) * cols, 1, cols }, t,
			list[i].row);
	free(list);
}

/* Columns of the list after tid and name: head, width, field, and what the number is multiplied by. */
static const struct {
	const char *head;
	int cols;
	enum table_threads_column field;
	double factor;
} list_columns[] = {
	{ "cpu", 4, THREADS_CPU, 1 },
	{ "usr", 5, THREADS_USER, 100 },
	{ "sys", 5, THREADS_SYSTEM, 100 },
	{ "runq", 5, THREADS_RUNQUEUE, 100 },
	{ "io", 5, THREADS_IO, 100 },
};

#define LIST_COLUMNS (sizeof list_columns / sizeof list_columns[0])

static void draw_head(struct canvas *c, struct rect r)
{
	int col = r.col + 11 + NAME_COLS;

	canvas_right(c, r.row, r.col + 1, 8, ROLE_DIM, "tid");
	canvas_write(c, r.row, r.col + 10, NAME_COLS, ROLE_DIM, "name");
	for (size_t i = 0; i < LIST_COLUMNS; i++) {
		canvas_right(c, r.row, col, list_columns[i].cols, ROLE_DIM, list_columns[i].head);
		col += list_columns[i].cols;
	}
	canvas_right(c, r.row, col, 9, ROLE_DIM, "ctxsw/s");
	canvas_write(c, r.row, col + 11, -1, ROLE_DIM, "state");
}

static const char *state_word(const char *state)
{
	static const char *const words[][2] = { { "R", "run" }, { "S", "sleep" }, { "D", "disk" }, { "T", "stopped" },
		{ "t", "traced" }, { "Z", "zombie" }, { "I", "idle" }, { "X", "dead" } };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i][0], state) == 0)
			return words[i][1];
	return state;
}

static void draw_row(const struct view *v, struct canvas *c, struct rect r, const struct cells *t, size_t row)
{
	double switches = cells_number(t, row, THREADS_VOLUNTARY) + cells_number(t, row, THREADS_INVOLUNTARY);
	double amounts[PART_COUNT];
	int col = r.col + 11 + NAME_COLS, bar;
	char buf[FMT_SIZE];

	draw_number(c, r.row, r.col + 1, 8, cells_number(t, row, THREADS_TID), "");
	canvas_write(c, r.row, r.col + 10, NAME_COLS, ROLE_TEXT, cells_text(t, row, THREADS_NAME));
	for (size_t i = 0; i < LIST_COLUMNS; i++) {
		draw_number(c, r.row, col, list_columns[i].cols,
			cells_number(t, row, list_columns[i].field) * list_columns[i].factor, "");
		col += list_columns[i].cols;
	}
	canvas_right(c, r.row, col, 9, isfinite(switches) ? ROLE_TEXT : ROLE_DIM, fmt_count(buf, switches));
	col += 11;
	canvas_write(c, r.row, col, 7, ROLE_TEXT, state_word(cells_text(t, row, THREADS_STATE)));
	bar = col + 8;
	amounts_of(t, row, amounts);
	if (bar + 8 < r.col + r.cols)
		bar_draw(c, (struct rect){ r.row, bar, 1, r.col + r.cols - 1 - bar }, v->glyphs, amounts);
}

static void draw_list(const struct view *v, struct canvas *c, struct rect r, const struct cells *t)
{
	struct ranked *list = rank_rows(t);
	size_t room = (size_t)r.rows - 1, top = 0, selected = v->selected < 0 ? 0 : (size_t)v->selected;

	draw_head(c, r);
	if (selected >= room)
		top = selected - room + 1;
	for (size_t i = top; i < t->nrows && i - top < room; i++) {
		int row = r.row + 1 + (int)(i - top);

		draw_row(v, c, (struct rect){ row, r.col, 1, r.cols }, t, list[i].row);
		if (v->zoomed && i == selected)
			canvas_put(c, row, r.col, ROLE_SELECT, '>');
	}
	free(list);
}

static bool draw(const struct view *v, struct canvas *c, struct rect r)
{
	struct cells t = cells_of(v, &table_threads);

	if (!t.nrows || r.rows < 1) {
		canvas_write(c, r.row, r.col + 1, r.cols - 1, ROLE_DIM, r.rows < 1 ? "" : "no thread has been read yet");
		return true;
	}
	if (r.rows >= LIST_FROM_ROWS && (v->zoomed || r.cols < 2 * ENTRY_COLS))
		draw_list(v, c, r, &t);
	else
		draw_bars(v, c, r, &t);
	return true;
}

static void about(const struct view *v, char *buf, size_t size)
{
	struct cells t = cells_of(v, &table_threads);

	if (t.left_out)
		snprintf(buf, size, "%zu of %zu read   usr sys runq wait, %% of a CPU", t.nrows, t.nrows + t.left_out);
	else
		snprintf(buf, size, "usr sys runq wait, %% of a CPU");
}

static void wish(const struct view *v, struct rect body, struct layout_wish *w)
{
	int across = body.cols >= 2 * ENTRY_COLS ? body.cols / ENTRY_COLS : 1;
	struct cells t = cells_of(v, &table_threads);
	int need = t.table ? ((int)t.nrows + across - 1) / across : 1;

	w->first_rows = need < 2 ? 1 : 2;
	w->good_rows = need < 1 ? 1 : need > LIST_FROM_ROWS - 1 ? LIST_FROM_ROWS - 1 : need;
}

static int count(const struct view *v)
{
	return (int)cells_of(v, &table_threads).nrows;
}

const struct pane_ops pane_threads = {
	.name = "threads",
	.title = "Threads",
	.help = "The busiest threads: time in user code and in the kernel, time spent waiting for a CPU, and the rest, which "
		"is asleep or waits for something. Zoomed it is a list of all of them.",
	.weight = 1,
	.optional = true,
	.side = true,
	.about = about,
	.wish = wish,
	.draw = draw,
	.count = count,
};
