/* Reading `tach stat --json` as it runs: the next tick, and numbers of it. */
#ifndef TACH_TESTS_LIB_TICK_H
#define TACH_TESTS_LIB_TICK_H

#include "child.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

/* The next line that is a tick; header, notes and the end are passed over. NULL: none came. Valid until the next call. */
static inline const char *tick_next(struct child *tach, int ms)
{
	const char *line;

	while ((line = child_line(tach, ms)))
		if (json_valid(line) && json_find(line, "t"))
			return line;
	return NULL;
}

/* The next tick that has not been said yet. */
static inline const char *tick_newest(struct child *tach, int ms)
{
	while (child_line(tach, 0))
		;
	return tick_next(tach, ms);
}

/* A counter's total since tach began to watch; NaN: unknown. */
static inline double tick_total(const char *tick, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "counters/%s/total", name);
	return json_number(tick, path);
}

static inline double tick_gauge(const char *tick, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "gauges/%s", name);
	return json_number(tick, path);
}

#endif
