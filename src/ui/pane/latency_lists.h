/* Below a zoomed latency: its slowest events, and the system calls and threads that it is made of, where a source has
 * them. */
#ifndef TACH_UI_PANE_LATENCY_LISTS_H
#define TACH_UI_PANE_LATENCY_LISTS_H

#include "model/latency.h"
#include "ui/canvas.h"
#include "ui/view.h"

/* Rows that the lists of a metric take of `room`; 0: there are none, or too few rows for them. */
int latency_lists_rows(const struct view *v, const struct latency_kind *kind, const char *metric, struct rect room);

void latency_lists_draw(const struct view *v, struct canvas *c, struct rect r, const struct latency_kind *kind,
	const char *metric);

#endif
