/* Asking the kernel for single TCP connections by their ends: quicker than all of them while they are few. */
#ifndef TACH_SOURCE_SOCKDIAG_LOOKUP_H
#define TACH_SOURCE_SOCKDIAG_LOOKUP_H

#include "source/sockdiag/dump.h"

#define LOOKUP_BATCH 64

/* Asks for up to LOOKUP_BATCH connections at once, over a netlink socket on which nothing else is under way. Visits those
 * that are still there; of another one with the same ends nothing is said. */
void lookup_visit(int fd, const struct seen *const wanted[], size_t count, dump_visit *visit, void *context);

#endif
