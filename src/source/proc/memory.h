/* The memory of the target's processes: levels from libproc2, and on request what only smaps_rollup knows. */
#ifndef TACH_SOURCE_PROC_MEMORY_H
#define TACH_SOURCE_PROC_MEMORY_H

#include "source/proc/processes.h"

#define MEMORY_A_TICK 64 /* processes whose memory is read in one tick; of more, the others keep their last */

struct memory;

struct memory *memory_open(void);
void memory_close(struct memory *m);

/* Puts the sums. Reads nothing that takes the lock of a memory map. */
void memory_read(struct memory *m, const struct proc_tick *t, const struct processes *p);

/* One line: PSS, dirty, huge and swapped memory, and how long the kernel held the memory map's lock for it. */
void memory_ask(const struct target *t, char *answer, size_t size);

#endif
