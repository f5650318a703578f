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

/* split_map: by thread, with the same places; -1: there is none. */
struct slots *slots_open(int map, int free_map, int split_map, struct err *e);
void slots_close(struct slots *s); /* NULL is fine */

/* Copies all threads as of `now`, what goes on included; gives the places of dead ones back. */
void slots_read(struct slots *s, nsec_t now);

const struct thread_slot *slots_list(const struct slots *s, size_t *count);   /* alive at the last read */
u32 slots_place(const struct slots *s, size_t i);                             /* of list[i]; never changes */
const struct thread_split *slots_split(const struct slots *s, size_t i);      /* of list[i], live; NULL: there is none */
bool slots_are_split(const struct slots *s);
const struct thread_slot *slots_by_tid(const struct slots *s, u32 tid);       /* NULL: none */
const struct thread_slot *slots_by_inner(const struct slots *s, u32 tgid, u32 tid); /* tid as the program sees it */
const struct slot_times *slots_total(const struct slots *s);                  /* of all since the beginning */

/* Times of one thread, what goes on included. */
void slot_times_of(const struct thread_slot *t, nsec_t now, struct slot_times *out);

nsec_t slots_now(const struct slots *s); /* time of the last read */

/* "rx1/18233", clean; returns buf. */
const char *slot_label(const struct thread_slot *t, char *buf, size_t size);

/* What a thread that is off the CPU waits for, without the name of a lock: "epoll_wait", "page fault", "run queue"; "" when
 * it runs. Returns buf. */
const char *slot_waits_for(const struct thread_slot *t, char *buf, size_t size);

struct locks;

/* Fills the rows that are there; names are those of locks. NULL is fine for the table. */
void slots_fill_threads(struct slots *s, const struct locks *names, struct table *threads, struct sample *out);

#endif
