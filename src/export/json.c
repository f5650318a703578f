/*
 * JSON lines: a header, one object a tick, an end. Unknown is null, and its reason stands under "absent" in
 * the header or in the tick at which it changed. A metric that appears later brings its row in that tick's "metrics".
 */
#include "base/alloc.h"
#include "export/export.h"
#include "export/put.h"
#include "export/reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct json {
	char *told; /* names and states of the status rows that were told last */
	char **why; /* by id: the reason told last, NULL while there is a value */
	size_t known, capacity;
};

/* A JSON object being written: puts the commas. */
struct object {
	FILE *out;
	bool any;
};

static struct object object_open(FILE *out)
{
	fputc('{', out);
	return (struct object){ .out = out };
}

static void object_key(struct object *o, const char *name)
{
	if (o->any)
		fputc(',', o->out);
	o->any = true;
	put_json_text(o->out, name);
	fputc(':', o->out);
}

static void object_number(struct object *o, const char *name, double v)
{
	object_key(o, name);
	put_number(o->out, v, "null");
}

static void object_text(struct object *o, const char *name, const char *text)
{
	object_key(o, name);
	put_json_text(o->out, text);
}

/* "" is unknown. */
static void object_text_or_null(struct object *o, const char *name, const char *text)
{
	object_key(o, name);
	if (*text)
		put_json_text(o->out, text);
	else
		fputs("null", o->out);
}

static void object_close(struct object *o)
{
	fputc('}', o->out);
}

/* Closes an object whose key is written only when something stands in it. */
static void optional_key(struct object *outer, struct object *inner, const char *name, const char *text)
{
	if (!inner->any) {
		object_key(outer, name);
		*inner = object_open(outer->out);
	}
	object_key(inner, text);
}

static void optional_close(struct object *inner)
{
	if (inner->any)
		object_close(inner);
}

/* The rows of the metrics from the first that was not told yet. */
static void put_metrics(struct json *j, struct object *o, const struct store *st)
{
	struct object metrics = { .out = o->out };

	for (size_t id = j->known; id < store_metrics(st); id++) {
		const struct metric *row = store_metric(st, (metric_id)id);
		struct object fields;

		optional_key(o, &metrics, "metrics", row->name);
		fields = object_open(o->out);
		object_text(&fields, "kind", metric_kind_name(row->kind));
		object_text(&fields, "unit", metric_unit_name(row->unit));
		if (row->formula)
			object_text(&fields, "formula", row->formula);
		object_close(&fields);
	}
	optional_close(&metrics);
	j->known = store_metrics(st);
	j->why = xgrow(j->why, &j->capacity, j->known, sizeof(char *));
}

/* Tells the reason of every metric whose reason is another than the one told last; null when there is none any more. */
static void put_absent(struct json *j, struct object *o, const struct store *st)
{
	struct span last = store_last(st, store_now(st));
	struct object absent = { .out = o->out };

	for (size_t id = 0; id < j->known; id++) {
		const char *why = reading_why(store_value(st, (metric_id)id, last));

		if ((!why && !j->why[id]) || (why && j->why[id] && strcmp(why, j->why[id]) == 0))
			continue;
		free(j->why[id]);
		j->why[id] = why ? xstrdup(why) : NULL;
		optional_key(o, &absent, "absent", store_metric(st, (metric_id)id)->name);
		if (why)
			put_json_text(o->out, why);
		else
			fputs("null", o->out);
	}
	optional_close(&absent);
}

/* "sched on\nmem off\n": what tells whether the rows have to be told again. The sentences may count seconds. */
static char *states_of(const struct store *st)
{
	size_t count, size = 0, n = 0;
	const struct status *list = store_statuses(st, &count);
	char *text;

	for (size_t i = 0; i < count; i++)
		size += strlen(list[i].name) + 16;
	text = xcalloc(1, size + 1);
	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(text + n, size + 1 - n, "%s %s\n", list[i].name, status_words[list[i].state]);
	return text;
}

/* Every source and probe with its state, where one has changed. */
static void put_status(struct json *j, struct object *o, const struct store *st)
{
	size_t count;
	const struct status *list = store_statuses(st, &count);
	char *states = states_of(st);

	if (j->told && strcmp(j->told, states) == 0) {
		free(states);
		return;
	}
	free(j->told);
	j->told = states;
	object_key(o, "status");
	fputc('[', o->out);
	for (size_t i = 0; i < count; i++) {
		struct object row;

		fputs(i ? "," : "", o->out);
		row = object_open(o->out);
		object_text(&row, "name", list[i].name);
		object_text(&row, "state", status_words[list[i].state]);
		object_text_or_null(&row, "why", list[i].why);
		object_text_or_null(&row, "fix", list[i].fix);
		object_close(&row);
	}
	fputc(']', o->out);
}

static void put_target(struct object *o, const struct target_facts *facts)
{
	struct object target;

	object_key(o, "target");
	target = object_open(o->out);
	object_number(&target, "pid", facts->pid > 0 ? (double)facts->pid : (double)NAN);
	object_text_or_null(&target, "comm", facts->name);
	object_text_or_null(&target, "cmdline", facts->cmdline);
	object_text_or_null(&target, "cgroup", facts->cgroup);
	object_text_or_null(&target, "host", facts->host);
	object_close(&target);
}

static void put_start(FILE *out, nsec_t wall)
{
	if (!wall) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	put_utc(out, wall);
	fputc('"', out);
}

static void *json_begin(FILE *out, const struct store *st, const struct export_options *options)
{
	struct json *j = xcalloc(1, sizeof *j);
	struct object o = object_open(out);

	(void)options;
	object_text(&o, "tach", TACH_VERSION);
	put_target(&o, store_facts(st));
	object_key(&o, "start");
	put_start(out, store_wall(st, store_first(st)));
	put_metrics(j, &o, st);
	put_absent(j, &o, st);
	put_status(j, &o, st);
	object_close(&o);
	fputc('\n', out);
	return j;
}

static void put_level(FILE *out, const struct reading *r)
{
	put_number(out, r->value, "null");
}

static void put_counter(FILE *out, const struct reading *r)
{
	struct object o = object_open(out);

	object_number(&o, "total", r->total);
	object_number(&o, "rate", r->value);
	if (r->point.state == POINT_SCALED) {
		object_key(&o, "coverage");
		put_coverage(out, r->point.coverage);
	}
	object_close(&o);
}

static void put_histogram(FILE *out, const struct reading *r)
{
	struct object o = object_open(out);

	object_number(&o, "count", r->count);
	for (const struct histogram_figure *f = histogram_figures; f->name; f++)
		object_number(&o, f->name, reading_figure(r, f));
	object_close(&o);
}

/* How each kind of metric stands in a tick. */
static const struct {
	const char *key;
	void (*put)(FILE *out, const struct reading *r);
} kinds[METRIC_KINDS] = {
	[METRIC_GAUGE] = { "gauges", put_level },
	[METRIC_COUNTER] = { "counters", put_counter },
	[METRIC_HISTOGRAM] = { "histograms", put_histogram },
	[METRIC_DERIVED] = { "derived", put_level },
};

static void put_kind(struct object *tick, const struct store *st, enum metric_kind kind)
{
	struct span last = store_last(st, store_now(st));
	struct reading r;
	struct object o;

	object_key(tick, kinds[kind].key);
	o = object_open(tick->out);
	for (size_t id = 0; id < store_metrics(st); id++) {
		if (store_metric(st, (metric_id)id)->kind != kind)
			continue;
		reading_take(&r, st, (metric_id)id, last);
		object_key(&o, r.row->name);
		kinds[kind].put(tick->out, &r);
	}
	object_close(&o);
}

/* What a bare number cannot say: from which share of the interval it was estimated, or that it is a lower bound. */
static void put_honesty(struct object *tick, const struct store *st)
{
	struct object coverage = { .out = tick->out }, partial = { .out = tick->out };
	struct span last = store_last(st, store_now(st));

	for (size_t id = 0; id < store_metrics(st); id++) {
		struct point p = store_value(st, (metric_id)id, last);

		if (p.state != POINT_SCALED || store_metric(st, (metric_id)id)->kind == METRIC_COUNTER)
			continue;
		optional_key(tick, &coverage, "coverage", store_metric(st, (metric_id)id)->name);
		put_coverage(tick->out, p.coverage);
	}
	optional_close(&coverage);
	for (size_t id = 0; id < store_metrics(st); id++) {
		if (store_value(st, (metric_id)id, last).state != POINT_PARTIAL)
			continue;
		optional_key(tick, &partial, "partial", store_metric(st, (metric_id)id)->name);
		fputs("true", tick->out);
	}
	optional_close(&partial);
}

static void put_row(FILE *out, const struct table *t, size_t row)
{
	const union cell *cells = t->cells + row * t->def->ncolumns;
	struct object o = object_open(out);

	for (size_t i = 0; i < t->def->ncolumns; i++) {
		if (t->def->columns[i].kind == COLUMN_TEXT)
			object_text_or_null(&o, t->def->columns[i].name, cells[i].text);
		else
			object_number(&o, t->def->columns[i].name, cells[i].number);
	}
	object_close(&o);
}

static void put_tables(struct object *tick, const struct store *st)
{
	struct object tables;
	const struct table *t;

	object_key(tick, "tables");
	tables = object_open(tick->out);
	for (size_t i = 0; (t = store_table_at(st, i)); i++) {
		object_key(&tables, t->def->name);
		fputc('[', tick->out);
		for (size_t row = 0; row < t->nrows; row++) {
			fputs(row ? "," : "", tick->out);
			put_row(tick->out, t, row);
		}
		fputc(']', tick->out);
	}
	object_close(&tables);
}

static bool has_left_out(const struct table *t, FILE *out)
{
	if (t->left_out && out)
		put_number(out, (double)t->left_out, "null");
	return t->left_out > 0;
}

static bool has_estimates(const struct table *t, FILE *out)
{
	if (t->sampled && out)
		fputs("true", out);
	return t->sampled;
}

static bool has_note(const struct table *t, FILE *out)
{
	if (t->note[0] && out)
		put_json_text(out, t->note);
	return t->note[0] != '\0';
}

/* What is to be said of whole tables: whether it is so, and with a file what. */
static const struct {
	const char *key;
	bool (*said)(const struct table *t, FILE *out);
} remarks[] = { { "left_out", has_left_out }, { "sampled", has_estimates }, { "notes", has_note } };

static void put_remarks(struct object *tick, const struct store *st)
{
	const struct table *t;

	for (size_t r = 0; r < sizeof remarks / sizeof remarks[0]; r++) {
		struct object o = { .out = tick->out };

		for (size_t i = 0; (t = store_table_at(st, i)); i++) {
			if (!remarks[r].said(t, NULL))
				continue;
			optional_key(tick, &o, remarks[r].key, t->def->name);
			remarks[r].said(t, tick->out);
		}
		optional_close(&o);
	}
}

static void json_tick(void *state, FILE *out, const struct store *st)
{
	struct span last = store_last(st, store_now(st));
	struct object o = object_open(out);

	object_key(&o, "t");
	fprintf(out, "%.6f", nsec_to_seconds(last.to - store_first(st)));
	object_key(&o, "dt");
	fprintf(out, "%.6f", nsec_to_seconds(last.to - last.from));
	put_metrics(state, &o, st);
	put_absent(state, &o, st);
	put_status(state, &o, st);
	put_kind(&o, st, METRIC_GAUGE);
	put_kind(&o, st, METRIC_COUNTER);
	put_kind(&o, st, METRIC_HISTOGRAM);
	put_kind(&o, st, METRIC_DERIVED);
	put_honesty(&o, st);
	put_tables(&o, st);
	put_remarks(&o, st);
	object_close(&o);
	fputc('\n', out);
}

static void json_end(void *state, FILE *out, const struct store *st, const struct export_end *why, struct err *note)
{
	struct json *j = state;
	struct object o = object_open(out), end;

	(void)st;
	note->text[0] = '\0';
	object_key(&o, "end");
	end = object_open(out);
	object_text(&end, "reason", why->reason);
	object_number(&end, "status", why->status >= 0 ? (double)why->status : (double)NAN);
	object_close(&end);
	object_close(&o);
	fputc('\n', out);
	for (size_t i = 0; i < j->known; i++)
		free(j->why[i]);
	free(j->why);
	free(j->told);
	free(j);
}

extern const struct export_ops export_json;
const struct export_ops export_json = {
	.name = "json",
	.help = "one JSON object a line: a header, the ticks, an end",
	.begin = json_begin,
	.tick = json_tick,
	.end = json_end,
};
