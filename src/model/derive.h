/*
 * Derived metrics: formulas over other metrics, evaluated for any interval from the inputs of that same interval, so
 * that a ratio over five ticks is the ratio of the sums and never the mean of ratios.
 *
 * Language: numbers, + - * / and parentheses, metric names. A name stands for the value of the interval: the rate per
 * second of a counter, the level of a gauge, another derived metric. Functions take one metric name:
 *   p50(h) p90(h) p99(h) p999(h) max(h) mean(h)   of a histogram, in its unit (seconds); see histogram_figures
 *   rate(h)                                       events of a histogram per second
 *   growth(g)                                     change of a gauge per second over the last minute
 * An input that is denied or absent makes the result so, with the same reason; a gap or a division by zero makes a
 * gap; coverage is the least of the inputs'.
 */
#ifndef TACH_MODEL_DERIVE_H
#define TACH_MODEL_DERIVE_H

#include "base/err.h"
#include "model/sample.h"

#include <stddef.h>

/* The derived metrics of tach, NULL name at the end. */
extern const struct metric derived_table[];

/* The divisors of "per operation", best first: the first one that has a value is the operation (the `u` key). */
extern const char *const derived_operations[];

/* What tach says of every histogram: one list for formulas, panes and exporters. */
struct histogram_figure {
	const char *name;  /* "p99": function in formulas, key in JSON */
	const char *label; /* "p99" "p99.9" */
	double quantile;   /* 0..1; negative: the mean */
	const char *help;
};

extern const struct histogram_figure histogram_figures[]; /* p50 p90 p99 p999 max mean, name NULL at the end */
const struct histogram_figure *histogram_figure_find(const char *name); /* which must be one of them */

/* NaN if the histogram is empty, or when fewer than ten events lie beyond a percentile: a p99 of 300 events would be the
 * third slowest of them, which is chance. p50 needs 20 events, p90 100, p99 1,000, p999 10,000; max and mean one. */
double histogram_figure_value(const struct histogram_figure *figure, const struct hist *h);

/* What a formula may ask of its inputs: VALUE for a plain name, FIGURE + i for histogram_figures[i]. */
enum formula_function { FORMULA_VALUE, FORMULA_RATE, FORMULA_GROWTH, FORMULA_FIGURE };

struct formula;

/* Where a formula gets its inputs. id is METRIC_NONE for a name that bind did not know; name is for the reason. */
struct formula_inputs {
	struct point (*get)(const void *context, int function, metric_id id, const char *name);
	const void *context;
};

struct formula *formula_parse(const char *text, struct err *e); /* NULL: e says what and where */
void formula_free(struct formula *f);

/* Resolves the names; call again when the registry has grown. */
void formula_bind(struct formula *f, const struct registry *r);
struct point formula_evaluate(const struct formula *f, const struct formula_inputs *in);

/* The i-th metric name in the formula, NULL at the end. */
const char *formula_name(const struct formula *f, size_t i);

#endif
