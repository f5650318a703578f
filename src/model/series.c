/* One metric's history in a ring, and how totals become rates. */
#include "model/series.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STATE_BITS 3
#define COVERAGE_STEPS 31

void series_init(struct series *s, enum metric_kind kind, size_t capacity, size_t first, nsec_t since)
{
	*s = (struct series){ .capacity = capacity, .first = first, .idle = POINT_GAP, .has_total = since != 0, .previous_time = since };
	if (kind == METRIC_HISTOGRAM && since)
		s->previous_hist = hist_new();
}

/* What nobody wants, or is absent here, has a row and no history: memory comes with the first value. Until then all of it
 * is gaps. */
static void allocate(struct series *s, enum metric_kind kind)
{
	s->values = xcalloc(s->capacity, sizeof *s->values);
	s->states = xcalloc(s->capacity, sizeof *s->states);
	if (kind == METRIC_HISTOGRAM)
		s->hists = xcalloc(s->capacity, sizeof *s->hists);
}

void series_free(struct series *s)
{
	for (size_t i = 0; s->hists && i < s->capacity; i++)
		free(s->hists[i]);
	free(s->hists);
	free(s->values);
	free(s->states);
	free(s->previous_hist);
	free(s->why);
}

static void write_cell(struct series *s, size_t i, double value, enum point_state state, float coverage)
{
	unsigned steps = coverage > 0 ? (unsigned)(coverage * COVERAGE_STEPS + 0.5f) : 0;

	s->values[i] = (float)value;
	s->states[i] = (uint8_t)(state | steps << STATE_BITS);
}

static void drop_hist(struct series *s, size_t i)
{
	if (!s->hists)
		return;
	free(s->hists[i]);
	s->hists[i] = NULL;
}

void series_write_gap(struct series *s, size_t i)
{
	if (!s->values) {
		s->idle = POINT_GAP;
		return;
	}
	drop_hist(s, i);
	write_cell(s, i, (double)NAN, POINT_GAP, 1);
}

static void keep_reason(struct series *s, const char *why)
{
	if (s->why && why && strcmp(s->why, why) == 0)
		return;
	free(s->why);
	s->why = why ? xstrdup(why) : NULL;
}

/* The rate since the last total; NaN for the first one and where the total went backwards (its owner began anew). */
static double take_total(struct series *s, double total, nsec_t time)
{
	double delta = total - s->previous, seconds = nsec_to_seconds(time - s->previous_time);
	bool first = !s->has_total;

	s->has_total = s->has_value = true;
	s->previous = total;
	s->previous_time = time;
	if (first || delta < 0 || seconds <= 0)
		return (double)NAN;
	s->total += delta;
	return delta / seconds;
}

/* NULL: there is none. */
static struct sparse_hist *keep_bins(const struct hist *h)
{
	struct sparse_hist *out;
	size_t n = 0;

	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		n += h->bins[i] != 0;
	if (!n)
		return NULL;
	out = xcalloc(1, sizeof *out + n * sizeof out->bins[0]);
	out->sum = h->sum;
	out->max = h->max;
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		if (h->bins[i])
			out->bins[out->nbins++] = (struct sparse_bin){ i,
				h->bins[i] < UINT32_MAX ? (uint32_t)h->bins[i] : UINT32_MAX };
	return out;
}

/* Keeps the events between the last snapshot and this one. */
static void take_hist(struct series *s, size_t i, const struct hist *h)
{
	struct hist delta;

	if (s->previous_hist) {
		hist_subtract(&delta, h, s->previous_hist);
		s->hists[i] = keep_bins(&delta);
	} else {
		s->previous_hist = hist_new();
	}
	*s->previous_hist = *h;
}

void series_write(struct series *s, enum metric_kind kind, size_t i, nsec_t time, const struct point *p,
	const struct hist *h)
{
	double value = p->value;

	keep_reason(s, p->why);
	s->idle = p->state;
	if (!s->values && !point_has_value(*p))
		return;
	if (!s->values)
		allocate(s, kind);
	drop_hist(s, i);
	if (!point_has_value(*p)) {
		write_cell(s, i, (double)NAN, p->state, p->coverage);
		return;
	}
	if (kind == METRIC_HISTOGRAM && h)
		take_hist(s, i, h);
	if (kind != METRIC_GAUGE)
		value = take_total(s, value, time);
	if (kind == METRIC_HISTOGRAM && p->state == POINT_SCALED && p->coverage > 0)
		value /= (double)p->coverage; /* events a second; its bins stay those that were timed */
	write_cell(s, i, value, isnan(value) ? POINT_GAP : p->state, p->coverage);
}

struct point series_read(const struct series *s, size_t i)
{
	enum point_state state = s->values ? s->states[i] & ((1u << STATE_BITS) - 1) : s->idle;
	struct point p = point_missing(state, NULL);

	if (s->values && state != POINT_GAP) {
		p.value = (double)s->values[i];
		p.coverage = (float)(s->states[i] >> STATE_BITS) / COVERAGE_STEPS;
	}
	if (state == POINT_DENIED || state == POINT_ABSENT)
		p.why = s->why;
	return p;
}

void sparse_add(struct hist *out, const struct sparse_hist *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->nbins; i++)
		out->bins[in->bins[i].bin] += in->bins[i].count;
	out->sum += in->sum;
	if (in->max > out->max)
		out->max = in->max;
}
