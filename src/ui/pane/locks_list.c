/* The list of locks: their order and their columns. */
#include "ui/pane/locks.h"

#include "ui/graph.h"
#include "ui/listing.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double locks_rounded(double v, int digits)
{
	double step = v > 0 ? pow(10, floor(log10(v)) - digits + 1) : 1;

	return isnan(v) ? -1 : floor(v / step + 0.5) * step;
}

static bool is_work(const struct cells *t, size_t row)
{
	return strcmp(cells_text(t, row, LOCKS_GROUP), "work") == 0;
}

struct locks locks_of(const struct view *v)
{
	struct locks l = { .cells = cells_of(v, &table_locks), .threads = store_facts(v->store)->threads };

	l.order = order_of(v, &l.cells, &locks_order);
	for (size_t i = 0; i < l.order.count; i++)
		l.contended += !is_work(&l.cells, l.order.rows[i]);
	return l;
}

void locks_drop(struct locks *l)
{
	order_drop(&l->order);
}

/* A number of the table as a point: nothing is a gap and not a zero. */
static struct point point_at(const struct cells *c, double v)
{
	struct point p = v > 0 ? point_of(v) : point_missing(POINT_GAP, NULL);

	if (v > 0 && c->table->sampled)
		p.state = POINT_SCALED;
	return p;
}

const char *locks_seconds(char buf[VALUE_SIZE], const struct cells *c, double seconds)
{
	return value_text(buf, FORM_SECONDS, point_at(c, seconds));
}

static const char *name_of(const struct cells *t, size_t row)
{
	const char *name = cells_text(t, row, LOCKS_LOCK);

	return name[0] ? name : cells_text(t, row, LOCKS_ADDR);
}

/* ---- the list of the zoomed pane ---- */

struct field {
	struct listing_column column;
	const char *(*text)(char buf[VALUE_SIZE], const struct locks *l, size_t row, int cell); /* NULL: graph */
	int cell;
};

static const char *name_text(char buf[VALUE_SIZE], const struct locks *l, size_t row, int cell)
{
	(void)buf, (void)cell;
	return name_of(&l->cells, row);
}

static const char *text_text(char buf[VALUE_SIZE], const struct locks *l, size_t row, int cell)
{
	(void)buf;
	return cells_text(&l->cells, row, cell);
}

static const char *seconds_text(char buf[VALUE_SIZE], const struct locks *l, size_t row, int cell)
{
	return locks_seconds(buf, &l->cells, cells_number(&l->cells, row, cell));
}

static const char *count_text(char buf[VALUE_SIZE], const struct locks *l, size_t row, int cell)
{
	return value_text(buf, FORM_COUNT, point_at(&l->cells, cells_number(&l->cells, row, cell)));
}

/* Of the time of all threads. */
static const char *share_text(char buf[VALUE_SIZE], const struct locks *l, size_t row, int cell)
{
	double share = cells_number(&l->cells, row, cell) / l->threads * 100;

	if (!(share > 0) || !isfinite(share))
		return "-";
	if (share < 0.05)
		return "<0.1";
	snprintf(buf, VALUE_SIZE, "%s%.1f", l->cells.table->sampled ? "~" : "", share);
	return buf;
}

static const struct field fields[] = {
	{ { "lock", 12, 40, 0, true }, name_text, LOCKS_LOCK },
	{ { "kind", 8, 0, 4, true }, text_text, LOCKS_KIND },
	{ { "wait/s", 9, 0, 0, false }, seconds_text, LOCKS_WAIT },
	{ { "thr%", 7, 0, 5, false }, share_text, LOCKS_WAIT },
	{ { "", 12, 49, 6, true }, NULL, LOCKS_WAIT }, /* wait/s over time */
	{ { "waits/s", 8, 0, 7, false }, count_text, LOCKS_WAITS },
	{ { "runq/s", 8, 0, 9, false }, seconds_text, LOCKS_RUNQUEUE },
	{ { "p50", 8, 0, 8, false }, seconds_text, LOCKS_P50 },
	{ { "p99", 8, 0, 2, false }, seconds_text, LOCKS_P99 },
	{ { "max", 8, 0, 3, false }, seconds_text, LOCKS_MAX },
	{ { "now", 5, 0, 1, false }, count_text, LOCKS_WAITERS },
	{ { "held by", 13, 26, 1, true }, text_text, LOCKS_HOLDER },
};

#define FIELDS (sizeof fields / sizeof fields[0])

/* ---- order ---- */

/* One column of the table may stand in several of the list; the first of them is the one that is sorted by. */
static bool is_first(size_t field)
{
	for (size_t i = 0; i < field; i++)
		if (fields[i].cell == fields[field].cell)
			return false;
	return true;
}

static size_t order_columns(const struct cells *t, struct order_column out[ORDER_COLUMNS])
{
	size_t n = 0;

	(void)t;
	for (size_t i = 0; i < FIELDS && n < ORDER_COLUMNS; i++)
		if (is_first(i))
			out[n++] = (struct order_column){ fields[i].cell, fields[i].column.head };
	return n;
}

/* What is shown as nothing is nothing here too. */
static double order_number(const struct cells *t, size_t row, int column)
{
	double v = cells_number(t, row, column);

	if (!(v > 0))
		return (double)NAN;
	return column == LOCKS_WAIT ? locks_rounded(v, 2) : v;
}

static const char *order_text(const struct cells *t, size_t row, int column)
{
	return column == LOCKS_LOCK ? name_of(t, row) : cells_text(t, row, column);
}

const struct order_rules locks_order = {
	.def = &table_locks,
	.columns = order_columns,
	.number = order_number,
	.text = order_text,
	.own_column = LOCKS_WAIT,
	.apart = is_work,
};

/* How long a lock was waited for over time, at the right end of r. */
static void draw_graph(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t row)
{
	struct measure wait = measure_of_row(table_locks.name, l->cells.table->keys[row]);
	struct point columns[HISTORY_COLUMNS];

	if (r.cols < 1)
		return;
	view_columns(v, &wait, columns, r.cols);
	graph_draw(c, r, v->glyphs, columns, r.cols);
}

static void draw_row(const struct view *v, struct canvas *c, int at, const struct listing_place places[],
	const struct locks *l, size_t row)
{
	char buf[VALUE_SIZE];

	for (size_t i = 0; i < FIELDS; i++) {
		const char *text = fields[i].text ? fields[i].text(buf, l, row, fields[i].cell) : "";
		bool nothing = strcmp(text, "-") == 0;

		if (!fields[i].text)
			draw_graph(v, c, (struct rect){ at, places[i].col, 1, places[i].cols }, l, row);
		listing_cell(&fields[i].column, places[i], c, at, nothing ? ROLE_DIM : i ? ROLE_TEXT : ROLE_NOW, text);
	}
}

/* Those of the table, and over the graphs what a column of them is. */
static void draw_heads(const struct view *v, struct canvas *c, int at, struct listing_column columns[],
	const struct listing_place places[])
{
	char span[FMT_SIZE * 2 + 8] = "";

	for (size_t i = 0; i < FIELDS; i++)
		if (!fields[i].text) {
			text_span(span, sizeof span, v->column, places[i].cols);
			columns[i].head = span;
		}
	listing_heads(columns, FIELDS, places, c, at);
}

void locks_draw_list(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t first,
	size_t count, bool heads)
{
	int room = r.rows - heads, selected = v->selected - (int)first, top = selected >= room ? selected - room + 1 : 0;
	struct listing_column columns[FIELDS];
	struct listing_place places[FIELDS];
	char marked[LISTING_HEAD_SIZE];

	for (size_t i = 0; i < FIELDS; i++) {
		char mark = is_first(i) ? order_mark(&l->order, fields[i].cell) : '\0';

		columns[i] = fields[i].column;
		if (mark)
			listing_mark(&columns[i], mark, marked);
	}
	listing_place(columns, FIELDS, (struct rect){ r.row, r.col, 1, r.cols - 1 }, places);
	if (heads)
		draw_heads(v, c, r.row, columns, places);
	if (selected >= (int)count)
		top = 0;
	for (int i = top; i < (int)count && i - top < room; i++) {
		int at = r.row + heads + i - top;

		draw_row(v, c, at, places, l, l->order.rows[first + (size_t)i]);
		if (i == selected)
			canvas_select(c, at, r.col);
	}
}

/* ---- lines of the unzoomed pane ---- */

/* What stands in the place of a label and of a graph: "conn_tbl" "fwd.c:212" "3 wait" "by ctl/18236" "2.9% thr"
 * "p99 1.9ms", and a smaller graph. */
enum { NAME, WAITS_AT, WAITING, HELD_BY, SHARE, P99, GRAPH, LINE_COLUMNS };

#define ADDRESS_COLS 15 /* "0x5581f2a041c0" */

static const struct listing_column line_columns[LINE_COLUMNS] = {
	[NAME] = { "lock", 11, 24, 0, true },
	[WAITS_AT] = { "waits at", 11, 24, 1, true },
	[WAITING] = { "waiting", 9, 0, 2, true },
	[HELD_BY] = { "held by", 16, 22, 3, true },
	[SHARE] = { "thr%", 11, 0, 5, true },
	[P99] = { "p99", 13, 0, 4, true },
	[GRAPH] = { "wait/s over time", 10, 80, 2, true },
};

static const char *line_text(char buf[128], const struct locks *l, size_t row, int column)
{
	const char *holder = cells_text(&l->cells, row, LOCKS_HOLDER);
	struct point now = point_at(&l->cells, cells_number(&l->cells, row, LOCKS_WAITERS));
	double p99 = cells_number(&l->cells, row, LOCKS_P99);
	char number[VALUE_SIZE];

	buf[0] = '\0';
	if (column == NAME)
		return name_of(&l->cells, row);
	if (column == WAITS_AT)
		return cells_text(&l->cells, row, LOCKS_WAITS_AT);
	if (column == WAITING && point_has_value(now))
		snprintf(buf, 128, "%s wait", value_text(number, FORM_COUNT, now));
	else if (column == HELD_BY && holder[0])
		snprintf(buf, 128, "by %.100s", holder);
	else if (column == SHARE)
		snprintf(buf, 128, "%s%% thr", share_text(number, l, row, LOCKS_WAIT));
	else if (column == P99 && p99 > 0)
		snprintf(buf, 128, "p99 %s", locks_seconds(number, &l->cells, p99));
	return buf;
}

/* A column in which no line has anything is left out; the names have the room they need up to that of an address. */
static void place_line(struct rect r, const struct locks *l, size_t count, struct listing_column columns[LINE_COLUMNS],
	struct listing_place places[LINE_COLUMNS])
{
	char buf[128];

	memcpy(columns, line_columns, sizeof line_columns);
	for (int i = 0; i < GRAPH; i++) {
		int width = 0;

		for (size_t row = 0; row < count; row++) {
			int one = canvas_width(line_text(buf, l, l->order.rows[row], i));

			width = one > width ? one : width;
		}
		if (!width)
			columns[i] = (struct listing_column){ .head = "", .cols = 1 };
		else if (i == NAME && width >= columns[NAME].cols)
			columns[NAME].cols = width + 1 < ADDRESS_COLS ? width + 1 : ADDRESS_COLS;
	}
	listing_place(columns, LINE_COLUMNS, r, places);
}

void locks_draw_lines(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t count)
{
	struct listing_column columns[LINE_COLUMNS];
	struct listing_place places[LINE_COLUMNS];
	char buf[128], number[VALUE_SIZE];

	for (size_t i = 0; i < count; i++) {
		struct rect line = { r.row + (int)i, r.col, 1, r.cols };
		struct grid g = rows_grid(line, v->rules);
		int right = g.graph.col + g.graph.cols, graph;
		double wait = cells_number(&l->cells, l->order.rows[i], LOCKS_WAIT);

		place_line((struct rect){ line.row, r.col, 1, right - r.col }, l, count, columns, places);
		for (int k = 0; k < GRAPH; k++)
			listing_cell(&columns[k], places[k], c, line.row, k == NAME ? ROLE_DIM : ROLE_TEXT,
				line_text(buf, l, l->order.rows[i], k));
		graph = places[GRAPH].cols; /* under the graph of all locks, tick under tick */
		draw_graph(v, c, (struct rect){ line.row, right - graph, 1, graph }, l, l->order.rows[i]);
		snprintf(buf, sizeof buf, "%s%s", locks_seconds(number, &l->cells, wait), wait > 0 ? "/s" : "");
		canvas_right(c, g.now.row, g.now.col, g.now.cols, wait > 0 ? ROLE_NOW : ROLE_DIM, buf);
	}
}
