/* The cache of finished columns: a ring a measure, the least recently drawn measure makes room for a new one. */
#include "ui/history.h"

#include "base/alloc.h"
#include "ui/view.h"

#include <stdlib.h>
#include <string.h>

#define TRACKS 96

struct kept {
	uint32_t column, extent_column; /* low bits of the number plus 1; 0: nothing kept */
	float value, min, max;
	uint8_t state;
};

struct track {
	struct measure what;
	nsec_t column;
	uint64_t used; /* when it was last asked for */
	struct live live;
	struct kept *ring;
	size_t capacity;
};

struct history {
	struct track tracks[TRACKS];
	uint64_t asked;
};

struct history *history_new(void)
{
	return xcalloc(1, sizeof(struct history));
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < TRACKS; i++)
		free(h->tracks[i].ring);
	free(h);
}

static size_t capacity_for(int columns)
{
	return ((size_t)(columns > 0 ? columns : 1) + 63) / 64 * 64;
}

static bool same(const struct track *t, const struct measure *m, nsec_t column)
{
	return t->used && t->what.id == m->id && t->what.table == m->table && t->what.key == m->key && t->what.figure == m->figure && t->what.divisor == m->divisor &&
		t->what.factor == m->factor && t->column == column;
}

/* Takes a track for a measure; what it held is forgotten. */
static void begin_track(struct track *t, const struct measure *m, nsec_t column, size_t capacity)
{
	if (t->capacity != capacity)
		t->ring = xreallocarray(t->ring, capacity, sizeof *t->ring);
	memset(t->ring, 0, capacity * sizeof *t->ring);
	t->capacity = capacity;
	t->what = *m;
	t->column = column;
	t->live = (struct live){ 0 };
}

struct track *history_track(struct history *h, const struct measure *m, nsec_t column, int columns)
{
	struct track *found = &h->tracks[0];
	bool known = false;

	for (struct track *t = h->tracks; t < h->tracks + TRACKS && !known; t++) {
		known = same(t, m, column);
		if (known || t->used < found->used)
			found = t;
	}
	if (!known || found->capacity < capacity_for(columns))
		begin_track(found, m, column, capacity_for(columns));
	found->used = ++h->asked;
	return found;
}

static struct kept *kept_of(const struct track *t, uint64_t column)
{
	return &t->ring[column % t->capacity];
}

bool track_get(const struct track *t, uint64_t column, struct point *out)
{
	const struct kept *k = kept_of(t, column);

	*out = (struct point){ .value = (double)k->value, .coverage = 1, .state = (enum point_state)k->state };
	return k->column == (uint32_t)column + 1;
}

void track_put(struct track *t, uint64_t column, struct point p)
{
	struct kept *k = kept_of(t, column);

	k->column = (uint32_t)column + 1;
	k->value = (float)p.value;
	k->state = (uint8_t)p.state;
}

bool track_get_extent(const struct track *t, uint64_t column, struct extent *out)
{
	const struct kept *k = kept_of(t, column);

	*out = (struct extent){ (double)k->min, (double)k->max };
	return k->extent_column == (uint32_t)column + 1;
}

void track_put_extent(struct track *t, uint64_t column, struct extent e)
{
	struct kept *k = kept_of(t, column);

	k->extent_column = (uint32_t)column + 1;
	k->min = (float)e.min;
	k->max = (float)e.max;
}

struct live *track_live(struct track *t)
{
	return &t->live;
}
