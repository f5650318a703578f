/* Slowest events and system calls of one kind of latency. */
#include "ui/pane/latency_lists.h"

#include "ui/header.h"
#include "ui/list.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_ROWS 4   /* rule line, heads, and two rows */
#define MOST_ROWS 10
#define BESIDE_COLS 110 /* from here on two lists stand side by side */

/* "14:31:02.118" */
static void put_when(const struct view *v, const struct cells *t, size_t row, char *buf, size_t size)
{
	double wall = cells_number(t, row, SLOW_WALL);
	nsec_t ms = wall > 0 && wall < 1e10 ? (nsec_t)(wall * 1e3) : 0;
	char clock[16];

	header_clock(clock, sizeof clock, ms * NSEC_PER_MSEC, v->utc);
	if (ms)
		snprintf(buf, size, "%s.%03u", clock, (unsigned)(ms % 1000));
	else
		snprintf(buf, size, "-");
}

static const struct list_column slow_columns[] = {
	{ .column = SLOW_WALL, .cols = 12, .rank = 2, .text = put_when },
	{ .column = SLOW_SECONDS, .cols = 6 },
	{ .column = SLOW_THREAD, .cols = 16, .rank = 1, .most = 23 },
	{ .column = SLOW_WAITED, .cols = 12, .most = 200 },
};

static const struct list_column wait_columns[] = {
	{ .column = SYSCALLS_NAME, .cols = 12, .most = 24 },
	{ .column = SYSCALLS_CAUSE, .cols = 6, .rank = 3 },
	{ .column = SYSCALLS_WAITS, .cols = 7, .rank = 1, .head = "waits/s" },
	{ .column = SYSCALLS_WAIT, .cols = 7, .head = "blocked" },
	{ .column = SYSCALLS_MAX, .cols = 6, .rank = 2 },
};

static const struct list_column call_columns[] = {
	{ .column = SYSCALLS_NAME, .cols = 12, .most = 24 },
	{ .column = SYSCALLS_CALLS, .cols = 7, .rank = 1, .head = "calls/s" },
	{ .column = SYSCALLS_ERRORS, .cols = 8, .rank = 3, .head = "errors/s" },
	{ .column = SYSCALLS_TIME, .cols = 6 },
	{ .column = SYSCALLS_WAIT, .cols = 7, .rank = 4, .head = "blocked" },
	{ .column = SYSCALLS_MAX, .cols = 6, .rank = 2 },
};

#define COLUMNS(list) list, sizeof(list) / sizeof(list)[0]

/* A list that can be drawn: the rows of a table that belong to a metric, in their order. */
struct part {
	const char *title;
	const struct list_column *columns;
	size_t ncolumns;
	struct cells cells;
	size_t *order; /* freed by who asked */
	size_t count;
};

/* Keeps the rows in whose text column `word` stands; "" keeps all. */
static void keep(struct part *p, int column, const char *word)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (!*word || strcmp(cells_text(&p->cells, p->order[i], column), word) == 0)
			p->order[kept++] = p->order[i];
	p->count = kept;
}

static struct part part_of(const struct view *v, const struct table_def *def, int by, const char *title,
	const struct list_column *columns, size_t ncolumns)
{
	struct part p = { .title = title, .columns = columns, .ncolumns = ncolumns, .cells = cells_of(v, def) };

	p.order = cells_sorted(&p.cells, by);
	p.count = p.cells.nrows;
	return p;
}

/* The lists that have rows, at most two; the caller frees with drop_parts(). */
static size_t find_parts(const struct view *v, const struct latency_kind *kind, const char *metric, struct part out[2])
{
	bool called = kind && kind->ask;
	size_t n = 0;

	out[n] = part_of(v, &table_slow, SLOW_SECONDS, "slowest of the last minute", COLUMNS(slow_columns));
	keep(&out[n], SLOW_METRIC, metric);
	if (out[n].count)
		n++;
	else
		free(out[n].order);
	if (!kind || !kind->cause)
		return n;
	if (called)
		out[n] = part_of(v, &table_syscalls, SYSCALLS_TIME, "system calls", COLUMNS(call_columns));
	else
		out[n] = part_of(v, &table_syscalls, SYSCALLS_WAIT, "system calls that wait", COLUMNS(wait_columns));
	keep(&out[n], SYSCALLS_CAUSE, kind->cause);
	if (out[n].count)
		n++;
	else
		free(out[n].order);
	return n;
}

static void drop_parts(struct part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(parts[i].order);
}

static int rows_of(const struct part *p)
{
	int need = (int)p->count + 2;

	return need > MOST_ROWS ? MOST_ROWS : need < LEAST_ROWS ? LEAST_ROWS : need;
}

int latency_lists_rows(const struct view *v, const struct latency_kind *kind, const char *metric, struct rect room)
{
	struct part parts[2];
	size_t n = find_parts(v, kind, metric, parts);
	int need = n ? rows_of(&parts[0]) : 0, other = n == 2 ? rows_of(&parts[1]) : 0;

	drop_parts(parts, n);
	if (room.cols < BESIDE_COLS)
		need += other;
	else if (other > need)
		need = other;
	if (room.rows < LEAST_ROWS)
		return 0;
	if (need > room.rows / 2)
		need = room.rows / 2 > LEAST_ROWS ? room.rows / 2 : LEAST_ROWS;
	return n ? need : 0;
}

static void draw_part(const struct view *v, struct canvas *c, struct rect r, const struct part *p)
{
	char title[64];

	text_rule(c, v->glyphs, (struct rect){ r.row, r.col, 1, r.cols });
	snprintf(title, sizeof title, " %s ", p->title);
	canvas_write(c, r.row, r.col + 1, r.cols - 1, ROLE_TITLE, title);
	list_draw(v, c, (struct rect){ r.row + 1, r.col, r.rows - 1, r.cols }, &p->cells, p->order, p->count, p->columns,
		p->ncolumns, -1);
}

void latency_lists_draw(const struct view *v, struct canvas *c, struct rect r, const struct latency_kind *kind,
	const char *metric)
{
	struct part parts[2];
	size_t n = r.rows ? find_parts(v, kind, metric, parts) : 0;
	struct rect first = r, second = r;

	if (n == 2 && r.cols >= BESIDE_COLS) {
		first.cols = r.cols / 2;
		second.col += first.cols;
		second.cols -= first.cols;
	} else if (n == 2) {
		first.rows = r.rows >= 2 * LEAST_ROWS ? r.rows / 2 : 0;
		second.row += first.rows;
		second.rows -= first.rows;
	}
	if (n && first.rows)
		draw_part(v, c, first, &parts[0]);
	if (n == 2)
		draw_part(v, c, second, &parts[1]);
	drop_parts(parts, n);
}
