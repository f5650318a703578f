/* A bar of the parts of a thread's second. */
#ifndef TACH_UI_BAR_H
#define TACH_UI_BAR_H

#include "ui/canvas.h"
#include "ui/theme.h"

/* In the order of theme.parts and of the roles from ROLE_USR on. */
enum part {
	PART_USR,
	PART_SYS,
	PART_LOCK,
	PART_RUNQ,
	PART_IO,
	PART_NET,
	PART_WAIT,
	PART_SLEEP,
	PART_IDLE,
	PART_COUNT
};

/* Shares `cells` among the parts in proportion to their amounts, by largest remainder, so that the cells add up. A
 * negative or unknown (NaN) amount gets none; all zero: no cells at all. */
void bar_share(const double amounts[PART_COUNT], int cells, int out[PART_COUNT]);

/* Draws the parts side by side over r.cols cells of r.row. */
void bar_draw(struct canvas *c, struct rect r, const struct theme_glyphs *g, const double amounts[PART_COUNT]);

#endif
