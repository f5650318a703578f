/* The rows of the sockdiag source, and putting them. Knows nothing of where the numbers come from. */
#include "source/sockdiag/metrics.h"

const struct metric sockdiag_rows[SOCKDIAG_METRIC_COUNT] = {
#define X(id, name_, label_, kind_, unit_, help_) \
	{ .name = name_, .label = label_, .help = help_, .kind = METRIC_##kind_, .unit = UNIT_##unit_ },
	SOCKDIAG_METRICS(X)
#undef X
};

void sockdiag_put(const struct sockdiag_tick *t, enum sockdiag_metric m, double value, enum point_state state)
{
	struct point p = point_of(value);

	p.state = state;
	if (t->env->wanted[m])
		sample_put(t->out, (metric_id)(t->env->first + m), p);
}

void sockdiag_missing(const struct sockdiag_tick *t, enum sockdiag_metric first, enum sockdiag_metric last,
	enum point_state state, const char *why)
{
	for (unsigned m = first; m <= last; m++)
		if (t->env->wanted[m])
			sample_put_missing(t->out, (metric_id)(t->env->first + m), state, why);
}
