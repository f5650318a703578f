/*
 * What threads wait for. With a probe of the scheduler: each lock with its waiters, its owner and where both stand, and
 * who waits for whom. Without one, what the kernel's own counters tell: switches and time in the run queue.
 */
#include "ui/pane/locks.h"

#include "base/alloc.h"
#include "ui/blocks.h"
#include "ui/list.h"
#include "ui/map.h"
#include "ui/pane/panes.h"
#include "ui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_OF_LOCKS 4 /* most locks of the pane when it is not zoomed */
#define HEAT_FROM_COLS 60
#define HEAT_LEAST_ROWS 6
#define HEAT_GOOD_ROWS 13

static const struct row rows[] = {
	{ "all locks", "lock", { "lock.wait_seconds" }, .rank = 0 },
	{ "vol ", "vol", { "cpu.switches_voluntary" }, .rank = 0, .flags = ROW_RATE },
	{ "invol ", "inv", { "cpu.switches_involuntary" }, .rank = 1, .flags = ROW_RATE },
	{ "runq delay", "runq", { "cpu.runqueue_seconds" }, .rank = 1 },
	{ "runq share", "rq%", { "cpu.runqueue_ratio" }, .rank = 2, .flags = ROW_PERCENT },
	{ "runq avg", "avg", { "cpu.runqueue_wait_seconds" }, .rank = 2 },
	{ "I/O delay", "io", { "cpu.io_delay_seconds" }, .rank = 3 },
	{ "kern locks", "kern", { "lock.kernel_wait_seconds" }, .rank = 3 },
	{ "throttled", "thr", { "cpu.throttled_seconds" }, .rank = 4 },
	{ "cpu psi", "cpsi", { "cpu.pressure_some_seconds" }, .rank = 5, .flags = ROW_PERCENT },
	{ "io psi", "ipsi", { "io.pressure_some_seconds" }, .rank = 5, .flags = ROW_PERCENT },
	{ "mem psi", "mpsi", { "mem.pressure_some_seconds" }, .rank = 5, .flags = ROW_PERCENT },
};

static const char *const wants[] = { "lock.waits", "lock.kernel_waits", "lat.offcpu_lock_seconds", NULL };

/* With a probe the locks are what is looked at first; without one why there are none is told where there is room. */
static size_t lines(const struct pane_ops *self, const struct view *v, struct line *out, size_t max)
{
	size_t n = rows_lines(v, self->rows, self->nrows, out, max);
	metric_id wait = store_find(v->store, "lock.wait_seconds");
	bool probed = point_has_value(view_named(v, "lock.wait_seconds"));

	for (size_t i = 0; i < n; i++) {
		bool locks = out[i].what.id == wait;

		if (locks && !probed && out[i].rank < RANK_MISSING)
			out[i].rank += RANK_MISSING;
		else if (!locks && probed)
			out[i].rank += 1;
	}
	return n;
}

/* "1.03 of 6 thread-seconds waited a second   6.03k waits/s   5 locks" */
static void about(const struct view *v, char *buf, size_t size)
{
	struct point wait = view_named(v, "lock.wait_seconds");
	struct locks l;
	char number[VALUE_SIZE], of[32] = "";
	const char *note;
	size_t n;

	if (!point_has_value(wait)) {
		snprintf(buf, size, "switches, thread-seconds in the run queue a second");
		return;
	}
	l = locks_of(v);
	note = l.cells.table ? l.cells.table->note : "";
	if (l.threads > 0)
		snprintf(of, sizeof of, "of %.0f ", l.threads);
	n = (size_t)snprintf(buf, size, "%s%s%s %sthread-seconds waited a second", note, note[0] ? "   " : "",
		value_text(number, FORM_SPENT, wait), of);
	if (v->zoomed && n < size)
		snprintf(buf + n, size - n, "   %s waits/s   %zu lock%s",
			value_text(number, FORM_COUNT, view_named(v, "lock.waits")), l.contended, l.contended == 1 ? "" : "s");
	locks_drop(&l);
}

/* ---- zoomed ---- */

enum part { LIST, WORK, SITES, HEAT, PAIRS, KERNEL, PARTS };

static const struct list_column kernel_columns[] = {
	{ .column = KLOCKS_LOCK, .cols = 20, .rank = 0 },
	{ .column = KLOCKS_KIND, .cols = 7, .rank = 3 },
	{ .column = KLOCKS_WAIT, .cols = 8, .rank = 0, .head = "wait/s" },
	{ .column = KLOCKS_WAITS, .cols = 8, .rank = 4, .head = "waits/s" },
	{ .column = KLOCKS_MAX, .cols = 7, .rank = 2 },
	{ .column = KLOCKS_SITE, .cols = 16, .rank = 1, .most = 200 },
};

/* The histogram of single waits, of all locks together; METRIC_NONE: nobody measures it. */
static metric_id single_waits(const struct view *v)
{
	metric_id id = store_find(v->store, "lat.offcpu_lock_seconds");
	struct point p = view_named(v, "lat.offcpu_lock_seconds");

	return p.state == POINT_DENIED || p.state == POINT_ABSENT ? METRIC_NONE : id;
}

static int at_most(size_t count, int most)
{
	return count < (size_t)most ? (int)count : most;
}

/* What stands in a zoomed pane, each part with the rule line or the heads above it. */
static void share_rows(const struct view *v, const struct locks *l, struct block b[PARTS], struct rect r)
{
	size_t work = l->order.count - l->contended, kernel = cells_of(v, &table_kernel_locks).nrows;
	bool in_work = (size_t)v->selected >= l->contended, heat = r.cols >= HEAT_FROM_COLS && single_waits(v) != METRIC_NONE;
	int pairs = locks_count_pairs(v), locks = l->contended ? at_most(l->contended, r.rows / 2) : 1;

	b[LIST] = (struct block){ 1 + (locks < 4 ? locks : 4), 1 + locks, 0, 0 };
	b[SITES] = (struct block){ .rank = 2 };
	if (l->order.count) {
		struct locks_sites sites = locks_count_sites(v, l, l->order.rows[v->selected]);

		b[SITES].least = locks_sites_rows(sites, r.cols, 3);
		b[SITES].good = locks_sites_rows(sites, r.cols, r.rows);
	}
	b[PAIRS] = (struct block){ 2 + (pairs < 3 ? pairs : 3), pairs ? 2 + pairs : 0, 3, 0 };
	b[HEAT] = (struct block){ HEAT_LEAST_ROWS, heat ? HEAT_GOOD_ROWS : 0, 4, 0 };
	b[WORK] = (struct block){ 1 + at_most(work, 2), work ? 1 + (int)work : 0, in_work ? 1 : 5, 0 };
	b[KERNEL] = (struct block){ 2 + at_most(kernel, 2), kernel ? 2 + (int)kernel : 0, 6, 0 };
	blocks_share(b, PARTS, r.rows);
}

static void draw_rule(const struct view *v, struct canvas *c, struct rect r, const char *title)
{
	text_rule(c, v->glyphs, (struct rect){ r.row, r.col, 1, r.cols });
	canvas_write(c, r.row, r.col + 1, r.cols - 2, ROLE_TITLE, title);
}

static void draw_contended(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	locks_draw_list(v, c, r, l, 0, l->contended, true);
	if (!l->contended && r.rows > 1)
		canvas_write(c, r.row + 1, r.col + 1, r.cols - 2, ROLE_DIM,
			l->order.hidden ? "no lock passes the filter" : "no thread has waited for a lock");
}

/* Condition variables, joins and queues: nobody is in the way of these threads, so they stand apart. */
static void draw_work(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	draw_rule(v, c, r, " waiting for work, not contention ");
	locks_draw_list(v, c, (struct rect){ r.row + 1, r.col, r.rows - 1, r.cols }, l, l->contended,
		l->order.count - l->contended, false);
}

static void draw_sites(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	locks_draw_sites(v, c, r, l, l->order.rows[v->selected]);
}

static void draw_heat(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	(void)l;
	map_draw_wide(v, c, r, single_waits(v), " single waits, all locks ");
}

static void draw_pairs(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	(void)l;
	locks_draw_pairs(v, c, r);
}

static void draw_kernel(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	struct cells t = cells_of(v, &table_kernel_locks);
	struct order order = { .rows = cells_sorted(&t, KLOCKS_WAIT), .count = t.nrows };
	char said[2 * VALUE_SIZE + 32], number[2][VALUE_SIZE];

	(void)l;
	draw_rule(v, c, r, " locks of the kernel ");
	snprintf(said, sizeof said, "%s waited a second   %s waits/s",
		value_text(number[0], FORM_SPENT, view_named(v, "lock.kernel_wait_seconds")),
		value_text(number[1], FORM_COUNT, view_named(v, "lock.kernel_waits")));
	text_in_rule(c, (struct rect){ r.row, r.col + 24, 1, r.cols - 25 }, said);
	list_draw(v, c, (struct rect){ r.row + 1, r.col, r.rows - 1, r.cols }, &t, &order, kernel_columns,
		sizeof kernel_columns / sizeof kernel_columns[0], -1);
	order_drop(&order);
}

static void draw_zoomed(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	static void (*const draw_part[PARTS])(const struct view *, struct canvas *, struct rect, const struct locks *) = {
		[LIST] = draw_contended, [WORK] = draw_work, [SITES] = draw_sites, [HEAT] = draw_heat,
		[PAIRS] = draw_pairs, [KERNEL] = draw_kernel,
	};
	struct block b[PARTS];
	int row = r.row;

	share_rows(v, l, b, r);
	for (int i = 0; i < PARTS; row += b[i++].rows)
		if (b[i].rows)
			draw_part[i](v, c, (struct rect){ row, r.col, b[i].rows, r.cols }, l);
}

/* ---- not zoomed ---- */

/* The graph of all locks, then the worst of them, then the other rows. */
static void draw_small(const struct view *v, struct canvas *c, struct rect r, const struct locks *l)
{
	struct line list[LINES_MAX];
	size_t n = lines(&pane_locks, v, list, LINES_MAX);
	int row = r.row, shown = at_most(l->contended, r.rows <= LINES_OF_LOCKS ? r.rows - 1 : LINES_OF_LOCKS);

	n = rows_choose(list, n, (size_t)(r.rows - shown));
	rows_draw(v, c, (struct rect){ row++, r.col, 1, r.cols }, list, 1, 1, -1);
	locks_draw_lines(v, c, (struct rect){ row, r.col, shown, r.cols }, l, (size_t)shown);
	row += shown;
	rows_draw(v, c, (struct rect){ row, r.col, r.row + r.rows - row, r.cols }, list + 1, n - 1, 1, -1);
}

static bool probed(const struct view *v)
{
	return view_table(v, table_locks.name) && point_has_value(view_named(v, "lock.wait_seconds"));
}

static bool listed(const struct view *v)
{
	return v->zoomed && probed(v);
}

static bool draw(const struct view *v, struct canvas *c, struct rect r)
{
	struct view seen = *v;
	struct locks l;

	if (!probed(v) || r.rows < 1 || (!v->zoomed && !v->rules))
		return false;
	l = locks_of(v);
	if (seen.selected >= (int)l.order.count)
		seen.selected = (int)l.order.count - 1;
	if (seen.selected < 0)
		seen.selected = 0;
	if (v->zoomed)
		draw_zoomed(&seen, c, r, &l);
	else
		draw_small(&seen, c, r, &l);
	locks_drop(&l);
	return true;
}

static void wish(const struct view *v, struct rect body, struct layout_wish *w)
{
	struct locks l;

	(void)body;
	if (!probed(v))
		return;
	l = locks_of(v);
	w->good_rows += at_most(l.contended, LINES_OF_LOCKS);
	locks_drop(&l);
}

static const struct order_rules *order(const struct view *v)
{
	return probed(v) ? &locks_order : NULL;
}

const struct pane_ops pane_locks = {
	.name = "locks",
	.title = "Locks",
	.help = "How long threads were blocked on locks, in seconds a second: 1 is one thread that always waits. Waits that "
		"end by spinning are not seen, nor how often a lock is taken without a wait, nor how long it is held. "
		"Zoomed: thr% is the share of all threads' time, runq how long those that were woken then waited for a CPU, "
		"p50 p99 max of the last 10 to 20 s, held by the owner that the lock itself names, with ~ whoever woke the "
		"last waiter, a guess. Below, for the selected lock: where its waiters stood and where it was let go, in % "
		"of the stacks taken so far; who waited for whom; the kernel's own locks. Condition variables, joins and "
		"queues are threads without work, not contention, and stand apart. Without the probe, but with the rights "
		"of the program's user: estimates (~), from looking at each thread 20 to 100 times a second, less often "
		"where there are very many; held by: the owner when it was looked at last, and where it stood then. Without "
		"both: voluntary context switches are waits of any kind, involuntary ones a CPU taken away; the run queue "
		"delay is how many threads at a time wanted to run and had no CPU.",
	.rows = rows,
	.nrows = sizeof rows / sizeof rows[0],
	.wants = wants,
	.weight = 2,
	.lines = lines,
	.about = about,
	.wish = wish,
	.listed = listed,
	.draw = draw,
	.order = order,
};
