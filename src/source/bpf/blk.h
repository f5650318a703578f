/* The group of block requests. */
#ifndef TACH_SOURCE_BPF_BLK_H
#define TACH_SOURCE_BPF_BLK_H

#include "source/bpf/group.h"

extern const struct group_ops group_blk;

#endif
