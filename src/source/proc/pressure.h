/* Pressure stall information: how long tasks of the target's cgroup, and of the machine, waited for what they lacked. */
#ifndef TACH_SOURCE_PROC_PRESSURE_H
#define TACH_SOURCE_PROC_PRESSURE_H

#include "source/proc/kept.h"
#include "source/proc/metrics.h"

struct pressure {
	struct kept host[3]; /* cpu, memory, io */
};

void pressure_close(struct pressure *p, struct kept_budget *b);

/* cgroup: directory of the target's v2 cgroup, -1 where it has none of its own. */
void pressure_read(struct pressure *p, const struct proc_tick *t, struct kept_budget *b, int cgroup);

#endif
