/* Which key does what, where. Defaults are a keys file embedded in the program; the user's file is read over it. */
#ifndef TACH_UI_KEYMAP_H
#define TACH_UI_KEYMAP_H

#include "base/err.h"
#include "ui/action.h"
#include "ui/key.h"

#include <stddef.h>

struct keymap;

struct keymap *keymap_new(void); /* the defaults */
void keymap_free(struct keymap *k);

/* Reads a keys file over what is there: sections [all] and [pane], lines `key = action`. Nothing changes on error;
 * e names file and line and the nearest valid name. */
int keymap_read(struct keymap *k, const char *path, struct err *e);
int keymap_read_text(struct keymap *k, const char *name_for_errors, const char *text, struct err *e);

/* The action of a key with that pane focused: the pane's own binding first, then [all]. ACTION_NONE: unbound. */
enum action keymap_lookup(const struct keymap *k, const char *pane, ui_key key);

/* The names of the keys bound to an action in [all] (pane NULL) or in a pane, "Space Z"; "" when unbound. */
const char *keymap_keys(const struct keymap *k, const char *pane, enum action a, char *buf, size_t size);

extern const char keymap_default_text[]; /* what --print-keys prints */

#endif
