/* The dashboard: which panes, where, and what each key changes. */
#include "ui/screen.h"

#include "base/alloc.h"
#include "base/str.h"
#include "ui/footer.h"
#include "ui/frozen.h"
#include "ui/header.h"
#include "ui/help.h"
#include "ui/oneline.h"
#include "ui/pane.h"
#include "ui/selection.h"
#include "ui/text.h"
#include "ui/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_WHY };

struct screen {
	const struct keymap *keys;
	const struct theme *theme;
	struct history *history;
	nsec_t interval, column, stale;
	bool utc, ascii, zoomed;
	enum view_units units;
	int focus;                       /* index into pane_table */
	struct selection selected[LAYOUT_PANES]; /* in each pane's list */
	enum overlay overlay;
	int top;                         /* page of the help, first line of why */
	bool paused;
	nsec_t moment;                   /* shown while paused */
	struct frozen tables, last;      /* of that moment, and of the last one before the target ended */
	char message[256];
	int page;                        /* rows that page-up and page-down move */
};

static const nsec_t interval_steps[] = { 100 * NSEC_PER_MSEC, 200 * NSEC_PER_MSEC, 500 * NSEC_PER_MSEC, NSEC_PER_SEC,
	2 * NSEC_PER_SEC, 5 * NSEC_PER_SEC, 10 * NSEC_PER_SEC, 30 * NSEC_PER_SEC, 60 * NSEC_PER_SEC, 0 };
static const nsec_t column_steps[] = { NSEC_PER_SEC, 2 * NSEC_PER_SEC, 5 * NSEC_PER_SEC, 10 * NSEC_PER_SEC,
	15 * NSEC_PER_SEC, 30 * NSEC_PER_SEC, 60 * NSEC_PER_SEC, 120 * NSEC_PER_SEC, 300 * NSEC_PER_SEC,
	600 * NSEC_PER_SEC, 1800 * NSEC_PER_SEC, 3600 * NSEC_PER_SEC, 0 };

struct screen *screen_new(const struct screen_options *o, const struct keymap *keys, const struct theme *theme)
{
	struct screen *s = xcalloc(1, sizeof *s);

	s->keys = keys;
	s->theme = theme;
	s->interval = o->interval;
	s->column = o->span;
	s->utc = o->utc;
	s->ascii = o->ascii;
	s->history = history_new();
	s->page = 1;
	return s;
}

void screen_free(struct screen *s)
{
	if (!s)
		return;
	frozen_drop(&s->tables);
	frozen_drop(&s->last);
	history_free(s->history);
	free(s);
}

/* ---- keys ---- */

void screen_before_end(struct screen *s, const struct store *st)
{
	if (store_facts(st)->state == TARGET_ENDED)
		return;
	frozen_drop(&s->last);
	frozen_take(&s->last, st);
}

/* The tick that is shown. Of a target that has ended the one before the last: the last has nobody left to measure. */
static nsec_t moment_of(const struct screen *s, const struct store *st)
{
	nsec_t now = store_now(st), before = store_tick_before(st, now);

	if (s->paused)
		return s->moment;
	if (store_facts(st)->state == TARGET_ENDED && before && store_tick_before(st, before))
		return before;
	return now;
}

/* The tables of that tick; NULL: those of the store. */
static const struct frozen *tables_of(const struct screen *s, const struct store *st)
{
	if (s->paused)
		return &s->tables;
	return store_facts(st)->state == TARGET_ENDED ? &s->last : NULL;
}

static struct view base_view(const struct screen *s, const struct store *st)
{
	return (struct view){
		.store = st,
		.glyphs = s->ascii ? &s->theme->ascii : &s->theme->glyphs,
		.history = s->history,
		.now = moment_of(s, st),
		.column = s->column,
		.stale = s->paused ? 0 : s->stale,
		.units = s->units,
		.utc = s->utc,
		.tables = tables_of(s, st),
	};
}

/* What one of the panes looks at. */
static struct view pane_view(struct screen *s, const struct view *base, int pane)
{
	struct view v = *base;

	v.number = pane + 1;
	v.focused = pane == s->focus;
	v.zoomed = v.focused && s->zoomed;
	v.selected = selection_index(&s->selected[pane], pane_table[pane], &v);
	return v;
}

static enum screen_effect pause_screen(struct screen *s, const struct store *st, int unused)
{
	const struct frozen *shown = tables_of(s, st);

	(void)unused;
	if (!s->paused) {
		s->moment = moment_of(s, st);
		frozen_drop(&s->tables);
		if (shown)
			frozen_copy(&s->tables, shown);
		else
			frozen_take(&s->tables, st);
	}
	s->paused = !s->paused;
	return SCREEN_DRAW;
}

static int clamp(int v, int low, int high)
{
	return v > high ? high < low ? low : high : v < low ? low : v;
}

/* The next larger (direction 1) or smaller step; the value itself at the end of the list. */
static nsec_t step(const nsec_t *steps, nsec_t now, int direction)
{
	nsec_t best = now;

	for (; *steps; steps++) {
		if (direction > 0 && *steps > now)
			return *steps;
		if (direction < 0 && *steps < now)
			best = *steps;
	}
	return best;
}

static void say_span(struct screen *s)
{
	char text[FMT_SIZE];

	snprintf(s->message, sizeof s->message, "%s a graph column", text_duration(text, s->column));
}

static enum screen_effect change_column(struct screen *s, const struct store *st, int direction)
{
	nsec_t next = step(column_steps, s->column, direction);

	(void)st;
	if (next >= s->interval) /* a column shorter than a tick would be empty */
		s->column = next;
	say_span(s);
	return SCREEN_DRAW;
}

static enum screen_effect change_interval(struct screen *s, const struct store *st, int direction)
{
	(void)st;
	s->interval = step(interval_steps, s->interval, direction);
	while (s->column < s->interval && step(column_steps, s->column, 1) != s->column)
		s->column = step(column_steps, s->column, 1);
	return SCREEN_INTERVAL;
}

static enum screen_effect change_units(struct screen *s, const struct store *st, int unused)
{
	static const char *const names[VIEW_UNITS] = { "per second", "per operation", "per 1,000 instructions" };
	struct view v = base_view(s, st);
	metric_id by;
	double factor;

	(void)unused;
	do { /* skips what there is nothing to divide by */
		v.units = (enum view_units)((v.units + 1) % VIEW_UNITS);
		by = view_divisor(&v, &factor);
	} while (v.units != UNITS_SECOND && by == METRIC_NONE);
	s->units = v.units;
	snprintf(s->message, sizeof s->message, "counts are %s%s%s%s", names[s->units], by == METRIC_NONE ? "" : " (",
		by == METRIC_NONE ? "" : store_metric(st, by)->name, by == METRIC_NONE ? "" : ")");
	return SCREEN_DRAW;
}

static enum screen_effect move(struct screen *s, const struct store *st, int rows)
{
	if (s->overlay == OVERLAY_NONE) {
		struct view base = base_view(s, st), v = pane_view(s, &base, s->focus);

		selection_move(&s->selected[s->focus], pane_table[s->focus], &v, rows);
		return SCREEN_DRAW;
	}
	if (s->overlay == OVERLAY_HELP)
		rows = rows > 0 ? 1 : -1;
	s->top = clamp(s->top + rows, 0, s->top + rows); /* the end is known when it is drawn */
	return SCREEN_DRAW;
}

static enum screen_effect move_page(struct screen *s, const struct store *st, int direction)
{
	return move(s, st, direction * s->page);
}

/* The same digit again zooms. */
static enum screen_effect focus_pane(struct screen *s, const struct store *st, int index)
{
	(void)st;
	if (index >= (int)pane_count())
		return SCREEN_NOTHING;
	if (index == s->focus)
		s->zoomed = !s->zoomed;
	s->focus = index;
	return SCREEN_DRAW;
}

static enum screen_effect zoom(struct screen *s, const struct store *st, int unused)
{
	(void)unused;
	return focus_pane(s, st, s->focus);
}

static enum screen_effect next_pane(struct screen *s, const struct store *st, int direction)
{
	int count = (int)pane_count();

	(void)st;
	s->focus = (s->focus + direction + count) % count;
	return SCREEN_DRAW;
}

static enum screen_effect show_overlay(struct screen *s, const struct store *st, int which)
{
	(void)st;
	s->overlay = (int)s->overlay == which ? OVERLAY_NONE : (enum overlay)which;
	s->top = 0;
	return SCREEN_DRAW;
}

static enum screen_effect back(struct screen *s, const struct store *st, int unused)
{
	(void)st, (void)unused;
	if (s->overlay != OVERLAY_NONE)
		s->overlay = OVERLAY_NONE;
	else
		s->zoomed = false;
	return SCREEN_DRAW;
}

static enum screen_effect toggle_ascii(struct screen *s, const struct store *st, int unused)
{
	(void)st, (void)unused;
	s->ascii = !s->ascii;
	return SCREEN_DRAW;
}

static enum screen_effect tell(struct screen *s, const struct store *st, int effect)
{
	(void)s, (void)st;
	return (enum screen_effect)effect;
}

static const struct handler {
	enum screen_effect (*run)(struct screen *s, const struct store *st, int argument);
	int argument;
	bool overlay; /* acts on help and why too; the others close them first */
} handlers[ACTION_COUNT] = {
	[ACTION_QUIT] = { tell, SCREEN_QUIT, true },
	[ACTION_HELP] = { show_overlay, OVERLAY_HELP, true },
	[ACTION_BACK] = { back, 0, true },
	[ACTION_NEXT_PANE] = { next_pane, 1, false },
	[ACTION_PREVIOUS_PANE] = { next_pane, -1, false },
	[ACTION_PANE_1] = { focus_pane, 0, false },
	[ACTION_PANE_2] = { focus_pane, 1, false },
	[ACTION_PANE_3] = { focus_pane, 2, false },
	[ACTION_PANE_4] = { focus_pane, 3, false },
	[ACTION_PANE_5] = { focus_pane, 4, false },
	[ACTION_PANE_6] = { focus_pane, 5, false },
	[ACTION_ZOOM] = { zoom, 0, false },
	[ACTION_UP] = { move, -1, true },
	[ACTION_DOWN] = { move, 1, true },
	[ACTION_PAGE_UP] = { move_page, -1, true },
	[ACTION_PAGE_DOWN] = { move_page, 1, true },
	[ACTION_WHY] = { show_overlay, OVERLAY_WHY, true },
	[ACTION_REDRAW] = { tell, SCREEN_REDRAW, true },
	[ACTION_PAUSE] = { pause_screen, 0, false },
	[ACTION_SHORTER] = { change_column, -1, false },
	[ACTION_LONGER] = { change_column, 1, false },
	[ACTION_SLOWER] = { change_interval, 1, false },
	[ACTION_FASTER] = { change_interval, -1, false },
	[ACTION_UNITS] = { change_units, 0, false },
	[ACTION_ASCII] = { toggle_ascii, 0, true },
	[ACTION_MEMORY_DETAIL] = { tell, SCREEN_ASK_MEMORY, false },
};

enum screen_effect screen_key(struct screen *s, const struct store *st, ui_key key)
{
	const struct handler *h = &handlers[keymap_lookup(s->keys, pane_table[s->focus]->name, key)];

	if (!h->run)
		return SCREEN_NOTHING;
	s->message[0] = '\0';
	if (!h->overlay)
		s->overlay = OVERLAY_NONE;
	return h->run(s, st, h->argument);
}

nsec_t screen_interval(const struct screen *s)
{
	return s->interval;
}

void screen_message(struct screen *s, const char *text)
{
	str_clean(s->message, sizeof s->message, text, strlen(text));
}

void screen_stale(struct screen *s, nsec_t age)
{
	s->stale = age;
}

/* ---- drawing ---- */

/* "perf hardware, publish: off here   !: why and fix" */
static void say_what_is_off(const struct screen *s, const struct store *st, char *buf, size_t size)
{
	char key[UI_KEY_NAME_SIZE];
	size_t count, used = 0;
	const struct status *status = store_statuses(st, &count);

	buf[0] = '\0';
	for (size_t i = 0; i < count && used + 48 < size; i++)
		if (status[i].state == STATUS_DENIED || status[i].state == STATUS_ABSENT)
			used += (size_t)snprintf(buf + used, size - used, "%s%.40s", used ? ", " : "", status[i].name);
	if (used && used + 32 < size)
		snprintf(buf + used, size - used, ": off here   %s: why and fix", footer_key(s->keys, ACTION_WHY, key));
}

/* A long message takes lines from the panes, until the next key. */
static void draw_message(const struct screen *s, const struct store *st, struct canvas *c, const struct layout *l)
{
	struct rect r = l->message.rows ? l->message : l->footer;
	char off[256];

	if (s->message[0] && r.rows) {
		int lines = text_wrap(c, (struct rect){ r.row, r.col + 1, 0, r.cols - 2 }, ROLE_TEXT, s->message);

		r = (struct rect){ r.row + 1 - lines, r.col, lines, r.cols };
		canvas_fill(c, r, ROLE_TEXT, ' ');
		text_wrap(c, (struct rect){ r.row, r.col + 1, lines, r.cols - 2 }, ROLE_TEXT, s->message);
	} else if (l->message.rows) {
		say_what_is_off(s, st, off, sizeof off);
		canvas_write(c, r.row, r.col + 1, r.cols - 2, ROLE_DIM, off);
	}
}

static void draw_header(const struct screen *s, const struct view *v, struct canvas *c, struct rect r)
{
	char key[UI_KEY_NAME_SIZE];
	nsec_t newest = store_now(v->store);
	struct header h = { .interval = s->interval, .paused = s->paused, .behind = newest > v->now ? newest - v->now : 0,
		.why_key = footer_key(s->keys, ACTION_WHY, key) };

	if (r.rows)
		header_draw(&h, v, c, r);
	if (r.rows > 1)
		header_bar(v, c, (struct rect){ r.row + 1, r.col, 1, r.cols });
}

static void draw_panes(struct screen *s, struct view views[], struct canvas *c, const struct layout *l)
{
	for (int i = 0; pane_table[i]; i++) {
		struct rect r = l->pane[i];

		if (!r.rows)
			continue;
		views[i].rules = l->rules;
		views[i].heads = views[i].zoomed || i == 0;
		pane_draw(pane_table[i], &views[i], c, r);
		if (views[i].focused) {
			c->cursor_row = r.row;
			c->cursor_col = r.col;
			s->page = r.rows > 3 ? r.rows / 2 : 1;
		}
	}
}

static void draw_dashboard(struct screen *s, const struct view *v, struct canvas *c)
{
	struct layout_wish wishes[LAYOUT_PANES];
	struct view views[LAYOUT_PANES];
	struct rect places[LAYOUT_PANES], body = { 0, 0, c->rows, c->cols };
	struct layout l = { .pane = places };
	size_t n = pane_count();

	for (size_t i = 0; i < n; i++) {
		bool half = c->cols >= LAYOUT_SIDE_COLS && !pane_table[i]->side;

		body.cols = half ? c->cols * 3 / 5 : c->cols;
		views[i] = pane_view(s, v, (int)i);
		wishes[i] = pane_wish(pane_table[i], &views[i], body, (int)i);
	}
	layout_compute(&l, c->rows, c->cols, wishes, n, s->zoomed ? s->focus : -1);
	if (l.one_line) {
		oneline_draw(views, c, l.header);
		return;
	}
	draw_header(s, v, c, l.header);
	for (int row = l.header.rows; l.divider >= 0 && row < c->rows - l.footer.rows - l.message.rows; row++)
		canvas_put(c, row, l.divider, ROLE_RULE, v->glyphs->rule < 0x80 ? '|' : 0x2502);
	draw_panes(s, views, c, &l);
	footer_draw(s->keys, c, l.footer, false);
	draw_message(s, v->store, c, &l);
}

static void draw_why(struct screen *s, const struct view *v, struct canvas *c)
{
	struct rect body = { 1, 0, c->rows - 2, c->cols };
	int lines;

	canvas_write(c, 0, 1, -1, ROLE_DIM, "tach");
	canvas_write(c, 0, 7, -1, ROLE_TITLE, "what is missing, and why");
	lines = why_draw(v, c, body, s->top);
	if (s->top > 0 && s->top > lines - body.rows) { /* scrolled beyond the end: draw again */
		s->top = clamp(lines - body.rows, 0, lines);
		canvas_fill(c, body, ROLE_TEXT, ' ');
		why_draw(v, c, body, s->top);
	}
	s->page = body.rows > 2 ? body.rows - 1 : 1;
	footer_draw(s->keys, c, (struct rect){ c->rows - 1, 0, c->rows > 1, c->cols }, true);
}

static void draw_help(struct screen *s, const struct view *v, struct canvas *c)
{
	int pages = help_draw(s->keys, v->glyphs, c, s->top);

	if (s->top < pages)
		return;
	s->top = pages - 1;
	canvas_clear(c);
	help_draw(s->keys, v->glyphs, c, s->top);
}

/* A screen that is paused for longer than the history cannot stand still: it would turn into gaps. */
static void end_pause_without_history(struct screen *s, const struct store *st)
{
	if (!s->paused || store_tick_at(st, s->moment) == s->moment)
		return;
	s->paused = false;
	screen_message(s, "no longer paused: that moment has left the history that is kept");
}

void screen_draw(struct screen *s, const struct store *st, struct canvas *c)
{
	struct view v;

	end_pause_without_history(s, st);
	v = base_view(s, st);
	canvas_clear(c);
	if (s->overlay == OVERLAY_HELP)
		draw_help(s, &v, c);
	else if (s->overlay == OVERLAY_WHY)
		draw_why(s, &v, c);
	else
		draw_dashboard(s, &v, c);
}
