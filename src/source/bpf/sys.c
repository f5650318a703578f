/* Every system call: the histogram of all, and count, errors and time of each, in the rows that the scheduler's waits have
 * begun in the table of calls. */
#include "source/bpf/sys.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "model/tables.h"
#include "source/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sys.skel.h"

struct sys {
	const struct sys_total *totals; /* mapped: CALLS for each CPU */
	size_t size;
	int hists;
	double calls; /* all, as of the last tick */
};

static int sys_open(struct group *g, struct err *e)
{
	struct sys_bpf *s = sys_bpf__open();

	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	s->rodata->call_sigreturn = calls_number("rt_sigreturn");
	s->rodata->call_restart = calls_number("restart_syscall");
	s->rodata->may_leave = target_cgroup_path(g->room->target) != NULL;
	if (bpf_map__set_max_entries(s->maps.sys_totals, CALLS * (u32)g->room->ncpus))
		return err_set(e, errno, "the table of calls cannot be that large: %s", strerror(errno));
	return 0;
}

static int sys_attached(struct group *g, struct err *e)
{
	struct sys *s = xcalloc(1, sizeof *s);

	g->state = s;
	s->hists = group_map(g, "sys_hists");
	s->size = CALLS * (size_t)g->room->ncpus * sizeof *s->totals;
	s->totals = mmap(NULL, s->size, PROT_READ, MAP_SHARED, group_map(g, "sys_totals"), 0);
	if (s->totals == MAP_FAILED) {
		s->totals = NULL;
		return err_set(e, errno, "the table of calls cannot be mapped: %s", strerror(errno));
	}
	return 0;
}

/* What is open now ends unseen. */
static void sys_detached(struct group *g)
{
	struct sys_bpf *s = g->typed;

	s->bss->not_before = clock_now();
}

static struct sys_total total_of(const struct group *g, const struct sys *s, u32 call)
{
	struct sys_total sum = { 0 };

	for (int c = 0; c < g->room->ncpus; c++) {
		const struct sys_total *t = &s->totals[(u32)c * CALLS + call];

		sum.calls += t->calls;
		sum.errors += t->errors;
		sum.time += t->time;
	}
	return sum;
}

/* waited: the waits are in the table, so that a call which is not there has never waited. */
static union cell *row_of(struct table *t, u32 call, bool waited, size_t *hint, struct sample *out)
{
	union cell *row = table_find(t, call, hint);
	const char *name = calls_name(call);
	char number[16];

	if (row)
		return row;
	row = table_row(t, call);
	snprintf(number, sizeof number, "%u", call);
	row[SYSCALLS_NAME].text = name ? name : sample_text(out, number);
	if (waited)
		row[SYSCALLS_WAITS].number = row[SYSCALLS_WAIT].number = 0;
	return row;
}

static void sys_read(struct group *g, struct sample *out)
{
	struct sys *s = g->state;
	struct table *table = sample_find_table(out, &table_syscalls);
	struct hist *h = hist_new();
	bool waited = table != NULL;
	size_t hint = 0;

	if (!table)
		table = sample_table(out, &table_syscalls);
	s->calls = 0;
	for (u32 call = 0; call < CALLS; call++) {
		struct sys_total t = total_of(g, s, call);
		union cell *row = t.calls ? row_of(table, call, waited, &hint, out) : NULL;

		if (!row)
			continue;
		s->calls += (double)t.calls;
		row[SYSCALLS_CALLS].number = (double)t.calls;
		row[SYSCALLS_ERRORS].number = (double)t.errors;
		row[SYSCALLS_TIME].number = nsec_to_seconds(t.time);
	}
	if (group_read_hist(g, s->hists, 0, h))
		group_put_hist(g, out, BPF_LAT_SYSCALL, h);
	else
		free(h);
}

static void sys_close(struct group *g)
{
	struct sys *s = g->state;

	if (s && s->totals)
		munmap((void *)s->totals, s->size);
	free(s);
}

static double sys_events(struct group *g)
{
	return ((struct sys *)g->state)->calls;
}

static const struct price_row sys_price = { .target = { 126, 90, 0 }, .bystander = 63 };
static const char *const sys_counted[] = { "tach_sys_exit", NULL };
static const struct table_def *const sys_tables[] = { &table_syscalls, NULL };

const struct group_ops group_sys = {
	.name = "sys",
	.summary = "every system call timed; each process of the machine pays for it while it is on",
	.first = BPF_LAT_SYSCALL,
	.last = BPF_LAT_SYSCALL,
	.losses = LOSS_BIT(LOST_CALLS),
	.price = &sys_price,
	.counted = sys_counted,
	.events = sys_events,
	.tables = sys_tables,
	.staged = STAGED_SYS + 1,
	.opt_in = true,
	.how = "--latency syscall",
	.open = sys_open,
	.attached = sys_attached,
	.detached = sys_detached,
	.read = sys_read,
	.close = sys_close,
};
