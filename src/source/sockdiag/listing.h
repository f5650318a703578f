/* The table of the target's sockets. */
#ifndef TACH_SOURCE_SOCKDIAG_LISTING_H
#define TACH_SOURCE_SOCKDIAG_LISTING_H

#include "model/sample.h"
#include "source/sockdiag/ledger.h"

#define LISTING_MOST 512 /* rows of a tick */
#define LISTING_TEXT 64  /* holds every end below */

/* "10.0.0.1:443", "[::1]:53"; port 0 is "*". IPv4-mapped addresses are shown as IPv4. */
const char *listing_end(char buf[LISTING_TEXT], const struct seen_end *end);

/* Adds the table `sockets`: those that listen, then the busiest ones; left_out says how many more there are. Without
 * `complete` totals, in the midst of a cycle, its rows have none: those of the last cycle are older than the tick. */
void listing_put(const struct ledger *l, bool complete, struct sample *out);

#endif
