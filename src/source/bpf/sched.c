/* The scheduler group: opening, the histograms, the times of threads. Locks are locks.c's. */
#include "source/bpf/sched.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "base/log.h"
#include "model/tables.h"
#include "source/bpf/callwaits.h"
#include "source/bpf/locks.h"
#include "source/bpf/records.h"
#include "source/bpf/slots.h"
#include "source/bpf/slow.h"
#include "source/bpf/split.h"
#include "source/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sched.skel.h"

_Static_assert(SCHED_HISTS <= SLOW_HISTS, "a threshold for each");

#define SLOW_A_TICK 32 /* four times what is kept */

struct sched {
	struct slots *slots;
	struct locks *locks;
	struct callwaits *calls;
	struct split *split;
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
	s->rodata->has_split = split_is_wanted(g);
	if (!s->rodata->has_split)
		bpf_map__set_autocreate(s->maps.thread_splits, false);
	return 0;
}

static int sched_attached(struct group *g, struct err *e)
{
	struct sched *s = xcalloc(1, sizeof *s);

	g->state = s;
	s->hists = group_map(g, "sched_hists");
	s->split = split_new();
	s->slots = slots_open(group_map(g, "thread_slots"), group_map(g, "free_slots"), group_map(g, "thread_splits"), e);
	if (!s->slots)
		return -1;
	s->locks = locks_open(g, s->slots, e);
	g->room->slots = s->slots;
	g->room->locks = s->locks;
	if (!s->locks)
		return -1;
	s->calls = callwaits_open(group_map(g, "calls"), e);
	return s->calls ? 0 : -1;
}

/* What is told one by one when it is slow. Waits for sockets, sleep and work are no delays: most are wanted. */
static const struct {
	u32 hist;
	enum bpf_metric metric;
} told[] = {
	{ HIST_RUNQUEUE, BPF_LAT_RUNQUEUE },
	{ HIST_OFFCPU + CAUSE_LOCK, BPF_LAT_OFFCPU_LOCK },
	{ HIST_OFFCPU + CAUSE_DISK, BPF_LAT_OFFCPU_DISK },
	{ HIST_OFFCPU + CAUSE_FAULT, BPF_LAT_OFFCPU_FAULT },
	{ HIST_OFFCPU + CAUSE_OTHER, BPF_LAT_OFFCPU_OTHER },
};

#define TOLD (sizeof told / sizeof told[0])

/* "conn_tbl 3.7ms, held by ctl/18236", "fsync 12ms", "run queue 1.2ms" */
static const char *waited_for(const struct bpf_room *r, const struct slow_record *w, char *buf, size_t size)
{
	const struct thread_slot *owner = w->owner ? slots_by_inner(r->slots, w->tgid, w->owner) : NULL;
	const char *what = w->call == CALL_NONE ? "page fault" : calls_name(w->call);
	char time[FMT_SIZE], label[64];

	if (w->kind)
		what = locks_name(r->locks, w->tgid, w->addr);
	if (w->hist == HIST_RUNQUEUE)
		what = "run queue";
	snprintf(buf, size, "%s %s%s%s", what && what[0] ? what : "?",
		fmt_seconds(time, nsec_to_seconds(w->hist == HIST_RUNQUEUE ? w->queue : w->took)), owner ? ", held by " : "",
		owner ? slot_label(owner, label, sizeof label) : "");
	return buf;
}

static void take_slow(struct bpf_room *r, const void *record, size_t size)
{
	const struct slow_record *w = record;
	const struct thread_slot *t;
	char label[64], waited[96];

	if (size < sizeof *w || !r->slots)
		return;
	t = slots_by_tid(r->slots, w->tid);
	snprintf(label, sizeof label, "%u", w->tid);
	if (t)
		slot_label(t, label, sizeof label);
	for (size_t i = 0; i < TOLD; i++)
		if (told[i].hist == w->hist)
			slow_add(r->slow, bpf_rows[told[i].metric].name, w->time, w->took + w->queue, label,
				waited_for(r, w, waited, sizeof waited));
}

/* Tells the kernel what is slow. */
static void set_control(const struct bpf_room *r)
{
	for (int i = 0; i < SCHED_HISTS; i++) {
		r->control->slow[i] = UINT64_MAX;
		r->control->slow_left[i] = SLOW_A_TICK;
	}
	for (size_t i = 0; i < TOLD; i++)
		r->control->slow[told[i].hist] = slow_threshold(r->slow, bpf_rows[told[i].metric].name);
}

static void sched_marked(struct group *g)
{
	struct sched_bpf *s = g->typed;
	struct err e;

	if (g->room->records)
		records_handle(g->room->records, RECORD_SLOW, take_slow);
	set_control(g->room);

	if (group_iterate(s->progs.tach_threads, &e))
		log_line("probe sched: %s", e.text);
}

static void put_hists(struct group *g, const struct sched *s, struct sample *out)
{
	struct hist *all = hist_new();

	for (u32 i = 0; i < SCHED_HISTS; i++) {
		enum bpf_metric m = i == HIST_RUNQUEUE ? BPF_LAT_RUNQUEUE : BPF_LAT_OFFCPU_LOCK + (i - HIST_OFFCPU);
		struct hist *h;

		if (!group_wants(g, m) && !(i != HIST_RUNQUEUE && group_wants(g, BPF_LAT_OFFCPU)))
			continue;
		h = hist_new();
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
	group_put_count(g, out, BPF_SCHED_SWITCHES, (double)(t->voluntary + t->involuntary));
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
	callwaits_put(s->calls, g->room->control->epoch, slots_now(s->slots), out);
	split_put(s->split, g, s->slots, out);
	put_times(g, s, out);
	put_locks(g, s, out);
	set_control(g->room);
	put_hists(g, s, out);
}

static void sched_close(struct group *g)
{
	struct sched *s = g->state;

	if (!s)
		return;
	g->room->slots = NULL;
	g->room->locks = NULL;
	callwaits_close(s->calls);
	locks_close(s->locks);
	split_free(s->split);
	slots_close(s->slots);
	free(s);
}

static double sched_events(struct group *g)
{
	const struct slot_times *t = slots_total(((struct sched *)g->state)->slots);

	return (double)(t->voluntary + t->involuntary);
}

static const struct price_row sched_price = { .target = { 260, 140, 0 }, .bystander = 90, .switches = true };
static const char *const sched_counted[] = { "tach_switch", NULL };
static const struct table_def *const sched_tables[] = { &table_threads, &table_locks, &table_lock_pairs, &table_syscalls,
	&table_latency_threads, NULL };

const struct group_ops group_sched = {
	.name = "sched",
	.summary = "run queue, waits by cause, locks, and the time of every thread, from the scheduler",
	.first = BPF_LAT_RUNQUEUE,
	.last = BPF_SCHED_SWITCHES,
	.losses = LOSS_BIT(LOST_SLOTS) | LOSS_BIT(LOST_LOCKS),
	.price = &sched_price,
	.counted = sched_counted,
	.events = sched_events,
	.tables = sched_tables,
	.staged = STAGED_SCHED + 1,
	.open = sched_open,
	.attached = sched_attached,
	.marked = sched_marked,
	.read = sched_read,
	.close = sched_close,
};
