/* Where the target's threads spend their time, and the threads that the scheduler's hooks know. */
#ifndef TACH_SOURCE_BPF_SCHED_H
#define TACH_SOURCE_BPF_SCHED_H

#include "source/bpf/group.h"

extern const struct group_ops group_sched;

#endif
