/* Histogram arithmetic. Totals never reset: a window is the difference of two snapshots. */
#include "model/hist.h"

#include "base/alloc.h"

#include <math.h>
#include <stdbool.h>

struct hist *hist_new(void)
{
	return xcalloc(1, sizeof(struct hist));
}

void hist_record(struct hist *h, uint64_t value)
{
	h->bins[tach_hist_bin(value)]++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
}

void hist_add(struct hist *h, const struct hist *other)
{
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		h->bins[i] += other->bins[i];
	h->sum += other->sum;
	if (other->max > h->max)
		h->max = other->max;
}

/* The highest bin with an event in it, or -1. */
static int top_bin(const struct hist *h)
{
	int i = TACH_HIST_BINS - 1;

	while (i >= 0 && !h->bins[i])
		i--;
	return i;
}

static bool went_backwards(const struct hist *now, const struct hist *before)
{
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		if (now->bins[i] < before->bins[i])
			return true;
	return false;
}

void hist_subtract(struct hist *out, const struct hist *now, const struct hist *before)
{
	int top;

	if (went_backwards(now, before)) {
		*out = *now;
		return;
	}
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		out->bins[i] = now->bins[i] - before->bins[i];
	out->sum = now->sum - before->sum;
	top = top_bin(out);
	if (top < 0)
		out->max = 0;
	else if (now->max > before->max && (int)tach_hist_bin(now->max) >= top) /* else it is not of all that time */
		out->max = now->max;
	else
		out->max = tach_hist_floor((unsigned)top) + tach_hist_width((unsigned)top) - 1;
}

uint64_t hist_count(const struct hist *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		n += h->bins[i];
	return n;
}

/* The largest value the histogram can vouch for. */
static double hist_top(const struct hist *h)
{
	int top = top_bin(h);
	uint64_t edge = top < 0 ? 0 : tach_hist_floor((unsigned)top) + tach_hist_width((unsigned)top) - 1;

	return (double)(h->max && (h->max < edge || top == TACH_HIST_BINS - 1) ? h->max : edge);
}

double hist_percentile(const struct hist *h, double p)
{
	uint64_t total = hist_count(h), seen = 0;
	double rank = p * (double)total, value;

	if (!total)
		return (double)NAN;
	if (p >= 1)
		return hist_top(h);
	for (unsigned i = 0; i < TACH_HIST_BINS; i++) {
		uint64_t n = h->bins[i];

		if (n && (double)(seen + n) >= rank) {
			double inside = (rank - (double)seen) / (double)n;

			if (inside < 0)
				inside = 0;
			value = (double)tach_hist_floor(i) + inside * (double)(tach_hist_width(i) - (i < 16));
			return fmin(value, hist_top(h));
		}
		seen += n;
	}
	return hist_top(h);
}

double hist_mean(const struct hist *h)
{
	uint64_t total = hist_count(h);
	double sum = 0;

	if (!total)
		return (double)NAN;
	if (h->sum)
		return (double)h->sum / (double)total;
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		sum += (double)h->bins[i] * ((double)tach_hist_floor(i) + (double)(tach_hist_width(i) - 1) / 2);
	return sum / (double)total;
}
