/* Whether a cgroup lies under the one that is the target. */
#ifndef TACH_SOURCE_BPF_CGROUP_H
#define TACH_SOURCE_BPF_CGROUP_H

#include "source/bpf/common.bpf.h"

/* A cgroup v2 as target: its id and depth; 0: the target is processes. */
const volatile u64 cgroup_id;
const volatile u32 cgroup_level;

struct cgroup___ancestors {
	struct cgroup *ancestors[1]; /* from 6.1 on */
} __attribute__((preserve_access_index));

struct cgroup___ids {
	u64 ancestor_ids[1];
} __attribute__((preserve_access_index));

static __always_inline bool is_under(struct cgroup *c)
{
	struct cgroup___ancestors *with = (void *)c;
	struct cgroup___ids *old = (void *)c;
	struct cgroup *ancestor = NULL;
	u64 id = 0;

	if (BPF_CORE_READ(c, level) < (int)cgroup_level)
		return false;
	if (bpf_core_field_exists(with->ancestors)) {
		bpf_probe_read_kernel(&ancestor, sizeof ancestor, (void *)&with->ancestors + cgroup_level * sizeof ancestor);
		return ancestor && BPF_CORE_READ(ancestor, kn, id) == cgroup_id;
	}
	bpf_probe_read_kernel(&id, sizeof id, (void *)&old->ancestor_ids + cgroup_level * sizeof id);
	return id == cgroup_id;
}

#endif
