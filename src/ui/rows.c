/* Rows on the common grid. Knows metrics by the names in the rows only. */
#include "ui/rows.h"

#include "ui/graph.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABEL_COLS 10
#define BRIEF_COLS 4
#define NOW_COLS 8
#define EDGE_COLS 7        /* min, max */
#define GAP_COLS 9         /* between graph and now: the labels of percentiles stand there */
#define NARROW_COLS 60     /* below this: brief labels */
#define GRAPH_FROM_COLS 24 /* below this: no graph */
#define LABEL_FROM_COLS 12 /* below this: the value alone */
#define EDGES_FROM_COLS 100

struct grid rows_grid(struct rect r, bool rules)
{
	bool narrow = r.cols < NARROW_COLS, edges = r.cols >= EDGES_FROM_COLS;
	int right = r.col + r.cols - 1, gap = narrow || !rules ? 1 : GAP_COLS;
	struct grid g = { .label = { r.row, r.col + 1, 1, narrow ? BRIEF_COLS : LABEL_COLS } };
	int left = g.label.col + g.label.cols + 1;

	if (edges) {
		g.max = (struct rect){ r.row, right - EDGE_COLS, 1, EDGE_COLS };
		g.min = (struct rect){ r.row, right - 2 * EDGE_COLS, 1, EDGE_COLS };
		right -= 2 * EDGE_COLS;
	}
	g.now = (struct rect){ r.row, right - NOW_COLS, 1, NOW_COLS };
	if (r.cols < LABEL_FROM_COLS) {
		g.label.cols = 0;
		g.now = (struct rect){ r.row, r.col, 1, r.cols };
	} else if (g.now.col < left)
		g.now = (struct rect){ r.row, left, 1, r.col + r.cols - left };
	if (r.cols >= GRAPH_FROM_COLS)
		g.graph = (struct rect){ r.row, left, 1, g.now.col - gap - left };
	if (g.graph.cols > HISTORY_COLUMNS)
		g.graph = (struct rect){ r.row, g.now.col - gap - HISTORY_COLUMNS, 1, HISTORY_COLUMNS };
	return g;
}

static bool missing(struct point p)
{
	return p.state == POINT_DENIED || p.state == POINT_ABSENT;
}

struct line rows_line(const struct view *v, metric_id id, const char *label, int rank, unsigned flags)
{
	struct line line = { .label = label, .brief = label, .suffix = "", .what = measure_of(id), .rank = rank };

	if (flags & ROW_RATE) {
		line.suffix = view_suffix(v);
		line.what.divisor = view_divisor(v, &line.what.factor);
		if (line.what.divisor == id) { /* one operation an operation says nothing */
			line.suffix = "/s";
			line.what = measure_of(id);
		}
	}
	line.form = value_form(store_metric(v->store, id), flags & ROW_PERCENT, line.what.divisor != METRIC_NONE);
	line.now = view_now(v, &line.what);
	if (missing(line.now) && rank)
		line.rank += RANK_MISSING;
	return line;
}

/* Per second a row may show a ratio of its own; per operation it shows what the ratio is made of, divided. */
static struct line row_line(const struct view *v, const struct row *row, metric_id id)
{
	metric_id counted = view_prefer(v, row->counted);
	struct line line;

	if (v->units != UNITS_OPERATION || counted == METRIC_NONE)
		line = rows_line(v, id, row->label, row->rank, row->flags);
	else
		line = rows_line(v, counted, row->label, row->rank, row->flags | ROW_RATE);
	if (!(row->flags & ROW_RATE))
		line.suffix = "";
	line.brief = row->brief;
	return line;
}

size_t rows_lines(const struct view *v, const struct row *rows, size_t count, struct line *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < max; i++) {
		metric_id id = view_prefer(v, rows[i].metrics);

		if (id != METRIC_NONE)
			out[n++] = row_line(v, &rows[i], id);
	}
	return n;
}

/* Takes away the last of the lines with the highest rank. */
static size_t drop_one(struct line *lines, size_t count)
{
	size_t worst = 0;

	for (size_t i = 1; i < count; i++)
		if (lines[i].rank >= lines[worst].rank)
			worst = i;
	memmove(lines + worst, lines + worst + 1, (count - worst - 1) * sizeof *lines);
	return count - 1;
}

size_t rows_choose(struct line *lines, size_t count, size_t room)
{
	while (count > room)
		count = drop_one(lines, count);
	return count;
}

/* In the place of a graph: the mark and why. */
static void draw_reason(struct canvas *c, struct rect r, const struct line *line)
{
	char why[128], mark[VALUE_SIZE];
	int used = canvas_write(c, r.row, r.col + 1, r.cols - 1, value_role(line->now),
		value_text(mark, line->form, line->now));

	value_reason(why, sizeof why, line->now.why, 6);
	canvas_write(c, r.row, r.col + used + 4, r.cols - used - 4, ROLE_DIM, why);
}

static void draw_edges(const struct view *v, struct canvas *c, const struct grid *g, const struct line *line)
{
	char text[VALUE_SIZE];
	struct extent e;

	if (!g->min.cols || missing(line->now) || !view_extent(v, &line->what, g->graph.cols, &e))
		return;
	canvas_right(c, g->min.row, g->min.col, g->min.cols, ROLE_DIM, value_number(text, line->form, e.min));
	canvas_right(c, g->max.row, g->max.col, g->max.cols, ROLE_DIM, value_number(text, line->form, e.max));
}

static void draw_now(const struct view *v, struct canvas *c, struct rect r, const struct line *line)
{
	char text[VALUE_SIZE + 2], age[FMT_SIZE];

	if (v->stale && point_has_value(line->now))
		snprintf(text, sizeof text, "(%s)", text_duration(age, v->stale));
	else
		value_text(text, line->form, line->now);
	/* Half a number would be another number. */
	if (canvas_width(text) > r.cols)
		canvas_fill(c, r, value_role(line->now), '#');
	else
		canvas_right(c, r.row, r.col, r.cols, value_role(line->now), text);
}

void rows_values(const struct view *v, struct canvas *c, const struct grid *g, const struct line *line)
{
	draw_now(v, c, g->now, line);
	draw_edges(v, c, g, line);
}

/* Where both do not fit, the label is cut and not its unit. */
static void draw_label(struct canvas *c, struct rect r, const struct line *line)
{
	int suffix = canvas_width(line->suffix), used;

	if (r.cols <= BRIEF_COLS) {
		canvas_write(c, r.row, r.col, r.cols, ROLE_DIM, line->brief);
		return;
	}
	used = canvas_write(c, r.row, r.col, r.cols - suffix, ROLE_DIM, line->label);
	canvas_write(c, r.row, r.col + used, suffix, ROLE_DIM, line->suffix);
}

static void draw_line(const struct view *v, struct canvas *c, struct rect r, const struct line *line, int height)
{
	struct grid g = rows_grid(r, v->rules);
	struct point columns[HISTORY_COLUMNS];

	draw_label(c, g.label, line);
	rows_values(v, c, &g, line);
	if (g.graph.cols < 1)
		return;
	if (missing(line->now)) {
		draw_reason(c, g.graph, line);
		return;
	}
	view_columns(v, &line->what, columns, g.graph.cols);
	g.graph.rows = height;
	graph_draw(c, g.graph, v->glyphs, columns, g.graph.cols);
}

void rows_draw(const struct view *v, struct canvas *c, struct rect r, const struct line *lines, size_t count, int height,
	int selected)
{
	for (size_t i = 0; i < count && (int)(i + 1) * height <= r.rows; i++) {
		struct rect place = { r.row + (int)i * height, r.col, height, r.cols };

		draw_line(v, c, place, &lines[i], height);
		if ((int)i == selected)
			canvas_select(c, place.row, r.col);
	}
}

const char *rows_brief(char *buf, size_t size, const struct line *line)
{
	char text[VALUE_SIZE];

	snprintf(buf, size, "%s %s", line->brief, value_text(text, line->form, line->now));
	return buf;
}
