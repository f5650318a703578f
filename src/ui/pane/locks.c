/* What threads wait for, as far as the kernel's own counters tell: switches and time in the run queue. */
#include "ui/pane/panes.h"

#include <stdio.h>

static const struct row rows[] = {
	{ "vol ", "vol", { "cpu.switches_voluntary" }, .rank = 0, .flags = ROW_RATE },
	{ "invol ", "inv", { "cpu.switches_involuntary" }, .rank = 1, .flags = ROW_RATE },
	{ "runq delay", "runq", { "cpu.runqueue_seconds" }, .rank = 1 },
	{ "runq share", "rq%", { "cpu.runqueue_ratio" }, .rank = 2, .flags = ROW_PERCENT },
	{ "runq avg", "avg", { "cpu.runqueue_wait_seconds" }, .rank = 2 },
	{ "I/O delay", "io", { "cpu.io_delay_seconds" }, .rank = 3 },
	{ "throttled", "thr", { "cpu.throttled_seconds" }, .rank = 4 },
	{ "cpu psi", "cpsi", { "cpu.pressure_some_seconds" }, .rank = 5, .flags = ROW_PERCENT },
	{ "io psi", "ipsi", { "io.pressure_some_seconds" }, .rank = 5, .flags = ROW_PERCENT },
	{ "mem psi", "mpsi", { "mem.pressure_some_seconds" }, .rank = 5, .flags = ROW_PERCENT },
};

static void about(const struct view *v, char *buf, size_t size)
{
	(void)v;
	snprintf(buf, size, "switches, thread-seconds in the run queue a second");
}

const struct pane_ops pane_locks = {
	.name = "locks",
	.title = "Locks",
	.help = "Voluntary context switches are waits (locks, I/O, sleep), involuntary ones are a CPU taken away. The run "
		"queue delay is how many threads at a time wanted to run and had no CPU.",
	.rows = rows,
	.nrows = sizeof rows / sizeof rows[0],
	.weight = 2,
	.about = about,
};
