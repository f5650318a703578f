/* The distribution of a histogram metric over the columns of a view: a heat map with its axis, and, in a zoomed pane,
 * what the last half minute looks like beside it. Knows no kinds of metrics. */
#ifndef TACH_UI_MAP_H
#define TACH_UI_MAP_H

#include "model/hist.h"
#include "ui/canvas.h"
#include "ui/view.h"

#define MAP_LABEL_COLS 10 /* before the heat map of map_draw() */

/* The heat map over the graph columns of r, labels in the columns before it. Rows that it does not need stay blank. */
void map_draw(const struct view *v, struct canvas *c, struct rect r, metric_id id);

/* Rule line with a title, which may be "", heat map, distribution and times, over all of r; at least 4 rows and 60
 * columns. */
void map_draw_wide(const struct view *v, struct canvas *c, struct rect r, metric_id id, const char *title);

/* "in 4m10s p50 11.0us p99 88us max 4.0ms": of all events in so many columns; "" when there was none. Returns its
 * length. */
int map_about(const struct view *v, metric_id id, int cols, char *buf, size_t size);

#endif
