/* A graph over time: one column of block characters a span, the scale in calm steps. */
#ifndef TACH_UI_GRAPH_H
#define TACH_UI_GRAPH_H

#include "model/sample.h"
#include "ui/canvas.h"
#include "ui/theme.h"

/* The top of the scale for a largest value: the least of 1, 1.5, 2, 3, 5 times a power of ten that is not below it, so
 * that the graph does not change with every new maximum. 1 when there is nothing above zero. */
double graph_top(double largest);

/* Draws count columns into the right end of r, the newest last. A column without a value stays blank; zero has the
 * lowest block, so that it can be told from nothing. More rows make a taller graph. */
void graph_draw(struct canvas *c, struct rect r, const struct theme_glyphs *g, const struct point *columns, int count);

#endif
