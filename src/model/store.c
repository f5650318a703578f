/* The one door for samples, and everything that panes and exporters may ask. */
#include "model/store.h"

#include "base/alloc.h"
#include "model/derive.h"
#include "model/rates.h"
#include "model/series.h"
#include "model/trails.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROWTH_WINDOW (60 * NSEC_PER_SEC)
#define GROWTH_LEAST (10 * NSEC_PER_SEC) /* a slope over less says nothing */

struct store {
	struct registry *registry; /* derived rows first, then those of the samples */
	struct formula **formulas; /* by id; NULL for what is not derived */
	struct series *series;     /* by id; unused for derived */
	size_t nseries, series_capacity, formulas_capacity;
	metric_id *ids;            /* of the sampler's ids */
	size_t nids, ids_capacity;
	nsec_t *times;             /* ring, by tick number modulo capacity */
	size_t capacity, count;    /* count: ticks ever taken */
	nsec_t first;
	struct sample *last;       /* for facts, statuses; NULL before the first */
	struct rates *rates;       /* tables, with counters as rates */
	struct trails *trails;     /* of rows of tables */
};

static void add_metric(struct store *st, const struct metric *row)
{
	metric_id id = registry_add(st->registry, row);

	if (id == METRIC_NONE || id < st->nseries)
		return;
	st->series = xgrow(st->series, &st->series_capacity, (size_t)id + 1, sizeof *st->series);
	st->formulas = xgrow(st->formulas, &st->formulas_capacity, (size_t)id + 1, sizeof(struct formula *));
	st->nseries = (size_t)id + 1;
	if (row->kind == METRIC_DERIVED)
		st->formulas[id] = formula_parse(row->formula, NULL);
	else
		series_init(&st->series[id], row->kind, st->capacity, st->count, store_now(st));
}

static void bind_formulas(struct store *st)
{
	for (size_t i = 0; i < st->nseries; i++)
		if (st->formulas[i])
			formula_bind(st->formulas[i], st->registry);
}

struct store *store_new(size_t ticks)
{
	struct store *st = xcalloc(1, sizeof *st);

	st->capacity = ticks < 2 ? 2 : ticks;
	st->times = xcalloc(st->capacity, sizeof *st->times);
	st->registry = registry_new();
	st->rates = rates_new();
	st->trails = trails_new(st->capacity);
	for (const struct metric *row = derived_table; row->name; row++)
		add_metric(st, row);
	bind_formulas(st);
	return st;
}

void store_free(struct store *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < st->nseries; i++) {
		if (!st->formulas[i])
			series_free(&st->series[i]);
		formula_free(st->formulas[i]);
	}
	rates_free(st->rates);
	trails_free(st->trails);
	sample_free(st->last);
	registry_free(st->registry);
	free(st->series);
	free(st->formulas);
	free(st->ids);
	free(st->times);
	free(st);
}

/* Registers the rows that are new in a sample and learns which of ours the sampler's ids are. */
static void learn_rows(struct store *st, const struct sample *s)
{
	for (size_t i = 0; i < s->ndefs; i++) {
		size_t id = s->first_def + i;

		add_metric(st, &s->defs[i]);
		st->ids = xgrow(st->ids, &st->ids_capacity, id + 1, sizeof *st->ids);
		for (; st->nids <= id; st->nids++)
			st->ids[st->nids] = METRIC_NONE;
		st->ids[id] = registry_find(st->registry, s->defs[i].name);
	}
	if (s->ndefs)
		bind_formulas(st);
}

/* Writes one tick into every series: what the sample has, a gap for the rest. */
static void write_tick(struct store *st, const struct sample *s)
{
	size_t at = st->count % st->capacity;

	for (size_t i = 0; i < st->nseries; i++)
		if (!st->formulas[i])
			series_write_gap(&st->series[i], at);
	for (size_t i = 0; i < s->nmetrics && i < st->nids; i++) {
		metric_id id = st->ids[i];

		if (id == METRIC_NONE || st->formulas[id])
			continue;
		series_write(&st->series[id], registry_row(st->registry, id)->kind, at, s->time, &s->points[i], s->hists[i]);
	}
	st->times[at] = s->time;
	st->count++;
}

void store_take(struct store *st, struct sample *take)
{
	if (st->count && take->time <= store_now(st)) {
		sample_free(take);
		return;
	}
	if (!st->count)
		st->first = take->time;
	learn_rows(st, take);
	write_tick(st, take);
	rates_take(st->rates, take);
	trails_take(st->trails, st->rates, st->count - 1);
	sample_free(st->last);
	st->last = take;
}

/* ---- time ---- */

size_t store_ticks(const struct store *st)
{
	return st->count < st->capacity ? st->count : st->capacity;
}

static nsec_t time_of(const struct store *st, size_t tick)
{
	return st->times[tick % st->capacity];
}

static size_t oldest(const struct store *st)
{
	return st->count - store_ticks(st);
}

/* The number of the first kept tick that is later than `when`. */
static size_t tick_after(const struct store *st, nsec_t when)
{
	size_t low = oldest(st), high = st->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (time_of(st, middle) > when)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

nsec_t store_first(const struct store *st)
{
	return st->first;
}

nsec_t store_now(const struct store *st)
{
	return st->count ? time_of(st, st->count - 1) : 0;
}

nsec_t store_tick_at(const struct store *st, nsec_t when)
{
	size_t tick = tick_after(st, when);

	return tick > oldest(st) ? time_of(st, tick - 1) : 0;
}

nsec_t store_tick_before(const struct store *st, nsec_t when)
{
	return when ? store_tick_at(st, when - 1) : 0;
}

nsec_t store_wall(const struct store *st, nsec_t when)
{
	nsec_t since;

	if (!st->last)
		return 0;
	since = st->last->time - when;
	return st->last->wall > since ? st->last->wall - since : 0;
}

struct span store_last(const struct store *st, nsec_t when)
{
	nsec_t to = store_tick_at(st, when);

	return (struct span){ .from = store_tick_before(st, to), .to = to };
}

/* ---- metrics ---- */

size_t store_metrics(const struct store *st)
{
	return st->nseries;
}

const struct metric *store_metric(const struct store *st, metric_id id)
{
	return registry_row(st->registry, id);
}

metric_id store_find(const struct store *st, const char *name)
{
	return registry_find(st->registry, name);
}

/* Folds the ticks of a span: gauges by their maximum, the rest by the mean weighted with the length of each tick. */
struct fold {
	double sum, weight, max;
	float coverage;
	enum point_state state;
};

/* The length of a tick; of the oldest one it is not known. */
static double seconds_of(const struct store *st, size_t tick)
{
	return tick > oldest(st) ? nsec_to_seconds(time_of(st, tick) - time_of(st, tick - 1)) : 1;
}

static void fold_point(struct fold *f, struct point p, double seconds)
{
	f->sum += p.value * seconds;
	f->max = f->weight == 0 || p.value > f->max ? p.value : f->max;
	f->weight += seconds;
	f->coverage = p.coverage < f->coverage ? p.coverage : f->coverage;
	f->state = p.state > f->state ? p.state : f->state; /* OK < SCALED < PARTIAL */
}

static struct point series_span(const struct store *st, metric_id id, struct span span)
{
	const struct series *s = &st->series[id];
	bool gauge = registry_row(st->registry, id)->kind == METRIC_GAUGE;
	struct fold f = { .coverage = 1, .state = POINT_OK };
	struct point newest = point_missing(POINT_GAP, NULL);
	size_t begin = tick_after(st, span.from), end = tick_after(st, span.to);

	if (begin < s->first)
		begin = s->first;
	for (size_t t = begin; t < end; t++) {
		struct point p = series_read(s, t % st->capacity);

		newest = p;
		if (point_has_value(p))
			fold_point(&f, p, seconds_of(st, t));
	}
	if (f.weight == 0)
		return newest;
	return (struct point){ .value = gauge ? f.max : f.sum / f.weight, .coverage = f.coverage, .state = f.state };
}

/* Change of a gauge per second over the minute that ends with the span. */
static struct point growth(const struct store *st, metric_id id, struct span span)
{
	nsec_t end = store_tick_at(st, span.to);
	nsec_t start = end > GROWTH_WINDOW ? store_tick_at(st, end - GROWTH_WINDOW) : 0;
	struct point a, b;

	if (!start && store_ticks(st))
		start = time_of(st, oldest(st));
	if (!end || end < start + GROWTH_LEAST)
		return point_missing(POINT_GAP, NULL);
	a = series_span(st, id, store_last(st, start));
	b = series_span(st, id, store_last(st, end));
	if (!point_has_value(a) || !point_has_value(b))
		return point_has_value(a) ? b : a;
	b.value = (b.value - a.value) / nsec_to_seconds(end - start);
	return b;
}

static struct point figure(const struct store *st, int which, metric_id id, struct span span)
{
	struct point p = store_value(st, id, span);
	struct hist h;
	double value;

	if (!point_has_value(p))
		return p;
	if (!store_hist(st, id, span, &h))
		return point_missing(POINT_GAP, NULL);
	value = histogram_figure_value(&histogram_figures[which], &h);
	if (isnan(value))
		return point_missing(POINT_GAP, NULL);
	p.value = registry_row(st->registry, id)->unit == UNIT_SECONDS ? value / 1e9 : value;
	return p;
}

struct evaluation {
	const struct store *st;
	struct span span;
};

static struct point formula_input(const void *context, int function, metric_id id, const char *name)
{
	const struct evaluation *ev = context;

	(void)name;
	if (id == METRIC_NONE)
		return point_missing(POINT_ABSENT, "not measured in this run");
	if (function == FORMULA_GROWTH)
		return growth(ev->st, id, ev->span);
	if (function >= FORMULA_FIGURE)
		return figure(ev->st, function - FORMULA_FIGURE, id, ev->span);
	return store_value(ev->st, id, ev->span);
}

struct point store_value(const struct store *st, metric_id id, struct span span)
{
	if (id >= st->nseries)
		return point_missing(POINT_ABSENT, "not measured in this run");
	if (st->formulas[id]) {
		struct evaluation ev = { st, span };

		return formula_evaluate(st->formulas[id], &(struct formula_inputs){ formula_input, &ev });
	}
	return series_span(st, id, span);
}

bool store_hist(const struct store *st, metric_id id, struct span span, struct hist *out)
{
	size_t begin = tick_after(st, span.from), end = tick_after(st, span.to);
	bool any = false;

	memset(out, 0, sizeof *out);
	if (id >= st->nseries || st->formulas[id] || !st->series[id].hists)
		return false;
	if (begin < st->series[id].first)
		begin = st->series[id].first;
	for (size_t t = begin; t < end; t++) {
		const struct sparse_hist *h = st->series[id].hists[t % st->capacity];

		sparse_add(out, h);
		any = any || h;
	}
	return any;
}

double store_total(const struct store *st, metric_id id)
{
	if (id >= st->nseries || st->formulas[id] || !st->series[id].has_value)
		return (double)NAN;
	return st->series[id].total;
}

struct point store_row(const struct store *st, const char *table, uint64_t key, struct span span)
{
	struct fold f = { .coverage = 1, .state = POINT_OK };

	for (size_t t = tick_after(st, span.from), end = tick_after(st, span.to); t < end; t++) {
		double value = trails_read(st->trails, table, key, t);

		if (!isnan(value))
			fold_point(&f, point_of(value), seconds_of(st, t));
	}
	if (f.weight > 0)
		return point_of(f.sum / f.weight);
	return point_missing(POINT_GAP, NULL);
}

/* ---- the newest sample ---- */

const struct target_facts *store_facts(const struct store *st)
{
	static const struct target_facts none = { .exit_status = -1 };

	return st->last ? &st->last->facts : &none;
}

const struct table *store_table(const struct store *st, const char *name)
{
	return rates_table(st->rates, name);
}

const struct table *store_table_at(const struct store *st, size_t i)
{
	return rates_table_at(st->rates, i);
}

const struct status *store_statuses(const struct store *st, size_t *count)
{
	*count = st->last ? st->last->nstatuses : 0;
	return st->last ? st->last->statuses : NULL;
}
