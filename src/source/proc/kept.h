/* A small file of the kernel that is read at every tick: its descriptor is kept open while there are descriptors to
 * spare (a third of the price of opening it), else it is opened and closed each time. */
#ifndef TACH_SOURCE_PROC_KEPT_H
#define TACH_SOURCE_PROC_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct kept {
	int opened; /* descriptor + 1; 0: none, so that zeroed memory is one that has not been read yet */
};

struct kept_budget {
	unsigned left; /* descriptors that may still be kept */
};

/* A third of what the process may open, and no more than a fixed number. */
struct kept_budget kept_budget_of_process(void);

/* Reads the whole file into buf (NUL-ended, cut at size). dir may be -1 once it is kept. Returns its length, or -1 with
 * errno; what has ended says ESRCH or ENOENT. */
ssize_t kept_read(struct kept *k, struct kept_budget *b, int dir, const char *path, char *buf, size_t size);

void kept_close(struct kept *k, struct kept_budget *b);

/* Whether an errno of kept_read() says that the process or thread is no more. */
bool kept_vanished(int error);

#endif
