/*
 * Stacks that programs copied: unwound and named by a thread of its own (symbol/worker.h), gathered here by where they
 * came from. Locks learn from them what kind they are, who waits and who lets go where; memory, where it grows.
 */
#ifndef TACH_SOURCE_BPF_STACKS_H
#define TACH_SOURCE_BPF_STACKS_H

#include "source/bpf/group.h"
#include "source/bpf/locks.h"

struct stacks;

struct stacks *stacks_open(struct bpf_room *r); /* there are r->symbols */
void stacks_close(struct stacks *s); /* NULL is fine */

void stacks_take(struct bpf_room *r, const void *record, size_t size); /* a record_taker */

/* Takes what has been unwound and named since. locks may be NULL. */
void stacks_read(struct stacks *s, struct locks *locks);

void stacks_put(const struct stacks *s, struct sample *out); /* lock_sites, growth, and how well it goes */

#endif
