/* The group that knows who belongs to the target: processes are marked by pidfd, their children by the kernel. */
#include "source/bpf/group.h"
#include "source/bpf/id.h"

#include "base/alloc.h"
#include "base/log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "id.skel.h"

struct id_state {
	uint64_t generation; /* of the target, when its processes were marked last */
	u64 moved;
};

#define WALKS_MAX 16 /* generations of descendants that are found when tach comes */

/* Depth of a cgroup below the root of its hierarchy. */
static u32 depth_of(const char *path)
{
	char up[4096];
	struct stat here, root;
	u32 depth = 0;

	if (stat(path, &root))
		return 0;
	snprintf(up, sizeof up, "%s", path);
	while (depth < 64 && strlen(up) + 4 < sizeof up) {
		strcat(up, "/..");
		if (stat(up, &here) || here.st_dev != root.st_dev)
			break;
		depth++;
	}
	return depth;
}

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

bool id_cgroup(const struct target *t, u64 *id, u32 *level)
{
	const char *cgroup = target_cgroup_path(t);
	struct stat st;

	if (!cgroup || !is_cgroup2(cgroup) || stat(cgroup, &st))
		return false;
	*id = st.st_ino; /* of a directory of cgroup v2: the kernel's id */
	*level = depth_of(cgroup);
	return true;
}

static int id_open(struct group *g, struct err *e)
{
	struct id_bpf *s = id_bpf__open();
	u64 cgroup;
	u32 level;

	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	bpf_program__set_autoload(s->progs.tach_free, !g->room->features.task_storage);
	s->rodata->follow_children = g->room->env->children;
	if (id_cgroup(g->room->target, &cgroup, &level)) {
		s->rodata->cgroup_id = cgroup;
		s->rodata->cgroup_level = level;
	}
	return 0;
}

/* True: it was not marked before. */
static bool mark_process(const struct group *g, const struct process *p)
{
	u32 member = 1;
	int rc;

	if (g->room->features.task_storage)
		rc = p->pidfd < 0 ? -EBADF : bpf_map_update_elem(group_map(g, "marks"), &p->pidfd, &member, BPF_NOEXIST);
	else
		rc = bpf_map_update_elem(group_map(g, "tid_marks"), &p->pid, &member, BPF_NOEXIST);
	if (rc && rc != -EEXIST && rc != -ESRCH)
		log_line("process %d cannot be marked: %s", (int)p->pid, strerror(-rc));
	return rc == 0;
}

static bool mark_processes(const struct group *g)
{
	size_t n;
	const struct process *p = target_processes(g->room->target, &n);
	bool fresh = false;

	for (size_t i = 0; i < n; i++)
		fresh = (!p[i].gone && mark_process(g, &p[i])) || fresh;
	return fresh;
}

/* Walks over all tasks until nobody new is found. */
static int walk(struct group *g, struct err *e)
{
	struct id_bpf *s = g->typed;
	u64 before;
	int walks = 0;

	do {
		before = s->bss->found;
		if (group_iterate(s->progs.tach_members, e))
			return -1;
	} while (s->bss->found != before && ++walks < WALKS_MAX);
	return 0;
}

int id_find(struct group *g, struct err *e)
{
	mark_processes(g);
	return walk(g, e);
}

bool id_follow(struct group *g)
{
	struct id_bpf *s = g->typed;
	struct id_state *state = g->state;
	bool fresh;
	struct err e;

	if (!s)
		return false;
	fresh = state->generation != target_generation(g->room->target) && mark_processes(g);
	state->generation = target_generation(g->room->target);
	if (!fresh && s->bss->moved == state->moved)
		return false;
	state->moved = s->bss->moved;
	if (walk(g, &e))
		log_line("probe id: %s", e.text);
	return true;
}

u64 id_execs(const struct group *g)
{
	const struct id_bpf *s = g->typed;

	return s ? s->bss->execs : 0;
}

static int id_attached(struct group *g, struct err *e)
{
	(void)e;
	g->state = xcalloc(1, sizeof(struct id_state));
	return 0;
}

static void id_close(struct group *g)
{
	free(g->state);
}

const struct group_ops group_id = {
	.name = "id",
	.summary = "who belongs to the target: forks, execs, cgroup moves",
	.first = BPF_NO_METRIC,
	.last = BPF_NO_METRIC,
	.always = true,
	.open = id_open,
	.attached = id_attached,
	.close = id_close,
};
