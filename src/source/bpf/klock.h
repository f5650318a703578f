/* The group of contended locks inside the kernel. */
#ifndef TACH_SOURCE_BPF_KLOCK_H
#define TACH_SOURCE_BPF_KLOCK_H

#include "source/bpf/group.h"

extern const struct group_ops group_lock;

#endif
