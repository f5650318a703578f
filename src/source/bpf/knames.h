/* Names of the kernel's addresses: asked for once, there at a later tick, bounded. */
#ifndef TACH_SOURCE_BPF_KNAMES_H
#define TACH_SOURCE_BPF_KNAMES_H

#include "source/bpf/group.h"
#include "symbol/worker.h"

struct knames;

struct knames *knames_open(const struct bpf_room *r); /* whose r->symbols are asked, once they are there */
void knames_close(struct knames *k);                  /* NULL is fine */

/* Once a tick. New names are looked for now and then only: each time all of the kernel's symbols are read, 50 ms of CPU. */
void knames_tick(struct knames *k, nsec_t now);

/* NULL: not known yet, ask again at the next tick. Valid until the next call. */
const struct symbol_name *knames_get(struct knames *k, u64 address);

/* Where the functions lie that take locks, in two sections: looked for on a thread of its own from the first call on. True
 * once, when it is known. */
bool knames_take_lock_text(struct knames *k, u64 begin[2], u64 end[2]);

bool knames_hidden(const struct knames *k); /* this run may not see the kernel's addresses */
bool knames_near(const struct knames *k, u64 address); /* it may lie in the kernel's image or a module: the rest has no names */

#endif
