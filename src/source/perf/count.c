/*
 * From what the kernel says of one thread to the totals of a group. Totals are never scaled, only what was added since
 * the last look: a group that was on the counters for a part of that time is taken to have gone on alike in the rest of
 * it. Where it was not on them at all nothing is known of that time, and nothing is added.
 */
#include "source/perf/engine.h"

#include <string.h>

/* What all lanes of a unit added since the last look. */
struct step {
	uint64_t enabled, running;
	uint64_t values[PERF_GROUP_SIZE];
};

/* Reads a lane and adds its step. False when it cannot be read, or went backwards, which no counter does. */
static bool add_lane(const struct perf_kernel *k, const struct perf_group *g, size_t lane, struct step *step)
{
	uint64_t *before = g->before + lane * (2 + g->ncounted), now[2 + PERF_GROUP_SIZE];
	bool forward = true;

	if (perf_lane_read(k, g->fds[lane * g->ncounted], g->ncounted, now))
		return false;
	for (size_t i = 0; i < 2 + g->ncounted; i++)
		forward &= now[i] >= before[i];
	if (forward) {
		uint64_t enabled = now[0] - before[0];

		/* A thread is on one kind of core at a time, while each lane is enabled all the time. */
		if (enabled > step->enabled)
			step->enabled = enabled;
		step->running += now[1] - before[1];
		for (size_t i = 0; i < g->ncounted; i++)
			step->values[i] += now[2 + i] - before[2 + i];
	}
	memcpy(before, now, (2 + g->ncounted) * sizeof now[0]);
	return forward;
}

void perf_unit_take(const struct perf *p, struct perf_group *g, size_t unit)
{
	struct step step = { .enabled = 0 };
	struct perf_tally *t = &g->tally;
	bool read = true;

	for (size_t pmu = 0; pmu < g->npmus; pmu++)
		read &= add_lane(p->kernel, g, unit * g->npmus + pmu, &step);
	if (!read) {
		t->lost++;
		return;
	}
	if (step.running > step.enabled)
		step.running = step.enabled;
	t->taken++;
	t->enabled += step.enabled;
	t->running += step.running;
	if (step.enabled && !step.running) {
		t->uncounted += step.enabled;
		return;
	}
	for (size_t i = 0; i < g->ncounted; i++) {
		struct perf_event *ev = g->counted[i];
		double value = (double)step.values[i];

		/* Off the counters may mean on the other kind of core, where nothing is known of it. */
		if (step.running && !ev->one_pmu)
			value *= (double)step.enabled / (double)step.running;
		ev->total += value;
	}
}
