/* The screen as its two halves see it: keys, and drawing. */
#ifndef TACH_UI_SCREEN_STATE_H
#define TACH_UI_SCREEN_STATE_H

#include "ui/asks.h"
#include "ui/frozen.h"
#include "ui/pane.h"
#include "ui/prompt.h"
#include "ui/screen.h"
#include "ui/selection.h"
#include "ui/view.h"

enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_WHY };
enum typing { TYPING_NOTHING, TYPING_FIND, TYPING_FILTER };

struct screen {
	const struct keymap *keys;
	const struct theme *theme;
	struct history *history;
	nsec_t interval, column, stale;
	bool utc, ascii, zoomed;
	enum view_units units;
	int focus;                       /* index into pane_table */
	struct selection selected[LAYOUT_PANES]; /* in each pane's list */
	struct view_order order[LAYOUT_PANES];   /* of those lists */
	char filter[LAYOUT_PANES][PROMPT_SIZE];  /* of their rows; "": all are shown */
	enum typing typing;
	char typed[PROMPT_SIZE], find[PROMPT_SIZE]; /* so far; what was looked for last */
	enum overlay overlay;
	int top;                         /* page of the help, first line of why */
	bool paused;
	nsec_t moment;                   /* shown while paused */
	struct frozen tables, last;      /* of that moment, and of the last one before the target ended */
	char message[256];
	struct asks asks;
	int page;                        /* rows that page-up and page-down move */
};

void screen_pause(struct screen *s, const struct store *st);
void screen_resume(struct screen *s);

int screen_clamp(int v, int low, int high); /* low when there is nothing between them */
int screen_pane_index(const struct pane_ops *p); /* in pane_table, where it must be */

nsec_t screen_moment(const struct screen *s, const struct store *st); /* the tick that is shown */

/* The tables of that tick; NULL: those of the store. */
const struct frozen *screen_tables(const struct screen *s, const struct store *st);

struct view screen_view(const struct screen *s, const struct store *st);

/* The list of the focused pane (screen_lists.c), as handlers of keys. */
enum screen_effect screen_sort(struct screen *s, const struct store *st, int direction);
enum screen_effect screen_reverse(struct screen *s, const struct store *st, int unused);
enum screen_effect screen_type(struct screen *s, const struct store *st, int what); /* begins to */
enum screen_effect screen_find(struct screen *s, const struct store *st, int direction);
enum screen_effect screen_typed(struct screen *s, const struct store *st, ui_key key); /* while typing */
bool screen_drop_filter(struct screen *s); /* false: there is none */
bool screen_draw_typing(const struct screen *s, struct canvas *c, struct rect r); /* false: nobody types */

/* What one of the panes looks at. */
struct view screen_pane_view(struct screen *s, const struct view *base, int pane);

#endif
