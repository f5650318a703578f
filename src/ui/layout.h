/* Where panes go: a pure function from size and wishes to rectangles. The order in which things go when space shrinks is
 * this: optional panes, second-rank rows, the message line, rule lines, the time bar, first-rank
 * rows, panes from the last rank on. */
#ifndef TACH_UI_LAYOUT_H
#define TACH_UI_LAYOUT_H

#include "ui/canvas.h"

#include <stdbool.h>
#include <stddef.h>

#define LAYOUT_SIDE_COLS 180  /* from this width on side panes stand in the right half */
#define LAYOUT_HEADER_COLS 20 /* below this width there is neither header nor footer */
#define LAYOUT_PANES 16       /* most panes that it takes */

/* Rows are counted without the rule line. */
struct layout_wish {
	int first_rows; /* its first-rank rows: shown before any pane gets a second-rank one; at least 1 */
	int good_rows;  /* all that it could fill */
	int weight;     /* how many rows it gets in a round when there are more; at least 1 */
	int rank;       /* 0 is left out last; no two alike */
	bool optional;  /* stands only where the others have had their first round of second-rank rows */
	bool side;      /* may stand in the right half of a wide screen */
};

struct layout {
	struct rect header;  /* line 1 and, with 2 rows, the time bar; rows 0 when there is no room */
	struct rect message; /* one line above the footer */
	struct rect footer;
	int divider;         /* column of the line between the halves of a wide screen; -1: none */
	bool one_line;       /* a single line: header says where, panes have nothing */
	bool rules;          /* panes have their rule line, which is the first row of their rectangle */
	struct rect *pane;   /* one a wish, rows 0 when left out; the caller's array */
};

/* zoomed: index of the pane that has the whole body, or -1. */
void layout_compute(struct layout *out, int rows, int cols, const struct layout_wish wishes[], size_t count, int zoomed);

#endif
