/* The `!` screen: every source with its state, what is missing and what would bring it back, and what tach costs. */
#ifndef TACH_UI_WHY_H
#define TACH_UI_WHY_H

#include "ui/canvas.h"
#include "ui/view.h"

/* Draws from line `top` on; returns how many lines there are in all. */
int why_draw(const struct view *v, struct canvas *c, struct rect r, int top);

#endif
