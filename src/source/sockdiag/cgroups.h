/* The cgroups of a target that is one: the kernel says of each socket in which it was made (Linux 5.8). */
#ifndef TACH_SOURCE_SOCKDIAG_CGROUPS_H
#define TACH_SOURCE_SOCKDIAG_CGROUPS_H

#include "base/clock.h"
#include "source/sockdiag/idmap.h"
#include "target/target.h"

#define CGROUPS_MOST 1024

struct cgroups { /* zeroed: none */
	struct idmap ids; /* empty when the target is no cgroup, or one that has no such numbers (version 1) */
	nsec_t read;
	int depth;
};

/* Once a tick: looks every ten seconds which cgroups are below the target's. */
void cgroups_follow(struct cgroups *c, const struct target *t);
void cgroups_free(struct cgroups *c);

static inline bool cgroups_have(const struct cgroups *c, uint64_t id)
{
	return idmap_find(&c->ids, id) != NULL;
}

#endif
