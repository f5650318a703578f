/* The group that times every system call; opt-in. */
#ifndef TACH_SOURCE_BPF_SYS_H
#define TACH_SOURCE_BPF_SYS_H

#include "source/bpf/group.h"

extern const struct group_ops group_sys;

#endif
