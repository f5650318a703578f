/*
 * How well the processor is used: instructions a cycle and misses; without counters what /proc says of the CPU. The
 * software events of perf are not wanted here: each costs a watched program about half a microsecond at every context
 * switch, and /proc has the same numbers for nothing.
 */
#include "ui/pane/panes.h"

#include "base/str.h"

#include <stdio.h>

static const struct row rows[] = {
	{ "IPC", "IPC", { "cpu.ipc" }, .rank = 0 },
	{ "L1d miss", "L1d", { "cache.l1d_mpki" }, .counted = { "cache.l1d_misses" }, .rank = 1 },
	{ "LLC miss", "LLC", { "cache.llc_mpki", "cache.mpki" }, .counted = { "cache.llc_misses", "cache.misses" },
		.rank = 0 },
	{ "dTLB miss", "TLB", { "cache.dtlb_mpki" }, .counted = { "cache.dtlb_misses" }, .rank = 3 },
	{ "br miss", "br", { "cpu.branch_mpki" }, .counted = { "cpu.branch_misses" }, .rank = 2 },
	{ "miss rate", "rate", { "cache.miss_ratio", "cache.llc_miss_ratio" }, .rank = 4, .flags = ROW_PERCENT },
	{ "stalled", "stl", { "cpu.stalled_ratio" }, .rank = 5, .flags = ROW_PERCENT },
	{ "GHz", "GHz", { "cpu.frequency_ghz" }, .rank = 5 },
	{ "CPUs", "cpu", { "cpu.run_seconds" }, .rank = 5 },
	{ "sys share", "sys", { "cpu.system_ratio" }, .rank = 5, .flags = ROW_PERCENT },
};

/* What was asked for by name (-e EVENT) comes first. */
static size_t lines(const struct pane_ops *self, const struct view *v, struct line *out, size_t max)
{
	size_t n = 0;

	for (size_t id = 0; id < store_metrics(v->store) && n < max; id++) {
		const struct metric *m = store_metric(v->store, (metric_id)id);

		if (str_starts(m->name, "event."))
			out[n++] = rows_line(v, (metric_id)id, m->label, 0, ROW_RATE);
	}
	return n + rows_lines(v, self->rows, self->nrows, out + n, max - n);
}

static void about(const struct view *v, char *buf, size_t size)
{
	struct point ipc = view_named(v, "cpu.ipc"), misses = view_named(v, "cache.mpki");
	const struct point *p = point_has_value(ipc) ? &ipc : &misses;

	if (p->state == POINT_DENIED || p->state == POINT_ABSENT)
		snprintf(buf, size, "no hardware counters");
	else if (p->state == POINT_SCALED)
		snprintf(buf, size, "misses per %s   counted %.0f%% of the time",
			v->units == UNITS_OPERATION ? "operation" : "1k instructions", (double)p->coverage * 100);
	else
		snprintf(buf, size, "misses per %s", v->units == UNITS_OPERATION ? "operation" : "1k instructions");
}

const struct pane_ops pane_cache = {
	.name = "cache",
	.title = "Cache",
	.help = "Instructions a cycle, and cache, address translation and branch misses per 1,000 instructions, counted by "
		"the processor. A virtual machine often has no such counters: then only what the kernel counts is shown. Events "
		"asked for with -e stand first.",
	.rows = rows,
	.nrows = sizeof rows / sizeof rows[0],
	.weight = 1,
	.lines = lines,
	.about = about,
};
