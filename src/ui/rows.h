/*
 * A pane is mostly a table of rows: a label and the metrics that may stand behind it. One drawer puts them on the grid
 * that every pane shares: label, graph, now, and on wide screens min and max. What a row cannot show it says: the mark
 * of ui/value.h, and in the place of the graph the reason.
 */
#ifndef TACH_UI_ROWS_H
#define TACH_UI_ROWS_H

#include "ui/canvas.h"
#include "ui/value.h"
#include "ui/view.h"

#define ROW_METRICS 4
#define LINES_MAX 96

enum row_flag {
	ROW_RATE = 1,   /* per second: the label gets "/s", and the value is divided when the units say so */
	ROW_PERCENT = 2 /* a ratio that is shown as percent */
};

struct row {
	const char *label;                    /* at most 10 columns, with "/op" when it is a rate */
	const char *brief;                    /* on small screens: at most 4 columns */
	const char *metrics[ROW_METRICS + 1]; /* in order of preference, NULL-ended */
	const char *counted[ROW_METRICS + 1]; /* what is divided instead in units per operation; empty: the same */
	int rank;                             /* rows of rank 0 go last when space shrinks */
	unsigned flags;
};

/* A row with what it shows at this moment. */
struct line {
	const char *label, *brief;
	const char *suffix;   /* of the label */
	struct measure what;
	enum value_form form;
	struct point now;
	int rank;
};

#define RANK_MISSING 100 /* added to a line that has only a reason, unless it is of first rank */

/* Where things stand on a line of a pane; cols 0: not there. */
struct grid {
	struct rect label, graph, now, min, max; /* of the row r.row */
};

struct grid rows_grid(struct rect r, bool rules);

/* The rows that somebody measures, in their order. Returns how many. */
size_t rows_lines(const struct view *v, const struct row *rows, size_t count, struct line *out, size_t max);

/* A line for a metric that is in no table of rows. */
struct line rows_line(const struct view *v, metric_id id, const char *label, int rank, unsigned flags);

/* Keeps the `room` best by rank, in their order; returns how many. */
size_t rows_choose(struct line *lines, size_t count, size_t room);

/* Draws lines from r.row on, each `height` rows tall; the one at `selected` (-1: none) with a mark. */
void rows_draw(const struct view *v, struct canvas *c, struct rect r, const struct line *lines, size_t count, int height,
	int selected);

/* now, min and max of a line whose graph something else stands for. */
void rows_values(const struct view *v, struct canvas *c, const struct grid *g, const struct line *line);

/* "label value": for a screen of one line. */
const char *rows_brief(char *buf, size_t size, const struct line *line);

#endif
