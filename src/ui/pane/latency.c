/*
 * How long operations take: percentiles and a heat map of what the program publishes. Without that the mean wait for a
 * CPU, under its own name: it is no latency of operations.
 */
#include "ui/pane/panes.h"

#include "base/str.h"
#include "model/derive.h"
#include "ui/heat.h"
#include "ui/header.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HISTOGRAMS_MAX 32
#define HEAT_FROM_COLS 60
#define HEAT_FROM_ROWS 3
#define HEAT_GOOD_ROWS 24
#define FIGURE_COLS 6      /* labels of percentiles, between heat map and now */
#define RECENT (30 * NSEC_PER_SEC) /* of the distribution beside the zoomed heat map */
#define AXIS_STEP 15       /* columns between times on the axis */

static const struct row rows[] = {
	{ "runq avg", "runq", { "cpu.runqueue_wait_seconds" }, .rank = 0 },
	{ "runq share", "rq%", { "cpu.runqueue_ratio" }, .rank = 1, .flags = ROW_PERCENT },
	{ "turns ", "turn", { "cpu.timeslices" }, .rank = 1, .flags = ROW_RATE },
};

/* From the slowest down, as the heat map stands; the lowest rank stays longest. */
static const struct {
	const char *figure;
	int rank;
} figures[] = { { "max", 2 }, { "p999", 3 }, { "p99", 0 }, { "p90", 4 }, { "p50", 0 }, { "mean", 5 } };

#define NFIGURES (sizeof figures / sizeof figures[0])

/* Durations before other values, and what the program publishes before what others count. */
static int order_of(const struct metric *m)
{
	return 2 * (m->unit != UNIT_SECONDS) + !str_starts(m->name, "app.");
}

/* The histograms that can be shown. */
static size_t histograms(const struct view *v, metric_id out[HISTOGRAMS_MAX])
{
	size_t n = 0;

	for (int order = 0; order < 4; order++)
		for (size_t id = 0; id < store_metrics(v->store) && n < HISTOGRAMS_MAX; id++) {
			const struct metric *m = store_metric(v->store, (metric_id)id);

			if (m->kind == METRIC_HISTOGRAM && order_of(m) == order)
				out[n++] = (metric_id)id;
		}
	return n;
}

/* The histogram that the user chose; METRIC_NONE when there is none. *index of *count. */
static metric_id chosen(const struct view *v, size_t *index, size_t *count)
{
	metric_id ids[HISTOGRAMS_MAX];

	*count = histograms(v, ids);
	*index = (size_t)(v->selected < 0 ? 0 : v->selected);
	if (*index >= *count)
		*index = *count ? *count - 1 : 0;
	return *count ? ids[*index] : METRIC_NONE;
}

static int figure_index(const char *name)
{
	int i = 0;

	while (histogram_figures[i].name && strcmp(histogram_figures[i].name, name) != 0)
		i++;
	return i;
}

static size_t figure_lines(const struct view *v, metric_id id, struct line *out, size_t max)
{
	size_t n = 0;

	for (; n < NFIGURES && n < max; n++) {
		int figure = figure_index(figures[n].figure);
		const char *label = histogram_figures[figure].label;

		out[n] = (struct line){ .label = label, .brief = label, .suffix = "", .rank = figures[n].rank };
		out[n].what = measure_of(id);
		out[n].what.figure = figure;
		out[n].form = store_metric(v->store, id)->unit == UNIT_SECONDS ? FORM_SECONDS : FORM_COUNT;
		out[n].now = view_now(v, &out[n].what);
		if (strlen(out[n].brief) > 4)
			out[n].brief = figures[n].figure;
	}
	return n;
}

/* Why no operation is timed: what the source of published numbers says of itself, if it says anything. */
static struct point no_operations(const struct view *v)
{
	size_t count;
	const struct status *s = store_statuses(v->store, &count);

	for (size_t i = 0; i < count; i++)
		if (str_starts(s[i].name, "publish") && s[i].state != STATUS_ON && s[i].why[0])
			return point_missing(s[i].state == STATUS_DENIED ? POINT_DENIED : POINT_ABSENT, s[i].why);
	return point_missing(POINT_ABSENT, "the program publishes no latencies");
}

static size_t lines(const struct pane_ops *self, const struct view *v, struct line *out, size_t max)
{
	size_t index, count;
	metric_id id = chosen(v, &index, &count);

	if (id != METRIC_NONE)
		return figure_lines(v, id, out, max);
	out[0] = (struct line){ .label = "op time", .brief = "op", .suffix = "", .what = measure_of(METRIC_NONE) };
	out[0].now = no_operations(v);
	return 1 + rows_lines(v, self->rows, self->nrows, out + 1, max - 1);
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

/* "in 4m10s p50 11.0us p99 88us max 4.0ms": of all events that the graphs show, beside those of the newest tick. */
static void about_span(const struct view *v, metric_id id, int cols, char *buf, size_t size)
{
	static const char *const shown[] = { "p50", "p99", "max" };
	bool seconds = store_metric(v->store, id)->unit == UNIT_SECONDS;
	nsec_t span = (nsec_t)cols * v->column, past = v->now - store_first(v->store);
	char text[FMT_SIZE];
	struct hist all;
	int n;

	visible(v, id, cols, &all);
	if (!hist_count(&all))
		return;
	n = snprintf(buf, size, "   in %s", fmt_seconds(text, nsec_to_seconds(past < span ? past : span)));
	for (size_t i = 0; i < sizeof shown / sizeof shown[0] && (size_t)n < size; i++) {
		const struct histogram_figure *f = &histogram_figures[figure_index(shown[i])];
		double value = histogram_figure_value(f, &all);

		n += snprintf(buf + n, size - (size_t)n, " %s %s", f->label,
			seconds ? fmt_seconds(text, value / 1e9) : fmt_count(text, value));
	}
}

/* "rtt 1.25M/s 1 of 3", or what is shown instead of operations. */
static void about(const struct view *v, char *buf, size_t size)
{
	size_t index, count;
	metric_id id = chosen(v, &index, &count);
	char rate[VALUE_SIZE];
	int n;

	if (id == METRIC_NONE) {
		snprintf(buf, size, "run queue delay (schedstat), not operations");
		return;
	}
	n = snprintf(buf, size, "%s %s/s", store_metric(v->store, id)->label,
		value_text(rate, FORM_COUNT, store_value(v->store, id, view_last(v))));
	if (count > 1 && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n, " %zu of %zu", index + 1, count);
	if (!v->zoomed && (size_t)n < size)
		about_span(v, id, v->graph_cols, buf + n, size - (size_t)n);
}

/* Heat map over r, its labels right-aligned in the columns before it. */
static void draw_heat(const struct view *v, struct canvas *c, struct rect r, metric_id id, const struct heat_axis *a,
	int label_cols)
{
	char label[FMT_SIZE];
	struct hist h;

	for (int i = 0; i < a->rows; i++)
		canvas_right(c, r.row + r.rows - 1 - i, r.col - 1 - label_cols, label_cols, ROLE_DIM,
			heat_label(label, sizeof label, a, i, store_metric(v->store, id)->unit == UNIT_SECONDS));
	for (int back = 0; back < r.cols; back++) {
		struct span span = view_column(v, back);

		if (span.to && store_hist(v->store, id, span, &h))
			heat_draw(c, r, r.col + r.cols - 1 - back, v->glyphs, a, &h);
	}
}

/* The figures beside the heat map, on the grid that all panes share. */
static void draw_figures(const struct view *v, struct canvas *c, struct rect r, metric_id id)
{
	struct line list[NFIGURES];
	size_t n = rows_choose(list, figure_lines(v, id, list, NFIGURES), (size_t)r.rows);

	for (size_t i = 0; i < n; i++) {
		struct rect row = { r.row + (int)i, r.col, 1, r.cols };
		struct grid g = rows_grid(row, true);

		canvas_write(c, row.row, g.graph.col + g.graph.cols + 2, FIGURE_COLS, ROLE_DIM, list[i].label);
		rows_values(v, c, &g, &list[i]);
	}
}

/* The distribution of the last half minute, a bar a row of the heat map, on a logarithmic scale. */
static void draw_distribution(const struct view *v, struct canvas *c, struct rect r, metric_id id,
	const struct heat_axis *a)
{
	uint64_t count[HEAT_ROWS_MAX], most = 0;
	struct span span = { v->now > RECENT ? v->now - RECENT : 0, v->now };
	double seconds = nsec_to_seconds(RECENT);
	struct hist h;
	char text[FMT_SIZE];

	if (v->now - store_first(v->store) < RECENT)
		seconds = nsec_to_seconds(v->now - store_first(v->store));
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

	for (int back = r.cols - 1; back >= 10; back -= AXIS_STEP) {
		struct span span = view_column(v, back);

		if (!span.to || span.to < store_first(v->store))
			continue;
		canvas_put(c, r.row, r.col + r.cols - 1 - back, ROLE_DIM, v->glyphs->rule < 0x80 ? '|' : 0x2514);
		canvas_write(c, r.row, r.col + r.cols - back, -1, ROLE_DIM,
			header_clock(text, sizeof text, store_wall(v->store, span.to), v->utc));
	}
}

static void draw_choice(const struct view *v, struct canvas *c, struct rect r, size_t index, size_t count)
{
	metric_id ids[HISTOGRAMS_MAX];
	int col = r.col + 1;

	if (count < 2)
		return;
	histograms(v, ids);
	for (size_t i = index > 3 ? index - 3 : 0; i < count && col < r.col + r.cols; i++) {
		canvas_put(c, r.row, col++, ROLE_SELECT, i == index ? '>' : ' ');
		col += 2 + canvas_write(c, r.row, col, r.col + r.cols - col, i == index ? ROLE_TITLE : ROLE_DIM,
			store_metric(v->store, ids[i])->name);
	}
}

/* Figures with their graphs above, heat map and distribution below, on one axis. */
static void draw_zoomed(const struct view *v, struct canvas *c, struct rect r, metric_id id, size_t index, size_t count)
{
	struct line list[NFIGURES];
	size_t n = rows_choose(list, figure_lines(v, id, list, NFIGURES), (size_t)r.rows / 4);
	int side = r.cols * 3 / 10, label = 7;
	struct rect heat = { r.row + (int)n + 1, r.col + label + 2, r.rows - (int)n - 3, r.cols - label - side - 5 };
	char about[160], span[FMT_SIZE * 2 + 8];
	size_t used;
	struct heat_axis axis;
	struct hist all;

	rows_draw(v, c, r, list, n, 1, -1);
	text_rule(c, v->glyphs, (struct rect){ r.row + (int)n, r.col, 1, r.cols });
	text_span(span, sizeof span, v->column, heat.cols);
	used = (size_t)snprintf(about, sizeof about, "over time, %s", span);
	about_span(v, id, heat.cols, about + used, sizeof about - used);
	if (canvas_width(about) + 4 > heat.col + heat.cols - r.col)
		about[used] = '\0';
	text_in_rule(c, (struct rect){ r.row + (int)n, r.col, 1, heat.col + heat.cols - r.col }, about);
	text_in_rule(c, (struct rect){ r.row + (int)n, heat.col + heat.cols, 1, r.col + r.cols - heat.col - heat.cols - 1 },
		"last 30s, count/s, log");
	visible(v, id, heat.cols, &all);
	heat_axis(&axis, &all, heat.rows);
	heat.row += heat.rows - axis.rows;
	heat.rows = axis.rows;
	draw_heat(v, c, heat, id, &axis, label);
	draw_distribution(v, c, (struct rect){ heat.row, heat.col + heat.cols + 2, heat.rows, side }, id, &axis);
	draw_times(v, c, (struct rect){ heat.row + heat.rows, heat.col, 1, heat.cols });
	draw_choice(v, c, (struct rect){ heat.row + heat.rows + 1, r.col, 1, r.cols }, index, count);
}

static bool draw(const struct view *v, struct canvas *c, struct rect r)
{
	size_t index, count;
	metric_id id = chosen(v, &index, &count);
	struct grid g = rows_grid(r, true);
	struct heat_axis axis;
	struct hist all;

	if (id == METRIC_NONE || !v->rules || r.cols < HEAT_FROM_COLS || r.rows < HEAT_FROM_ROWS)
		return false;
	if (v->zoomed && r.rows >= 12) {
		draw_zoomed(v, c, r, id, index, count);
		return true;
	}
	visible(v, id, g.graph.cols, &all);
	heat_axis(&axis, &all, r.rows);
	draw_heat(v, c, (struct rect){ r.row, g.graph.col, axis.rows, g.graph.cols }, id, &axis, 10);
	draw_figures(v, c, r, id);
	return true;
}

static void wish(const struct view *v, struct rect body, struct layout_wish *w)
{
	size_t index, count;

	if (chosen(v, &index, &count) != METRIC_NONE && body.cols >= HEAT_FROM_COLS)
		w->good_rows = HEAT_GOOD_ROWS;
}

static int count_list(const struct view *v)
{
	metric_id ids[HISTOGRAMS_MAX];
	size_t n = histograms(v, ids);

	return n ? (int)n : 1;
}

const struct pane_ops pane_latency = {
	.name = "latency",
	.title = "Latency",
	.help = "Percentiles of the newest interval, and a heat map: a column is a span of time, a row a range of durations, "
		"the fill how many operations fell there (each step ten times more). Zoomed, Up and Down choose the histogram.",
	.rows = rows,
	.nrows = sizeof rows / sizeof rows[0],
	.weight = 2,
	.lines = lines,
	.about = about,
	.wish = wish,
	.draw = draw,
	.count = count_list,
};
