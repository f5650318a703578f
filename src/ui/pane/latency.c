/*
 * How long things take: percentiles and a heat map of one kind of latency (model/latency.h), which the user chooses.
 * Where it is not measured the reason, and the mean wait for a CPU under its own name: it is no latency of operations.
 */
#include "ui/pane/panes.h"

#include "base/str.h"
#include "model/derive.h"
#include "model/latency.h"
#include "ui/map.h"
#include "ui/pane/latency_lists.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define HEAT_FROM_COLS 60
#define HEAT_FROM_ROWS 3
#define HEAT_GOOD_ROWS 24
#define TITLE_FROM_COLS 70 /* of a graph: the rule line has room for a title */
#define ZOOM_FROM_ROWS 12
#define MAP_LEAST_ROWS 5   /* rule line, times, and some rows between them */
#define FIGURE_COLS 6      /* labels of percentiles, between heat map and now */

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

/* What can be chosen, and what is. */
struct chosen {
	struct latency_choice list[LATENCY_CHOICES];
	size_t count, index;
	const struct latency_kind *kind; /* NULL: none that is known */
	metric_id id;
	struct point now; /* events a second, or why there are none */
	bool measured;
};

/* Why no operation is timed: what the source of published numbers says of itself, if it says anything. */
static struct point no_operations(const struct view *v, const char *otherwise)
{
	size_t count;
	const struct status *s = store_statuses(v->store, &count);

	for (size_t i = 0; i < count; i++)
		if (str_starts(s[i].name, "publish") && s[i].state != STATUS_ON && s[i].why[0])
			return point_missing(s[i].state == STATUS_DENIED ? POINT_DENIED : POINT_ABSENT, s[i].why);
	return point_missing(POINT_ABSENT, otherwise);
}

static struct point events(const struct view *v, const struct chosen *ch)
{
	if (ch->id != METRIC_NONE)
		return store_value(v->store, ch->id, view_last(v));
	return ch->kind->eager ? no_operations(v, ch->kind->missing) : point_missing(POINT_ABSENT, ch->kind->missing);
}

static struct chosen chosen_of(const struct view *v)
{
	struct chosen ch;

	ch.count = latency_choices(v->store, ch.list);
	ch.index = v->selected < 0 ? 0 : (size_t)v->selected;
	if (ch.index >= ch.count)
		ch.index = ch.count - 1;
	ch.kind = ch.list[ch.index].kind;
	ch.id = ch.list[ch.index].metric;
	ch.now = events(v, &ch);
	ch.measured = ch.now.state != POINT_DENIED && ch.now.state != POINT_ABSENT;
	return ch;
}

/* What it is called: a family's member as its source labels it, a kind by its word or its title. */
static const char *name_of(const struct view *v, const struct chosen *ch, bool title)
{
	if (ch->id != METRIC_NONE && (!ch->kind || strcmp(store_metric(v->store, ch->id)->name, ch->kind->metric) != 0))
		return store_metric(v->store, ch->id)->label;
	return title ? ch->kind->title : ch->kind->word;
}

/* ---- lines ---- */

static size_t figure_lines(const struct view *v, metric_id id, struct line *out, size_t max)
{
	size_t n = 0;

	for (; n < NFIGURES && n < max; n++) {
		const struct histogram_figure *f = histogram_figure_find(figures[n].figure);

		out[n] = (struct line){ .label = f->label, .brief = f->label, .suffix = "", .rank = figures[n].rank };
		out[n].what = measure_of(id);
		out[n].what.figure = (int)(f - histogram_figures);
		out[n].form = store_metric(v->store, id)->unit == UNIT_SECONDS ? FORM_SECONDS : FORM_COUNT;
		out[n].now = view_now(v, &out[n].what);
		if (strlen(out[n].brief) > 4)
			out[n].brief = figures[n].figure;
	}
	return n;
}

static struct line reason_line(const char *label, const char *brief, struct point now, int rank)
{
	return (struct line){ .label = label, .brief = brief, .suffix = "", .what = measure_of(METRIC_NONE), .now = now,
		.rank = rank };
}

/* The first kind that could be had with a privilege. */
static size_t denied_line(const struct view *v, const struct chosen *ch, struct line *out)
{
	for (size_t i = 0; i < ch->count; i++) {
		const struct latency_kind *kind = ch->list[i].kind;
		struct point p = point_missing(POINT_GAP, NULL);

		if (ch->list[i].metric != METRIC_NONE)
			p = store_value(v->store, ch->list[i].metric, view_last(v));
		if (kind && p.state == POINT_DENIED) {
			out[0] = reason_line(kind->word, kind->word, p, 1);
			return 1;
		}
	}
	return 0;
}

static size_t lines_of(const struct view *v, const struct chosen *ch, struct line *out, size_t max)
{
	const char *name = name_of(v, ch, false);
	size_t n = 1;

	if (ch->measured)
		return figure_lines(v, ch->id, out, max);
	if (ch->kind && ch->kind->eager) {
		out[0] = reason_line("op time", "op", ch->now, 0);
		n += denied_line(v, ch, out + 1);
	} else
		out[0] = reason_line(name, name, ch->now, 0);
	return n + rows_lines(v, rows, sizeof rows / sizeof rows[0], out + n, max - n);
}

static size_t lines(const struct pane_ops *self, const struct view *v, struct line *out, size_t max)
{
	struct chosen ch = chosen_of(v);

	(void)self;
	return lines_of(v, &ch, out, max);
}

/* "request 12.3k/s   in 4m10s p50 11.0us p99 88us max 4.0ms": beside the figures of the newest tick those of all events
 * that the graphs show. Or what is shown instead. */
static void about(const struct view *v, char *buf, size_t size)
{
	struct chosen ch = chosen_of(v);
	char rate[VALUE_SIZE];
	int n;

	if (!ch.measured && ch.kind && ch.kind->eager)
		snprintf(buf, size, "run queue delay (schedstat), not operations");
	else if (!ch.measured)
		snprintf(buf, size, "%s is not measured; run queue delay (schedstat)", name_of(v, &ch, false));
	if (!ch.measured)
		return;
	n = snprintf(buf, size, "%s %s/s", name_of(v, &ch, v->graph_cols >= TITLE_FROM_COLS),
		value_text(rate, FORM_COUNT, ch.now));
	if (!v->zoomed && (size_t)n + 4 < size) {
		strcpy(buf + n, "   ");
		if (!map_about(v, ch.id, v->graph_cols, buf + n + 3, size - (size_t)n - 3))
			buf[n] = '\0';
	}
}

/* ---- drawing ---- */

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

static bool is_measured(const struct view *v, metric_id id)
{
	struct point p = id == METRIC_NONE ? point_missing(POINT_ABSENT, NULL) : store_value(v->store, id, view_last(v));

	return p.state != POINT_DENIED && p.state != POINT_ABSENT;
}

/* " app:rtt >request  upstream  gap ...": as many as fit, the chosen one among them. */
static void draw_picker(const struct view *v, struct canvas *c, struct rect r, const struct chosen *ch)
{
	char word[LATENCY_WORD_SIZE];
	int room = r.cols - 2, col = r.col + 1;
	size_t first = ch->index;

	room -= (int)strlen(latency_word(v->store, ch->list[first], word));
	while (first > 0 && (room -= 2 + (int)strlen(latency_word(v->store, ch->list[first - 1], word))) > 0)
		first--;
	for (size_t i = first; i < ch->count && col < r.col + r.cols - 1; i++) {
		bool here = i == ch->index;
		enum role role = here ? ROLE_TITLE : is_measured(v, ch->list[i].metric) ? ROLE_TEXT : ROLE_DIM;

		if (here)
			canvas_select(c, r.row, col - 1);
		col += 2 + canvas_write(c, r.row, col, r.col + r.cols - col, role, latency_word(v->store, ch->list[i], word));
	}
}

/* What the kind means, where it misleads, and why it is missing, above the picker; returns the rows that all of it
 * takes, at most r.rows. */
static int draw_foot(const struct view *v, struct canvas *c, struct rect r, const struct chosen *ch)
{
	const struct {
		enum role role;
		const char *text;
	} parts[] = { { ROLE_DIM, ch->kind ? ch->kind->means : "" }, { ROLE_TEXT, ch->kind ? ch->kind->misleads : "" },
		{ ROLE_WARN, ch->measured || !ch->now.why ? "" : ch->now.why } };
	int need = 1, at;

	if (r.rows < 1)
		return 0;
	draw_picker(v, c, (struct rect){ r.row + r.rows - 1, r.col, 1, r.cols }, ch);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		need += text_wrap(c, (struct rect){ r.row, r.col + 1, 0, r.cols - 2 }, ROLE_TEXT, parts[i].text);
	if (need > r.rows)
		return 1;
	at = r.row + r.rows - need;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		at += text_wrap(c, (struct rect){ at, r.col + 1, need, r.cols - 2 }, parts[i].role, parts[i].text);
	return need;
}

/* Lines as tall as there is room for. */
static void draw_tall_lines(const struct view *v, struct canvas *c, struct rect r, const struct chosen *ch)
{
	struct line list[LINES_MAX];
	size_t n = rows_choose(list, lines_of(v, ch, list, LINES_MAX), (size_t)r.rows);
	int height = n ? r.rows / (int)n : 1;

	rows_draw(v, c, r, list, n, height > 3 ? 3 : height, -1);
}

/* Figures with their graphs above, heat map and distribution below, on one axis; then what was slow, and why. */
static void draw_whole(const struct view *v, struct canvas *c, struct rect r, const struct chosen *ch)
{
	struct line list[NFIGURES];
	int n = (int)rows_choose(list, figure_lines(v, ch->id, list, NFIGURES), (size_t)r.rows / 4);
	int lists = latency_lists_rows(v, ch->kind, store_metric(v->store, ch->id)->name,
		(struct rect){ r.row, r.col, r.rows - n - MAP_LEAST_ROWS, r.cols });

	rows_draw(v, c, r, list, (size_t)n, 1, -1);
	map_draw_wide(v, c, (struct rect){ r.row + n, r.col, r.rows - n - lists, r.cols }, ch->id, "");
	latency_lists_draw(v, c, (struct rect){ r.row + r.rows - lists, r.col, lists, r.cols }, ch->kind,
		store_metric(v->store, ch->id)->name);
}

static void draw_zoomed(const struct view *v, struct canvas *c, struct rect r, const struct chosen *ch)
{
	struct line list[LINES_MAX];
	int need = ch->measured && r.cols >= HEAT_FROM_COLS ? ZOOM_FROM_ROWS : (int)lines_of(v, ch, list, LINES_MAX);
	int foot = r.rows > need ? draw_foot(v, c, (struct rect){ r.row + need, r.col, r.rows - need, r.cols }, ch) : 0;

	r.rows -= foot;
	if (ch->measured && r.cols >= HEAT_FROM_COLS && r.rows >= ZOOM_FROM_ROWS)
		draw_whole(v, c, r, ch);
	else
		draw_tall_lines(v, c, r, ch);
}

static bool draw(const struct view *v, struct canvas *c, struct rect r)
{
	struct chosen ch = chosen_of(v);
	struct grid g = rows_grid(r, true);

	if (v->zoomed) {
		draw_zoomed(v, c, r, &ch);
		return true;
	}
	if (!ch.measured || !v->rules || r.cols < HEAT_FROM_COLS || r.rows < HEAT_FROM_ROWS)
		return false;
	map_draw(v, c, (struct rect){ r.row, g.graph.col, r.rows, g.graph.cols }, ch.id);
	draw_figures(v, c, r, ch.id);
	return true;
}

static void wish(const struct view *v, struct rect body, struct layout_wish *w)
{
	if (chosen_of(v).measured && body.cols >= HEAT_FROM_COLS)
		w->good_rows = HEAT_GOOD_ROWS;
}

/* ---- choosing ---- */

static int count(const struct view *v)
{
	return (int)chosen_of(v).count;
}

static void identity(const struct view *v, int index, char *buf, size_t size)
{
	struct latency_choice list[LATENCY_CHOICES];
	char word[LATENCY_WORD_SIZE];

	latency_choices(v->store, list);
	str_copy(buf, size, latency_word(v->store, list[index], word));
}

/* Until what was chosen is there, what nobody needs to choose is shown. */
static int find(const struct view *v, const char *id)
{
	struct latency_choice list[LATENCY_CHOICES];
	size_t n = latency_choices(v->store, list);
	int found = latency_find(v->store, list, n, id);

	return found < 0 ? latency_find(v->store, list, n, "") : found;
}

static struct pane_extra extra(const struct view *v)
{
	struct chosen ch = chosen_of(v);

	return (struct pane_extra){ .group = ch.kind ? ch.kind->ask : NULL, .on = point_has_value(ch.now) };
}

const struct pane_ops pane_latency = {
	.name = "latency",
	.title = "Latency",
	.help = "Percentiles of the newest interval, and a heat map: a column is a span of time, a row a range of durations, "
		"the fill how many operations fell there (each step ten times more). What is timed can be chosen: zoomed, the pane "
		"says what each kind means and where it misleads.",
	.rows = rows,
	.nrows = sizeof rows / sizeof rows[0],
	.weight = 2,
	.lines = lines,
	.about = about,
	.wish = wish,
	.draw = draw,
	.count = count,
	.identity = identity,
	.find = find,
	.extra = extra,
	.extra_by_choice = true,
};
