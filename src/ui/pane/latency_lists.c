/* Slowest events, system calls and threads of one kind of latency. */
#include "ui/pane/latency_lists.h"

#include "ui/header.h"
#include "ui/list.h"
#include "ui/text.h"
#include "ui/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_ROWS 4   /* rule line, heads, and two rows */
#define MOST_ROWS 10
#define LIST_COLS 55   /* so wide each can stand beside another */
#define PARTS_MAX 3

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

/* Of threads: "~" where only a part of the events is timed. */
static void put_estimate(const struct view *v, const struct cells *t, size_t row, enum value_form form, double value,
	char *buf, size_t size)
{
	metric_id id = store_find(v->store, cells_text(t, row, SPLIT_METRIC));
	struct point p = isfinite(value) ? point_of(value) : point_missing(POINT_GAP, NULL);
	char text[VALUE_SIZE];

	if (isfinite(value) && id != METRIC_NONE && store_value(v->store, id, view_last(v)).state == POINT_SCALED)
		p.state = POINT_SCALED;
	snprintf(buf, size, "%s", value_text(text, form, p));
}

static void put_events(const struct view *v, const struct cells *t, size_t row, char *buf, size_t size)
{
	put_estimate(v, t, row, FORM_COUNT, cells_number(t, row, SPLIT_EVENTS), buf, size);
}

static void put_share(const struct view *v, const struct cells *t, size_t row, char *buf, size_t size)
{
	put_estimate(v, t, row, FORM_PERCENT, cells_number(t, row, SPLIT_SECONDS), buf, size);
}

static void put_mean(const struct view *v, const struct cells *t, size_t row, char *buf, size_t size)
{
	double events = cells_number(t, row, SPLIT_EVENTS), mean = cells_number(t, row, SPLIT_SECONDS) / events;
	char text[FMT_SIZE];

	(void)v;
	snprintf(buf, size, "%s", value_number(text, FORM_SECONDS, events > 0 ? mean : (double)NAN));
}

static const struct list_column thread_columns[] = {
	{ .column = SPLIT_THREAD, .cols = 16, .most = 23 },
	{ .column = SPLIT_EVENTS, .cols = 8, .rank = 1, .head = "events/s", .text = put_events },
	{ .column = SPLIT_SECONDS, .cols = 6, .rank = 2, .head = "mean", .text = put_mean },
	{ .column = SPLIT_MAX, .cols = 6, .rank = 3 },
	{ .column = SPLIT_SECONDS, .cols = 7, .head = "of time", .text = put_share },
};

#define COLUMNS(list) .columns = list, .ncolumns = sizeof(list) / sizeof(list)[0]

/* A list that can be drawn: the rows of a table that belong to a metric, in their order. */
struct part {
	const char *title;
	const struct table_def *def;
	int by, match; /* columns: the largest number first; whose text is `word`, "" all */
	const char *word;
	const struct list_column *columns;
	size_t ncolumns;
	int rank; /* the highest goes first where there is no room */
	struct cells cells;
	size_t *order;
	size_t count;
};

/* Keeps the rows in whose text column its word stands. */
static void keep(struct part *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (!*p->word || strcmp(cells_text(&p->cells, p->order[i], p->match), p->word) == 0)
			p->order[kept++] = p->order[i];
	p->count = kept;
}

/* Adds the part, if it has rows. */
static size_t add_part(const struct view *v, struct part *parts, size_t n, struct part p)
{
	p.cells = cells_of(v, p.def);
	p.order = cells_sorted(&p.cells, p.by);
	p.count = p.cells.nrows;
	keep(&p);
	if (p.count)
		parts[n++] = p;
	else
		free(p.order);
	return n;
}

/* The lists that have rows; the caller frees with drop_parts(). */
static size_t find_parts(const struct view *v, const struct latency_kind *kind, const char *metric,
	struct part out[PARTS_MAX])
{
	bool called = kind && kind->ask;
	size_t n = add_part(v, out, 0, (struct part){ .title = "slowest of the last minute", .def = &table_slow,
		.by = SLOW_SECONDS, .match = SLOW_METRIC, .word = metric, .rank = 1, COLUMNS(slow_columns) });

	if (kind && kind->cause && called)
		n = add_part(v, out, n, (struct part){ .title = "system calls", .def = &table_syscalls, .by = SYSCALLS_TIME,
			.match = SYSCALLS_CAUSE, .word = kind->cause, COLUMNS(call_columns) });
	else if (kind && kind->cause)
		n = add_part(v, out, n, (struct part){ .title = "system calls that wait", .def = &table_syscalls,
			.by = SYSCALLS_WAIT, .match = SYSCALLS_CAUSE, .word = kind->cause, COLUMNS(wait_columns) });
	return add_part(v, out, n, (struct part){ .title = "by thread", .def = &table_latency_threads, .by = SPLIT_SECONDS,
		.match = SPLIT_METRIC, .word = metric, .rank = 2, COLUMNS(thread_columns) });
}

/* Leaves out what there is no room for, the least important first; returns how many are left. */
static size_t drop_parts(struct part *parts, size_t n, size_t most)
{
	for (; n > most; n--) {
		size_t least = 0;

		for (size_t i = 1; i < n; i++)
			least = parts[i].rank > parts[least].rank ? i : least;
		free(parts[least].order);
		memmove(parts + least, parts + least + 1, (n - least - 1) * sizeof *parts);
	}
	return n;
}

/* How they stand: some beside each other, and lines of these. */
struct arrangement {
	size_t beside, lines;
	int rows[PARTS_MAX]; /* of each line */
};

static int rows_of(const struct part *p)
{
	int need = (int)p->count + 2;

	return need > MOST_ROWS ? MOST_ROWS : need < LEAST_ROWS ? LEAST_ROWS : need;
}

/* Drops what has no room; each line gets its least, the first ones more. Returns how many are left. */
static size_t arrange(struct part *parts, size_t n, struct rect r, struct arrangement *a)
{
	int left;

	*a = (struct arrangement){ .beside = r.cols >= 2 * LIST_COLS ? (size_t)(r.cols / LIST_COLS) : 1 };
	n = drop_parts(parts, n, (size_t)(r.rows / LEAST_ROWS) * a->beside);
	a->lines = (n + a->beside - 1) / a->beside;
	left = r.rows - (int)a->lines * LEAST_ROWS;
	for (size_t line = 0; line < a->lines; line++) {
		int more = 0;

		for (size_t i = line * a->beside; i < n && i < (line + 1) * a->beside; i++)
			more = rows_of(&parts[i]) - LEAST_ROWS > more ? rows_of(&parts[i]) - LEAST_ROWS : more;
		more = more > left ? left : more;
		left -= more;
		a->rows[line] = LEAST_ROWS + more;
	}
	return n;
}

int latency_lists_rows(const struct view *v, const struct latency_kind *kind, const char *metric, struct rect room)
{
	struct part parts[PARTS_MAX] = { { .title = NULL } };
	struct arrangement a;
	int need = 0;

	if (room.rows < LEAST_ROWS)
		return 0;
	room.rows = room.rows / 2 > LEAST_ROWS ? room.rows / 2 : LEAST_ROWS;
	drop_parts(parts, arrange(parts, find_parts(v, kind, metric, parts), room, &a), 0);
	for (size_t line = 0; line < a.lines; line++)
		need += a.rows[line];
	return need;
}

static void draw_part(const struct view *v, struct canvas *c, struct rect r, const struct part *p)
{
	struct order order = { .rows = p->order, .count = p->count };
	char title[64];

	text_rule(c, v->glyphs, (struct rect){ r.row, r.col, 1, r.cols });
	snprintf(title, sizeof title, " %s ", p->title);
	canvas_write(c, r.row, r.col + 1, r.cols - 1, ROLE_TITLE, title);
	list_draw(v, c, (struct rect){ r.row + 1, r.col, r.rows - 1, r.cols }, &p->cells, &order, p->columns, p->ncolumns,
		-1);
}

void latency_lists_draw(const struct view *v, struct canvas *c, struct rect r, const struct latency_kind *kind,
	const char *metric)
{
	struct part parts[PARTS_MAX] = { { .title = NULL } };
	struct arrangement a;
	size_t n = r.rows ? arrange(parts, find_parts(v, kind, metric, parts), r, &a) : 0;
	int row = r.row;

	for (size_t i = 0; i < n; i++) {
		size_t line = i / a.beside, first = line * a.beside, here = n - first < a.beside ? n - first : a.beside;
		int from = r.cols * (int)(i - first) / (int)here, to = r.cols * (int)(i - first + 1) / (int)here;

		draw_part(v, c, (struct rect){ row, r.col + from, a.rows[line], to - from }, &parts[i]);
		row += i - first + 1 == here ? a.rows[line] : 0;
	}
	drop_parts(parts, n, 0);
}
