/* Histograms of the one bucket index (tach/histogram.h): merge, subtract, percentiles. */
#ifndef TACH_MODEL_HIST_H
#define TACH_MODEL_HIST_H

#include <tach/histogram.h>

#include <stdint.h>

struct hist {
	uint64_t bins[TACH_HIST_BINS];
	uint64_t sum; /* of all values, in the histogram's unit (nanoseconds); 0 when the source keeps none */
	uint64_t max; /* highest value ever seen by the source; 0 when it keeps none */
};

struct hist *hist_new(void); /* empty; free() frees it */

void hist_record(struct hist *h, uint64_t value);
void hist_add(struct hist *h, const struct hist *other);

/* What came between two totals: out = now - before. Where a bin went backwards (the writer started anew) the result
 * is `now` itself. max is now->max if it grew since, else the top of the highest bin that is not empty. */
void hist_subtract(struct hist *out, const struct hist *now, const struct hist *before);

uint64_t hist_count(const struct hist *h);

/* The value below which the fraction p (0..1) of the events lie, interpolated inside its bin and never above the
 * maximum; NaN when the histogram is empty. p = 1 is the maximum. */
double hist_percentile(const struct hist *h, double p);

double hist_mean(const struct hist *h); /* from sum where there is one, else from the middles of the bins; NaN if empty */

#endif
