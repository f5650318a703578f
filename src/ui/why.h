/* The `!` screen: every source with its state, what is missing and what would bring it back, and what tach costs. */
#ifndef TACH_UI_WHY_H
#define TACH_UI_WHY_H

#include "ui/canvas.h"
#include "ui/view.h"

/* What tach costs: the metrics that it shows beside what all others show. NULL-ended. */
extern const char *const why_wants[];

/* Draws from line `top` on; returns how many lines there are in all. */
int why_draw(const struct view *v, struct canvas *c, struct rect r, int top);

#endif
