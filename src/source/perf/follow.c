/*
 * Who is counted. Threads and children of a process that is open inherit its counters, in the kernel and at once, and
 * must not be opened again; a process that joins another way (moved into a cgroup) is opened when it appears. A
 * descriptor stays open when its thread ends: what the thread's children count comes through it.
 *
 * What is not exact: the time of a process's birth is known to 10 ms only, so that one forked in the same clock tick in
 * which its parent was opened is taken to have inherited. An orphan of a cgroup whose parent ended before the target
 * saw it is taken for one that joined, and then counted twice.
 */
#include "source/perf/engine.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct perf_member *)a)->pid, y = ((const struct perf_member *)b)->pid;

	return (x > y) - (x < y);
}

static struct perf_member *find_member(struct perf_member *list, size_t count, pid_t pid)
{
	struct perf_member key = { .pid = pid };

	return count ? bsearch(&key, list, count, sizeof *list, by_pid) : NULL;
}

/* The member that the list had before, or the parent's tree when it was born counted. */
static bool recognise(const struct perf *p, const struct process *process, struct perf_member *list, size_t count,
	struct perf_member *m)
{
	const struct perf_member *old = find_member(p->members, p->nmembers, process->pid), *parent;

	if (old && old->start == process->start) {
		*m = *old;
		return true;
	}
	if (!p->children)
		return false;
	parent = find_member(list, count, process->parent);
	if (!parent || !parent->since)
		parent = find_member(p->members, p->nmembers, process->parent);
	if (!parent || !parent->tree || process->start < parent->since)
		return false;
	m->since = m->start;
	m->tree = parent->tree;
	return true;
}

/* Those who were known or inherited; a grandchild may stand before its parent, so again until nothing changes. */
static void recognise_all(const struct perf *p, const struct process *list, struct perf_member *members, size_t count)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < count; i++) {
			struct perf_member *m = find_member(members, count, list[i].pid);

			if (!m->since)
				changed |= recognise(p, &list[i], members, count, m);
		}
	}
}

static void open_rest(struct perf *p, const struct process *list, struct perf_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct perf_member *m = find_member(members, count, list[i].pid);

		if (m->since || list[i].gone)
			continue;
		m->since = p->kernel->uptime(p->kernel->context);
		m->tree = perf_attach(p, &list[i], p->trees + 1) ? ++p->trees : 0;
	}
}

/* ---- what is too much, and what is over ---- */

/* The last hardware group that is still to be opened: groups stand in the order in which they are kept. */
static struct perf_group *last_hardware(const struct perf *p)
{
	for (size_t i = p->ngroups; i--;)
		if (p->groups[i].kind == PERF_HARDWARE && p->groups[i].ncounted)
			return &p->groups[i];
	return NULL;
}

/* Whether the groups are more than may be read in a tick, or need more descriptors than there are. */
bool perf_too_many(const struct perf *p, size_t threads)
{
	size_t groups = 0, fds = 0, room = p->file_limit / PERF_SHARE;

	for (size_t i = 0; i < p->ngroups; i++) {
		groups += p->groups[i].ncounted > 0;
		fds += p->groups[i].ncounted * p->groups[i].npmus;
	}
	return groups * threads > PERF_GROUP_READS || fds * threads > room;
}

static void leave_out_groups(struct perf *p, size_t threads)
{
	struct perf_group *g;

	while (perf_too_many(p, threads) && (g = last_hardware(p))) {
		for (size_t i = 0; i < g->ncounted; i++)
			perf_reason_set(&g->counted[i]->reason, POINT_ABSENT, "",
				"left out: %zu threads are too many for every group of counters", threads);
		g->ncounted = 0;
	}
}

static int by_tree(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static void close_unit(const struct perf *p, struct perf_group *g, size_t unit)
{
	size_t fds = g->npmus * g->ncounted, before = g->npmus * (2 + g->ncounted), last = --g->nunits;

	for (size_t pmu = 0; pmu < g->npmus; pmu++)
		perf_lane_close(p, g->fds + unit * fds + pmu * g->ncounted, g->ncounted);
	memmove(g->fds + unit * fds, g->fds + last * fds, fds * sizeof *g->fds);
	memmove(g->before + unit * before, g->before + last * before, before * sizeof *g->before);
	g->trees[unit] = g->trees[last];
}

void perf_group_close(const struct perf *p, struct perf_group *g)
{
	while (g->nunits)
		close_unit(p, g, g->nunits - 1);
}

/* Settles and closes the units whose opening has no member left, so that short-lived joiners do not fill the table of
 * descriptors. Only where the list is all that counts: elsewhere a child that the target never saw may live on. */
static void close_left(struct perf *p)
{
	unsigned *alive = xcalloc(p->nmembers + 1, sizeof *alive);

	for (size_t i = 0; i < p->nmembers; i++)
		alive[i] = p->members[i].tree;
	qsort(alive, p->nmembers, sizeof *alive, by_tree);
	for (size_t i = 0; i < p->ngroups; i++) {
		struct perf_group *g = &p->groups[i];

		for (size_t unit = g->nunits; unit--;) {
			if (bsearch(&g->trees[unit], alive, p->nmembers, sizeof *alive, by_tree))
				continue;
			perf_unit_take(p, g, unit);
			close_unit(p, g, unit);
		}
	}
	free(alive);
}

static size_t threads_of(const struct process *list, size_t count)
{
	size_t threads = 0;

	for (size_t i = 0; i < count; i++)
		threads += list[i].gone ? 0 : list[i].nthreads;
	return threads;
}

/* Whether there is a group to be opened: none was given away, or not all. */
static bool any_open(const struct perf *p)
{
	bool given = false;

	for (size_t i = 0; i < p->ngroups; i++) {
		if (p->groups[i].ncounted)
			return true;
		given |= p->groups[i].given;
	}
	return !given;
}

void perf_follow(struct perf *p, const struct process *list, size_t count)
{
	struct perf_member *members;
	size_t threads = threads_of(list, count);

	perf_offer(p, threads);
	if (p->waiting || !any_open(p))
		return;
	members = xcalloc(count + 1, sizeof *members);
	for (size_t i = 0; i < count; i++)
		members[i] = (struct perf_member){ .pid = list[i].pid, .start = list[i].start };
	qsort(members, count, sizeof *members, by_pid);
	if (!p->trees)
		leave_out_groups(p, threads);
	p->full = false;
	recognise_all(p, list, members, count);
	open_rest(p, list, members, count);
	free(p->members);
	p->members = members;
	p->nmembers = count;
	if (p->cgroup)
		close_left(p);
}
