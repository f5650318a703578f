/* The engine's life: everything is learned at the start, read at each tick, closed at the end. */
#include "source/perf/engine.h"

#include "base/alloc.h"
#include "source/perf/pfm.h"

#include <errno.h>
#include <stdlib.h>

struct perf *perf_new(const struct perf_options *o, struct err *e)
{
	struct perf_reason reason;
	struct perf *p;

	if (perf_trial_basic(o->kernel, &reason)) {
		err_set(e, reason.state == POINT_DENIED ? EACCES : 0, "%s", reason.why);
		return NULL;
	}
	p = xcalloc(1, sizeof *p);
	p->kernel = o->kernel;
	p->children = o->children || o->cgroup; /* all members of a cgroup count, and inheriting costs least */
	p->cgroup = o->cgroup;
	p->handover = o->handover;
	p->cpu = o->events && o->events[0] ? perf_pfm_cpu() : NULL;
	p->file_limit = p->kernel->raise_files(p->kernel->context);
	perf_groups_make(p, o);
	perf_trial(p);
	return p;
}

void perf_tick(struct perf *p, struct sample *out)
{
	for (size_t i = 0; i < p->ngroups; i++)
		for (size_t unit = 0; unit < p->groups[i].nunits; unit++)
			perf_unit_take(p, &p->groups[i], unit);
	perf_report(p, out);
}

void perf_free(struct perf *p)
{
	for (size_t i = 0; i < p->ngroups; i++) {
		struct perf_group *g = &p->groups[i];

		perf_group_close(p, g);
		free(g->fds);
		free(g->before);
		free(g->trees);
	}
	free(p->groups);
	free(p->members);
	free(p);
}
