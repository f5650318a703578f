/* Heat map, distribution and their axes. */
#include "ui/map.h"

#include "model/derive.h"
#include "ui/header.h"
#include "ui/heat.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RECENT (30 * NSEC_PER_SEC) /* of the distribution */
#define AXIS_STEP 15               /* columns between times on the axis */
#define WIDE_LABEL_COLS 7
#define SMALLEST_TIME_COLS 10      /* room that a time on the axis takes */

static bool in_seconds(const struct view *v, metric_id id)
{
	return store_metric(v->store, id)->unit == UNIT_SECONDS;
}

/* All events of the columns that are shown. */
static void visible(const struct view *v, metric_id id, int cols, struct hist *out)
{
	struct span newest = view_column(v, 0), oldest = view_column(v, cols - 1);

	if (oldest.to == 0)
		oldest.from = 0;
	if (!store_hist(v->store, id, (struct span){ oldest.from, newest.to }, out))
		memset(out, 0, sizeof *out);
}

int map_about(const struct view *v, metric_id id, int cols, char *buf, size_t size)
{
	static const char *const shown[] = { "p50", "p99", "max" };
	nsec_t span = (nsec_t)cols * v->column, past = v->now - store_first(v->store);
	char text[FMT_SIZE];
	struct hist all;
	int n;

	buf[0] = '\0';
	visible(v, id, cols, &all);
	if (!hist_count(&all))
		return 0;
	n = snprintf(buf, size, "in %s", fmt_seconds(text, nsec_to_seconds(past < span ? past : span)));
	for (size_t i = 0; i < sizeof shown / sizeof shown[0] && (size_t)n < size; i++) {
		const struct histogram_figure *f = histogram_figure_find(shown[i]);
		double value = histogram_figure_value(f, &all);

		if (!isnan(value))
			n += snprintf(buf + n, size - (size_t)n, " %s %s", f->label,
				in_seconds(v, id) ? fmt_seconds(text, value / 1e9) : fmt_count(text, value));
	}
	return n;
}

/* Heat map over r, its labels right-aligned in the columns before it. */
static void draw_heat(const struct view *v, struct canvas *c, struct rect r, metric_id id, const struct heat_axis *a,
	int label_cols)
{
	char label[FMT_SIZE];
	struct hist h;

	for (int i = 0; i < a->rows; i++)
		canvas_right(c, r.row + r.rows - 1 - i, r.col - 1 - label_cols, label_cols, ROLE_DIM,
			heat_label(label, sizeof label, a, i, in_seconds(v, id)));
	for (int back = 0; back < r.cols; back++) {
		struct span span = view_column(v, back);

		if (span.to && store_hist(v->store, id, span, &h))
			heat_draw(c, r, r.col + r.cols - 1 - back, v->glyphs, a, &h);
	}
}

void map_draw(const struct view *v, struct canvas *c, struct rect r, metric_id id)
{
	struct heat_axis axis;
	struct hist all;

	visible(v, id, r.cols, &all);
	heat_axis(&axis, &all, r.rows);
	r.rows = axis.rows;
	draw_heat(v, c, r, id, &axis, MAP_LABEL_COLS);
}

/* How much of a span the metric was measured in: what is measured on request has but a part of it. */
static double measured_seconds(const struct view *v, metric_id id, struct span span)
{
	nsec_t tick = store_tick_at(v->store, span.to), measured = 0;

	while (tick > span.from) {
		nsec_t before = store_tick_before(v->store, tick);

		if (before && point_has_value(store_value(v->store, id, (struct span){ before, tick })))
			measured += tick - before;
		tick = before;
	}
	return nsec_to_seconds(measured);
}

/* A bar a row of the heat map, on a logarithmic scale. */
static void draw_distribution(const struct view *v, struct canvas *c, struct rect r, metric_id id,
	const struct heat_axis *a)
{
	uint64_t count[HEAT_ROWS_MAX], most = 0;
	struct span span = { v->now > RECENT ? v->now - RECENT : 0, v->now };
	double seconds = measured_seconds(v, id, span);
	struct hist h;
	char text[FMT_SIZE];

	if (seconds <= 0 || !store_hist(v->store, id, span, &h))
		return;
	heat_count(a, &h, count);
	for (int i = 0; i < a->rows; i++)
		most = count[i] > most ? count[i] : most;
	for (int i = 0; i < a->rows; i++) {
		int row = r.row + r.rows - 1 - i;
		double share = log((double)count[i] + 1) / log((double)most + 1);

		if (!count[i])
			continue;
		canvas_fill(c, (struct rect){ row, r.col, 1, 1 + (int)(share * (r.cols - 9)) }, ROLE_GRAPH,
			v->glyphs->bars[THEME_BARS - 1]);
		canvas_right(c, row, r.col + r.cols - 7, 6, ROLE_NOW, fmt_count(text, (double)count[i] / seconds));
	}
}

/* Times below the heat map, every AXIS_STEP columns. */
static void draw_times(const struct view *v, struct canvas *c, struct rect r)
{
	char text[16];

	for (int back = r.cols - 1; back >= SMALLEST_TIME_COLS; back -= AXIS_STEP) {
		struct span span = view_column(v, back);

		if (!span.to || span.to < store_first(v->store))
			continue;
		canvas_put(c, r.row, r.col + r.cols - 1 - back, ROLE_DIM, v->glyphs->rule < 0x80 ? '|' : 0x2514);
		canvas_write(c, r.row, r.col + r.cols - back, -1, ROLE_DIM,
			header_clock(text, sizeof text, store_wall(v->store, span.to), v->utc));
	}
}

/* "over time, 5s/col 6m   in 6m0s p50 ..." and what the distribution is of, over their halves. */
static void draw_rule(const struct view *v, struct canvas *c, struct rect r, metric_id id, struct rect heat,
	const char *title)
{
	char about[160], span[FMT_SIZE * 2 + 8];
	int right = heat.col + heat.cols, left = r.col + canvas_width(title) + (*title ? 2 : 0), used;

	text_rule(c, v->glyphs, r);
	canvas_write(c, r.row, r.col + 1, right - r.col, ROLE_TITLE, title);
	text_span(span, sizeof span, v->column, heat.cols);
	used = snprintf(about, sizeof about, "over time, %s   ", span);
	if (!map_about(v, id, heat.cols, about + used, sizeof about - (size_t)used) || canvas_width(about) + 4 > right - left)
		about[used - 3] = '\0';
	if (canvas_width(about) + 4 > right - left)
		snprintf(about, sizeof about, "%s", span);
	text_in_rule(c, (struct rect){ r.row, left, 1, right - left }, about);
	text_in_rule(c, (struct rect){ r.row, right, 1, r.col + r.cols - right - 1 }, "last 30s, count/s, log");
}

void map_draw_wide(const struct view *v, struct canvas *c, struct rect r, metric_id id, const char *title)
{
	int side = r.cols * 3 / 10, below = r.row + r.rows - 1;
	struct rect heat = { r.row + 1, r.col + WIDE_LABEL_COLS + 2, r.rows - 2, r.cols - WIDE_LABEL_COLS - side - 5 };
	struct heat_axis axis;
	struct hist all;

	draw_rule(v, c, (struct rect){ r.row, r.col, 1, r.cols }, id, heat, title);
	visible(v, id, heat.cols, &all);
	heat_axis(&axis, &all, heat.rows);
	heat.row += heat.rows - axis.rows;
	heat.rows = axis.rows;
	draw_heat(v, c, heat, id, &axis, WIDE_LABEL_COLS);
	draw_distribution(v, c, (struct rect){ heat.row, heat.col + heat.cols + 2, heat.rows, side }, id, &axis);
	draw_times(v, c, (struct rect){ below, heat.col, 1, heat.cols });
}
