/* The rows of the proc source, and putting them. Knows nothing of where the numbers come from. */
#include "source/proc/metrics.h"

const struct metric proc_rows[PROC_METRIC_COUNT] = {
#define X(id, name_, label_, kind_, unit_, help_) \
	{ .name = name_, .label = label_, .help = help_, .kind = METRIC_##kind_, .unit = UNIT_##unit_ },
	PROC_METRICS(X)
#undef X
};

const struct process *proc_first_alive(const struct target *t)
{
	size_t n;
	const struct process *p = target_processes(t, &n);

	for (; n; n--, p++)
		if (!p->gone)
			return p;
	return NULL;
}

bool proc_wants(const struct source_env *env, enum proc_metric first, enum proc_metric last)
{
	for (unsigned m = first; m <= last; m++)
		if (env->wanted[m])
			return true;
	return false;
}

void proc_put(const struct proc_tick *t, enum proc_metric m, double value)
{
	proc_put_state(t, m, value, POINT_OK);
}

void proc_put_state(const struct proc_tick *t, enum proc_metric m, double value, enum point_state state)
{
	struct point p = point_of(value);

	p.state = state;
	if (t->env->wanted[m])
		sample_put(t->out, (metric_id)(t->env->first + m), p);
}

void proc_missing(const struct proc_tick *t, enum proc_metric first, enum proc_metric last, enum point_state state,
	const char *why)
{
	for (unsigned m = first; m <= last; m++)
		if (t->env->wanted[m])
			sample_put_missing(t->out, (metric_id)(t->env->first + m), state, why);
}
