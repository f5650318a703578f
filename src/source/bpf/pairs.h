/* Who waited for whom, and who does now. */
#ifndef TACH_SOURCE_BPF_PAIRS_H
#define TACH_SOURCE_BPF_PAIRS_H

#include "source/bpf/group.h"
#include "source/bpf/slots.h"

struct locks;
struct pairs;

struct pairs *pairs_open(const struct group *g, const struct slots *slots);
void pairs_close(struct pairs *p); /* NULL is fine */
void pairs_read(struct pairs *p);
void pairs_put(const struct pairs *p, const struct locks *names, struct sample *out); /* lock_pairs, lock_chains */

#endif
