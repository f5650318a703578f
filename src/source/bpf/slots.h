/* The threads as the scheduler's hooks keep them: one place each, in memory that is shared with the kernel. */
#ifndef TACH_SOURCE_BPF_SLOTS_H
#define TACH_SOURCE_BPF_SLOTS_H

#include "base/clock.h"
#include "base/err.h"
#include "model/sample.h"
#include "source/bpf/shared.h"

struct slot_times {
	nsec_t run, queue, blocked[CAUSES];
	uint64_t voluntary, involuntary;
};

struct slots;

struct slots *slots_open(int map, int free_map, struct err *e);
void slots_close(struct slots *s); /* NULL is fine */

/* Copies all threads as of `now`, what goes on included; gives the places of dead ones back. */
void slots_read(struct slots *s, nsec_t now);

const struct thread_slot *slots_list(const struct slots *s, size_t *count);   /* alive at the last read */
const struct thread_slot *slots_by_tid(const struct slots *s, u32 tid);       /* NULL: none */
const struct thread_slot *slots_by_inner(const struct slots *s, u32 tgid, u32 tid); /* tid as the program sees it */
const struct slot_times *slots_total(const struct slots *s);                  /* of all since the beginning */

/* Times of one thread, what goes on included. */
void slot_times_of(const struct thread_slot *t, nsec_t now, struct slot_times *out);

void slots_fill_threads(const struct slots *s, struct table *threads); /* NULL is fine */

#endif
