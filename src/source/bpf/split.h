/* Latencies by thread: the table `latency_threads`. */
#ifndef TACH_SOURCE_BPF_SPLIT_H
#define TACH_SOURCE_BPF_SPLIT_H

#include "source/bpf/group.h"
#include "source/bpf/slots.h"

struct split;

bool split_is_wanted(const struct group *g); /* some metric that is split */

struct split *split_new(void);
void split_free(struct split *s); /* NULL is fine */

/* The rows of the wanted metrics, as of the last read of the slots. */
void split_put(struct split *s, const struct group *g, const struct slots *slots, struct sample *out);

#endif
