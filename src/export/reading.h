/* What a tick says of one metric, in base units: the same numbers for every format. NaN is unknown. */
#ifndef TACH_EXPORT_READING_H
#define TACH_EXPORT_READING_H

#include "model/derive.h"
#include "model/store.h"

struct reading {
	const struct metric *row;
	struct point point;
	double value; /* level of a gauge or derived metric, rate of a counter, events a second of a histogram */
	double total; /* counter: since tach began to watch */
	double count; /* histogram: events of the span */
	struct hist hist;
};

void reading_take(struct reading *r, const struct store *st, metric_id id, struct span span);

double reading_figure(const struct reading *r, const struct histogram_figure *figure); /* in the metric's unit */

/* The sentence why there is no value; NULL where there is one, or simply nothing to say. */
const char *reading_why(struct point p);

#endif
