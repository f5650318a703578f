/* The counters that are always offered, as rows, and how they are cut into groups. */
#ifndef TACH_SOURCE_PERF_ROWS_H
#define TACH_SOURCE_PERF_ROWS_H

#include "model/metric.h"
#include "source/perf/event.h"

/* The groups in the order in which they are kept when not all can be had (many threads, few descriptors). */
enum perf_group_id {
	PERF_GROUP_SOFTWARE,
	PERF_GROUP_CPU,
	PERF_GROUP_LLC,
	PERF_GROUP_CACHE,
	PERF_GROUP_L1D,
	PERF_GROUP_DTLB,
	PERF_GROUP_STALLS,
	PERF_GROUPS
};

#define PERF_GROUP_SIZE 4 /* events in the largest group */

struct perf_row {
	enum perf_group_id group;
	struct perf_code code;
};

#define PERF_ROWS 23

extern const struct metric perf_metrics[PERF_ROWS];
extern const struct perf_row perf_rows[PERF_ROWS]; /* one for each of perf_metrics */

#endif
