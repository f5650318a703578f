/* The scheduler group: opening, the histograms, the times of threads. Locks are locks.c's. */
#include "source/bpf/sched.h"

#include "base/alloc.h"
#include "base/log.h"
#include "model/tables.h"
#include "source/bpf/calls.h"
#include "source/bpf/locks.h"
#include "source/bpf/slots.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sched.skel.h"

struct sched {
	struct slots *slots;
	struct locks *locks;
	int hists;
};

static int sched_open(struct group *g, struct err *e)
{
	struct sched_bpf *s = sched_bpf__open();

	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	s->rodata->thread_stack_size = 16384; /* of x86-64 and arm64; asked only where the helper is missing */
	s->rodata->call_futex = calls_number("futex");
	s->rodata->call_futex_waitv = calls_number("futex_waitv");
	s->rodata->call_futex_wait = calls_number("futex_wait");
	calls_fill_causes((u8 *)s->rodata->call_causes);
	return 0;
}

static int sched_attached(struct group *g, struct err *e)
{
	struct sched *s = xcalloc(1, sizeof *s);

	g->state = s;
	s->hists = group_map(g, "sched_hists");
	s->slots = slots_open(group_map(g, "thread_slots"), group_map(g, "free_slots"), e);
	if (!s->slots)
		return -1;
	s->locks = locks_open(g, s->slots, e);
	return s->locks ? 0 : -1;
}

static void sched_marked(struct group *g)
{
	struct sched_bpf *s = g->typed;
	struct err e;

	if (group_iterate(s->progs.tach_threads, &e))
		log_line("probe sched: %s", e.text);
}

static void put_hists(struct group *g, const struct sched *s, struct sample *out)
{
	struct hist *all = hist_new();

	for (u32 i = 0; i < SCHED_HISTS; i++) {
		enum bpf_metric m = i == HIST_RUNQUEUE ? BPF_LAT_RUNQUEUE : BPF_LAT_OFFCPU_LOCK + (i - HIST_OFFCPU);
		struct hist *h = hist_new();

		if (!group_read_hist(g, s->hists, i, h)) {
			free(h);
			continue;
		}
		if (i != HIST_RUNQUEUE) {
			hist_add(all, h);
			all->max = h->max > all->max ? h->max : all->max;
		}
		group_put_hist(g, out, m, h);
	}
	group_put_hist(g, out, BPF_LAT_OFFCPU, all);
}

/* The sums of all threads, those that have ended included. */
static void put_times(struct group *g, const struct sched *s, struct sample *out)
{
	static const enum bpf_metric of_cause[CAUSES] = {
		[CAUSE_LOCK] = BPF_THR_LOCK,   [CAUSE_DISK] = BPF_THR_DISK, [CAUSE_NET] = BPF_THR_NET,
		[CAUSE_SLEEP] = BPF_THR_SLEEP, [CAUSE_IDLE] = BPF_THR_IDLE, [CAUSE_FAULT] = BPF_THR_DISK,
		[CAUSE_OTHER] = BPF_THR_OTHER,
	};
	const struct slot_times *t = slots_total(s->slots);
	double sum[BPF_METRIC_COUNT] = { 0 };

	for (int c = 0; c < CAUSES; c++)
		sum[of_cause[c]] += nsec_to_seconds(t->blocked[c]);
	for (unsigned m = BPF_THR_LOCK; m <= BPF_THR_OTHER; m++)
		group_put(g, out, m, sum[m]);
	group_put(g, out, BPF_SCHED_SWITCHES, (double)(t->voluntary + t->involuntary));
}

static void put_locks(struct group *g, const struct sched *s, struct sample *out)
{
	uint64_t waits;
	nsec_t blocked;

	locks_totals(s->locks, &waits, &blocked);
	group_put(g, out, BPF_LOCK_WAITS, (double)waits);
	group_put(g, out, BPF_LOCK_WAIT, nsec_to_seconds(blocked));
}

static void sched_read(struct group *g, struct sample *out)
{
	struct sched *s = g->state;

	slots_read(s->slots, clock_now());
	locks_read(s->locks, slots_now(s->slots));
	slots_fill_threads(s->slots, s->locks, sample_find_table(out, &table_threads), out);
	locks_put(s->locks, out);
	put_times(g, s, out);
	put_locks(g, s, out);
	put_hists(g, s, out);
}

static void sched_close(struct group *g)
{
	struct sched *s = g->state;

	if (!s)
		return;
	locks_close(s->locks);
	slots_close(s->slots);
	free(s);
}

const struct group_ops group_sched = {
	.name = "sched",
	.summary = "run queue, waits by cause, locks, and the time of every thread, from the scheduler",
	.first = BPF_LAT_RUNQUEUE,
	.last = BPF_SCHED_SWITCHES,
	.open = sched_open,
	.attached = sched_attached,
	.marked = sched_marked,
	.read = sched_read,
	.close = sched_close,
};
