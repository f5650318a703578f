/* A heat map over time: a column of rows a span, a row a range of values on a logarithmic axis. */
#ifndef TACH_UI_HEAT_H
#define TACH_UI_HEAT_H

#include "model/hist.h"
#include "ui/canvas.h"
#include "ui/theme.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAT_ROWS_MAX 64

/* The values between rows: row 0 (the lowest) holds all below edge[0], row i those from edge[i - 1] on, the topmost all
 * from edge[rows - 2] on. */
struct heat_axis {
	int rows;     /* 2 .. HEAT_ROWS_MAX */
	int steps;    /* rows a factor of ten */
	double edge[HEAT_ROWS_MAX];
};

/* The finest axis of that many rows that reaches from the fastest events (a tenth may fall below) to the slowest one;
 * rows to spare stand above. Where even a row a factor of ten is too fine, the lowest row takes the fast ones and the
 * topmost all that are slower than the rest. Edges are powers of 10^(1/steps) and hang on the fast events, so that they
 * move rarely. */
void heat_axis(struct heat_axis *a, const struct hist *h, int rows);

/* Events of h by row. */
void heat_count(const struct heat_axis *a, const struct hist *h, uint64_t out[HEAT_ROWS_MAX]);

/* Level 0 .. THEME_HEATS - 1 of a cell, by powers of ten below the fullest cell of its column; -1 for no event. */
int heat_level(uint64_t events, uint64_t fullest);

/* Draws one column of cells, bottom row last; r.rows is the axis's rows. */
void heat_draw(struct canvas *c, struct rect r, int col, const struct theme_glyphs *g, const struct heat_axis *a,
	const struct hist *h);

/* What stands at the left of a row: ">=10ms", "1ms", "<10us", or "" for rows between round values. Values are
 * nanoseconds, or plain numbers when seconds is false: "100", "<3k". */
const char *heat_label(char *buf, size_t size, const struct heat_axis *a, int row, bool seconds);

#endif
