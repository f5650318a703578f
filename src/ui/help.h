/* The help screen, made from the action table, the keymap and the panes, so that it cannot disagree with them. */
#ifndef TACH_UI_HELP_H
#define TACH_UI_HELP_H

#include "ui/canvas.h"
#include "ui/keymap.h"
#include "ui/theme.h"

/* Draws page `page` (from 0); returns how many pages there are at this size. */
int help_draw(const struct keymap *keys, const struct theme_glyphs *g, struct canvas *c, int page);

#endif
