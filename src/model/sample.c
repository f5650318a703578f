/* Filling and sealing one tick. */
#include "model/sample.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK 4096

struct arena {
	struct arena *next;
	size_t used, size;
	char text[];
};

struct point point_of(double value)
{
	return (struct point){ .value = value, .coverage = 1, .state = POINT_OK };
}

struct point point_missing(enum point_state state, const char *why)
{
	return (struct point){ .value = (double)NAN, .coverage = 1, .state = state, .why = why };
}

struct sample *sample_new(const struct registry *registry)
{
	struct sample *s = xcalloc(1, sizeof *s);

	s->registry = registry;
	return s;
}

static void arena_free(struct arena *a)
{
	while (a) {
		struct arena *next = a->next;

		free(a);
		a = next;
	}
}

void table_free(struct table *t)
{
	free(t->keys);
	free(t->cells);
}

void sample_free(struct sample *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nmetrics; i++)
		free(s->hists[i]);
	for (size_t i = 0; i < s->ntables; i++)
		table_free(&s->tables[i]);
	free(s->points);
	free(s->hists);
	free(s->tables);
	free(s->statuses);
	free(s->defs);
	arena_free(s->arena);
	free(s);
}

const char *sample_text(struct sample *s, const char *text)
{
	size_t need = strlen(text) + 1;
	struct arena *a = s->arena;

	if (need == 1)
		return "";
	if (!a || a->size - a->used < need) {
		size_t size = need > ARENA_CHUNK ? need : ARENA_CHUNK;

		a = xcalloc(1, sizeof *a + size);
		a->size = size;
		a->next = s->arena;
		s->arena = a;
	}
	memcpy(a->text + a->used, text, need);
	a->used += need;
	return a->text + a->used - need;
}

/* Makes room for one id; new points are gaps. */
static void reserve(struct sample *s, metric_id id)
{
	size_t old = s->nmetrics, now = registry_count(s->registry);

	if (id < old)
		return;
	if (now <= id)
		now = (size_t)id + 1;
	s->points = xreallocarray(s->points, now, sizeof *s->points);
	s->hists = xreallocarray(s->hists, now, sizeof(struct hist *));
	for (size_t i = old; i < now; i++) {
		s->points[i] = point_missing(POINT_GAP, NULL);
		s->hists[i] = NULL;
	}
	s->nmetrics = now;
}

void sample_put(struct sample *s, metric_id id, struct point p)
{
	reserve(s, id);
	if (p.why)
		p.why = sample_text(s, p.why);
	s->points[id] = p;
}

void sample_put_value(struct sample *s, metric_id id, double value)
{
	sample_put(s, id, point_of(value));
}

void sample_put_missing(struct sample *s, metric_id id, enum point_state state, const char *why)
{
	sample_put(s, id, point_missing(state, why));
}

void sample_put_hist(struct sample *s, metric_id id, struct hist *take)
{
	reserve(s, id);
	s->points[id] = point_of((double)hist_count(take));
	if (!s->hists[id]) {
		s->hists[id] = take;
		return;
	}
	hist_add(s->hists[id], take);
	s->points[id].value = (double)hist_count(s->hists[id]);
	free(take);
}

struct table *sample_table(struct sample *s, const struct table_def *def)
{
	struct table *t;

	s->tables = xgrow(s->tables, &s->tables_capacity, s->ntables + 1, sizeof *s->tables);
	t = &s->tables[s->ntables++];
	*t = (struct table){ .def = def, .note = "" };
	return t;
}

void sample_table_note(struct sample *s, const struct table_def *def, bool sampled, const char *note)
{
	for (size_t i = s->ntables; i-- > 0;) {
		if (s->tables[i].def != def)
			continue;
		s->tables[i].sampled = sampled;
		s->tables[i].note = sample_text(s, note);
		return;
	}
}

union cell *table_row(struct table *t, uint64_t key)
{
	size_t columns = t->def->ncolumns;
	union cell *row;

	if (t->nrows == t->capacity) {
		t->capacity = t->capacity ? t->capacity * 2 : 16;
		t->keys = xreallocarray(t->keys, t->capacity, sizeof *t->keys);
		t->cells = xreallocarray(t->cells, t->capacity * columns, sizeof *t->cells);
	}
	row = t->cells + t->nrows * columns;
	t->keys[t->nrows++] = key;
	for (size_t i = 0; i < columns; i++) {
		if (t->def->columns[i].kind == COLUMN_TEXT)
			row[i].text = "";
		else
			row[i].number = (double)NAN;
	}
	return row;
}

const char *const status_words[] = { "on", "partial", "denied", "absent", "off", NULL };

void sample_status(struct sample *s, const char *name, enum status_state state, const char *why, const char *fix)
{
	s->statuses = xgrow(s->statuses, &s->statuses_capacity, s->nstatuses + 1, sizeof *s->statuses);
	s->statuses[s->nstatuses++] = (struct status){ .name = sample_text(s, name), .state = state,
		.why = sample_text(s, why ? why : ""), .fix = sample_text(s, fix ? fix : "") };
}

void sample_seal(struct sample *s, nsec_t time, nsec_t wall, metric_id first_def)
{
	size_t count = registry_count(s->registry);

	s->time = time;
	s->wall = wall;
	s->first_def = first_def;
	s->ndefs = count - first_def;
	s->defs = xcalloc(s->ndefs, sizeof *s->defs);
	for (size_t i = 0; i < s->ndefs; i++) {
		const struct metric *row = registry_row(s->registry, (metric_id)(first_def + i));

		s->defs[i] = *row;
		s->defs[i].name = sample_text(s, row->name);
		s->defs[i].label = sample_text(s, row->label);
		s->defs[i].help = sample_text(s, row->help);
		s->defs[i].formula = row->formula ? sample_text(s, row->formula) : NULL;
	}
	s->registry = NULL;
}
