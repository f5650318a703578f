/* The threads of the target as the scheduler group keeps them; others read them there. */
#ifndef TACH_SOURCE_BPF_SLOTS_BPF_H
#define TACH_SOURCE_BPF_SLOTS_BPF_H

#include "source/bpf/common.bpf.h"

const volatile bool has_split; /* somebody wants the split by thread */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct thread_slot);
} thread_slots SEC(".maps");

/* By the same places, if somebody wants it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct thread_split);
} thread_splits SEC(".maps");

#endif
