/* The group that counts packets on the wire, where the target has a cgroup v2 to itself. */
#ifndef TACH_SOURCE_BPF_WIRE_H
#define TACH_SOURCE_BPF_WIRE_H

#include "source/bpf/group.h"

extern const struct group_ops group_wire;

#endif
