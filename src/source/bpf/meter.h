/*
 * What the probes cost now: the table of prices times what happens, corrected by what the kernel's own statistics say
 * where root may ask for them, two tenths of a second in ten. Decides how much each group measures.
 */
#ifndef TACH_SOURCE_BPF_METER_H
#define TACH_SOURCE_BPF_METER_H

#include "source/bpf/group.h"

struct meter;

struct meter *meter_open(struct bpf_room *r); /* takes a hundredth of a second: it times this machine */
void meter_close(struct meter *m);            /* NULL is fine */

/* Once a tick, after the groups were read: looks at most once a second, puts the costs, sets the groups' stages. */
void meter_read(struct meter *m, nsec_t now, struct sample *out);

#endif
