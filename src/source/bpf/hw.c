/*
 * Counters once a CPU, which another source has given up because the target has too many threads: opening them on each
 * CPU that is online, summing what the target's threads had of them. Knows no counter by name.
 *
 * An event lives in the map that the programs read it from and goes with it, so no descriptor is held. CPUs that were
 * set apart to be left alone (isolated, nohz_full) are counted too but not interrupted for a look: what runs there is
 * known when it is next switched.
 */
#include "source/bpf/hw.h"

#include "base/alloc.h"
#include "base/file.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hw.skel.h"

#define CPUS "/sys/devices/system/cpu/"
#define SURE 0.995 /* share of the time from which on a number is taken as counted, not estimated */
#define PATIENCE 3 /* ticks until a counter that should run but does not is given up */

_Static_assert(HW_EVENTS == HANDOVER_EVENTS, "a place for each");

/* What was counted since the last tick, on all CPUs. */
struct step {
	u64 enabled, running, uncounted; /* uncounted: the part of enabled on CPUs where it never ran */
	double value;
};

struct counter {
	double total;
	bool ran;
	unsigned waited; /* ticks in which it should have run but never had */
};

struct hw {
	volatile struct hw_cpu *cpus; /* mapped */
	size_t size;
	struct hw_count (*before)[HW_EVENTS]; /* of each CPU at the last tick */
	bool *opened, *quiet;         /* of each CPU */
	char online[1024];            /* as the kernel's file had it when they were opened */
	struct counter counters[HW_EVENTS];
	u64 failed;
	bool begun, partial;
	int look;                     /* the program that is run on a CPU */
};

/* ---- CPUs ---- */

static bool read_list(const char *name, char *text, size_t size)
{
	char path[80];

	snprintf(path, sizeof path, CPUS "%s", name);
	text[0] = '\0';
	return file_read_at(AT_FDCWD, path, text, size) > 0;
}

/* "0-3,8": sets these of n flags. */
static void set_listed(const char *text, bool *flags, int n)
{
	while (*text >= '0' && *text <= '9') {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (long c = first; c <= last && c < n; c++)
			flags[c] = true;
		text = *end == ',' ? end + 1 : end;
	}
}

/* ---- opening ---- */

/* A group begins as a whole: where the first event of another kind runs already, Linux 6.18 never starts the rest. */
static int open_event(const struct handover_event *ev, int cpu, int leader)
{
	struct perf_event_attr attr = { .size = sizeof attr, .type = ev->type, .config = ev->config,
		.config1 = ev->config1, .config2 = ev->config2, .exclude_user = ev->exclude_user,
		.exclude_kernel = ev->exclude_kernel, .exclude_hv = ev->exclude_kernel,
		.disabled = leader < 0 };

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, leader, (unsigned long)PERF_FLAG_FD_CLOEXEC);
}

static bool leads(const struct handover *h, u32 i)
{
	return i == 0 || h->events[i].group != h->events[i - 1].group;
}

/* All counters of one CPU, in their groups. Where it has just gone offline they cannot be read, which is counted. */
static int open_cpu(const struct group *g, int cpu, struct err *e)
{
	const struct handover *h = g->room->env->handover;
	int map = group_map(g, "hw_events"), fds[HW_EVENTS], code = 0;
	u32 opened = 0, leader = 0;

	for (u32 i = 0; i < h->nevents && !code; i++) {
		u32 key = (u32)cpu * (u32)h->nevents + i;

		if (leads(h, i))
			leader = i;
		fds[i] = open_event(&h->events[i], cpu, i == leader ? -1 : fds[leader]);
		if (fds[i] < 0 || bpf_map_update_elem(map, &key, &fds[i], BPF_ANY))
			code = errno;
		opened += fds[i] >= 0;
	}
	for (u32 i = 0; i < opened && !code; i++)
		if (leads(h, i) && ioctl(fds[i], PERF_EVENT_IOC_ENABLE, 0))
			code = errno;
	while (opened--)
		close(fds[opened]);
	return code && code != ENODEV ? err_set(e, code, "a counter of CPU %d cannot be had: %s", cpu, strerror(code)) : 0;
}

/* Those that are online now and were not before. */
static int open_cpus(struct group *g, struct err *e)
{
	struct hw *s = g->state;
	int n = g->room->ncpus, rc = 0;
	bool *online = xcalloc((size_t)n, sizeof *online);

	set_listed(s->online, online, n);
	for (int c = 0; c < n && rc == 0; c++)
		if (online[c] && !s->opened[c])
			rc = open_cpu(g, c, e);
	memcpy(s->opened, online, (size_t)n * sizeof *online);
	free(online);
	return rc;
}

static int hw_open(struct group *g, struct err *e)
{
	const struct handover *h = g->room->env->handover;
	struct hw_bpf *s = hw_bpf__open();
	u32 cpus = (u32)g->room->ncpus;

	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	s->rodata->events = (u32)h->nevents;
	bpf_program__set_autoattach(s->progs.tach_hw_look, false);
	if (bpf_map__set_max_entries(s->maps.hw_events, cpus * (u32)h->nevents) ||
		bpf_map__set_max_entries(s->maps.hw_cpus, cpus))
		return err_set(e, errno, "the table of counters cannot be that large: %s", strerror(errno));
	return 0;
}

static int hw_attached(struct group *g, struct err *e)
{
	struct hw *s = xcalloc(1, sizeof *s);
	size_t n = (size_t)g->room->ncpus;
	char list[1024];

	g->state = s;
	s->size = n * sizeof *s->cpus;
	s->cpus = mmap(NULL, s->size, PROT_READ, MAP_SHARED, group_map(g, "hw_cpus"), 0);
	if (s->cpus == MAP_FAILED) {
		s->cpus = NULL;
		return err_set(e, errno, "the table of counters cannot be mapped: %s", strerror(errno));
	}
	s->before = xcalloc(n, sizeof *s->before);
	s->opened = xcalloc(n, sizeof *s->opened);
	s->quiet = xcalloc(n, sizeof *s->quiet);
	s->look = bpf_program__fd(((struct hw_bpf *)g->typed)->progs.tach_hw_look);
	if (read_list("isolated", list, sizeof list))
		set_listed(list, s->quiet, g->room->ncpus);
	if (read_list("nohz_full", list, sizeof list))
		set_listed(list, s->quiet, g->room->ncpus);
	if (!read_list("online", s->online, sizeof s->online))
		return err_set(e, errno, "the CPUs that are online are not known");
	return open_cpus(g, e);
}

/* ---- reading ---- */

/* A CPU that has come since needs counters of its own; those of one that went are gone. */
static void follow_cpus(struct group *g)
{
	struct hw *s = g->state;
	char online[sizeof s->online];
	struct err e;

	if (!read_list("online", online, sizeof online) || strcmp(online, s->online) == 0)
		return;
	memcpy(s->online, online, sizeof online);
	s->partial |= open_cpus(g, &e) != 0;
}

/* Where a thread of the target runs, the counters up to now. At first everywhere: it may run since before. */
static void look(struct group *g)
{
	struct hw *s = g->state;

	for (int c = 0; c < g->room->ncpus; c++) {
		struct bpf_test_run_opts o = { .sz = sizeof o, .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = (u32)c };

		if (!s->opened[c] || (s->begun && !s->cpus[c].on))
			continue;
		s->partial |= s->quiet[c] || bpf_prog_test_run_opts(s->look, &o);
	}
}

/* What counter i went on by. Where it was on the CPU for a part of the time only, it is taken to have gone on alike. */
static struct step step_of(const struct group *g, u32 i)
{
	struct hw *s = g->state;
	struct step step = { 0 };

	for (int c = 0; c < g->room->ncpus; c++) {
		volatile struct hw_count *total = &s->cpus[c].total[i];
		struct hw_count now = { total->counter, total->enabled, total->running }, *before = &s->before[c][i];
		u64 enabled = now.enabled - before->enabled, running = now.running - before->running;
		double value = (double)(now.counter - before->counter);

		*before = now;
		step.enabled += enabled;
		step.running += running;
		if (enabled && !running)
			step.uncounted += enabled;
		else if (running < enabled)
			value *= (double)enabled / (double)running;
		step.value += value;
	}
	return step;
}

static void put(const struct group *g, const struct handover_event *ev, struct counter *c, const struct step *step,
	struct sample *out)
{
	struct hw *s = g->state;
	double share = step->enabled ? (double)step->running / (double)step->enabled : 1;
	struct point p;

	c->ran |= step->running > 0;
	c->waited = c->ran ? 0 : c->waited + (step->enabled > 0);
	c->total += step->value;
	p = point_of((ev->before + c->total) * ev->unit);
	if (share < SURE) {
		p.state = POINT_SCALED;
		p.coverage = (float)share;
	}
	if (s->partial || g->room->losing & LOSS_BIT(LOST_MARKS) ||
		(double)step->uncounted > (1 - SURE) * (double)step->enabled)
		p.state = POINT_PARTIAL;
	if (c->waited >= PATIENCE)
		p = point_missing(POINT_ABSENT, "the counter never ran (another program or the hypervisor holds it)");
	else if ((step->enabled && !step->running) || c->waited)
		p = point_missing(POINT_GAP, NULL);
	sample_put(out, ev->id, p);
}

/* Counters that could not be read since the last tick. */
static bool has_failed(const struct group *g)
{
	struct hw *s = g->state;
	u64 failed = 0;
	bool more;

	for (int c = 0; c < g->room->ncpus; c++)
		failed += s->cpus[c].failed;
	more = failed != s->failed;
	s->failed = failed;
	return more;
}

static void hw_read(struct group *g, struct sample *out)
{
	struct handover *h = g->room->env->handover;
	struct hw *s = g->state;

	if (h->state == HANDOVER_ASKED)
		h->state = HANDOVER_READY;
	if (h->state != HANDOVER_DONE)
		return;
	s->partial = false;
	follow_cpus(g);
	look(g);
	s->partial |= has_failed(g) && s->begun;
	for (u32 i = 0; i < h->nevents; i++) {
		struct step step = step_of(g, i);

		if (!s->begun) /* what has gone by till now was counted by the giver */
			step = (struct step){ 0 };
		put(g, &h->events[i], &s->counters[i], &step, out);
	}
	s->begun = true;
}

static bool hw_wanted(const struct bpf_room *r)
{
	return r->env->handover && r->env->handover->state != HANDOVER_NONE;
}

static void hw_refused(struct group *g)
{
	struct handover *h = g->room->env->handover;

	if (h && h->state == HANDOVER_ASKED)
		h->state = HANDOVER_REFUSED;
}

static void hw_close(struct group *g)
{
	struct hw *s = g->state;

	if (!s)
		return;
	if (s->cpus)
		munmap((void *)s->cpus, s->size);
	free(s->before);
	free(s->opened);
	free(s->quiet);
	free(s);
}

const struct group_ops group_hw = {
	.name = "hw",
	.summary = "counters once a CPU, of a target with more than 256 threads",
	.first = BPF_NO_METRIC,
	.last = BPF_NO_METRIC,
	.opt_in = true,
	.wanted = hw_wanted,
	.open = hw_open,
	.attached = hw_attached,
	.read = hw_read,
	.refused = hw_refused,
	.close = hw_close,
};
