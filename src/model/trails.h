/*
 * The history of rows of tables: the rate of one column a tick, for the rows in which most is going on, in rings that
 * share the positions of the store's series. Bounded: a row in which nothing has happened for longest makes room.
 */
#ifndef TACH_MODEL_TRAILS_H
#define TACH_MODEL_TRAILS_H

#include "model/rates.h"

struct trails;

struct trails *trails_new(size_t capacity); /* ticks of a ring */
void trails_free(struct trails *t);

/* Writes what the tables say at a tick; ticks are numbered without a gap. */
void trails_take(struct trails *t, const struct rates *r, size_t tick);

/* What they said of a row at a tick that is still kept; NaN: nothing. */
double trails_read(const struct trails *t, const char *table, uint64_t key, size_t tick);

#endif
