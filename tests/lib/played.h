/* A feed of tests/lib/feeds.h played into a store, tick by tick. */
#ifndef TACH_TESTS_LIB_PLAYED_H
#define TACH_TESTS_LIB_PLAYED_H

#include "feeds.h"
#include "model/store.h"

struct played;

struct played *played_new(const struct feed_shape *shape, size_t ticks_kept);
void played_free(struct played *p);

void played_line(struct played *p, const char *line); /* one line of the feed; the test fails on a bad one */
void played_until(struct played *p, int tick);        /* all ticks up to that one */
const struct store *played_store(const struct played *p);

#endif
