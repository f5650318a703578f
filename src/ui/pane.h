/* A pane: a view of the store. It sees the store as const and draws; drawing changes no data. */
#ifndef TACH_UI_PANE_H
#define TACH_UI_PANE_H

#include "model/store.h"
#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/theme.h"

#include <stdbool.h>

enum view_units { UNITS_SECOND, UNITS_OPERATION, UNITS_INSTRUCTIONS };

/* What every pane shows: the moment, the span of a graph column, the units. With the screen paused `now` stands still
 * while the store goes on. */
struct view {
	const struct store *store;
	const struct theme *theme;
	nsec_t now;             /* newest tick shown */
	nsec_t column;          /* time a graph column */
	enum view_units units;
	const struct table *threads; /* of the moment shown; NULL: none */
	bool zoomed, focused;
	bool paused;
	int selected, scroll;   /* row of a list */
};

struct pane_ops {
	const char *name;         /* "rate": [sections] of keys files */
	const char *title;        /* "Rate" */
	const char *help;         /* one paragraph for the help screen */
	const char *const *wants; /* metric names, NULL-ended; nothing that no pane wants is opened */
	void (*measure)(const struct view *v, int cols, int *min_rows, int *good_rows);
	void (*draw)(const struct view *v, struct canvas *c, struct rect r); /* the rule line is the first row */
	int (*rows)(const struct view *v); /* length of its list, for scrolling; NULL: no list */
};

extern const struct pane_ops *const pane_table[]; /* in the order of their numbers, NULL-ended */

#endif
