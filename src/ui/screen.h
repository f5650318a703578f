/* The whole dashboard as a value: focus, zoom, pause, span, overlays. Knows neither sessions nor the terminal: cmd/dash
 * wires them together. */
#ifndef TACH_UI_SCREEN_H
#define TACH_UI_SCREEN_H

#include "model/store.h"
#include "ui/asks.h"
#include "ui/canvas.h"
#include "ui/keymap.h"
#include "ui/theme.h"

struct screen_options {
	nsec_t interval; /* refresh, for the header */
	nsec_t span;     /* time a graph column */
	bool utc, ascii;
	const char *latency; /* kind that is chosen (model/latency.h), and is being measured; NULL: none is */
};

/* What the caller has to do after a key. */
enum screen_effect {
	SCREEN_NOTHING,
	SCREEN_DRAW,
	SCREEN_REDRAW,    /* the whole terminal anew */
	SCREEN_QUIT,
	SCREEN_INTERVAL,  /* screen_interval() has changed; draw */
	SCREEN_ASK        /* screen_take_ask() has something for sources; draw */
};

struct screen;

/* Borrows keymap and theme. */
struct screen *screen_new(const struct screen_options *o, const struct keymap *keys, const struct theme *theme);
void screen_free(struct screen *s);

enum screen_effect screen_key(struct screen *s, const struct store *st, ui_key key);
bool screen_take_ask(struct screen *s, struct ask *out); /* what a source is to be asked next; false: nothing more */
nsec_t screen_interval(const struct screen *s);
void screen_message(struct screen *s, const char *text); /* shown above the footer until the next key */
void screen_stale(struct screen *s, nsec_t age);         /* of the newest tick once it is overdue; 0: it is not */

/* Before the store takes the sample that says that the target has ended: keeps what would be gone with it, so that the
 * last numbers stay on screen. */
void screen_before_end(struct screen *s, const struct store *st);

/* Draws everything for the canvas's size. */
void screen_draw(struct screen *s, const struct store *st, struct canvas *c);

#endif
