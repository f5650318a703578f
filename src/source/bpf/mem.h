/* The group of page faults. */
#ifndef TACH_SOURCE_BPF_MEM_H
#define TACH_SOURCE_BPF_MEM_H

#include "source/bpf/group.h"

extern const struct group_ops group_mem;

#endif
