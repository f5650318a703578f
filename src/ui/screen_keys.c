/* What each key changes on the dashboard. */
#include "ui/screen_state.h"

#include "ui/pane/panes.h"
#include "ui/text.h"

#include <stdio.h>

static const nsec_t interval_steps[] = { 100 * NSEC_PER_MSEC, 200 * NSEC_PER_MSEC, 500 * NSEC_PER_MSEC, NSEC_PER_SEC,
	2 * NSEC_PER_SEC, 5 * NSEC_PER_SEC, 10 * NSEC_PER_SEC, 30 * NSEC_PER_SEC, 60 * NSEC_PER_SEC, 0 };
static const nsec_t column_steps[] = { NSEC_PER_SEC, 2 * NSEC_PER_SEC, 5 * NSEC_PER_SEC, 10 * NSEC_PER_SEC,
	15 * NSEC_PER_SEC, 30 * NSEC_PER_SEC, 60 * NSEC_PER_SEC, 120 * NSEC_PER_SEC, 300 * NSEC_PER_SEC,
	600 * NSEC_PER_SEC, 1800 * NSEC_PER_SEC, 3600 * NSEC_PER_SEC, 0 };

static enum screen_effect pause_screen(struct screen *s, const struct store *st, int unused)
{
	(void)unused;
	if (s->paused)
		screen_resume(s);
	else
		screen_pause(s, st);
	return SCREEN_DRAW;
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
	struct view v = screen_view(s, st);
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

/* Choosing an entry may switch on what it needs, and leaving it switches that off. */
static enum screen_effect move_selection(struct screen *s, const struct store *st, int pane, int rows)
{
	const struct pane_ops *p = pane_table[pane];
	struct view base = screen_view(s, st), v = screen_pane_view(s, &base, pane);
	struct pane_extra extra;

	selection_move(&s->selected[pane], p, &v, rows);
	if (!p->extra_by_choice)
		return SCREEN_DRAW;
	v = screen_pane_view(s, &base, pane);
	extra = p->extra(&v);
	if (extra.group != s->asks.on[pane])
		asks_switch(&s->asks, pane, extra.group);
	return SCREEN_ASK;
}

/* After the last kind comes the first. */
static enum screen_effect next_latency(struct screen *s, const struct store *st, int unused)
{
	int pane = screen_pane_index(&pane_latency);
	struct view base = screen_view(s, st), v = screen_pane_view(s, &base, pane);
	int count = pane_list(pane_table[pane], &v);

	(void)unused;
	return move_selection(s, st, pane, v.selected + 1 < count ? 1 : -count);
}

/* What everybody pays for is switched on and off by its own key. */
static enum screen_effect switch_extra(struct screen *s, const struct store *st, int unused)
{
	const struct pane_ops *p = pane_table[s->focus];
	struct view base = screen_view(s, st), v = screen_pane_view(s, &base, s->focus);
	struct pane_extra extra = p->extra ? p->extra(&v) : (struct pane_extra){ .group = NULL };

	(void)unused;
	if (!extra.group)
		screen_message(s, "this pane has nothing to switch on");
	else
		asks_switch(&s->asks, s->focus, extra.on ? NULL : extra.group);
	return SCREEN_ASK;
}

static enum screen_effect ask_memory(struct screen *s, const struct store *st, int unused)
{
	(void)st, (void)unused;
	asks_put(&s->asks, "proc", "memory");
	return SCREEN_ASK;
}

static enum screen_effect move(struct screen *s, const struct store *st, int rows)
{
	if (s->overlay == OVERLAY_NONE)
		return move_selection(s, st, s->focus, rows);
	if (s->overlay == OVERLAY_HELP)
		rows = rows > 0 ? 1 : -1;
	s->top = screen_clamp(s->top + rows, 0, s->top + rows); /* the end is known when it is drawn */
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
	else if (!screen_drop_filter(s))
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
	[ACTION_SORT_NEXT] = { screen_sort, 1, false },
	[ACTION_SORT_PREVIOUS] = { screen_sort, -1, false },
	[ACTION_SORT_REVERSE] = { screen_reverse, 0, false },
	[ACTION_FIND] = { screen_type, TYPING_FIND, false },
	[ACTION_FIND_NEXT] = { screen_find, 1, false },
	[ACTION_FIND_PREVIOUS] = { screen_find, -1, false },
	[ACTION_FILTER] = { screen_type, TYPING_FILTER, false },
	[ACTION_NEXT_LATENCY] = { next_latency, 0, false },
	[ACTION_EXTRA] = { switch_extra, 0, false },
	[ACTION_MEMORY_DETAIL] = { ask_memory, 0, false },
};

enum screen_effect screen_key(struct screen *s, const struct store *st, ui_key key)
{
	const struct handler *h = &handlers[keymap_lookup(s->keys, pane_table[s->focus]->name, key)];

	if (s->typing != TYPING_NOTHING)
		return screen_typed(s, st, key);
	if (!h->run)
		return SCREEN_NOTHING;
	s->message[0] = '\0';
	if (!h->overlay)
		s->overlay = OVERLAY_NONE;
	return h->run(s, st, h->argument);
}
