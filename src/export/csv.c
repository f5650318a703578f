/*
 * CSV (quoting as in RFC 4180, lines end with a newline): one row a tick, empty for unknown. A file has one header, so
 * the columns are those of the metrics that are there at the first interval; what appears later is left out and named
 * in the note at the end.
 */
#include "base/alloc.h"
#include "export/export.h"
#include "export/put.h"
#include "export/reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct csv {
	size_t metrics; /* ids below this have columns */
};

static void field(FILE *out, double v)
{
	fputc(',', out);
	put_number(out, v, "");
}

static void name_column(FILE *out, const char *metric, const char *part)
{
	char name[256];

	snprintf(name, sizeof name, "%s%s%s", metric, *part ? "." : "", part);
	fputc(',', out);
	put_csv_text(out, name);
}

static void name_level(FILE *out, const char *metric)
{
	name_column(out, metric, "");
}

static void put_level(FILE *out, const struct reading *r)
{
	field(out, r->value);
}

static void name_counter(FILE *out, const char *metric)
{
	name_column(out, metric, "total");
	name_column(out, metric, "rate");
}

static void put_counter(FILE *out, const struct reading *r)
{
	field(out, r->total);
	field(out, r->value);
}

static void name_histogram(FILE *out, const char *metric)
{
	name_column(out, metric, "count");
	for (const struct histogram_figure *f = histogram_figures; f->name; f++)
		name_column(out, metric, f->name);
}

static void put_histogram(FILE *out, const struct reading *r)
{
	field(out, r->count);
	for (const struct histogram_figure *f = histogram_figures; f->name; f++)
		field(out, reading_figure(r, f));
}

/* The columns of each kind of metric: how they are called and how they are filled. */
static const struct {
	void (*name)(FILE *out, const char *metric);
	void (*put)(FILE *out, const struct reading *r);
} kinds[METRIC_KINDS] = {
	[METRIC_GAUGE] = { name_level, put_level },
	[METRIC_COUNTER] = { name_counter, put_counter },
	[METRIC_HISTOGRAM] = { name_histogram, put_histogram },
	[METRIC_DERIVED] = { name_level, put_level },
};

static void *csv_begin(FILE *out, const struct store *st, const struct export_options *o)
{
	struct csv *c = xcalloc(1, sizeof *c);

	(void)o;
	c->metrics = store_metrics(st);
	fputs("t,dt,coverage,partial", out);
	for (size_t id = 0; id < c->metrics; id++) {
		const struct metric *row = store_metric(st, (metric_id)id);

		kinds[row->kind].name(out, row->name);
	}
	fputs("\n", out);
	return c;
}

/* The least coverage among the values of a tick, and how many of them are lower bounds. */
static void measure_honesty(const struct csv *c, const struct store *st, struct span last, float *coverage,
	size_t *partial)
{
	*coverage = 1;
	*partial = 0;
	for (size_t id = 0; id < c->metrics; id++) {
		struct point p = store_value(st, (metric_id)id, last);

		if (p.state == POINT_SCALED && p.coverage < *coverage)
			*coverage = p.coverage;
		*partial += p.state == POINT_PARTIAL;
	}
}

static void csv_tick(void *state, FILE *out, const struct store *st)
{
	struct csv *c = state;
	struct span last = store_last(st, store_now(st));
	struct reading r;
	float coverage;
	size_t partial;

	measure_honesty(c, st, last, &coverage, &partial);
	fprintf(out, "%.6f,%.6f", nsec_to_seconds(last.to - store_first(st)), nsec_to_seconds(last.to - last.from));
	fputc(',', out);
	put_coverage(out, coverage);
	field(out, (double)partial);
	for (size_t id = 0; id < c->metrics; id++) {
		reading_take(&r, st, (metric_id)id, last);
		kinds[r.row->kind].put(out, &r);
	}
	fputs("\n", out);
}

static void csv_end(void *state, FILE *out, const struct store *st, const struct export_end *why, struct err *note)
{
	struct csv *c = state;
	size_t late = store_metrics(st) - c->metrics;

	(void)out;
	(void)why;
	note->text[0] = '\0';
	if (late)
		err_set(note, 0, "the CSV has no columns for %zu metrics that appeared after its header, %s%s; --json has them",
			late, store_metric(st, (metric_id)c->metrics)->name, late > 1 ? " and others" : "");
	free(c);
}

extern const struct export_ops export_csv;
const struct export_ops export_csv = {
	.name = "csv",
	.help = "comma-separated values: a header and one row a tick",
	.begin = csv_begin,
	.tick = csv_tick,
	.end = csv_end,
};
