/*
 * Waits by futex address: totals of the kernel's table, a window of recent ones, who holds, who waits for whom. The first
 * wait of a lock, and then some a second, come with a stack: it says where, and by the function in which it stands what
 * kind of lock it is.
 */
#ifndef TACH_SOURCE_BPF_LOCKS_H
#define TACH_SOURCE_BPF_LOCKS_H

#include "source/bpf/group.h"
#include "source/bpf/slots.h"
#include "source/callers.h"

struct locks;

struct locks *locks_open(const struct group *g, const struct slots *slots, struct err *e);
void locks_close(struct locks *l); /* NULL is fine */

void locks_read(struct locks *l, nsec_t now);

/* Contention since the beginning: waits, and the time blocked in them. */
void locks_totals(const struct locks *l, uint64_t *waits, nsec_t *blocked);

void locks_put(const struct locks *l, struct sample *out); /* the tables locks, lock_pairs and lock_chains */

/* "conn_tbl"; an address where nothing is known. Valid until the next locks_read(). */
const char *locks_name(const struct locks *l, u32 tgid, u64 addr);

/* What stacks told. Texts are copied; unknown locks are left alone. */
void locks_learn(struct locks *l, u32 tgid, u64 addr, enum lock_nature nature);
void locks_learn_name(struct locks *l, u32 tgid, u64 addr, const char *name);
void locks_learn_site(struct locks *l, u32 tgid, u64 addr, bool hold, const char *site);

/* Calls back for each lock without a name. */
void locks_unnamed(struct locks *l, void (*ask)(void *context, u32 tgid, u64 addr), void *context);

#endif
