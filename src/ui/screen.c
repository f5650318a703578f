/* The dashboard: which panes, where, and at which moment. What keys change is in screen_keys.c. */
#include "ui/screen_state.h"

#include "base/alloc.h"
#include "base/str.h"
#include "model/latency.h"
#include "ui/footer.h"
#include "ui/header.h"
#include "ui/help.h"
#include "ui/oneline.h"
#include "ui/pane/panes.h"
#include "ui/text.h"
#include "ui/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int screen_clamp(int v, int low, int high)
{
	return v > high ? high < low ? low : high : v < low ? low : v;
}

int screen_pane_index(const struct pane_ops *p)
{
	int i = 0;

	while (pane_table[i] != p)
		i++;
	return i;
}

/* As if the user had chosen it, and the session had been asked for it. */
static void choose_latency(struct screen *s, const char *word)
{
	const struct latency_kind *kind = latency_kind_of_word(word, NULL);
	int pane = screen_pane_index(&pane_latency);

	str_copy(s->selected[pane].identity, sizeof s->selected[pane].identity, word);
	s->asks.on[pane] = kind ? kind->ask : NULL;
}

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
	if (o->latency)
		choose_latency(s, o->latency);
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

void screen_before_end(struct screen *s, const struct store *st)
{
	if (store_facts(st)->state == TARGET_ENDED)
		return;
	frozen_drop(&s->last);
	frozen_take(&s->last, st);
}

/* Of a target that has ended the one before the last: the last has nobody left to measure. */
nsec_t screen_moment(const struct screen *s, const struct store *st)
{
	nsec_t now = store_now(st), before = store_tick_before(st, now);

	if (s->paused)
		return s->moment;
	if (store_facts(st)->state == TARGET_ENDED && before && store_tick_before(st, before))
		return before;
	return now;
}

const struct frozen *screen_tables(const struct screen *s, const struct store *st)
{
	if (s->paused)
		return &s->tables;
	return store_facts(st)->state == TARGET_ENDED ? &s->last : NULL;
}

struct view screen_view(const struct screen *s, const struct store *st)
{
	return (struct view){
		.store = st,
		.glyphs = s->ascii ? &s->theme->ascii : &s->theme->glyphs,
		.history = s->history,
		.now = screen_moment(s, st),
		.column = s->column,
		.stale = s->paused ? 0 : s->stale,
		.units = s->units,
		.utc = s->utc,
		.tables = screen_tables(s, st),
	};
}

struct view screen_pane_view(struct screen *s, const struct view *base, int pane)
{
	struct view v = *base;

	v.number = pane + 1;
	v.focused = pane == s->focus;
	v.zoomed = v.focused && s->zoomed;
	if (v.zoomed) {
		v.order = s->order[pane];
		v.filter = s->filter[pane];
	}
	v.selected = selection_index(&s->selected[pane], pane_table[pane], &v);
	return v;
}

void screen_pause(struct screen *s, const struct store *st)
{
	const struct frozen *shown = screen_tables(s, st);
	struct view base = screen_view(s, st);

	for (int i = 0; pane_table[i]; i++) {
		struct view v = screen_pane_view(s, &base, i);

		selection_hold(&s->selected[i], pane_table[i], &v);
	}
	s->moment = screen_moment(s, st);
	frozen_drop(&s->tables);
	if (shown)
		frozen_copy(&s->tables, shown);
	else
		frozen_take(&s->tables, st);
	s->paused = true;
}

void screen_resume(struct screen *s)
{
	s->paused = false;
	for (int i = 0; pane_table[i]; i++)
		selection_release(&s->selected[i]);
}

bool screen_take_ask(struct screen *s, struct ask *out)
{
	return asks_take(&s->asks, out);
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

	if (screen_draw_typing(s, c, r.rows ? r : (struct rect){ c->rows - 1, 0, 1, c->cols }))
		return;
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
		if (views[i].focused) { /* a selected row goes before it */
			c->cursor_row = r.row;
			c->cursor_col = r.col;
		}
		pane_draw(pane_table[i], &views[i], c, r);
		if (views[i].focused) {
			s->page = r.rows > 3 ? r.rows / 2 : 1;
		}
	}
}

static void draw_dashboard(struct screen *s, const struct view *v, struct canvas *c)
{
	struct layout_wish wishes[LAYOUT_PANES];
	struct view views[LAYOUT_PANES] = { { .store = NULL } };
	struct rect places[LAYOUT_PANES], body = { 0, 0, c->rows, c->cols };
	struct layout l = { .pane = places };
	size_t n = pane_count();

	for (size_t i = 0; i < n; i++) {
		bool half = c->cols >= LAYOUT_SIDE_COLS && !pane_table[i]->side;

		body.cols = half ? c->cols * 3 / 5 : c->cols;
		views[i] = screen_pane_view(s, v, (int)i);
		wishes[i] = pane_wish(pane_table[i], &views[i], body, (int)i);
	}
	layout_compute(&l, c->rows, c->cols, wishes, n, s->zoomed ? s->focus : -1);
	if (l.one_line) {
		oneline_draw(views, c, l.header);
		screen_draw_typing(s, c, l.header);
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
		s->top = screen_clamp(lines - body.rows, 0, lines);
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
	screen_resume(s);
	screen_message(s, "no longer paused: that moment has left the history that is kept");
}

void screen_draw(struct screen *s, const struct store *st, struct canvas *c)
{
	struct view v;

	end_pause_without_history(s, st);
	v = screen_view(s, st);
	canvas_clear(c);
	if (s->overlay == OVERLAY_HELP)
		draw_help(s, &v, c);
	else if (s->overlay == OVERLAY_WHY)
		draw_why(s, &v, c);
	else
		draw_dashboard(s, &v, c);
	if (c->cursor_row < 0) /* never hidden: where nothing is focused, on the first line */
		c->cursor_row = c->cursor_col = 0;
}
