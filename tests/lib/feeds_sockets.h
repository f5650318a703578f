/* What probes of sockets, the scheduler, the disk and memory would say of the gateway, seen as a server: parts of
 * feeds.h's feeds. */
#ifndef TACH_TESTS_LIB_FEEDS_SOCKETS_H
#define TACH_TESTS_LIB_FEEDS_SOCKETS_H

#include "feeds.h"

void feed_sockets_head(FILE *out);
void feed_sockets_tick(FILE *out, const struct feed_shape *shape, int tick, double wall);

#endif
