/* The summary of a run. Derived values are formulas over the whole run, not means of ticks; percentiles are those of
 * all events, not averages. */
#include "export/summary.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "base/str.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS 32
#define LINE_COLUMNS 80

struct gathered {
	double min, max, sum; /* sum: value times seconds */
	double seconds;       /* of the ticks that had a value; 0: there was none */
	enum point_state worst;
	struct hist *hist;    /* histograms: all events */
};

struct summary {
	struct gathered *metrics;
	size_t count, capacity, ticks;
};

struct summary *summary_new(void)
{
	return xcalloc(1, sizeof(struct summary));
}

void summary_free(struct summary *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->metrics[i].hist);
	free(s->metrics);
	free(s);
}

static void gather(struct gathered *g, const struct reading *r, double seconds)
{
	if (!point_has_value(r->point))
		return;
	g->min = g->seconds == 0 || r->value < g->min ? r->value : g->min;
	g->max = g->seconds == 0 || r->value > g->max ? r->value : g->max;
	g->sum += r->value * seconds;
	g->seconds += seconds;
	g->worst = r->point.state > g->worst ? r->point.state : g->worst;
	if (r->row->kind != METRIC_HISTOGRAM)
		return;
	if (!g->hist)
		g->hist = hist_new();
	hist_add(g->hist, &r->hist);
}

void summary_take(struct summary *s, const struct store *st)
{
	struct span last = store_last(st, store_now(st));
	struct reading r;

	s->count = store_metrics(st);
	s->metrics = xgrow(s->metrics, &s->capacity, s->count, sizeof *s->metrics);
	s->ticks++;
	for (size_t id = 0; id < s->count; id++) {
		reading_take(&r, st, (metric_id)id, last);
		gather(&s->metrics[id], &r, nsec_to_seconds(last.to - last.from));
	}
}

size_t summary_ticks(const struct summary *s)
{
	return s->ticks;
}

/* ---- printing ---- */

typedef const char *formatter(char buf[FMT_SIZE], double v);

/* Small values keep two digits: a miss in a thousand operations is not none. */
static const char *format_count(char buf[FMT_SIZE], double v)
{
	if (v == 0 || fabs(v) >= 0.01)
		return fmt_count(buf, v);
	snprintf(buf, FMT_SIZE, "%.2g", v);
	return buf;
}

static formatter *const formats[METRIC_UNITS] = {
	[UNIT_COUNT] = format_count, [UNIT_BYTES] = fmt_bytes, [UNIT_SECONDS] = fmt_seconds, [UNIT_RATIO] = format_count,
};

/* Right-aligned in ten columns; "-" where there is no value. */
static void put_cell(FILE *out, formatter *format, double v, const char *mark)
{
	char number[FMT_SIZE], cell[FMT_SIZE + 2];

	if (isnan(v)) {
		fprintf(out, " %9s", "-");
		return;
	}
	snprintf(cell, sizeof cell, "%s%s", mark, format(number, v));
	fprintf(out, " %9s", cell);
}

/* One line of a block: the metric, what was gathered, and the run. */
struct line {
	const struct metric *row;
	const struct gathered *g;
	const struct store *st;
	metric_id id;
	const char *mark; /* "~" when a tick was estimated, ">" when it was a lower bound */
};

static void put_levels(FILE *out, const struct line *l)
{
	put_cell(out, formats[l->row->unit], l->g->sum / l->g->seconds, l->mark);
	put_cell(out, formats[l->row->unit], l->g->min, "");
	put_cell(out, formats[l->row->unit], l->g->max, "");
}

static void put_counter(FILE *out, const struct line *l)
{
	put_cell(out, formats[l->row->unit], store_total(l->st, l->id), l->mark);
	put_cell(out, formats[l->row->unit], l->g->sum / l->g->seconds, l->mark);
	put_cell(out, formats[l->row->unit], l->g->min, "");
	put_cell(out, formats[l->row->unit], l->g->max, "");
}

static void put_derived(FILE *out, const struct line *l)
{
	nsec_t now = store_now(l->st), first = store_tick_at(l->st, store_first(l->st));
	struct point whole = point_missing(POINT_GAP, NULL);

	if (first) /* the store still has the whole run */
		whole = store_value(l->st, l->id, (struct span){ first, now });
	put_cell(out, formats[l->row->unit], whole.value, l->mark);
	put_cell(out, formats[l->row->unit], l->g->min, "");
	put_cell(out, formats[l->row->unit], l->g->max, "");
}

static void put_histogram(FILE *out, const struct line *l)
{
	struct reading all = { .row = l->row, .hist = *l->g->hist };

	put_cell(out, fmt_count, (double)hist_count(&all.hist), l->mark);
	for (const struct histogram_figure *f = histogram_figures; f->name; f++)
		if (strcmp(f->name, "mean") != 0)
			put_cell(out, formats[l->row->unit], reading_figure(&all, f), l->mark);
}

static const struct block {
	enum metric_kind kind;
	const char *title;
	int name_columns;
	const char *heads[6];
	void (*put)(FILE *out, const struct line *l);
} blocks[] = {
	{ METRIC_COUNTER, "counters", NAME_COLUMNS, { "total", "mean/s", "min/s", "max/s" }, put_counter },
	{ METRIC_GAUGE, "levels", NAME_COLUMNS, { "mean", "min", "max" }, put_levels },
	{ METRIC_DERIVED, "derived", NAME_COLUMNS, { "whole run", "min", "max" }, put_derived },
	{ METRIC_HISTOGRAM, "histograms", 20, { "count", "p50", "p90", "p99", "p99.9", "max" }, put_histogram },
};

/* A name from outside, cut by nothing: a long one pushes its line. */
static void put_name(FILE *out, int columns, const char *name)
{
	char clean[256];

	str_clean(clean, sizeof clean, name, strlen(name));
	fprintf(out, "%-*s", columns, clean);
}

static void put_heads(FILE *out, const struct block *b)
{
	fprintf(out, "\n%-*s", b->name_columns, b->title);
	for (size_t i = 0; i < sizeof b->heads / sizeof b->heads[0] && b->heads[i]; i++)
		fprintf(out, " %9s", b->heads[i]);
	fputc('\n', out);
}

static const char *mark_of(enum point_state worst)
{
	return worst == POINT_PARTIAL ? ">" : worst == POINT_SCALED ? "~" : "";
}

static void put_block(const struct summary *s, FILE *out, const struct store *st, const struct block *b)
{
	bool any = false;

	for (size_t id = 0; id < s->count; id++) {
		const struct gathered *g = &s->metrics[id];
		struct line l = { store_metric(st, (metric_id)id), g, st, (metric_id)id, mark_of(g->worst) };

		if (l.row->kind != b->kind || g->seconds == 0)
			continue;
		if (!any)
			put_heads(out, b);
		any = true;
		put_name(out, b->name_columns, l.row->name);
		b->put(out, &l);
		fputc('\n', out);
	}
}

/* Why a metric never had a value, borrowed from the store; NULL where it had one. */
static const char *missing_why(const struct summary *s, const struct store *st, size_t id)
{
	const char *why;

	if (s->metrics[id].seconds > 0)
		return NULL;
	why = reading_why(store_value(st, (metric_id)id, store_last(st, store_now(st))));
	return why ? why : "nothing to measure in any tick";
}

/* All metrics that share the reason of the first, wrapped to the line; takes them out of the list. */
static void put_reason(const char **whys, size_t first, size_t count, FILE *out, const struct store *st)
{
	const char *why = whys[first];
	size_t column = LINE_COLUMNS;
	char clean[256];

	str_clean(clean, sizeof clean, why, strlen(why));
	fprintf(out, "  %s:", clean);
	for (size_t id = first; id < count; id++) {
		const char *name = store_metric(st, (metric_id)id)->name;

		if (!whys[id] || strcmp(whys[id], why) != 0)
			continue;
		whys[id] = NULL;
		if (column + 1 + strlen(name) > LINE_COLUMNS) {
			fputs("\n   ", out);
			column = 3;
		}
		fputc(' ', out);
		put_name(out, 0, name);
		column += 1 + strlen(name);
	}
	fputc('\n', out);
}

static void put_missing(const struct summary *s, FILE *out, const struct store *st)
{
	const char **whys = xcalloc(s->count, sizeof(char *));
	bool any = false;

	for (size_t id = 0; id < s->count; id++)
		whys[id] = missing_why(s, st, id);
	for (size_t id = 0; id < s->count; id++) {
		if (!whys[id])
			continue;
		if (!any)
			fputs("\nno value\n", out);
		any = true;
		put_reason(whys, id, s->count, out, st);
	}
	free(whys);
}

void summary_put(const struct summary *s, FILE *out, const struct store *st)
{
	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
		put_block(s, out, st, &blocks[i]);
	put_missing(s, out, st);
}
