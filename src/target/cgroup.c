/*
 * Targets that are a cgroup: whoever is in it or in a cgroup below it, also those that come later. A process that
 * leaves the cgroup leaves the target.
 */
#include "target/private.h"

#include "base/alloc.h"
#include "base/str.h"
#include "target/hierarchy.h"
#include "target/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct walk {
	struct target *t;
	int depth;
	bool failed; /* something could not be read: who is missing may still be there */
};

static void note_member(struct target *t, pid_t pid)
{
	const uint32_t *place = pidmap_get(&t->known, pid);
	struct process p;

	if (place && *place != PIDMAP_BURIED)
		t->list[*place].follow->seen = t->round;
	else if (!place && process_open(&p, pid, 0) == 0)
		target_take(t, &p);
}

static void walk_cgroup(void *context, int dir, const char *name)
{
	struct walk *w = context;
	ssize_t n = target_read(w->t, dir, "cgroup.procs");
	const char *at = w->t->text;
	pid_t pid;

	(void)name;
	/* ENODEV: removed meanwhile. EOPNOTSUPP: threaded, its processes are listed by a cgroup above it */
	if (n < 0 && errno != ENOENT && errno != ENODEV && errno != EOPNOTSUPP)
		w->failed = true;
	while (n > 0 && parse_pid(&at, w->t->text + n, &pid))
		note_member(w->t, pid);
	if (++w->depth < HIERARCHY_DEPTH)
		hierarchy_each_child(dir, walk_cgroup, w);
	w->depth--;
}

void cgroup_refresh(struct target *t)
{
	struct walk w = { .t = t };

	walk_cgroup(&w, t->cgroup_dir, "");
	for (size_t i = 0; i < t->count && !w.failed; i++) {
		struct process *p = &t->list[i];

		if (p->gone || p->follow->seen == t->round)
			continue;
		p->gone = true;
		t->generation++;
	}
}

/* What the header says: the last part of the path as name, and the path below the mount point. */
static void name_cgroup(struct target *t, const char *below)
{
	const char *name = strrchr(t->cgroup_path, '/') + 1;

	str_clean(t->facts.name, sizeof t->facts.name, name, strlen(name));
	str_clean(t->facts.cgroup, sizeof t->facts.cgroup, below, strlen(below));
}

/* Takes path, whose end is `below`. */
static struct target *open_directory(char *path, const char *below, const struct target_options *o, struct err *e)
{
	char shown[160];
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct target *t;

	str_clean(shown, sizeof shown, path, strlen(path));
	if (dir < 0) {
		err_set(e, errno, "cannot open the cgroup %s: %s", shown, strerror(errno));
		free(path);
		return NULL;
	}
	t = target_new(TARGET_CGROUP, o);
	t->cgroup_dir = dir;
	t->cgroup_path = path;
	name_cgroup(t, below);
	target_start(t);
	if (t->alive)
		return t;
	err_set(e, 0, "no process is in the cgroup %s", shown);
	target_close(t);
	return NULL;
}

/* What target_open_cgroup() and _unit() share: finds the directory and opens it. */
static struct target *open_named(char *find(const struct hierarchies *h, const char *name), const char *name,
	const char *kind, const struct target_options *o, struct err *e)
{
	struct hierarchies h = hierarchies_find();
	char shown[100], point[64] = "", *path = find(&h, name);
	struct target *t;

	str_clean(shown, sizeof shown, name, strlen(name));
	if (h.count)
		str_clean(point, sizeof point, h.all[0].point, strlen(h.all[0].point));
	if (!h.count)
		err_set(e, 0, "no cgroup file system is mounted here");
	else if (!path)
		err_set(e, ENOENT, "no %s '%s' below %s", kind, shown, point);
	t = path ? open_directory(path, hierarchies_below(&h, path), o, e) : NULL;
	hierarchies_free(&h);
	return t;
}

struct target *target_open_cgroup(const char *path, const struct target_options *o, struct err *e)
{
	if (!*path) {
		err_set(e, 0, "the path of the cgroup is empty; / is all of them");
		return NULL;
	}
	return open_named(hierarchies_resolve, path, "cgroup", o, e);
}

struct target *target_open_unit(const char *unit, const struct target_options *o, struct err *e)
{
	if (!*unit || strchr(unit, '/')) {
		err_set(e, 0, "a unit is named without a path, as in nginx.service; a cgroup is named by -g");
		return NULL;
	}
	return open_named(hierarchies_find_unit, unit, "cgroup of a unit", o, e);
}
