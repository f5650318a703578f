/* The last line: the most useful keys, made from the keymap. */
#ifndef TACH_UI_FOOTER_H
#define TACH_UI_FOOTER_H

#include "ui/canvas.h"
#include "ui/keymap.h"

#include <stdbool.h>

void footer_draw(const struct keymap *keys, struct canvas *c, struct rect r, bool overlay);

/* The first key of an action, "" when it has none. */
const char *footer_key(const struct keymap *keys, enum action a, char buf[UI_KEY_NAME_SIZE]);

#endif
