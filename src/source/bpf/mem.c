/* Page faults: reading the counts, how many give their stacks, and what is left out where they are too many. */
#include "source/bpf/mem.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.skel.h"

#define TOO_MANY 200e3     /* faults a second; then they are counted only */
#define FEW_AGAIN 100e3
#define RATE_OVER (250 * NSEC_PER_MSEC) /* at least: a burst is not a rate */
#define SAMPLE_SHIFT 6     /* one in 64 gives its stack, and fewer where there are very many: */
#define SAMPLE_SHIFT_MOST 20
#define STACKS_WANTED 8.0  /* a tick: each is copied from the target and unwound */
#define STACKS_MOST 16

struct mem {
	struct mem_counts *cpus;
	u64 all, due, taken; /* at the last read */
	nsec_t rate_from;    /* the rate is counted from there */
	u64 rate_all;
	u64 other;       /* most so far: a fault that goes on is one of them until its page has come */
	bool too_many, lapsed; /* lapsed: some were not told apart since the last read */
};

static int mem_open(struct group *g, struct err *e)
{
	struct mem_bpf *s;
	bool rss = g->room->features.task_storage && group_hook_args(g->room, "rss_stat") == 2;

	if (!group_has_hook(g->room, "page_fault_user"))
		return err_set(e, ENOENT, "this kernel does not tell of page faults (x86 alone has page_fault_user)");
	s = mem_bpf__open();
	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	s->rodata->thread_stack_size = 16384;
	s->rodata->has_rss_stat = rss;
	s->bss->sample_mask = (1u << SAMPLE_SHIFT) - 1;
	bpf_program__set_autoload(s->progs.tach_rss, rss);
	return 0;
}

static int mem_attached(struct group *g, struct err *e)
{
	struct mem *m = xcalloc(1, sizeof *m);

	(void)e;
	g->state = m;
	m->cpus = xcalloc((size_t)g->room->ncpus, sizeof *m->cpus);
	return 0;
}

static bool sum_counts(const struct group *g, const struct mem *m, struct mem_counts *sum)
{
	u32 zero = 0;

	*sum = (struct mem_counts){ .all = 0 };
	if (bpf_map_lookup_elem(group_map(g, "mem_counts"), &zero, m->cpus))
		return false;
	for (int c = 0; c < g->room->ncpus; c++) {
		sum->all += m->cpus[c].all;
		sum->absent += m->cpus[c].absent;
		sum->allowed += m->cpus[c].allowed;
		sum->due += m->cpus[c].due;
		sum->taken += m->cpus[c].taken;
		for (int i = 0; i < FAULT_CAUSES; i++)
			sum->faults[i] += m->cpus[c].faults[i];
	}
	return true;
}

/* The hook that tells causes apart costs as much as the one that counts: it goes, and comes back with quieter times. */
static void switch_telling(struct group *g, struct mem *m, bool on)
{
	struct mem_bpf *s = g->typed;

	m->too_many = !on;
	s->bss->counts_only = !on;
	if (on && !s->links.tach_rss) {
		s->links.tach_rss = bpf_program__attach(s->progs.tach_rss);
	} else if (!on) {
		bpf_link__destroy(s->links.tach_rss);
		s->links.tach_rss = NULL;
	}
}

static void guard(struct group *g, struct mem *m, const struct mem_counts *sum, nsec_t now)
{
	const struct mem_bpf *s = g->typed;
	bool too_many;

	m->lapsed = m->too_many;
	if (now - m->rate_from < RATE_OVER)
		return;
	too_many = m->rate_from && (double)(sum->all - m->rate_all) / nsec_to_seconds(now - m->rate_from) >
		(m->too_many ? FEW_AGAIN : TOO_MANY);
	m->rate_from = now;
	m->rate_all = sum->all;
	if (too_many != m->too_many && s->rodata->has_rss_stat)
		switch_telling(g, m, !too_many);
}

/* As many stacks as can be unwound, spread over the tick. */
static void set_sampling(struct group *g, double faults)
{
	struct mem_bpf *s = g->typed;
	u32 shift = SAMPLE_SHIFT;

	while (shift < SAMPLE_SHIFT_MOST && faults / (double)(1u << shift) > STACKS_WANTED)
		shift++;
	s->bss->sample_mask = (1u << shift) - 1;
	s->bss->stacks_left = STACKS_MOST;
}

static void put_causes(struct group *g, struct mem *m, const struct mem_counts *sum, struct sample *out)
{
	static const char why[] = "this kernel counts resident pages in bunches, so that causes cannot be told apart (6.2)";
	const struct mem_bpf *s = g->typed;
	u64 other = sum->allowed + sum->absent - sum->faults[FAULT_ANON] - sum->faults[FAULT_FILE];
	enum point_state state = m->lapsed ? POINT_PARTIAL : group_state(g);

	group_put(g, out, BPF_FAULTS_WRITE, (double)sum->faults[FAULT_COPY]);
	if (!s->rodata->has_rss_stat) {
		group_missing(g, out, BPF_FAULTS_ANON, POINT_ABSENT, why);
		group_missing(g, out, BPF_FAULTS_FILE, POINT_ABSENT, why);
		group_missing(g, out, BPF_FAULTS_OTHER, POINT_ABSENT, why);
	} else if (!m->too_many) {
		m->other = (int64_t)(other - m->other) > 0 ? other : m->other;
		group_put_state(g, out, BPF_FAULTS_ANON, (double)sum->faults[FAULT_ANON], state);
		group_put_state(g, out, BPF_FAULTS_FILE, (double)sum->faults[FAULT_FILE], state);
		group_put_state(g, out, BPF_FAULTS_OTHER, (double)m->other, state);
	}
	str_copy(g->partial, sizeof g->partial, m->too_many ? "more than 200,000 faults a second: not told apart until they are fewer" :
		"");
}

static void mem_read(struct group *g, struct sample *out)
{
	struct mem *m = g->state;
	struct mem_counts sum;
	nsec_t now = clock_now();

	if (!sum_counts(g, m, &sum))
		return;
	guard(g, m, &sum, now);
	set_sampling(g, (double)(sum.all - m->all));
	if (sum.taken > m->taken) /* those without room are told by those that had it */
		g->room->faults_a_stack = (double)(sum.due - m->due) / (double)(sum.taken - m->taken);
	m->all = sum.all;
	m->due = sum.due;
	m->taken = sum.taken;
	put_causes(g, m, &sum, out);
}

static void mem_close(struct group *g)
{
	struct mem *m = g->state;

	if (!m)
		return;
	free(m->cpus);
	free(m);
}

static double mem_events(struct group *g)
{
	return (double)((struct mem *)g->state)->all;
}

static const struct price_row mem_price = { .target = { 200, 0, 0 }, .bystander = 100 };
static const char *const mem_counted[] = { "tach_rss", NULL };

const struct group_ops group_mem = {
	.name = "mem",
	.summary = "page faults by cause, and where the program grows",
	.first = BPF_FAULTS_ANON,
	.last = BPF_FAULTS_OTHER,
	.losses = LOSS_BIT(LOST_FAULTS),
	.price = &mem_price,
	.counted = mem_counted,
	.events = mem_events,
	.open = mem_open,
	.attached = mem_attached,
	.read = mem_read,
	.close = mem_close,
};
