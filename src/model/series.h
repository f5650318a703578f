/*
 * The history of one metric: a value and a state a tick, in a ring that all series of a store share the positions of.
 * A value is the rate of a counter, the level of a gauge, the events per second of a histogram; a histogram keeps its
 * non-empty bins too. Knows nothing of time: the store does.
 */
#ifndef TACH_MODEL_SERIES_H
#define TACH_MODEL_SERIES_H

#include "model/sample.h"

struct sparse_bin {
	uint32_t bin, count;
};

/* Events of one tick. */
struct sparse_hist {
	uint64_t sum, max;
	size_t nbins;
	struct sparse_bin bins[];
};

struct series {
	float *values;             /* NULL, as the next two, until it has its first value */
	uint8_t *states;           /* enum point_state in the low 3 bits, coverage in 31sts above */
	struct sparse_hist **hists; /* histograms only; NULL where there was no event */
	size_t capacity, first;    /* first: number of the tick at which the series began */
	enum point_state idle;     /* while there are no values: why, at the last tick */
	bool has_total;            /* previous is one */
	bool has_value;            /* some point had one */
	double previous;           /* last total that a source gave */
	nsec_t previous_time;
	double total;              /* sum of what came since the first tick */
	struct hist *previous_hist;
	char *why;                 /* reason of the last denied or absent point */
};

/* A series that begins after the store's first tick counts from zero since the tick before (its time is `since`):
 * what appears while tach watches did not count earlier. since is 0 for the others: their first total is the base. */
void series_init(struct series *s, enum metric_kind kind, size_t capacity, size_t first, nsec_t since);
void series_free(struct series *s);

/* Writes what a sealed point says of the tick at ring position i. h may be NULL. */
void series_write(struct series *s, enum metric_kind kind, size_t i, nsec_t time, const struct point *p,
	const struct hist *h);
void series_write_gap(struct series *s, size_t i); /* the sample had nothing for it */

struct point series_read(const struct series *s, size_t i); /* as it was written; why borrowed */
void sparse_add(struct hist *out, const struct sparse_hist *in); /* NULL is fine */

#endif
