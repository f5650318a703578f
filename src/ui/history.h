/* Finished graph columns, kept because they never change: a frame then computes only the newest one. A cache, bounded;
 * whoever looks something up does not find it or finds what the store would say. */
#ifndef TACH_UI_HISTORY_H
#define TACH_UI_HISTORY_H

#include "model/sample.h"

#include <stdbool.h>
#include <stdint.h>

#define HISTORY_COLUMNS 256 /* most columns of a graph */

/* The least and the largest of the ticks so far; nothing yet while min > max. */
struct extent {
	double min, max;
};

struct measure;
struct history;
struct track; /* the columns of one measure at one span */

struct history *history_new(void);
void history_free(struct history *h);

/* The track of a measure with columns of that length, for at least `columns` of them (at most HISTORY_COLUMNS); valid
 * until the next history_track(). */
struct track *history_track(struct history *h, const struct measure *m, nsec_t column, int columns);

bool track_get(const struct track *t, uint64_t column, struct point *out); /* without coverage */
void track_put(struct track *t, uint64_t column, struct point p);
bool track_get_extent(const struct track *t, uint64_t column, struct extent *out);
void track_put_extent(struct track *t, uint64_t column, struct extent e);

/* The extent of the column that is not finished, and the tick up to which it goes: the caller goes on from there. */
struct live {
	uint64_t column;
	nsec_t upto;
	struct extent extent;
};

struct live *track_live(struct track *t);

#endif
