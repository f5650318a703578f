/* Thread time by part, of the target from metrics and of a thread from its row. Knows names, not how they are drawn. */
#include "ui/where.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NOT_READ (-1)  /* of a thread it is what the others leave of a second */

struct source {
	const char *label, *metric;
	int column; /* of table_threads */
};

/* label, metric, column */
#define RUNNING \
	[PART_USR] = { "usr", "thr.user_seconds", THREADS_USER }, \
	[PART_SYS] = { "sys", "thr.system_seconds", THREADS_SYSTEM }, \
	[PART_RUNQ] = { "runq", "thr.runqueue_seconds", THREADS_RUNQUEUE }

static const struct source by_probe[PART_COUNT] = {
	RUNNING,
	[PART_LOCK] = { "lock", "thr.lock_seconds", THREADS_LOCK },
	[PART_IO] = { "disk", "thr.disk_seconds", THREADS_DISK },
	[PART_NET] = { "net", "thr.net_seconds", THREADS_NET },
	[PART_WAIT] = { "oth", "thr.other_seconds", THREADS_OTHER },
	[PART_SLEEP] = { "slp", "thr.sleep_seconds", THREADS_SLEEP },
	[PART_IDLE] = { "idle", "thr.idle_seconds", THREADS_IDLE },
};

static const struct source by_proc[PART_COUNT] = {
	RUNNING,
	[PART_IO] = { "io", "thr.io_seconds", THREADS_IO },
	[PART_WAIT] = { "wait", "thr.wait_seconds", NOT_READ },
};

const char *const where_wants[] = { "thr.user_seconds", "thr.system_seconds", "thr.runqueue_seconds", "thr.lock_seconds",
	"thr.disk_seconds", "thr.net_seconds", "thr.other_seconds", "thr.sleep_seconds", "thr.idle_seconds", "thr.io_seconds",
	"thr.wait_seconds", NULL };

/* Who answers for a part: a view, or a row of the threads. */
struct asked {
	const struct view *v;
	const struct cells *threads;
	size_t row;
};

static struct point ask(const struct asked *a, const struct source *s)
{
	double seconds;

	if (!a->threads)
		return view_named(a->v, s->metric);
	if (s->column == NOT_READ)
		return point_missing(POINT_GAP, NULL);
	seconds = cells_number(a->threads, a->row, s->column);
	return isnan(seconds) ? point_missing(POINT_GAP, NULL) : point_of(seconds);
}

static struct where split(const struct asked *a, const struct source sources[PART_COUNT])
{
	struct where w = { .sum = 0 };

	for (int i = 0; i < PART_COUNT; i++) {
		w.label[i] = sources[i].label;
		w.part[i] = sources[i].label ? ask(a, &sources[i]) : point_missing(POINT_GAP, NULL);
		if (!point_has_value(w.part[i]))
			continue;
		w.part[i].value = fmax(w.part[i].value, 0);
		w.sum += w.part[i].value;
	}
	return w;
}

/* The probe's parts where it knows all of them, else those of /proc: a mixture of both would count a wait twice. */
static struct where best(const struct asked *a)
{
	struct where w = split(a, by_probe);

	w.exact = true;
	for (int i = 0; i < PART_COUNT; i++)
		w.exact = w.exact && point_has_value(w.part[i]);
	return w.exact ? w : split(a, by_proc);
}

struct where where_of_target(const struct view *v)
{
	return best(&(struct asked){ .v = v });
}

struct where where_of_thread(const struct cells *threads, size_t row)
{
	struct where w = best(&(struct asked){ .threads = threads, .row = row });

	for (int i = 0; w.exact && threads->table->sampled && i < PART_COUNT; i++)
		if (by_probe[i].column != by_proc[i].column)
			w.part[i].state = POINT_SCALED;
	if (!w.exact && point_has_value(w.part[PART_USR])) {
		w.part[PART_WAIT] = point_of(fmax(1 - w.sum, 0));
		w.sum += w.part[PART_WAIT].value;
	}
	return w;
}

void where_legend(char *buf, size_t size, bool exact, const struct theme_glyphs *g)
{
	const struct source *sources = exact ? by_probe : by_proc;
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < PART_COUNT; i++) {
		char fill[8] = "";

		if (!sources[i].label || n + sizeof fill + strlen(sources[i].label) + 2 > size)
			continue;
		str_utf8_put(fill, g->parts[i]);
		n += (size_t)snprintf(buf + n, size - n, " %s%s", fill, sources[i].label);
	}
}

void where_draw(const struct where *w, const struct view *v, struct canvas *c, struct rect r)
{
	double amounts[PART_COUNT];

	for (int i = 0; i < PART_COUNT; i++)
		amounts[i] = w->part[i].value;
	bar_draw(c, r, v->glyphs, amounts);
}
