/* What a tick says of one metric. */
#include "export/reading.h"

#include <math.h>
#include <string.h>

void reading_take(struct reading *r, const struct store *st, metric_id id, struct span span)
{
	bool known;

	r->row = store_metric(st, id);
	r->point = store_value(st, id, span);
	known = point_has_value(r->point);
	r->value = known ? r->point.value : (double)NAN;
	r->total = r->row->kind == METRIC_COUNTER ? store_total(st, id) : (double)NAN;
	r->count = (double)NAN;
	if (r->row->kind != METRIC_HISTOGRAM)
		return;
	if (!known || !store_hist(st, id, span, &r->hist))
		memset(&r->hist, 0, sizeof r->hist);
	if (known)
		r->count = (double)hist_count(&r->hist);
}

double reading_figure(const struct reading *r, const struct histogram_figure *figure)
{
	double scale = r->row->unit == UNIT_SECONDS ? (double)NSEC_PER_SEC : 1;

	return histogram_figure_value(figure, &r->hist) / scale;
}

const char *reading_why(struct point p)
{
	return p.state == POINT_DENIED || p.state == POINT_ABSENT ? p.why : NULL;
}
