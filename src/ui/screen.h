/* The whole dashboard as a value: focus, zoom, pause, span, overlays. Knows neither sessions nor the terminal: cmd/dash
 * wires them together. */
#ifndef TACH_UI_SCREEN_H
#define TACH_UI_SCREEN_H

#include "model/store.h"
#include "ui/canvas.h"
#include "ui/keymap.h"
#include "ui/theme.h"

struct screen_options {
	nsec_t interval; /* refresh, for the header */
	nsec_t span;     /* time a graph column */
	bool utc;
};

/* What the caller has to do after an action. */
enum screen_effect { SCREEN_NOTHING, SCREEN_DRAW, SCREEN_REDRAW, SCREEN_QUIT, SCREEN_INTERVAL, SCREEN_ASK_MEMORY };

struct screen;

/* Borrows keymap and theme. */
struct screen *screen_new(const struct screen_options *o, const struct keymap *keys, struct theme *theme);
void screen_free(struct screen *s);

enum screen_effect screen_key(struct screen *s, const struct store *st, ui_key key);
nsec_t screen_interval(const struct screen *s); /* after SCREEN_INTERVAL */
void screen_message(struct screen *s, const char *text); /* shown above the footer until the next key */

/* Draws everything for the canvas's size. */
void screen_draw(struct screen *s, const struct store *st, struct canvas *c);

#endif
