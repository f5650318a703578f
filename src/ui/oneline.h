/* The whole screen in one line, for a window that has no more. */
#ifndef TACH_UI_ONELINE_H
#define TACH_UI_ONELINE_H

#include "ui/canvas.h"
#include "ui/view.h"

/* The name, then the first-rank rows of the panes as far as they fit, each by its view; in a few columns the state
 * letter alone: "." for all is well, "!" for an ended target. */
void oneline_draw(const struct view views[], struct canvas *c, struct rect r);

#endif
