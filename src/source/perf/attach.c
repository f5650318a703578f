/*
 * Opens the groups on all threads of one process. Threads cloned later inherit them.
 *
 * What is not exact: a thread born while its process is opened may have inherited from one that was opened already; it
 * is opened all the same, since else it could go uncounted for ever, and said to be counted twice perhaps.
 */
#include "source/perf/engine.h"

#include "base/alloc.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RESCANS 5     /* of a task directory that grows while it is opened */
#define REOPENINGS 20 /* of a unit whose thread forked in the middle of it; each takes some 20 us */

struct tids {
	pid_t *ids;
	size_t count, capacity;
};

static void visit_task(void *arg, const char *name)
{
	struct tids *t = arg;
	uint64_t id;

	if (!str_to_u64(name, INT32_MAX, &id))
		return;
	t->ids = xgrow(t->ids, &t->capacity, t->count + 1, sizeof *t->ids);
	t->ids[t->count++] = (pid_t)id;
}

/* ---- one thread ---- */

static int open_lane(const struct perf *p, const struct perf_group *g, pid_t tid, size_t pmu, int *fds,
	uint64_t *before)
{
	memset(before, 0, (2 + g->ncounted) * sizeof *before);
	if (perf_lane_open(p, g, tid, pmu, fds))
		return -1;
	if (perf_lane_read(p->kernel, fds[0], g->ncounted, before) == 0 || errno != ECHILD)
		return 0;
	perf_lane_close(p, fds, g->ncounted);
	errno = ECHILD;
	return -1;
}

/* Opens a unit in the place behind the last one. 0, or -1 with errno and nothing left open. */
static int open_lanes(const struct perf *p, struct perf_group *g, pid_t tid)
{
	size_t n = g->ncounted, first = g->nunits * g->npmus;

	g->fds = xgrow(g->fds, &g->fds_capacity, (first + g->npmus) * n, sizeof *g->fds);
	g->before = xgrow(g->before, &g->before_capacity, (first + g->npmus) * (2 + n), sizeof *g->before);
	for (size_t pmu = 0; pmu < g->npmus; pmu++) {
		int saved;

		if (open_lane(p, g, tid, pmu, g->fds + (first + pmu) * n, g->before + (first + pmu) * (2 + n)) == 0)
			continue;
		saved = errno;
		while (pmu--)
			perf_lane_close(p, g->fds + (first + pmu) * n, n);
		errno = saved;
		return -1;
	}
	return 0;
}

/* The thread forked while its group was half open. Either the half group of the child makes every read fail (ECHILD),
 * or the kernel has exchanged the contexts of parent and child (context_equiv()), so that the leader seems to be
 * another's (EINVAL) or nobody's (ENODEV). What these mean otherwise was found out on tach's own thread. */
static bool forked_between(int code)
{
	return code == ECHILD || code == EINVAL || code == ENODEV;
}

static int open_unit(const struct perf *p, struct perf_group *g, pid_t tid, unsigned tree)
{
	for (unsigned i = 0; open_lanes(p, g, tid); i++)
		if (!forked_between(errno) || i == REOPENINGS)
			return -1;
	g->trees = xgrow(g->trees, &g->trees_capacity, g->nunits + 1, sizeof *g->trees);
	g->trees[g->nunits++] = tree;
	g->opened++;
	return 0;
}

/* Returns whether at least one group is open on the thread now. */
static bool open_thread(struct perf *p, pid_t tid, unsigned tree)
{
	bool any = false;

	for (size_t i = 0; i < p->ngroups; i++) {
		struct perf_group *g = &p->groups[i];

		if (!g->ncounted)
			continue;
		if (!p->full && open_unit(p, g, tid, tree) == 0) {
			any = true;
			continue;
		}
		if (!p->full && errno == ESRCH)
			return any;
		p->full |= errno == EMFILE || errno == ENFILE;
		p->failure = p->failure ? p->failure : errno;
		g->missed++;
	}
	p->threads++;
	return any;
}

/* ---- one process ---- */

static int by_tid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

bool perf_attach(struct perf *p, const struct process *process, unsigned tree)
{
	struct tids known = { .count = 0 };
	bool any = false, grew = true;

	for (unsigned scan = 0; grew && scan < RESCANS; scan++) {
		struct tids found = { .count = 0 };

		grew = false;
		p->kernel->list(p->kernel->context, process->dir, "task", visit_task, &found);
		for (size_t i = 0; i < found.count; i++) {
			if (known.count && bsearch(&found.ids[i], known.ids, known.count, sizeof *known.ids, by_tid))
				continue;
			any |= open_thread(p, found.ids[i], tree);
			p->newborn += scan > 0;
			grew = true;
		}
		if (found.count)
			qsort(found.ids, found.count, sizeof *found.ids, by_tid);
		free(known.ids);
		known = found;
	}
	free(known.ids);
	return any;
}
