/*
 * What this machine and these rights allow, learned by trying each event on tach's own thread before any thread of the
 * target is touched: versions, models and paranoid values promise less than an open descriptor does. A hypervisor may
 * even open counters that do not count, so cycles and instructions are run for a millisecond first.
 */
#include "source/perf/engine.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES "/sys/bus/event_source/devices"
#define SELF_TEST_ROUNDS 12 /* of a millisecond: groups take turns every 1 to 4 ms */
#define IPC_LEAST 0.05
#define IPC_MOST 10.0

static int open_dummy(const struct perf_kernel *k, bool inherit_thread)
{
	struct perf_event_attr attr = { .size = sizeof attr, .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1, .exclude_hv = 1, .inherit = 1, .inherit_thread = inherit_thread };
	int fd = k->open(k->context, &attr, 0, -1);

	if (fd < 0)
		return -1;
	k->close(k->context, fd);
	return 0;
}

int perf_trial_basic(const struct perf_kernel *k, struct perf_reason *reason)
{
	if (open_dummy(k, false) == 0)
		return 0;
	perf_explain_basic(k, errno, reason);
	return -1;
}

/* ---- kinds of cores ---- */

/* Core PMUs of a hybrid machine list their CPUs in "cpus"; an ordinary x86 has no such file, other PMUs "cpumask". */
static void visit_device(void *arg, const char *name)
{
	struct perf *p = arg;
	char path[320], text[64];
	uint64_t type;

	snprintf(path, sizeof path, DEVICES "/%s/cpus", name);
	if (p->kinds == PERF_PMUS || p->kernel->file(p->kernel->context, path, text, sizeof text) < 0)
		return;
	snprintf(path, sizeof path, DEVICES "/%s/type", name);
	if (p->kernel->file(p->kernel->context, path, text, sizeof text) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (!str_to_u64(text, UINT32_MAX, &type))
		return;
	p->pmus[p->kinds].type = (uint32_t)type;
	str_clean(p->pmus[p->kinds++].name, sizeof p->pmus[0].name, name, strlen(name));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct perf_pmu *)a)->name, ((const struct perf_pmu *)b)->name);
}

static void find_pmus(struct perf *p)
{
	p->kernel->list(p->kernel->context, AT_FDCWD, DEVICES, visit_device, p);
	qsort(p->pmus, p->kinds, sizeof p->pmus[0], by_name);
	p->npmus = p->kinds >= 2 ? p->kinds : 1;
}

static bool is_generic(const struct perf_event *ev)
{
	return ev->code.type == PERF_TYPE_HARDWARE || ev->code.type == PERF_TYPE_HW_CACHE;
}

static bool needs_pmu(const struct perf_event *ev)
{
	return !perf_code_is_software(&ev->code) && ev->code.type != PERF_TYPE_BREAKPOINT;
}

/* Whether an event of a hybrid CPU is counted on one kind of core only: a raw number means something on one only. */
static bool on_one_pmu(const struct perf *p, const struct perf_event *ev)
{
	if (p->kinds < 2)
		return false;
	for (size_t i = 0; i < p->kinds; i++)
		if (ev->code.type == p->pmus[i].type)
			return true;
	return ev->code.type == PERF_TYPE_RAW || (is_generic(ev) && p->npmus < 2);
}

/* ---- one event, one group ---- */

/* Opens on tach's own thread; where the kernel part is refused, the user part, if the event has one. */
static int open_self(const struct perf *p, struct perf_event *ev, size_t pmu, int leader)
{
	int fd = perf_event_open_one(p, ev, 0, pmu, leader);

	if (fd >= 0 || errno != EACCES || ev->user_only || ev->code.exclude_user || !perf_code_has_user_part(&ev->code))
		return fd;
	ev->user_only = true;
	fd = perf_event_open_one(p, ev, 0, pmu, leader);
	ev->user_only = fd >= 0;
	return fd;
}

/* Whether each kind of core counts the event; its reason is set where not. */
static bool try_event(const struct perf *p, struct perf_event *ev, size_t npmus)
{
	for (size_t pmu = 0; pmu < npmus; pmu++) {
		int fd = open_self(p, ev, pmu, -1);

		if (fd < 0) {
			perf_explain_event(p->kernel, errno, ev->name, &ev->reason);
			if (npmus >= 2 && ev->reason.state == POINT_ABSENT)
				perf_reason_set(&ev->reason, POINT_ABSENT, "", "the cores of %s do not count %s",
					p->pmus[pmu].name, ev->name);
			return false;
		}
		p->kernel->close(p->kernel->context, fd);
	}
	return true;
}

/* The kernel refuses a group that could never be on the counters as a whole (EINVAL): leaves out its last members. */
static void fit_group(const struct perf *p, struct perf_group *g)
{
	int fds[PERF_GROUP_SIZE];
	size_t pmu = 0;

	while (g->ncounted && pmu < g->npmus) {
		struct perf_event *last = g->counted[g->ncounted - 1];

		if (perf_lane_open(p, g, 0, pmu, fds) == 0) {
			perf_lane_close(p, fds, g->ncounted);
			pmu++;
			continue;
		}
		if (errno == EINVAL && g->ncounted > 1)
			perf_reason_set(&last->reason, POINT_ABSENT, "",
				"this CPU has too few counters for %s beside %s", last->name, g->counted[0]->name);
		else
			perf_explain_event(p->kernel, errno, last->name, &last->reason);
		g->ncounted--;
		pmu = 0;
	}
}

static void try_group(struct perf *p, struct perf_group *g, const struct perf_reason *pmu_reason)
{
	g->npmus = is_generic(&g->events[0]) && p->npmus >= 2 ? p->npmus : 1;
	for (size_t i = 0; i < g->nevents; i++) {
		struct perf_event *ev = &g->events[i];

		if (ev->reason.state != POINT_OK)
			continue;
		if (needs_pmu(ev) && pmu_reason->state != POINT_OK) {
			ev->reason = *pmu_reason;
			continue;
		}
		ev->one_pmu = on_one_pmu(p, ev);
		if (try_event(p, ev, g->npmus))
			g->counted[g->ncounted++] = ev;
	}
	fit_group(p, g);
}

/* ---- does the PMU count? ---- */

static void spin_for(nsec_t time)
{
	nsec_t until = clock_now() + time;

	for (unsigned i = 0; i < 1000000 && clock_now() < until; i++) /* bounded: the clock may be a test's */
		;
}

/* Sums what the lanes of {cycles, instructions} say: enabled, running, cycles, instructions. */
static void read_all(const struct perf *p, int fds[][PERF_GROUP_SIZE], const struct perf_group *g, uint64_t sum[4])
{
	uint64_t one[2 + PERF_GROUP_SIZE];

	memset(sum, 0, 4 * sizeof sum[0]);
	for (size_t pmu = 0; pmu < g->npmus; pmu++)
		if (perf_lane_read(p->kernel, fds[pmu][0], g->ncounted, one) == 0)
			for (size_t i = 0; i < 4; i++)
				sum[i] += one[i];
}

/* True also where the two cannot be opened together; each event is still tried by itself. */
static bool counts(const struct perf *p, const struct perf_group *g)
{
	int fds[PERF_PMUS][PERF_GROUP_SIZE];
	uint64_t sum[4] = { 0 };
	size_t opened = 0;
	bool complete;
	double ipc;

	while (opened < g->npmus && perf_lane_open(p, g, 0, opened, fds[opened]) == 0)
		opened++;
	complete = opened == g->npmus;
	for (unsigned round = 0; complete && round < SELF_TEST_ROUNDS && !sum[1]; round++) {
		spin_for(NSEC_PER_MSEC);
		read_all(p, fds, g, sum);
	}
	while (opened--)
		perf_lane_close(p, fds[opened], g->ncounted);
	ipc = sum[2] ? (double)sum[3] / (double)sum[2] : 0;
	return !complete || (ipc >= IPC_LEAST && ipc <= IPC_MOST);
}

/* Sets the reason why no hardware event can be had, or leaves POINT_OK. */
static void try_pmu(struct perf *p, struct perf_reason *reason)
{
	struct perf_group g = { .npmus = p->npmus, .nevents = 2, .events = {
		{ .name = "cycles", .code = { .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES } },
		{ .name = "instructions", .code = { .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_INSTRUCTIONS } },
	} };
	int fd = open_self(p, &g.events[0], 0, -1);

	if (fd < 0 && p->npmus >= 2 && errno != EACCES && errno != EPERM) { /* a kernel that cannot name the kind */
		g.npmus = p->npmus = 1;
		fd = open_self(p, &g.events[0], 0, -1);
	}
	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == EOPNOTSUPP))
		perf_explain_no_pmu(p->kernel, reason);
	else if (fd < 0)
		perf_explain_event(p->kernel, errno, g.events[0].name, reason);
	if (fd < 0)
		return;
	p->kernel->close(p->kernel->context, fd);
	g.events[1].user_only = g.events[0].user_only;
	g.counted[g.ncounted++] = &g.events[0];
	g.counted[g.ncounted++] = &g.events[1];
	if (!counts(p, &g))
		perf_explain_idle_pmu(p->kernel, reason);
}

static bool any_needs_pmu(const struct perf *p)
{
	for (size_t i = 0; i < p->ngroups; i++)
		for (size_t j = 0; j < p->groups[i].nevents; j++)
			if (p->groups[i].events[j].reason.state == POINT_OK && needs_pmu(&p->groups[i].events[j]))
				return true;
	return false;
}

void perf_trial(struct perf *p)
{
	struct perf_reason reason = { .state = POINT_OK };

	p->npmus = 1;
	p->inherit_thread = !p->children && open_dummy(p->kernel, true) == 0;
	if (any_needs_pmu(p)) {
		find_pmus(p);
		try_pmu(p, &reason);
	}
	for (size_t i = 0; i < p->ngroups; i++)
		try_group(p, &p->groups[i], &reason);
}
