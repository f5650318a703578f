/* The cache of finished columns: a ring a measure, the least recently drawn measure makes room for a new one. */
#include "ui/history.h"

#include "base/alloc.h"
#include "ui/view.h"

#include <stdlib.h>
#include <string.h>

#define TRACKS 96

struct kept {
	uint32_t column, extent_column; /* low bits of the number plus 1; 0: nothing kept */
	float value, coverage, min, max;
	uint8_t state;
};

struct track {
	struct measure what;
	nsec_t column;
	uint64_t used; /* when it was last asked for */
	struct live live;
	struct kept *ring;
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

void history_forget(struct history *h)
{
	for (size_t i = 0; i < TRACKS; i++)
		h->tracks[i].used = 0;
}

static bool same(const struct track *t, const struct measure *m, nsec_t column)
{
	return t->used && t->what.id == m->id && t->what.figure == m->figure && t->what.divisor == m->divisor &&
		t->what.factor == m->factor && t->column == column;
}

struct track *history_track(struct history *h, const struct measure *m, nsec_t column)
{
	struct track *oldest = &h->tracks[0];

	h->asked++;
	for (struct track *t = h->tracks; t < h->tracks + TRACKS; t++) {
		if (same(t, m, column)) {
			t->used = h->asked;
			return t;
		}
		if (t->used < oldest->used)
			oldest = t;
	}
	if (!oldest->ring)
		oldest->ring = xcalloc(HISTORY_COLUMNS, sizeof *oldest->ring);
	memset(oldest->ring, 0, HISTORY_COLUMNS * sizeof *oldest->ring);
	oldest->what = *m;
	oldest->column = column;
	oldest->live = (struct live){ 0 };
	oldest->used = h->asked;
	return oldest;
}

bool track_get(const struct track *t, uint64_t column, struct point *out)
{
	const struct kept *k = &t->ring[column % HISTORY_COLUMNS];

	if (k->column != (uint32_t)column + 1)
		return false;
	*out = (struct point){ .value = (double)k->value, .coverage = k->coverage, .state = (enum point_state)k->state };
	return true;
}

void track_put(struct track *t, uint64_t column, struct point p)
{
	struct kept *k = &t->ring[column % HISTORY_COLUMNS];

	k->column = (uint32_t)column + 1;
	k->value = (float)p.value;
	k->coverage = p.coverage;
	k->state = (uint8_t)p.state;
}

bool track_get_extent(const struct track *t, uint64_t column, struct extent *out)
{
	const struct kept *k = &t->ring[column % HISTORY_COLUMNS];

	*out = (struct extent){ (double)k->min, (double)k->max };
	return k->extent_column == (uint32_t)column + 1;
}

void track_put_extent(struct track *t, uint64_t column, struct extent e)
{
	struct kept *k = &t->ring[column % HISTORY_COLUMNS];

	k->extent_column = (uint32_t)column + 1;
	k->min = (float)e.min;
	k->max = (float)e.max;
}

struct live *track_live(struct track *t)
{
	return &t->live;
}
