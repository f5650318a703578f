/* Setting probes into one file as one process has it mapped, and taking them out again. Knows neither names nor why. */
#ifndef TACH_SOURCE_BPF_FN_LINK_H
#define TACH_SOURCE_BPF_FN_LINK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_program;
struct fn_bpf; /* the skeleton */

/* Whether this kernel takes many probes by one call (Linux 6.6; it then asks for no privilege beyond that for loading, and
 * takes them out together, where each alone takes a tenth of a second). The programs have to be loaded for it. */
bool fn_link_many(void);
void fn_link_prepare(struct fn_bpf *s, bool many); /* before loading */

struct fn_point {
	uint64_t offset;    /* in the file */
	uint64_t semaphore; /* offset of a counter to raise meanwhile; 0: none */
	uint32_t slot;
	bool timed;         /* also where it returns to */
};

#define FN_POINTS 256

struct fn_links {
	int *fds;           /* of links, closing them takes the probes out */
	size_t count, capacity;
};

/* The file by its descriptor, the process by its pid. Probes are put where they can be put; returns how many points have
 * theirs. Of one that has not, failed (as long as points) is set, and e is filled. */
size_t fn_link(const struct fn_bpf *s, bool many, int fd, pid_t pid, const struct fn_point *points, size_t count, bool *failed,
	struct fn_links *out, struct err *e);

void fn_links_move(struct fn_links *to, struct fn_links *from);

/* Takes them all out at a time, as the kernel lets each wait for all CPUs: a tenth of a second. */
void fn_unlink(struct fn_links *links);

#endif
