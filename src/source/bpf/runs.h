/* How often the kernel ran programs, and for how long, by its own statistics: for two tenths of a second at a time, as
 * every run of every program pays for them (about 43 ns). Needs root. */
#ifndef TACH_SOURCE_BPF_RUNS_H
#define TACH_SOURCE_BPF_RUNS_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNS_MOST 64 /* programs that are looked at */

struct runs_program {
	int fd;          /* its own copy until it is measured */
	size_t group;    /* the caller's */
	bool counted;    /* the same */
	uint64_t count, time; /* in the window: runs, nanoseconds */
};

struct runs;

struct runs *runs_open(void);
void runs_close(struct runs *r); /* NULL is fine */

/* Begins a window on a thread of its own, and takes the descriptors over. False: one is under way, or this run may not
 * have any; the descriptors are closed then. */
bool runs_begin(struct runs *r, const struct runs_program *list, size_t count);

/* The window that has ended since the last call; NULL: none has. *seconds is how long it was. */
const struct runs_program *runs_take(struct runs *r, size_t *count, double *seconds);

bool runs_denied(const struct runs *r); /* this run may not */

#endif
