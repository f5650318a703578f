/*
 * The proc source: puts its parts together. Each part reads only what somebody wants, puts that, and says in status rows
 * what is missing. Nothing on the tick takes the lock of the target's memory map or walks its page tables.
 */
#include "source/proc/proc.h"

#include "base/alloc.h"
#include "source/proc/cgroup.h"
#include "source/proc/fds.h"
#include "source/proc/kept.h"
#include "source/proc/memory.h"
#include "source/proc/metrics.h"
#include "source/proc/netns.h"
#include "source/proc/pressure.h"
#include "source/proc/processes.h"
#include "source/proc/threads.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <linux/magic.h>

struct proc {
	const struct source_env *env;
	struct kept_budget budget;
	struct processes processes;
	struct memory *memory;
	struct threads threads;
	struct cgroup cgroup;
	struct pressure pressure;
	struct netns netns;
	bool fds_have_size;
};

static bool proc_probe(struct err *why, struct err *fix)
{
	struct statfs fs;

	if (statfs("/proc", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
		return true;
	err_set(why, 0, "/proc is not mounted");
	err_set(fix, 0, "mount -t proc proc /proc");
	return false;
}

static void *proc_open(const struct source_env *env, const struct target *t, struct err *e)
{
	struct proc *p = xcalloc(1, sizeof *p);

	(void)t;
	(void)e;
	p->env = env;
	p->budget = kept_budget_of_process();
	p->memory = memory_open();
	p->fds_have_size = fds_have_size();
	processes_open(&p->processes, env);
	threads_open(&p->threads, env);
	cgroup_open(&p->cgroup);
	netns_open(&p->netns, env);
	return p;
}

static void proc_read(void *state, const struct target *target, struct sample *out)
{
	struct proc *p = state;
	struct proc_tick t = { p->env, target, out };

	processes_read(&p->processes, &t, &p->budget);
	memory_read(p->memory, &t, &p->processes);
	fds_read(&t, p->fds_have_size);
	threads_read(&p->threads, &t, &p->budget, processes_incomplete(&p->processes));
	if (proc_wants(p->env, PROC_CPU_LIMIT, PROC_IO_PRESSURE_FULL))
		cgroup_follow(&p->cgroup, target, &p->budget);
	cgroup_read(&p->cgroup, &t);
	pressure_read(&p->pressure, &t, &p->budget, cgroup_v2_dir(&p->cgroup));
	netns_read(&p->netns, &t, &p->budget);
	sample_status(out, "proc", STATUS_ON, "", "");
}

static void proc_ask(void *state, const struct target *t, const char *question, char *answer, size_t size)
{
	(void)state;
	(void)question; /* there is only one */
	memory_ask(t, answer, size);
}

static void proc_close(void *state)
{
	struct proc *p = state;

	processes_close(&p->processes, &p->budget);
	memory_close(p->memory);
	threads_close(&p->threads, &p->budget);
	cgroup_close(&p->cgroup, &p->budget);
	pressure_close(&p->pressure, &p->budget);
	netns_close(&p->netns, &p->budget);
	free(p);
}

const struct source_ops source_proc = {
	.name = "proc",
	.summary = "CPU, memory, threads, limits and pressure, and the network namespace, from /proc and cgroups",
	.metrics = proc_rows,
	.nmetrics = PROC_METRIC_COUNT,
	.probe = proc_probe,
	.open = proc_open,
	.read = proc_read,
	.ask = proc_ask,
	.close = proc_close,
};
