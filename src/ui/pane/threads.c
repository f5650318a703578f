/* Who of the target's threads does the work: bars of the busiest ones, or, with room for it, a list. */
#include "ui/pane/panes.h"

#include "ui/cells.h"
#include "ui/listing.h"
#include "ui/order.h"
#include "ui/where.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_COLS 60    /* width of a bar with its name, tid and percentage */
#define LIST_FROM_ROWS 6 /* a list needs a head and some rows; below that: bars */
#define NAME_COLS 15
#define FIELD_SIZE FMT_SIZE

/* Share of a CPU that a thread used; NaN before its second tick. */
static double busy(const struct cells *t, size_t row)
{
	return cells_number(t, row, THREADS_USER) + cells_number(t, row, THREADS_SYSTEM);
}

/* In percent of a CPU; whole numbers, so that the order does not change with every breath. */
static double whole_percent(const struct cells *t, size_t row)
{
	return floor(busy(t, row) * 100 + 0.5);
}

static int by_row(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
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
	struct where w = where_of_thread(t, row);

	canvas_write(c, r.row, r.col + 1, name, ROLE_TEXT, cells_text(t, row, THREADS_NAME));
	draw_number(c, r.row, tid, 8, cells_number(t, row, THREADS_TID), "");
	where_draw(&w, v, c, (struct rect){ r.row, bar, 1, r.col + r.cols - 7 - bar });
	draw_number(c, r.row, r.col + r.cols - 6, 5, busy(t, row) * 100, "%");
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

/* What stands in a column of the list. By the probe all parts of a thread's time do, so that their sum can be checked. */
struct field {
	struct listing_column column;
	const char *(*text)(char buf[FIELD_SIZE], const struct cells *t, size_t row, const struct field *f); /* NULL: bar */
	enum table_threads_column cell;
	double factor;
	enum { ALWAYS, BY_PROBE, BY_PROC } when; /* the causes of waits are known, or are not */
};

static const char *number_text(char buf[FIELD_SIZE], const struct cells *t, size_t row, const struct field *f)
{
	double v = cells_number(t, row, f->cell) * f->factor;
	bool guessed = f->when == BY_PROBE && t->table->sampled;

	if (!isfinite(v))
		return "-";
	snprintf(buf, FIELD_SIZE, "%s%.0f", guessed ? "~" : "", v);
	return buf;
}

static const char *switches_text(char buf[FIELD_SIZE], const struct cells *t, size_t row, const struct field *f)
{
	(void)f;
	return fmt_count(buf, cells_number(t, row, THREADS_VOLUNTARY) + cells_number(t, row, THREADS_INVOLUNTARY));
}

/* Its state, or better: what it waits for. */
static const char *state_text(char buf[FIELD_SIZE], const struct cells *t, size_t row, const struct field *f)
{
	const char *waits_for = f->when == BY_PROBE ? cells_text(t, row, THREADS_WAITS_FOR) : "";

	(void)buf;
	return waits_for[0] ? waits_for : state_word(cells_text(t, row, THREADS_STATE));
}

static const char *name_text(char buf[FIELD_SIZE], const struct cells *t, size_t row, const struct field *f)
{
	(void)buf;
	return cells_text(t, row, f->cell);
}

static const struct field fields[] = {
	{ { "tid", 8, 9, 0, false }, number_text, THREADS_TID, 1, ALWAYS },
	{ { "name", 12, 16, 0, true }, name_text, THREADS_NAME, 1, ALWAYS },
	{ { "cpu", 5, 0, 6, false }, number_text, THREADS_CPU, 1, ALWAYS },
	{ { "usr", 5, 0, 1, false }, number_text, THREADS_USER, 100, ALWAYS },
	{ { "sys", 5, 0, 1, false }, number_text, THREADS_SYSTEM, 100, ALWAYS },
	{ { "runq", 5, 0, 3, false }, number_text, THREADS_RUNQUEUE, 100, ALWAYS },
	{ { "lock", 5, 0, 2, false }, number_text, THREADS_LOCK, 100, BY_PROBE },
	{ { "disk", 5, 0, 4, false }, number_text, THREADS_DISK, 100, BY_PROBE },
	{ { "net", 5, 0, 4, false }, number_text, THREADS_NET, 100, BY_PROBE },
	{ { "oth", 5, 0, 5, false }, number_text, THREADS_OTHER, 100, BY_PROBE },
	{ { "slp", 5, 0, 5, false }, number_text, THREADS_SLEEP, 100, BY_PROBE },
	{ { "idle", 5, 0, 5, false }, number_text, THREADS_IDLE, 100, BY_PROBE },
	{ { "io", 5, 0, 4, false }, number_text, THREADS_IO, 100, BY_PROC },
	{ { "ctxsw/s", 9, 0, 7, false }, switches_text, THREADS_VOLUNTARY, 1, ALWAYS },
	{ { "waits for", 11, 24, 2, true }, state_text, THREADS_WAITS_FOR, 1, BY_PROBE },
	{ { "state", 9, 0, 6, true }, state_text, THREADS_STATE, 1, BY_PROC },
	{ { "", 10, 1000, 8, true }, NULL, THREADS_RUN, 1, ALWAYS },
};

#define FIELDS (sizeof fields / sizeof fields[0])

/* The columns of this moment. */
struct list {
	const struct field *field[FIELDS];
	struct listing_column column[FIELDS];
	struct listing_place place[FIELDS];
	char marked[LISTING_HEAD_SIZE];
	size_t count;
};

static bool causes_are_known(const struct cells *t)
{
	for (size_t row = 0; row < t->nrows; row++)
		if (where_of_thread(t, row).exact)
			return true;
	return false;
}

/* The fields of this moment, from left to right; returns how many. */
static size_t choose_fields(const struct cells *t, const struct field *out[FIELDS])
{
	bool known = causes_are_known(t);
	size_t n = 0;

	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].when != (known ? BY_PROC : BY_PROBE))
			out[n++] = &fields[i];
	return n;
}

static void list_place(struct list *list, const struct cells *t, const struct order *order, struct rect r)
{
	list->count = choose_fields(t, list->field);
	for (size_t i = 0; i < list->count; i++) {
		const struct field *f = list->field[i];

		list->column[i] = f->column;
		if (f->text && order_mark(order, (int)f->cell))
			listing_mark(&list->column[i], order_mark(order, (int)f->cell), list->marked);
	}
	listing_place(list->column, list->count, (struct rect){ r.row, r.col, 1, r.cols - 1 }, list->place);
}

/* ---- order ---- */

static size_t order_columns(const struct cells *t, struct order_column out[ORDER_COLUMNS])
{
	const struct field *chosen[FIELDS];
	size_t count = choose_fields(t, chosen), n = 0;

	for (size_t i = 0; i < count && n < ORDER_COLUMNS; i++)
		if (chosen[i]->text)
			out[n++] = (struct order_column){ (int)chosen[i]->cell, chosen[i]->column.head };
	return n;
}

/* As it is shown, in whole percent: what looks alike keeps its place. */
static double order_number(const struct cells *t, size_t row, int column)
{
	double v = cells_number(t, row, column);

	if (column == THREADS_VOLUNTARY)
		return v + cells_number(t, row, THREADS_INVOLUNTARY);
	return t->def->columns[column].unit == UNIT_SECONDS ? floor(v * 100 + 0.5) : v;
}

static const char *order_text(const struct cells *t, size_t row, int column)
{
	const char *text = cells_text(t, row, column);

	return column == THREADS_NAME || (column == THREADS_WAITS_FOR && text[0]) ? text :
		state_word(cells_text(t, row, THREADS_STATE));
}

static const struct order_rules order_rules = {
	.def = &table_threads,
	.columns = order_columns,
	.number = order_number,
	.text = order_text,
	.own = whole_percent,
};

static void draw_row(const struct view *v, struct canvas *c, int row, const struct list *list, const struct cells *t,
	size_t index)
{
	char buf[FIELD_SIZE];

	for (size_t i = 0; i < list->count; i++) {
		const struct field *f = list->field[i];
		struct listing_place p = list->place[i];
		const char *text = f->text ? f->text(buf, t, index, f) : "";

		listing_cell(&list->column[i], p, c, row, strcmp(text, "-") == 0 ? ROLE_DIM : ROLE_TEXT, text);
		if (!f->text && p.cols) {
			struct where w = where_of_thread(t, index);

			where_draw(&w, v, c, (struct rect){ row, p.col, 1, p.cols });
		}
	}
}

static void draw_list(const struct view *v, struct canvas *c, struct rect r, const struct cells *t)
{
	struct order order = order_of(v, t, &order_rules);
	size_t room = (size_t)r.rows - 1, top = 0, selected = v->selected < 0 ? 0 : (size_t)v->selected;
	struct list list;

	list_place(&list, t, &order, r);
	listing_heads(list.column, list.count, list.place, c, r.row);
	if (selected >= order.count)
		selected = order.count ? order.count - 1 : 0;
	if (selected >= room)
		top = selected - room + 1;
	for (size_t i = top; i < order.count && i - top < room; i++) {
		int row = r.row + 1 + (int)(i - top);

		draw_row(v, c, row, &list, t, order.rows[i]);
		if (v->zoomed && i == selected)
			canvas_select(c, row, r.col);
	}
	order_drop(&order);
}

/* The busiest ones that there is room for, in the order of the table so that they keep their places. */
static void draw_bars(const struct view *v, struct canvas *c, struct rect r, const struct cells *t)
{
	size_t across = r.cols >= 2 * ENTRY_COLS ? (size_t)(r.cols / ENTRY_COLS) : 1, n = across * (size_t)r.rows;
	struct view busiest = *v;
	struct order list;
	int cols = r.cols / (int)across;

	busiest.order = (struct view_order){ 0 };
	list = order_of(&busiest, t, &order_rules);
	if (n > list.count)
		n = list.count;
	qsort(list.rows, n, sizeof *list.rows, by_row);
	for (size_t i = 0; i < n; i++)
		draw_entry(v, c, (struct rect){ r.row + (int)(i / across), r.col + (int)(i % across) * cols, 1, cols }, t,
			list.rows[i]);
	order_drop(&list);
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

/* "12 of 5000 read   sampled 50 Hz   % of a CPU: █usr ▓sys ░runq ▚io ╌wait" */
static void about(const struct view *v, char *buf, size_t size)
{
	struct cells t = cells_of(v, &table_threads);
	const char *note = t.table ? t.table->note : "";
	char read[64] = "";
	size_t n;

	if (t.left_out)
		snprintf(read, sizeof read, "%zu of %zu read   ", t.nrows, t.nrows + t.left_out);
	n = (size_t)snprintf(buf, size, "%s%s%s%% of a CPU:", read, note, note[0] ? "   " : "");
	where_legend(buf + n, size - n, causes_are_known(&t), v->glyphs);
}

static void wish(const struct view *v, struct rect body, struct layout_wish *w)
{
	int across = body.cols >= 2 * ENTRY_COLS ? body.cols / ENTRY_COLS : 1;
	struct cells t = cells_of(v, &table_threads);
	int need = t.table ? ((int)t.nrows + across - 1) / across : 1;

	w->first_rows = need < 2 ? 1 : 2;
	w->good_rows = need < 1 ? 1 : need > LIST_FROM_ROWS - 1 ? LIST_FROM_ROWS - 1 : need;
}

static const struct order_rules *order(const struct view *v)
{
	(void)v;
	return &order_rules;
}

const struct pane_ops pane_threads = {
	.name = "threads",
	.title = "Threads",
	.help = "The busiest threads, and what each second of them went to: user code, the kernel, contended locks, the queue "
		"for a CPU, storage (disk), sockets (net), other waits, sleep by its own wish, idle (condition variables, joins). "
		"That needs the scheduler's probe; with ~ it is guessed from looking now and then; without both what is not run or "
		"queued is one wait. Zoomed it is a list of all threads and what they wait for.",
	.weight = 1,
	.optional = true,
	.side = true,
	.about = about,
	.wish = wish,
	.draw = draw,
	.order = order,
};
