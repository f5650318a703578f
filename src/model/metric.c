/* The registry of metrics: name to id by an open hash, rows kept in chunks so that their addresses never move. */
#include "model/metric.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define HASH_SLOTS (METRIC_LIMIT * 2)

struct registry {
	struct metric **rows; /* each allocated by itself */
	size_t count, capacity;
	uint16_t hash[HASH_SLOTS]; /* id + 1, 0 is free */
};

const char *metric_kind_name(enum metric_kind kind)
{
	static const char *const names[METRIC_KINDS] = { "counter", "gauge", "histogram", "derived" };

	return names[kind];
}

const char *metric_unit_name(enum metric_unit unit)
{
	static const char *const names[METRIC_UNITS] = { "count", "bytes", "seconds", "ratio" };

	return names[unit];
}

/* FNV-1a, 32 bits. */
static uint32_t hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

/* The slot that holds the name, or the free one where it would go. */
static size_t find_slot(const struct registry *r, const char *name)
{
	size_t i = hash_name(name) % HASH_SLOTS;

	while (r->hash[i] && strcmp(r->rows[r->hash[i] - 1]->name, name) != 0)
		i = (i + 1) % HASH_SLOTS;
	return i;
}

struct registry *registry_new(void)
{
	return xcalloc(1, sizeof(struct registry));
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		free((char *)r->rows[i]->name);
		free((char *)r->rows[i]->label);
		free((char *)r->rows[i]->help);
		free((char *)r->rows[i]->formula);
		free(r->rows[i]);
	}
	free(r->rows);
	free(r);
}

metric_id registry_add(struct registry *r, const struct metric *row)
{
	size_t slot = find_slot(r, row->name);
	struct metric *copy;

	if (r->hash[slot])
		return (metric_id)(r->hash[slot] - 1);
	if (r->count >= METRIC_LIMIT)
		return METRIC_NONE;
	copy = xcalloc(1, sizeof *copy);
	*copy = *row;
	copy->name = xstrdup(row->name);
	copy->label = xstrdup(row->label ? row->label : row->name);
	copy->help = xstrdup(row->help ? row->help : "");
	copy->formula = row->formula ? xstrdup(row->formula) : NULL;
	r->rows = xgrow(r->rows, &r->capacity, r->count + 1, sizeof *r->rows);
	r->rows[r->count++] = copy;
	r->hash[slot] = (uint16_t)r->count;
	return (metric_id)(r->count - 1);
}

metric_id registry_find(const struct registry *r, const char *name)
{
	size_t slot = find_slot(r, name);

	return r->hash[slot] ? (metric_id)(r->hash[slot] - 1) : METRIC_NONE;
}

const struct metric *registry_row(const struct registry *r, metric_id id)
{
	return r->rows[id];
}

size_t registry_count(const struct registry *r)
{
	return r->count;
}
