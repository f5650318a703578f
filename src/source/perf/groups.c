/* From wanted rows and -e names to groups of events. Asks the kernel nothing. */
#include "source/perf/engine.h"

#include "base/alloc.h"
#include "base/str.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

static struct perf_event *add_event(struct perf_group *g, const char *name, metric_id id)
{
	struct perf_event *ev = &g->events[g->nevents++];

	str_clean(ev->name, sizeof ev->name, name, strlen(name));
	ev->id = id;
	ev->unit = 1;
	ev->reason.state = POINT_OK;
	return ev;
}

/* Only wanted members are opened: a counter that nobody looks at costs the others their turn. */
static void add_rows(struct perf *p, const struct perf_options *o)
{
	for (size_t id = 0; id < PERF_GROUPS; id++) {
		struct perf_group *g = &p->groups[p->ngroups];

		for (size_t i = 0; i < PERF_ROWS; i++) {
			struct perf_event *ev;

			if (perf_rows[i].group != id || !o->wanted[i])
				continue;
			ev = add_event(g, perf_metrics[i].name, (metric_id)(o->first + i));
			ev->code = perf_rows[i].code;
			ev->unit = perf_metrics[i].unit == UNIT_SECONDS ? 1e-9 : 1;
			g->kind = perf_code_is_software(&ev->code) ? PERF_SOFTWARE : PERF_HARDWARE;
		}
		p->ngroups += g->nevents > 0;
	}
}

/* The row of an -e event; two names that come to the same get a number. METRIC_NONE when the registry is full. */
static metric_id add_metric(struct registry *r, const char *event)
{
	char name[PERF_METRIC_NAME + 8], base[PERF_METRIC_NAME], label[11], clean[64], help[128];
	struct metric row = { .name = name, .label = label, .help = help, .kind = METRIC_COUNTER, .unit = UNIT_COUNT };

	str_clean(clean, sizeof clean, event, strlen(event));
	str_copy(label, sizeof label, clean);
	snprintf(help, sizeof help, "Event %s, asked for with -e.", clean);
	perf_metric_name(event, base);
	str_copy(name, sizeof name, base);
	for (unsigned n = 2; registry_find(r, name) != METRIC_NONE && n < 100; n++)
		snprintf(name, sizeof name, "%s_%u", base, n);
	return registry_find(r, name) == METRIC_NONE ? registry_add(r, &row) : METRIC_NONE;
}

static void add_extra(struct perf *p, const struct perf_options *o, const char *name)
{
	struct perf_group *g = &p->groups[p->ngroups];
	metric_id id = add_metric(o->registry, name);
	struct perf_event *ev;
	struct err e;

	if (id == METRIC_NONE)
		return;
	p->ngroups++;
	g->kind = PERF_EXTRA;
	ev = add_event(g, name, id);
	if (perf_code_parse(name, &ev->code, &e))
		perf_reason_set(&ev->reason, POINT_ABSENT, "", "%s", e.text);
}

void perf_groups_make(struct perf *p, const struct perf_options *o)
{
	size_t extra = 0;

	while (o->events && o->events[extra])
		extra++;
	p->groups = xcalloc(PERF_GROUPS + extra, sizeof *p->groups);
	add_rows(p, o);
	for (size_t i = 0; i < extra; i++)
		add_extra(p, o, o->events[i]);
}
