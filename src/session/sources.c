/* Which sources a session has, what is wanted of each, and what is said in the name of one that cannot run. */
#include "session/room.h"

#include "base/alloc.h"
#include "base/log.h"
#include "model/derive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* Whether a metric is an input of a derived metric that is wanted. */
static bool needed_by_formula(const char *const *wants, const char *name)
{
	for (const struct metric *row = derived_table; row->name; row++) {
		struct formula *f;
		bool found = false;

		if (!listed(wants, row->name) || !(f = formula_parse(row->formula, NULL)))
			continue;
		for (size_t i = 0; !found && formula_name(f, i); i++)
			found = strcmp(formula_name(f, i), name) == 0;
		formula_free(f);
		if (found)
			return true;
	}
	return false;
}

static void list_source(struct session *s, struct opened *src, const struct source_ops *ops,
	const struct session_options *o)
{
	src->ops = ops;
	src->wanted = xcalloc(ops->nmetrics, sizeof *src->wanted);
	src->env = (struct source_env){ .registry = s->registry, .first = (metric_id)registry_count(s->registry),
		.wanted = src->wanted, .events = o->events, .functions = o->functions, .max_cost = o->max_cost, .force = o->force,
		.terminal_bytes = &s->terminal_bytes, .children = o->children, .handover = &s->handover };
	for (size_t i = 0; i < ops->nmetrics; i++) {
		const char *name = ops->metrics[i].name;

		registry_add(s->registry, &ops->metrics[i]);
		src->wanted[i] = !o->wants || listed(o->wants, name) || needed_by_formula(o->wants, name);
	}
}

const struct metric session_metric = { .name = "tach.tick_seconds", .label = "tick", .kind = METRIC_GAUGE,
	.unit = UNIT_SECONDS, .help = "Time that tach took to read all sources for the newest tick." };

void sources_list(struct session *s, const struct session_options *o)
{
	size_t n = 0;

	while (source_table[n])
		n++;
	s->sources = xcalloc(n, sizeof *s->sources);
	for (s->nsources = 0; s->nsources < n; s->nsources++)
		list_source(s, &s->sources[s->nsources], source_table[s->nsources], o);
	s->tick_metric = registry_add(s->registry, &session_metric);
}

static bool wants_any(const struct opened *src)
{
	if (src->ops->takes_counters && src->env.handover->state == HANDOVER_ASKED)
		return true;
	for (size_t i = 0; i < src->ops->nmetrics; i++)
		if (src->wanted[i])
			return true;
	return src->ops->nmetrics == 0;
}

void sources_open(struct session *s)
{
	for (size_t i = 0; i < s->nsources; i++) {
		struct opened *src = &s->sources[i];

		if (!wants_any(src) && !(src->env.events && src->env.events[0]) && !(src->env.functions && src->env.functions[0]))
			continue;
		if (!src->ops->probe(&src->why, &src->fix))
			log_line("source %s cannot run: %s", src->ops->name, src->why.text);
		else if (!(src->state = src->ops->open(&src->env, s->target, &src->why)))
			log_line("source %s does not open: %s", src->ops->name, src->why.text);
	}
}

/* Says in the name of a source that cannot run why each of its numbers is missing. A metric that an earlier source has as
 * well is for that one to tell. */
static void read_missing(const struct opened *src, struct sample *out)
{
	bool denied = src->why.code == EACCES || src->why.code == EPERM;

	if (!src->why.text[0])
		return; /* nobody wanted it */
	for (size_t i = 0; i < src->ops->nmetrics; i++) {
		metric_id id = registry_find(src->env.registry, src->ops->metrics[i].name);

		if (src->wanted[i] && id >= src->env.first)
			sample_put_missing(out, id, denied ? POINT_DENIED : POINT_ABSENT, src->why.text);
	}
	sample_status(out, src->ops->name, denied ? STATUS_DENIED : STATUS_ABSENT, src->why.text, src->fix.text);
}

void sources_read(struct session *s, struct sample *out)
{
	for (size_t i = 0; i < s->nsources; i++) {
		struct opened *src = &s->sources[i];

		if (src->state)
			src->ops->read(src->state, s->target, out);
		else
			read_missing(src, out);
	}
}

void sources_close(struct session *s)
{
	for (size_t i = 0; i < s->nsources; i++) {
		if (s->sources[i].state)
			s->sources[i].ops->close(s->sources[i].state);
		free(s->sources[i].wanted);
	}
	free(s->sources);
}
