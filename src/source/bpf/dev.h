/* The group that counts packets at network devices, on request. */
#ifndef TACH_SOURCE_BPF_DEV_H
#define TACH_SOURCE_BPF_DEV_H

#include "source/bpf/group.h"

extern const struct group_ops group_dev;

#endif
