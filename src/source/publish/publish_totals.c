/* Sums by name. Arithmetic is modulo 2^64, so what is left out may be taken away before it was added. */
#include "source/publish/publish_totals.h"

#include "base/alloc.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRIC_SIZE 64 /* "app." NAME "_seconds" */
#define LABEL_SIZE 11

struct total {
	metric_id id;
	unsigned kind; /* enum tach_publish_kind */
	enum metric_unit unit;
	uint64_t kept, now, shown;
	double level; /* sum of this tick's; NaN: nobody set one */
	struct hist *hist_kept, *hist_now, *hist_shown; /* of histograms */
};

struct publish_totals {
	struct registry *registry;
	struct total totals[PUBLISH_TOTALS_MAX];
	size_t count;
};

struct publish_totals *publish_totals_new(struct registry *registry)
{
	struct publish_totals *t = xcalloc(1, sizeof *t);

	t->registry = registry;
	return t;
}

void publish_totals_free(struct publish_totals *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->totals[i].hist_kept);
		free(t->totals[i].hist_now);
		free(t->totals[i].hist_shown);
	}
	free(t);
}

static enum metric_kind kind_of(unsigned published)
{
	static const enum metric_kind kinds[] = { [TACH_COUNTER] = METRIC_COUNTER, [TACH_GAUGE] = METRIC_GAUGE,
		[TACH_HISTOGRAM] = METRIC_HISTOGRAM };

	return kinds[published];
}

static enum metric_unit unit_of(const char *text)
{
	for (unsigned u = UNIT_COUNT + 1; u < METRIC_UNITS; u++)
		if (strcmp(text, metric_unit_name(u)) == 0)
			return u;
	return UNIT_COUNT;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* "rtt" in seconds is app.rtt_seconds; "rx_bytes" in bytes is app.rx_bytes; "ops" is app.ops. */
static void metric_name(char out[METRIC_SIZE], const char *name, enum metric_unit unit)
{
	const char *end = metric_unit_name(unit);

	if (unit == UNIT_COUNT || ends_with(name, end))
		snprintf(out, METRIC_SIZE, "app.%s", name);
	else
		snprintf(out, METRIC_SIZE, "app.%s_%s", name, end);
}

static metric_id add_row(struct registry *r, const struct publish_name *n, const char *metric, enum metric_unit unit)
{
	char label[LABEL_SIZE], help[128];

	str_copy(label, sizeof label, n->name);
	for (char *c = label; *c; c++)
		if (*c == '_')
			*c = ' ';
	snprintf(help, sizeof help, "The %s %s%s%s, as the program itself counts.", metric_kind_name(kind_of(n->kind)),
		n->name, n->unit[0] ? " in " : "", n->unit);
	return registry_add(r, &(struct metric){ .name = metric, .label = label, .help = help, .kind = kind_of(n->kind),
		.unit = unit });
}

static int add_total(struct publish_totals *t, metric_id id, unsigned kind, enum metric_unit unit)
{
	struct total *total = &t->totals[t->count];

	*total = (struct total){ .id = id, .kind = kind, .unit = unit, .level = (double)NAN };
	if (kind == TACH_HISTOGRAM) {
		total->hist_kept = hist_new();
		total->hist_now = hist_new();
		total->hist_shown = hist_new();
	}
	return (int)t->count++;
}

int publish_totals_find(struct publish_totals *t, const struct publish_name *n, struct err *why)
{
	enum metric_unit unit = unit_of(n->unit);
	const struct metric *row;
	char name[METRIC_SIZE];
	metric_id id;

	metric_name(name, n->name, unit);
	id = registry_find(t->registry, name);
	if (id == METRIC_NONE && t->count == PUBLISH_TOTALS_MAX)
		return err_set(why, 0, "%s is left out: %d names are shown at most", n->name, PUBLISH_TOTALS_MAX);
	if (id == METRIC_NONE)
		id = add_row(t->registry, n, name, unit);
	if (id == METRIC_NONE)
		return err_set(why, 0, "%s is left out: there are too many metrics", n->name);
	row = registry_row(t->registry, id);
	if (row->kind != kind_of(n->kind) || row->unit != unit)
		return err_set(why, 0, "%s is left out: the name is already that of another %s in %s", n->name,
			metric_kind_name(row->kind), metric_unit_name(row->unit));
	for (size_t i = 0; i < t->count; i++)
		if (t->totals[i].id == id)
			return (int)i;
	if (t->count == PUBLISH_TOTALS_MAX)
		return err_set(why, 0, "%s is left out: %d names are shown at most", n->name, PUBLISH_TOTALS_MAX);
	return add_total(t, id, n->kind, unit);
}

void publish_totals_begin(struct publish_totals *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct total *total = &t->totals[i];

		total->now = 0;
		total->level = (double)NAN;
		if (total->hist_now)
			memset(total->hist_now, 0, sizeof *total->hist_now);
	}
}

void publish_totals_count(struct publish_totals *t, int which, uint64_t count, enum publish_into into)
{
	struct total *total = &t->totals[which];

	if (into == PUBLISH_NOW)
		total->now += count;
	else
		total->kept += into == PUBLISH_KEEP ? count : -count;
}

void publish_totals_level(struct publish_totals *t, int which, double level)
{
	struct total *total = &t->totals[which];

	if (!isnan(level))
		total->level = isnan(total->level) ? level : total->level + level;
}

void publish_totals_bins(struct publish_totals *t, int which, const struct hist *h, enum publish_into into)
{
	struct total *total = &t->totals[which];

	if (into != PUBLISH_LEAVE_OUT) {
		hist_add(into == PUBLISH_NOW ? total->hist_now : total->hist_kept, h);
		return;
	}
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		total->hist_kept->bins[i] -= h->bins[i];
	total->hist_kept->sum -= h->sum;
}

/* Never back: a lower number than before came from a writer that broke the rules, and the old one stays. */
static bool not_below(uint64_t *now, uint64_t *shown)
{
	bool fell = *now < *shown;

	if (fell)
		*now = *shown;
	*shown = *now;
	return fell;
}

static void put_count(struct total *total, struct sample *out)
{
	uint64_t count = total->kept + total->now;
	bool fell = not_below(&count, &total->shown);
	struct point p = point_of(total->unit == UNIT_SECONDS ? (double)count / 1e9 : (double)count);

	if (fell)
		p.state = POINT_PARTIAL;
	sample_put(out, total->id, p);
}

static void put_level(struct total *total, struct sample *out)
{
	if (isfinite(total->level))
		sample_put_value(out, total->id, total->level);
	else
		sample_put_missing(out, total->id, POINT_GAP, NULL);
}

static void put_bins(struct total *total, struct sample *out)
{
	struct hist *h = hist_new(), *shown = total->hist_shown;

	*h = *total->hist_now;
	hist_add(h, total->hist_kept);
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		not_below(&h->bins[i], &shown->bins[i]);
	not_below(&h->sum, &shown->sum);
	not_below(&h->max, &shown->max);
	sample_put_hist(out, total->id, h);
}

void publish_totals_put(struct publish_totals *t, struct sample *out)
{
	static void (*const put[])(struct total *, struct sample *) = { [TACH_COUNTER] = put_count,
		[TACH_GAUGE] = put_level, [TACH_HISTOGRAM] = put_bins };

	for (size_t i = 0; i < t->count; i++)
		put[t->totals[i].kind](&t->totals[i], out);
}
