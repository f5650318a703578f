/*
 * History, rates and derived values: everything that panes and exporters show. Samples come in by one door; all else
 * reads it const. History is kept as one float and one state a metric and tick, so an hour of a hundred metrics is
 * 2 MB; histograms are kept as their non-empty bins.
 */
#ifndef TACH_MODEL_STORE_H
#define TACH_MODEL_STORE_H

#include "model/sample.h"

struct store;

/* Ticks (from, to]: those sealed after `from` and not after `to`. */
struct span {
	nsec_t from, to;
};

struct store *store_new(size_t ticks); /* how many ticks of history are kept, at least 2 */
void store_free(struct store *st);

/* Takes a sealed sample: registers its new rows, computes deltas against the one before, keeps history. A sample that
 * is not later than the last is dropped. */
void store_take(struct store *st, struct sample *take);

/* Time. All zero while no sample has come. */
size_t store_ticks(const struct store *st);                  /* ticks kept now */
nsec_t store_first(const struct store *st);                  /* time of the very first sample: "since tach began to watch" */
nsec_t store_now(const struct store *st);                    /* time of the newest tick */
nsec_t store_tick_at(const struct store *st, nsec_t when);   /* the newest tick not after `when`; 0: none kept */
nsec_t store_tick_before(const struct store *st, nsec_t when); /* the newest tick before `when`; 0: none kept */
nsec_t store_wall(const struct store *st, nsec_t when);      /* wall time of a moment of this run; 0: unknown */
struct span store_last(const struct store *st, nsec_t when); /* the interval of the newest tick not after `when` */

/* Metrics. */
size_t store_metrics(const struct store *st);
const struct metric *store_metric(const struct store *st, metric_id id);
metric_id store_find(const struct store *st, const char *name); /* METRIC_NONE: unknown (so far) */

/* The value over a span: rate per second of a counter (histogram: events per second), largest level of a gauge,
 * formula of a derived metric. Never interpolates: a span without a tick is a gap. why is borrowed from the store. */
struct point store_value(const struct store *st, metric_id id, struct span span);

/* Events of a histogram metric over a span. False when there is nothing (no tick, not a histogram, denied). */
bool store_hist(const struct store *st, metric_id id, struct span span, struct hist *out);

/* A counter's total since tach began to watch it, histogram: events; NaN when unknown. */
double store_total(const struct store *st, metric_id id);

/* The mean rate over a span of a row in a table that has a history (model/trails.h: locks by what they were waited
 * for); a gap where there is none. */
struct point store_row(const struct store *st, const char *table, uint64_t key, struct span span);

/* What the newest sample said. Valid until the next store_take(). */
const struct target_facts *store_facts(const struct store *st); /* never NULL */
const struct table *store_table(const struct store *st, const char *name); /* counters are rates here; NULL: none */
const struct table *store_table_at(const struct store *st, size_t i); /* all of them in turn; NULL at the end */
const struct status *store_statuses(const struct store *st, size_t *count);

#endif
