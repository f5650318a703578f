/* Counters of the CPUs, read when a thread of the target begins and ceases to run there. */
#ifndef TACH_SOURCE_BPF_HW_H
#define TACH_SOURCE_BPF_HW_H

#include "source/bpf/group.h"

extern const struct group_ops group_hw;

#endif
