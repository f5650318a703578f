/* What tach itself costs: CPU time, memory, bytes on the terminal. Knows nothing of the target; the session adds the
 * time of a tick. */
#include "source/self/self.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SELF_CPU, SELF_RSS, SELF_TERMINAL, SELF_METRICS };

static const struct metric rows[SELF_METRICS] = {
	[SELF_CPU] = { .name = "tach.cpu_seconds", .label = "tach cpu", .kind = METRIC_COUNTER, .unit = UNIT_SECONDS,
		.help = "CPU time that tach itself takes, all its threads." },
	[SELF_RSS] = { .name = "tach.rss_bytes", .label = "tach RSS", .kind = METRIC_GAUGE, .unit = UNIT_BYTES,
		.help = "Memory that tach itself holds, shared libraries included." },
	[SELF_TERMINAL] = { .name = "tach.terminal_bytes", .label = "tach tty", .kind = METRIC_COUNTER,
		.unit = UNIT_BYTES, .help = "Bytes that tach sends to the terminal; what counts on a slow line." },
};

struct self {
	const struct source_env *env;
	int statm;
	long page;
};

static bool self_probe(struct err *why, struct err *fix)
{
	(void)why;
	(void)fix;
	return true;
}

static void *self_open(const struct source_env *env, const struct target *t, struct err *e)
{
	struct self *s = xcalloc(1, sizeof *s);

	(void)t;
	(void)e;
	s->env = env;
	s->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	s->page = sysconf(_SC_PAGESIZE);
	return s;
}

/* Second number of statm: resident pages. */
static bool read_rss(const struct self *s, double *out)
{
	char text[128];
	unsigned long pages;

	if (s->statm < 0 || file_reread(s->statm, text, sizeof text) < 0 || sscanf(text, "%*u %lu", &pages) != 1)
		return false;
	*out = (double)pages * (double)s->page;
	return true;
}

static void self_read(void *state, const struct target *t, struct sample *out)
{
	const struct self *s = state;
	const bool *wanted = s->env->wanted;
	metric_id first = s->env->first;
	double rss;

	(void)t;
	if (wanted[SELF_CPU])
		sample_put_value(out, first + SELF_CPU, nsec_to_seconds(clock_cpu_self()));
	if (wanted[SELF_TERMINAL])
		sample_put_value(out, first + SELF_TERMINAL, (double)atomic_load(s->env->terminal_bytes));
	if (!wanted[SELF_RSS])
		return;
	if (read_rss(s, &rss))
		sample_put_value(out, first + SELF_RSS, rss);
	else
		sample_put_missing(out, first + SELF_RSS, POINT_ABSENT, "/proc/self/statm cannot be read");
}

static void self_close(void *state)
{
	struct self *s = state;

	if (s->statm >= 0)
		close(s->statm);
	free(s);
}

const struct source_ops source_self = {
	.name = "self",
	.summary = "what tach itself costs",
	.metrics = rows,
	.nmetrics = SELF_METRICS,
	.probe = self_probe,
	.open = self_open,
	.read = self_read,
	.close = self_close,
};
