/* Where panes go: a pure function from size and wishes to rectangles. The order in which things go when space shrinks is
 * that of screens.md 6.10. */
#ifndef TACH_UI_LAYOUT_H
#define TACH_UI_LAYOUT_H

#include "ui/canvas.h"

#include <stdbool.h>
#include <stddef.h>

struct layout_wish {
	int min_rows;  /* below this the pane is left out; the rule line counts */
	int good_rows; /* what it would like */
	int rank;      /* 0 is left out last */
	bool side;     /* may stand in the right half of a wide screen */
};

struct layout {
	struct rect header;  /* line 1 and the time bar; rows 0 when there is no room */
	struct rect message; /* one line above the footer */
	struct rect footer;
	bool rules;          /* panes have their rule line */
	int panes;           /* how many rectangles below are used */
	struct rect *pane;   /* one a wish, rows 0 when left out; the caller's array */
};

/* zoomed: index of the pane that has the whole body, or -1. */
void layout_compute(struct layout *out, int rows, int cols, const struct layout_wish wishes[], size_t count, int zoomed);

#endif
