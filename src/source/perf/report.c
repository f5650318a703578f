/* What of it is shown: a point for each wanted metric with its state, and the rows of "what is missing, and why". */
#include "source/perf/engine.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SURE 0.995      /* share of the time from which on a number is taken as counted, not estimated */
#define PATIENCE 3      /* ticks until a counter that should run but does not is given up */

/* ---- points ---- */

/* Whether the group has numbers at this tick: POINT_OK, else POINT_GAP, or what g->reason says. */
static enum point_state judge_group(const struct perf *p, struct perf_group *g)
{
	const struct perf_tally *t = &g->tally;

	g->reason.state = POINT_OK;
	g->ran |= t->running > 0;
	if (!g->opened && g->missed)
		perf_explain_attach(p->failure, &g->reason);
	if (!g->opened || (!t->taken && t->lost))
		return g->reason.state == POINT_OK ? POINT_GAP : g->reason.state;
	g->waited = g->ran ? 0 : g->waited + (t->enabled > 0);
	if (g->waited >= PATIENCE)
		perf_explain_never_ran(p->kernel, &g->reason);
	if (g->reason.state != POINT_OK)
		return g->reason.state;
	return (t->enabled && !t->running) || g->waited ? POINT_GAP : POINT_OK;
}

static struct point make_point(const struct perf_group *g, const struct perf_event *ev)
{
	const struct perf_tally *t = &g->tally;
	double counted = t->enabled ? (double)t->running / (double)t->enabled : 1;
	bool lost = g->missed || t->lost || (double)t->uncounted > (1 - SURE) * (double)t->enabled;
	struct point point = point_of(ev->total * ev->unit);

	if (counted < SURE) {
		point.coverage = (float)counted;
		point.state = ev->one_pmu ? POINT_PARTIAL : POINT_SCALED;
	}
	if (lost)
		point.state = POINT_PARTIAL;
	return point;
}

static void put_missing(struct sample *out, const struct perf_event *ev, const struct perf_reason *r)
{
	char text[sizeof r->why + sizeof r->fix + 16];

	snprintf(text, sizeof text, "%s%s%s", r->why, r->fix[0] ? "; try " : "", r->fix);
	sample_put_missing(out, ev->id, r->state, text);
}

static void put_group(const struct perf *p, struct perf_group *g, struct sample *out)
{
	enum point_state state = g->ncounted ? judge_group(p, g) : POINT_GAP;

	for (size_t i = 0; i < g->nevents; i++) {
		const struct perf_event *ev = &g->events[i];

		if (ev->reason.state != POINT_OK)
			put_missing(out, ev, &ev->reason);
		else if (state == POINT_OK)
			sample_put(out, ev->id, make_point(g, ev));
		else if (state == POINT_GAP)
			sample_put_missing(out, ev->id, POINT_GAP, NULL);
		else
			put_missing(out, ev, &g->reason);
	}
	g->tally = (struct perf_tally){ .enabled = 0 };
}

/* ---- status rows ---- */

/* What is to be said of all groups of a kind. */
struct summary {
	size_t events, counted, missing;
	size_t missed;             /* threads that the worst group is not open on */
	bool user_only, hardware;  /* something generic is counted by the CPU */
	bool given;                /* to the source that counts once a CPU */
	const struct perf_reason *first; /* of what is missing */
	char text[400];
	char fix[100];
};

static void say(struct summary *s, const char *fix, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(struct summary *s, const char *fix, const char *format, ...)
{
	size_t length = strlen(s->text);
	va_list ap;

	if (length && length + 2 < sizeof s->text)
		length += (size_t)snprintf(s->text + length, sizeof s->text - length, "; ");
	va_start(ap, format);
	vsnprintf(s->text + length, sizeof s->text - length, format, ap);
	va_end(ap);
	if (!s->fix[0])
		str_copy(s->fix, sizeof s->fix, fix);
}

static void sum_up(const struct perf *p, enum perf_kind kind, struct summary *s)
{
	for (size_t i = 0; i < p->ngroups; i++) {
		const struct perf_group *g = &p->groups[i];

		for (size_t j = 0; g->kind == kind && j < g->nevents; j++) {
			const struct perf_event *ev = &g->events[j];
			const struct perf_reason *r = ev->reason.state != POINT_OK ? &ev->reason : &g->reason;

			s->events++;
			s->counted += r->state == POINT_OK;
			s->missing += r->state != POINT_OK;
			if (!s->first && r->state != POINT_OK)
				s->first = r;
			s->user_only |= ev->user_only;
			s->hardware |= r->state == POINT_OK && !perf_code_is_software(&ev->code);
		}
		s->given |= g->kind == kind && g->given;
		if (g->kind == kind && g->opened && g->missed > s->missed)
			s->missed = g->missed;
	}
}

static void say_missing(const struct perf *p, struct summary *s)
{
	struct perf_reason r;

	if (s->first && s->counted)
		say(s, s->first->fix, "%zu of %zu not counted: %s", s->missing, s->events, s->first->why);
	else if (s->first)
		say(s, s->first->fix, "%s", s->first->why);
	if (s->missed) {
		perf_explain_attach(p->failure, &r);
		say(s, r.fix, "attached to %zu of %zu threads: %s", p->threads - s->missed, p->threads, r.why);
	}
}

static void say_how(const struct perf *p, struct summary *s)
{
	if (s->given)
		say(s, "", "%zu threads: counted once a CPU while they run there, by probes", p->handover->threads);
	if (s->user_only)
		say(s, "sysctl kernel.perf_event_paranoid=1",
			"user part only: kernel.perf_event_paranoid forbids the kernel part");
	if (s->hardware && p->npmus >= 2)
		say(s, "", "hybrid CPU: %s and %s are summed, so a ratio mixes unlike cores", p->pmus[0].name,
			p->pmus[1].name);
	else if (s->hardware && p->kinds >= 2)
		say(s, "", "hybrid CPU: this kernel counts on one kind of core only");
	if (p->newborn)
		say(s, "", "%zu threads born while tach attached may be counted twice", p->newborn);
	if (!p->children && !p->inherit_thread)
		say(s, "", "children are counted too (threads alone need Linux 5.13)");
}

static void put_status(const struct perf *p, enum perf_kind kind, struct sample *out)
{
	static const char *const names[PERF_KINDS] = { "perf software", "perf hardware", "perf events" };
	struct summary s = { .fix = "" };
	enum status_state state;

	sum_up(p, kind, &s);
	if (!s.events) {
		if (kind != PERF_EXTRA)
			sample_status(out, names[kind], STATUS_OFF, "nothing shown needs it", "");
		return;
	}
	say_missing(p, &s);
	if (s.counted)
		say_how(p, &s);
	state = s.counted ? STATUS_ON : s.first->state == POINT_DENIED ? STATUS_DENIED : STATUS_ABSENT;
	if (s.counted && (s.missing || s.missed || s.user_only))
		state = STATUS_PARTIAL;
	if (s.counted && kind == PERF_HARDWARE)
		say(&s, "", "the kernel's generic events");
	if (kind == PERF_EXTRA && p->cpu)
		say(&s, "", "libpfm4 takes this CPU for %s", p->cpu);
	else if (kind == PERF_EXTRA)
		say(&s, "", "CPU model unknown to libpfm4: generic and raw names only");
	sample_status(out, names[kind], state, s.text, s.fix);
}

void perf_report(struct perf *p, struct sample *out)
{
	for (size_t i = 0; i < p->ngroups; i++)
		put_group(p, &p->groups[i], out);
	for (int kind = 0; kind < PERF_KINDS; kind++)
		put_status(p, (enum perf_kind)kind, out);
}
