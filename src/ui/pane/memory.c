/* How much memory the target holds, how fast that changes, and where in the program it grows. */
#include "ui/pane/panes.h"

#include "ui/list.h"
#include "ui/text.h"

#include <stdio.h>
#include <stdlib.h>

#define GROWTH_LEAST 4 /* rows of the list: rule line, heads, and two sites */
#define GROWTH_MOST 12

static const struct row rows[] = {
	{ "RSS", "RSS", { "mem.rss_bytes" }, .rank = 0 },
	{ "anon", "anon", { "mem.rss_anon_bytes" }, .rank = 2 },
	{ "file", "file", { "mem.rss_file_bytes" }, .rank = 3 },
	{ "shared", "shr", { "mem.rss_shared_bytes" }, .rank = 5 },
	{ "swap", "swap", { "mem.swap_bytes" }, .rank = 4 },
	{ "faults ", "flt", { "mem.page_faults" }, .rank = 1, .flags = ROW_RATE },
	{ "major ", "maj", { "mem.faults_major" }, .rank = 4, .flags = ROW_RATE },
	{ "anon flt", "aflt", { "mem.faults_anon" }, .rank = 5, .flags = ROW_RATE },
	{ "file flt", "fflt", { "mem.faults_file" }, .rank = 6, .flags = ROW_RATE },
	{ "cow flt", "cow", { "mem.faults_write" }, .rank = 6, .flags = ROW_RATE },
	{ "virtual", "virt", { "mem.virtual_bytes" }, .rank = 6 },
};

static const char *const wants[] = { "mem.limit_bytes", "mem.rss_growth_bytes", NULL };

/* "limit 4.00G   +1.3M/min" */
static void about(const struct view *v, char *buf, size_t size)
{
	struct point limit = view_named(v, "mem.limit_bytes"), growth = view_named(v, "mem.rss_growth_bytes");
	char text[FMT_SIZE];
	int n = 0;

	buf[0] = '\0';
	if (point_has_value(limit))
		n = snprintf(buf, size, "limit %s", fmt_bytes(text, limit.value));
	if (point_has_value(growth))
		snprintf(buf + n, size - (size_t)n, "%s%s%s/min", n ? "   " : "", growth.value < 0 ? "" : "+",
			fmt_bytes(text, growth.value));
}

static const struct list_column growth_columns[] = {
	{ .column = GROWTH_BYTES, .cols = 6, .head = "B/s" },
	{ .column = GROWTH_FAULTS, .cols = 8, .rank = 2, .head = "faults/s" },
	{ .column = GROWTH_CAUSE, .cols = 5, .rank = 1 },
	{ .column = GROWTH_SITE, .cols = 20, .most = 40 },
	{ .column = GROWTH_CALLERS, .cols = 20, .rank = 3, .most = 200 },
};

/* Rule line and list of the places that make the target grow; their numbers are extrapolated from a sample. */
static void draw_growth(const struct view *v, struct canvas *c, struct rect r, const struct cells *t)
{
	struct order order = { .rows = cells_sorted(t, GROWTH_BYTES), .count = t->nrows };

	text_rule(c, v->glyphs, (struct rect){ r.row, r.col, 1, r.cols });
	canvas_write(c, r.row, r.col + 1, r.cols - 1, ROLE_TITLE, " growth, by place ");
	text_in_rule(c, (struct rect){ r.row, r.col + 19, 1, r.cols - 20 }, t->table->note);
	list_draw(v, c, (struct rect){ r.row + 1, r.col, r.rows - 1, r.cols }, t, &order, growth_columns,
		sizeof growth_columns / sizeof growth_columns[0], -1);
	order_drop(&order);
}

static bool draw(const struct view *v, struct canvas *c, struct rect r)
{
	struct cells t = cells_of(v, &table_growth);
	int list = (int)t.nrows + 2;

	list = list > GROWTH_MOST ? GROWTH_MOST : list < GROWTH_LEAST ? GROWTH_LEAST : list;
	if (list > r.rows / 2)
		list = r.rows / 2;
	if (!v->zoomed || !t.nrows || list < GROWTH_LEAST)
		return false;
	pane_draw_lines(&pane_memory, v, c, (struct rect){ r.row, r.col, r.rows - list, r.cols });
	draw_growth(v, c, (struct rect){ r.row + r.rows - list, r.col, list, r.cols }, &t);
	return true;
}

const struct pane_ops pane_memory = {
	.name = "memory",
	.title = "Memory",
	.help = "Resident memory and its parts, swap and page faults, from the kernel's counters. The rule line has the "
		"cgroup's limit and the growth of RSS a minute: steady growth under steady load is a leak. Faults by cause: new "
		"memory (anon), files that are mapped (file), pages copied when they are first written to (cow). Zoomed: the "
		"places in the program that make it grow, from one fault in 64 or fewer.",
	.rows = rows,
	.nrows = sizeof rows / sizeof rows[0],
	.wants = wants,
	.weight = 1,
	.about = about,
	.draw = draw,
};
