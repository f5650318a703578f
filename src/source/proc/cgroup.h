/* The cgroups that the target lives in: their limits, what was charged to them, how often they were stopped. */
#ifndef TACH_SOURCE_PROC_CGROUP_H
#define TACH_SOURCE_PROC_CGROUP_H

#include "source/proc/kept.h"
#include "source/proc/metrics.h"

#define CGROUP_DEPTH 16 /* nested cgroups that are looked at, from the innermost on */

/* Trees that may be mounted: v2, and those of v1 with the controllers that matter here. */
enum cgroup_tree { CGROUP_V2, CGROUP_CPU, CGROUP_MEMORY, CGROUP_TREES };

struct cgroup {
	struct cgroup_place {
		char *root, *point;     /* of the mount; NULL: not mounted */
		int dirs[CGROUP_DEPTH]; /* O_PATH; the target's cgroup, then those around it, up to the mount */
		size_t count;
	} places[CGROUP_TREES];
	struct kept membership; /* /proc/PID/cgroup of the first process that is alive */
	pid_t pid;
	uint64_t start;
	uint64_t generation;
	bool several;           /* its processes are in different cgroups */
	char text[4096];        /* membership as last read */
};

void cgroup_open(struct cgroup *c);
void cgroup_close(struct cgroup *c, struct kept_budget *b);

/* Opens a cgroup and those around it. path is as /proc/PID/cgroup has it: from the root of the tree, of which only a part
 * may be mounted (in containers); "/.." is outside of tach's cgroup namespace. False when it is not to be seen. */
bool cgroup_enter(struct cgroup_place *p, const char *path);

/* Looks where the target is now; it may be moved. */
void cgroup_follow(struct cgroup *c, const struct target *t, struct kept_budget *b);

/* The directory of its v2 cgroup; -1: there is none, or it is the root, to which nothing is charged. */
int cgroup_v2_dir(const struct cgroup *c);

void cgroup_read(const struct cgroup *c, const struct proc_tick *t);

#endif
