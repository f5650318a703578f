/*
 * The last words of TCP sockets: when one ends, the kernel tells who listens all that it ever moved. It costs whoever ends
 * a connection about a microsecond that somebody listens, so that nobody does where very many end.
 */
#ifndef TACH_SOURCE_SOCKDIAG_ENDINGS_H
#define TACH_SOURCE_SOCKDIAG_ENDINGS_H

#include "source/sockdiag/dump.h"

struct endings {
	int fd;            /* -1 where they cannot be had */
	nsec_t deaf_until; /* not listening until then; 0: listening */
};

/* In the network namespace of the calling thread. */
void endings_open(struct endings *e);
void endings_close(struct endings *e);

/* Visits those that ended since the last call. False: some were lost. */
bool endings_hear(struct endings *e, dump_visit *visit, void *context);

#endif
