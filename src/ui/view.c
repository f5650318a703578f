/* Questions of panes to the store: intervals, figures, divided values. Draws nothing. */
#include "ui/view.h"

#include "model/derive.h"

#include <math.h>
#include <stddef.h>

struct measure measure_of(metric_id id)
{
	return (struct measure){ .id = id, .figure = -1, .divisor = METRIC_NONE, .factor = 1 };
}

struct span view_last(const struct view *v)
{
	return store_last(v->store, v->now);
}

struct measure measure_of_row(const char *table, uint64_t key)
{
	struct measure m = measure_of(METRIC_NONE);

	m.table = table;
	m.key = key;
	return m;
}

/* The number of the newest column: column n holds the ticks in (n * length, (n + 1) * length]. */
static uint64_t newest_column(const struct view *v)
{
	return v->now ? (v->now - 1) / v->column : 0;
}

static struct span column_span(const struct view *v, uint64_t n)
{
	nsec_t from = n * v->column, to = from + v->column;

	return (struct span){ from, to < v->now ? to : v->now };
}

struct span view_column(const struct view *v, int back)
{
	uint64_t n = newest_column(v);

	return n < (uint64_t)back ? (struct span){ 0, 0 } : column_span(v, n - (uint64_t)back);
}

static struct point figure_value(const struct view *v, const struct measure *m, struct span span)
{
	struct point p = store_value(v->store, m->id, span);
	struct hist h;

	if (!point_has_value(p))
		return p;
	if (!store_hist(v->store, m->id, span, &h))
		return point_missing(POINT_GAP, NULL);
	p.value = histogram_figure_value(&histogram_figures[m->figure], &h);
	if (isnan(p.value))
		return point_missing(POINT_GAP, NULL);
	if (store_metric(v->store, m->id)->unit == UNIT_SECONDS)
		p.value /= (double)NSEC_PER_SEC;
	return p;
}

struct point view_value(const struct view *v, const struct measure *m, struct span span)
{
	struct point p, by;

	if (m->table)
		return store_row(v->store, m->table, m->key, span);
	p = m->figure < 0 ? store_value(v->store, m->id, span) : figure_value(v, m, span);
	if (m->divisor == METRIC_NONE || !point_has_value(p))
		return p;
	by = store_value(v->store, m->divisor, span);
	if (!point_has_value(by))
		return by;
	if (!(by.value > 0))
		return point_missing(POINT_GAP, NULL);
	p.value = p.value / by.value * m->factor;
	p.coverage = by.coverage < p.coverage ? by.coverage : p.coverage;
	p.state = by.state > p.state ? by.state : p.state; /* OK < SCALED < PARTIAL */
	return p;
}

struct point view_now(const struct view *v, const struct measure *m)
{
	return view_value(v, m, view_last(v));
}

void view_columns(const struct view *v, const struct measure *m, struct point *out, int count)
{
	struct track *t = v->history ? history_track(v->history, m, v->column, count) : NULL;
	uint64_t newest = newest_column(v);

	for (int i = 0; i < count; i++) {
		uint64_t back = (uint64_t)(count - 1 - i), n = newest - back;

		if (!v->now || back > newest)
			out[i] = point_missing(POINT_GAP, NULL);
		else if (!back || !t)
			out[i] = view_value(v, m, column_span(v, n));
		else if (!track_get(t, n, &out[i])) {
			out[i] = view_value(v, m, column_span(v, n));
			track_put(t, n, out[i]);
		}
	}
}

static const struct extent nothing = { (double)INFINITY, -(double)INFINITY };

static void widen(struct extent *e, double min, double max)
{
	e->min = fmin(e->min, min);
	e->max = fmax(e->max, max);
}

/* Takes in the ticks of a span, newest first. */
static void widen_by_ticks(const struct view *v, const struct measure *m, struct span span, struct extent *e)
{
	nsec_t tick = store_tick_at(v->store, span.to);

	while (tick > span.from) {
		nsec_t before = store_tick_before(v->store, tick);
		struct point p = view_value(v, m, (struct span){ before, tick });

		if (point_has_value(p))
			widen(e, p.value, p.value);
		tick = before;
	}
}

/* The newest column goes on where the last frame stopped. */
static struct extent live_extent(const struct view *v, const struct measure *m, struct track *t, uint64_t n)
{
	struct span span = column_span(v, n);
	struct live *live = track_live(t);

	if (live->column != n || live->upto < span.from || live->upto > span.to)
		*live = (struct live){ .column = n, .upto = span.from, .extent = nothing };
	span.from = live->upto;
	widen_by_ticks(v, m, span, &live->extent);
	live->upto = span.to;
	return live->extent;
}

static struct extent column_extent(const struct view *v, const struct measure *m, struct track *t, uint64_t n)
{
	struct extent e;

	if (t && n == newest_column(v))
		return live_extent(v, m, t, n);
	if (t && track_get_extent(t, n, &e))
		return e;
	e = nothing;
	widen_by_ticks(v, m, column_span(v, n), &e);
	if (t)
		track_put_extent(t, n, e);
	return e;
}

bool view_extent(const struct view *v, const struct measure *m, int count, struct extent *out)
{
	struct track *t = v->history ? history_track(v->history, m, v->column, count) : NULL;
	uint64_t newest = newest_column(v);

	*out = nothing;
	for (int back = 0; v->now && back < count && (uint64_t)back <= newest; back++) {
		struct extent e = column_extent(v, m, t, newest - (uint64_t)back);

		widen(out, e.min, e.max);
	}
	return out->min <= out->max;
}

struct point view_named(const struct view *v, const char *name)
{
	return store_value(v->store, store_find(v->store, name), view_last(v));
}

const struct table *view_table(const struct view *v, const char *name)
{
	return v->tables ? frozen_table(v->tables, name) : store_table(v->store, name);
}

metric_id view_prefer(const struct view *v, const char *const *names)
{
	metric_id first = METRIC_NONE;

	for (; *names; names++) {
		metric_id id = store_find(v->store, *names);
		struct point p;

		if (id == METRIC_NONE)
			continue;
		p = store_value(v->store, id, view_last(v));
		if (p.state != POINT_DENIED && p.state != POINT_ABSENT)
			return id;
		if (first == METRIC_NONE)
			first = id;
	}
	return first;
}

/* The first kind of operation that there has been any of, as what a program could do but never does divides nothing. */
static metric_id operation(const struct view *v)
{
	for (const char *const *name = derived_operations; *name; name++) {
		metric_id id = store_find(v->store, *name);

		if (id != METRIC_NONE && store_total(v->store, id) > 0)
			return id;
	}
	return view_prefer(v, derived_operations);
}

metric_id view_divisor(const struct view *v, double *factor)
{
	static const char *const instructions[] = { "cpu.instructions", NULL };

	*factor = v->units == UNITS_INSTRUCTIONS ? 1000 : 1;
	if (v->units == UNITS_SECOND)
		return METRIC_NONE;
	return v->units == UNITS_OPERATION ? operation(v) : view_prefer(v, instructions);
}

const char *view_suffix(const struct view *v)
{
	static const char *const suffixes[VIEW_UNITS] = { "/s", "/op", "/ki" };

	return suffixes[v->units];
}
