/* What a number is: a row. The registry gives each row of a session a small id; it only ever grows. */
#ifndef TACH_MODEL_METRIC_H
#define TACH_MODEL_METRIC_H

#include <stddef.h>
#include <stdint.h>

enum metric_kind {
	METRIC_COUNTER,   /* a total that only grows; shown as a rate per second */
	METRIC_GAUGE,     /* a level */
	METRIC_HISTOGRAM, /* totals of bins (tach/histogram.h), nanoseconds when the unit is seconds */
	METRIC_DERIVED,   /* computed by the store from the formula */
	METRIC_KINDS
};

enum metric_unit { UNIT_COUNT, UNIT_BYTES, UNIT_SECONDS, UNIT_RATIO, METRIC_UNITS };

struct metric {
	const char *name;    /* "mem.rss_bytes": group.name_unit in base units; config, export and tests say this */
	const char *label;   /* "RSS": panes say this; at most 10 columns */
	const char *help;    /* one sentence of meaning, and for derived metrics of advice */
	enum metric_kind kind;
	enum metric_unit unit;
	const char *formula; /* METRIC_DERIVED only, see model/derive.h */
};

typedef uint16_t metric_id;
#define METRIC_NONE ((metric_id)0xffff)
#define METRIC_LIMIT 4096 /* most rows a registry takes; from outside (published, feed) more are refused */

const char *metric_kind_name(enum metric_kind kind); /* "counter" */
const char *metric_unit_name(enum metric_unit unit); /* "bytes" */

struct registry;

struct registry *registry_new(void);
void registry_free(struct registry *r);

/* Copies the row and returns its id; a name that is already there keeps its id and its first row. METRIC_NONE when
 * the registry is full. */
metric_id registry_add(struct registry *r, const struct metric *row);

metric_id registry_find(const struct registry *r, const char *name); /* METRIC_NONE: not there */
const struct metric *registry_row(const struct registry *r, metric_id id); /* borrowed, stays where it is */
size_t registry_count(const struct registry *r);

#endif
