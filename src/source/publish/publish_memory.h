/* Getting at published memory of another process: opens, checks and maps one memfd. */
#ifndef TACH_SOURCE_PUBLISH_MEMORY_H
#define TACH_SOURCE_PUBLISH_MEMORY_H

#include "base/err.h"
#include "target/target.h"

#include <stddef.h>
#include <stdint.h>

struct publish_memory {
	const void *at; /* read-only mapping */
	size_t size;
	uint64_t inode; /* of the memfd: who finds it twice has found the same (a child inherits it) */
};

/* The kernel's own mount on which all memfds lie, as fdinfo's mnt_id has it; -1 with e when this kernel has no memfd.
 * A file that was only named like a memfd lies elsewhere and might be one whose open() hangs. */
int publish_memory_mount(struct err *e);

/* The inode behind a descriptor of the process, 0 when it is not (or no longer) a memfd. */
uint64_t publish_memory_inode(const struct process *p, unsigned fd, int mount);

/* Returns 0, or -1 with the reason in why; why->code is ENOENT when the descriptor is gone. */
int publish_memory_open(const struct process *p, unsigned fd, int mount, struct publish_memory *out, struct err *why);
void publish_memory_close(struct publish_memory *m);

#endif
