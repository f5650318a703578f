/* Who belongs to the target. */
#ifndef TACH_SOURCE_BPF_ID_H
#define TACH_SOURCE_BPF_ID_H

#include "source/bpf/group.h"

/* Marks the target's processes, and whoever descends from them already; its hooks must be attached before. */
int id_find(struct group *g, struct err *e);

bool id_follow(struct group *g); /* marks who came into the target since; true: somebody did, or left it */

/* The cgroup v2 that is the target: its id, and depth below the root; false: it is not a cgroup. */
bool id_cgroup(const struct target *t, u64 *id, u32 *level);

u64 id_execs(const struct group *g); /* how often somebody of the target called exec */

extern const struct group_ops group_id;

#endif
