/*
 * Groups of a target with too many threads are given to whoever counts them once a CPU. Until the answer comes what is
 * open goes on; where nothing is open yet nothing is opened. Refused, the engine opens as much of them as it can.
 */
#include "source/perf/engine.h"

/* Generic events of a hybrid CPU need one counter on each kind of core, and a ratio for each: they stay here. */
static bool can_be_given(const struct perf *p, const struct perf_group *g)
{
	bool generic = g->ncounted && !perf_code_is_software(&g->counted[0]->code);

	return g->ncounted && !(generic && p->kinds >= 2) && p->handover->nevents + g->ncounted <= HANDOVER_EVENTS;
}

static void offer_group(struct perf *p, struct perf_group *g)
{
	struct handover *h = p->handover;

	for (size_t i = 0; i < g->ncounted; i++) {
		const struct perf_event *ev = g->counted[i];
		const struct perf_code *code = &ev->code;

		h->events[h->nevents++] = (struct handover_event){ .id = ev->id, .type = code->type, .config = code->config,
			.config1 = code->config1, .config2 = code->config2, .exclude_user = code->exclude_user,
			.exclude_kernel = code->exclude_kernel || ev->user_only, .group = (unsigned)(g - p->groups),
			.unit = ev->unit };
	}
	g->offered = true;
}

void perf_offer(struct perf *p, size_t threads)
{
	struct handover *h = p->handover;

	if (!h || h->state != HANDOVER_NONE || (threads <= HANDOVER_THREADS && (p->trees || !perf_too_many(p, threads))))
		return;
	for (size_t i = 0; i < p->ngroups; i++)
		if (can_be_given(p, &p->groups[i]))
			offer_group(p, &p->groups[i]);
	if (!h->nevents)
		return;
	h->state = HANDOVER_ASKED;
	h->threads = threads;
	p->waiting = !p->trees;
}

/* The last look, the totals, the end. */
static void give(struct perf *p)
{
	struct handover *h = p->handover;
	size_t n = 0;

	for (size_t i = 0; i < p->ngroups; i++) {
		struct perf_group *g = &p->groups[i];

		if (!g->offered)
			continue;
		for (size_t unit = 0; unit < g->nunits; unit++)
			perf_unit_take(p, g, unit);
		for (size_t j = 0; j < g->ncounted; j++)
			h->events[n++].before = g->counted[j]->total;
		perf_group_close(p, g);
		g->given = true;
		g->ncounted = g->missed = 0;
		g->reason.state = POINT_OK;
	}
	h->state = HANDOVER_DONE;
}

bool perf_settle(struct perf *p)
{
	struct handover *h = p->handover;
	bool waited = p->waiting;

	if (!h || h->state == HANDOVER_NONE || h->state == HANDOVER_DONE)
		return false;
	if (h->state == HANDOVER_ASKED && !h->taker)
		h->state = HANDOVER_REFUSED;
	if (h->state == HANDOVER_ASKED)
		return false;
	if (h->state == HANDOVER_READY)
		give(p);
	p->waiting = false;
	return waited;
}
