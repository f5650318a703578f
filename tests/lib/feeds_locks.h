/* What probes of the scheduler and of locks would say of the gateway: parts of feeds.h's feeds. */
#ifndef TACH_TESTS_LIB_FEEDS_LOCKS_H
#define TACH_TESTS_LIB_FEEDS_LOCKS_H

#include "feeds.h"
#include "model/tables.h"

/* The first columns of a table. */
void feed_columns(FILE *out, const struct table_def *def, size_t count);

void feed_locks_head(FILE *out);
void feed_locks_tick(FILE *out, const struct feed_shape *shape, int tick);

/* The cells of a thread's row from lock_seconds on; off: seconds that it was neither on a CPU nor in the run queue,
 * before and in the trouble. */
void feed_locks_thread(FILE *out, bool trouble, const char *name, const double off[2]);

#endif
