/* Identities of cgroups: inode numbers of their directories. */
#include "source/sockdiag/cgroups.h"

#include "target/hierarchy.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define REPEAT_AFTER (10 * NSEC_PER_SEC)

static void take(void *context, int dir, const char *name)
{
	struct cgroups *c = context;
	struct stat st;

	(void)name;
	if (c->ids.used >= CGROUPS_MOST || fstat(dir, &st) != 0)
		return;
	idmap_put(&c->ids, st.st_ino);
	if (++c->depth < HIERARCHY_DEPTH)
		hierarchy_each_child(dir, take, c);
	c->depth--;
}

void cgroups_follow(struct cgroups *c, const struct target *t)
{
	const char *path = target_cgroup_path(t);
	struct statfs fs;
	int dir;

	if (!path || (c->read && clock_now() - c->read < REPEAT_AFTER))
		return;
	c->read = clock_now();
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return; /* removed: who was in it is known */
	idmap_clear(&c->ids);
	if (fstatfs(dir, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		take(c, dir, "");
	close(dir);
}

void cgroups_free(struct cgroups *c)
{
	idmap_free(&c->ids);
}
