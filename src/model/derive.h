/*
 * Derived metrics: formulas over other metrics, evaluated for any interval from the inputs of that same interval, so
 * that a ratio over five ticks is the ratio of the sums and never the mean of ratios.
 *
 * Language: numbers, + - * / and parentheses, metric names. A name stands for the value of the interval: the rate per
 * second of a counter, the level of a gauge, another derived metric. Functions take one metric name:
 *   p50(h) p90(h) p99(h) p999(h) max(h) mean(h)   of a histogram, in its unit (seconds)
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

struct formula;

/* Where a formula gets its inputs; function is "" for a plain name. */
struct formula_inputs {
	struct point (*get)(void *context, const char *function, const char *name);
	void *context;
};

struct formula *formula_parse(const char *text, struct err *e); /* NULL: e says what and where */
void formula_free(struct formula *f);
struct point formula_evaluate(const struct formula *f, const struct formula_inputs *in);

/* Calls visit with every metric name in the formula. */
void formula_names(const struct formula *f, void (*visit)(void *context, const char *name), void *context);

#endif
