/* What panes look at: the moment, the span of a graph column, the units; and how they ask the store for it. */
#ifndef TACH_UI_VIEW_H
#define TACH_UI_VIEW_H

#include "model/store.h"
#include "ui/frozen.h"
#include "ui/history.h"
#include "ui/theme.h"

#include <stdbool.h>

/* What a count per second is divided by (the `u` key). */
enum view_units { UNITS_SECOND, UNITS_OPERATION, UNITS_INSTRUCTIONS, VIEW_UNITS };

/* By what a list is sorted (ui/order.h). */
struct view_order {
	int by;       /* 1 + the column of its table's definition; 0: its own order */
	bool reverse;
};

/* The same for every pane, but for the second part. With the screen paused `now` stands still while the store goes on. */
struct view {
	const struct store *store;
	const struct theme_glyphs *glyphs;
	struct history *history;  /* finished columns, so that they are computed once; NULL: none are kept */
	nsec_t now;               /* newest tick shown; 0 before the first */
	nsec_t column;            /* time a graph column */
	nsec_t stale;             /* age of the newest tick once it is overdue, else 0 */
	enum view_units units;
	bool utc;                 /* clock times */
	const struct frozen *tables; /* of the moment shown; NULL: those of the store */

	int number;               /* of the pane, from 1; 0: none */
	bool zoomed, focused;
	bool rules, heads;        /* has a rule line; with the names of the columns in it */
	int graph_cols;           /* columns that its graphs have; known to what is said in the rule line only */
	int selected;             /* row of its list */
	struct view_order order;  /* of that list */
	const char *filter;       /* its rows are those that contain it; NULL, "": all */
};

/* One number of the store, as a row shows it. */
struct measure {
	metric_id id;
	const char *table;   /* instead of a metric the history of a row in that table; NULL: none */
	uint64_t key;        /* of that row */
	int figure;          /* of a histogram: index into histogram_figures; -1: the value itself */
	metric_id divisor;   /* METRIC_NONE: undivided */
	double factor;       /* times this, when divided */
};

struct measure measure_of(metric_id id); /* the value itself */
struct measure measure_of_row(const char *table, uint64_t key);

/* The interval of the moment shown, and of the graph column that is `back` columns before the newest. Columns begin at
 * multiples of their length, so that only the newest one moves. */
struct span view_last(const struct view *v);
struct span view_column(const struct view *v, int back);

struct point view_value(const struct view *v, const struct measure *m, struct span span);
struct point view_now(const struct view *v, const struct measure *m);

/* The `count` newest columns, oldest first. Their `why` is not kept. */
void view_columns(const struct view *v, const struct measure *m, struct point *out, int count);

/* The least and largest tick in the `count` newest columns: a spike that a column's mean hides. False: no tick had a
 * value. */
bool view_extent(const struct view *v, const struct measure *m, int count, struct extent *out);

/* The value of a metric by name at the moment shown; absent when nobody measures it. */
struct point view_named(const struct view *v, const char *name);

/* A table of the moment shown; NULL: none. ui/cells.h reads it. */
const struct table *view_table(const struct view *v, const char *name);

/* The first of the names (NULL-ended) that has a value or could have one, else the first that is known; METRIC_NONE
 * when none is. */
metric_id view_prefer(const struct view *v, const char *const *names);

/* What the units in use divide by: METRIC_NONE per second. *factor is 1, or 1000 for instructions. */
metric_id view_divisor(const struct view *v, double *factor);

/* "/s", "/op", "/ki": after the label of a rate. */
const char *view_suffix(const struct view *v);

#endif
