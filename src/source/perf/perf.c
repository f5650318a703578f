/* The source: ties the engine to a target. Knows neither system calls nor events. */
#include "source/perf/perf.h"

#include "base/alloc.h"
#include "source/perf/engine.h"

#include <errno.h>
#include <stdlib.h>

struct source {
	struct perf *perf;
	uint64_t generation; /* of the target's lists that the engine knows */
};

static bool source_probe(struct err *why, struct err *fix)
{
	struct perf_reason reason;

	if (perf_trial_basic(&perf_kernel_live, &reason) == 0)
		return true;
	err_set(why, reason.state == POINT_DENIED ? EACCES : 0, "%s", reason.why);
	err_set(fix, 0, "%s", reason.fix);
	return false;
}

static void follow(struct source *s, const struct target *t)
{
	size_t count;
	const struct process *list = target_processes(t, &count);

	s->generation = target_generation(t);
	perf_follow(s->perf, list, count);
}

static void *source_open(const struct source_env *env, const struct target *t, struct err *e)
{
	struct perf_options o = { .kernel = &perf_kernel_live, .registry = env->registry, .first = env->first,
		.wanted = env->wanted, .events = env->events, .children = env->children,
		.cgroup = target_cgroup_path(t) != NULL, .handover = env->handover };
	struct perf *p = perf_new(&o, e);
	struct source *s;

	if (!p)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->perf = p;
	follow(s, t);
	return s;
}

static void source_read(void *state, const struct target *t, struct sample *out)
{
	struct source *s = state;

	if (perf_settle(s->perf) || target_generation(t) != s->generation)
		follow(s, t);
	perf_tick(s->perf, out);
}

static void source_close(void *state)
{
	struct source *s = state;

	perf_free(s->perf);
	free(s);
}

const struct source_ops source_perf = {
	.name = "perf",
	.summary = "counters of the CPU and the kernel: cycles, cache misses, switches, faults, and events by name",
	.metrics = perf_metrics,
	.nmetrics = PERF_ROWS,
	.probe = source_probe,
	.open = source_open,
	.read = source_read,
	.close = source_close,
};
