/* Finding the target's cgroups in v1 and v2, and reading limits. A limit may stand on any level: the tightest counts. */
#include "source/proc/cgroup.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "source/proc/text.h"
#include "target/parse.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOUNTINFO_LIMIT (16u << 20)
#define COMPARED 32                /* processes whose cgroups are compared when the target changes */
#define NO_LIMIT (UINT64_C(1) << 62) /* v1 writes "unlimited" as a number near 2^63 */

static const char *const controllers[CGROUP_TREES] = { [CGROUP_V2] = NULL, [CGROUP_CPU] = "cpu",
	[CGROUP_MEMORY] = "memory" };

/* ---- where ---- */

static void take_mount(struct cgroup *c, const struct mount *m)
{
	for (int i = 0; i < CGROUP_TREES; i++) {
		bool is_it = i == CGROUP_V2 ? strcmp(m->type, "cgroup2") == 0
					    : strcmp(m->type, "cgroup") == 0 && parse_has_word(m->options, controllers[i]);

		if (!is_it || c->places[i].point)
			continue;
		c->places[i].root = xstrdup(m->root);
		c->places[i].point = xstrdup(m->point);
	}
}

void cgroup_open(struct cgroup *c)
{
	struct mount m;
	const char *at;
	char *text;
	size_t n;

	if (file_read_all("/proc/self/mountinfo", MOUNTINFO_LIMIT, &text, &n) != 0)
		return;
	for (at = text; parse_mount(&at, text + n, &m);)
		take_mount(c, &m);
	free(text);
}

static void close_chain(struct cgroup_place *p)
{
	while (p->count)
		close(p->dirs[--p->count]);
}

void cgroup_close(struct cgroup *c, struct kept_budget *b)
{
	for (int i = 0; i < CGROUP_TREES; i++) {
		close_chain(&c->places[i]);
		free(c->places[i].root);
		free(c->places[i].point);
	}
	kept_close(&c->membership, b);
}

/* Opens a cgroup and those around it. below is its path from the mount point on: "/a/b", "" or "/" for the mount itself. */
static bool open_chain(struct cgroup_place *p, const char *below)
{
	char *path = xasprintf("%s%s", p->point, below);
	size_t mount = strlen(p->point), n = strlen(path);

	close_chain(p);
	while (p->count < CGROUP_DEPTH) {
		int fd;

		while (n > mount && path[n - 1] == '/')
			n--;
		path[n] = '\0';
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			break;
		p->dirs[p->count++] = fd;
		if (n <= mount)
			break;
		while (n > mount && path[n - 1] != '/')
			n--;
	}
	free(path);
	return p->count > 0;
}

bool cgroup_enter(struct cgroup_place *p, const char *path)
{
	size_t n = strlen(p->root);

	close_chain(p);
	if (str_starts(path, "/../") || strcmp(path, "/..") == 0)
		return false;
	if (n > 1 && strncmp(path, p->root, n) == 0 && (path[n] == '/' || path[n] == '\0'))
		path += n;
	return open_chain(p, path);
}

/* What a cgroup target is called below its mount, "" when the target is none. */
static const char *target_below(const struct cgroup *c, const struct target *t)
{
	const char *path = target_cgroup_path(t);

	for (int i = 0; path && i < CGROUP_TREES; i++) {
		size_t n = c->places[i].point ? strlen(c->places[i].point) : 0;

		if (n && strncmp(path, c->places[i].point, n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return path + n;
	}
	return "";
}

static void open_chains(struct cgroup *c, const struct target *t)
{
	const char *named = target_below(c, t);
	char path[1024];

	for (int i = 0; i < CGROUP_TREES; i++) {
		struct cgroup_place *p = &c->places[i];

		if (!p->point || (named[0] && open_chain(p, named)))
			continue;
		close_chain(p);
		if (parse_cgroup(c->text, strlen(c->text), controllers[i], path, sizeof path))
			cgroup_enter(p, path);
	}
}

/* Whether the target's processes are all where its first one is. */
static bool are_several(const struct cgroup *c, const struct target *t)
{
	char text[sizeof c->text];
	size_t n;
	const struct process *p = target_processes(t, &n);

	for (size_t i = 0; i < n && i < COMPARED; i++)
		if (!p[i].gone && p[i].pid != c->pid && file_read_at(p[i].dir, "cgroup", text, sizeof text) > 0 &&
			strcmp(text, c->text) != 0)
			return true;
	return false;
}

void cgroup_follow(struct cgroup *c, const struct target *t, struct kept_budget *b)
{
	const struct process *p = proc_first_alive(t);
	char text[sizeof c->text];

	if (!p)
		return;
	if (p->pid != c->pid || p->start != c->start)
		kept_close(&c->membership, b);
	c->pid = p->pid;
	c->start = p->start;
	if (kept_read(&c->membership, b, p->dir, "cgroup", text, sizeof text) < 0)
		return;
	if (strcmp(text, c->text) != 0) {
		strcpy(c->text, text);
		open_chains(c, t);
	}
	if (c->generation != target_generation(t))
		c->several = !target_cgroup_path(t) && are_several(c, t);
	c->generation = target_generation(t);
}

int cgroup_v2_dir(const struct cgroup *c)
{
	const struct cgroup_place *p = &c->places[CGROUP_V2];

	return p->count && faccessat(p->dirs[0], "cgroup.events", F_OK, 0) == 0 ? p->dirs[0] : -1;
}

/* ---- what ---- */

static bool read_number(int dir, const char *file, uint64_t *out)
{
	char text[64];

	return file_read_at(dir, file, text, sizeof text) > 0 && text_limit(text, out);
}

/* What a cgroup allows itself: infinite without a limit, NaN where it does not have the controller. */
typedef double limit_reader(int dir);

static double cpus_v2(int dir)
{
	char text[64];
	double cpus;

	return file_read_at(dir, "cpu.max", text, sizeof text) > 0 && text_cpu_max(text, &cpus) ? cpus : (double)NAN;
}

static double cpus_v1(int dir)
{
	uint64_t quota, period;

	if (!read_number(dir, "cpu.cfs_quota_us", &quota) || !read_number(dir, "cpu.cfs_period_us", &period) || !period)
		return (double)NAN;
	return quota == UINT64_MAX ? (double)INFINITY : (double)quota / (double)period;
}

static double bytes_of(int dir, const char *file)
{
	uint64_t bytes;

	if (!read_number(dir, file, &bytes))
		return (double)NAN;
	return bytes >= NO_LIMIT ? (double)INFINITY : (double)bytes;
}

static double memory_v2(int dir)
{
	return bytes_of(dir, "memory.max");
}

static double memory_v1(int dir)
{
	return bytes_of(dir, "memory.limit_in_bytes");
}

struct tightest {
	double limit; /* infinite: none has one */
	int dir;      /* which has it; the innermost where none has; -1: none has the controller */
};

static void look_for_limit(const struct cgroup_place *p, limit_reader *limit_of, struct tightest *out)
{
	for (size_t i = 0; i < p->count; i++) {
		double limit = limit_of(p->dirs[i]);

		if (isnan(limit) || (out->dir >= 0 && limit >= out->limit))
			continue;
		*out = (struct tightest){ limit, p->dirs[i] };
	}
}

/* The controller is in v2 or in v1, never in both. */
static struct tightest find_limit(const struct cgroup *c, limit_reader *v2, enum cgroup_tree tree, limit_reader *v1)
{
	struct tightest out = { (double)INFINITY, -1 };

	look_for_limit(&c->places[CGROUP_V2], v2, &out);
	if (out.dir < 0)
		look_for_limit(&c->places[tree], v1, &out);
	return out;
}

static void put_limit(const struct proc_tick *t, enum proc_metric m, const struct tightest *found)
{
	if (isfinite(found->limit))
		proc_put(t, m, found->limit);
	else
		proc_missing(t, m, m, POINT_ABSENT, "no limit set");
}

static void put_cpu(const struct cgroup *c, const struct proc_tick *t)
{
	static const char *const names[] = { "nr_throttled", "throttled_usec", "throttled_time" };
	struct tightest found = find_limit(c, cpus_v2, CGROUP_CPU, cpus_v1);
	uint64_t v[3] = { 0 }, have;
	char text[1024];

	put_limit(t, PROC_CPU_LIMIT, &found);
	if (found.dir < 0 || file_read_at(found.dir, "cpu.stat", text, sizeof text) < 0)
		text[0] = '\0';
	have = text_keyed(text, names, 3, v);
	if (!(have & 1) || !(have & 6)) {
		proc_missing(t, PROC_CPU_THROTTLED_PERIODS, PROC_CPU_THROTTLED, POINT_ABSENT,
			"its cgroup has no CPU controller");
		return;
	}
	proc_put(t, PROC_CPU_THROTTLED_PERIODS, (double)v[0]);
	proc_put(t, PROC_CPU_THROTTLED, (double)v[1] * 1e-6 + (double)v[2] * 1e-9);
}

static void put_memory(const struct cgroup *c, const struct proc_tick *t)
{
	struct tightest found = find_limit(c, memory_v2, CGROUP_MEMORY, memory_v1);
	bool root = found.dir >= 0 && faccessat(found.dir, "release_agent", F_OK, 0) == 0;
	uint64_t bytes;

	put_limit(t, PROC_MEM_LIMIT, &found);
	if (found.dir < 0 || root)
		proc_missing(t, PROC_MEM_CGROUP, PROC_MEM_CGROUP, POINT_ABSENT,
			"it is in no cgroup with a memory controller, or in the root");
	else if (read_number(found.dir, "memory.current", &bytes) ||
		read_number(found.dir, "memory.usage_in_bytes", &bytes))
		proc_put(t, PROC_MEM_CGROUP, (double)bytes);
}

void cgroup_read(const struct cgroup *c, const struct proc_tick *t)
{
	static const char *const several = "its processes are in several cgroups; these are the first one's";

	if (!proc_wants(t->env, PROC_CPU_LIMIT, PROC_MEM_CGROUP))
		return;
	if (proc_wants(t->env, PROC_CPU_LIMIT, PROC_CPU_THROTTLED))
		put_cpu(c, t);
	if (proc_wants(t->env, PROC_MEM_LIMIT, PROC_MEM_CGROUP))
		put_memory(c, t);
	if (c->several)
		sample_status(t->out, "cgroup", STATUS_PARTIAL, several, "watch one of them: tach -g CGROUP");
	else if (!c->places[CGROUP_V2].count && !c->places[CGROUP_CPU].count && !c->places[CGROUP_MEMORY].count)
		sample_status(t->out, "cgroup", STATUS_ABSENT, "no cgroup hierarchy is mounted here", "");
	else
		sample_status(t->out, "cgroup", STATUS_ON, "", "");
}
