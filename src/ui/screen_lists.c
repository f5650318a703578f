/* What keys change on the list of the focused pane: its order, which of its rows are shown, and which one is found. */
#include "ui/screen_state.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static struct view focused_view(struct screen *s, const struct store *st)
{
	struct view base = screen_view(s, st);

	return screen_pane_view(s, &base, s->focus);
}

/* NULL, with a message: the focused pane has no list of rows at this moment. */
static const struct order_rules *rules_of(struct screen *s, const struct view *v)
{
	const struct order_rules *rules = pane_order(pane_table[s->focus], v);

	if (rules && v->zoomed)
		return rules;
	screen_message(s, rules ? "zoomed it is a list" : "this pane has no list");
	return NULL;
}

static void say_order(struct screen *s, const struct store *st, const struct order_rules *rules)
{
	struct view v = focused_view(s, st);
	char words[128], text[160];

	snprintf(text, sizeof text, "sorted: %s", order_words(&v, rules, words, sizeof words));
	screen_message(s, text);
}

enum screen_effect screen_sort(struct screen *s, const struct store *st, int direction)
{
	struct view v = focused_view(s, st);
	const struct order_rules *rules = rules_of(s, &v);

	if (rules) {
		s->order[s->focus] = order_step(&v, rules, direction);
		say_order(s, st, rules);
	}
	return SCREEN_DRAW;
}

enum screen_effect screen_reverse(struct screen *s, const struct store *st, int unused)
{
	struct view v = focused_view(s, st);
	const struct order_rules *rules = rules_of(s, &v);

	(void)unused;
	if (rules) {
		s->order[s->focus].reverse = !v.order.reverse;
		say_order(s, st, rules);
	}
	return SCREEN_DRAW;
}

/* ---- typing ---- */

enum screen_effect screen_type(struct screen *s, const struct store *st, int what)
{
	struct view v = focused_view(s, st);

	if (!rules_of(s, &v))
		return SCREEN_DRAW;
	s->typing = (enum typing)what;
	str_copy(s->typed, sizeof s->typed, what == TYPING_FILTER ? s->filter[s->focus] : "");
	return SCREEN_DRAW;
}

enum screen_effect screen_find(struct screen *s, const struct store *st, int direction)
{
	struct view v = focused_view(s, st);
	const struct order_rules *rules = rules_of(s, &v);
	char text[PROMPT_SIZE + 32];
	int place;

	if (!rules)
		return SCREEN_DRAW;
	place = s->find[0] ? order_search(&v, rules, s->find, v.selected, direction) : -1;
	if (place >= 0) {
		selection_move(&s->selected[s->focus], pane_table[s->focus], &v, place - v.selected);
		return SCREEN_DRAW;
	}
	snprintf(text, sizeof text, s->find[0] ? "no row contains \"%s\"" : "nothing is looked for yet", s->find);
	screen_message(s, text);
	return SCREEN_DRAW;
}

/* A filter works while it is typed; what is looked for is found when it is complete. */
enum screen_effect screen_typed(struct screen *s, const struct store *st, ui_key key)
{
	enum prompt_state state = prompt_key(s->typed, key);
	enum typing typing = s->typing;

	if (state != PROMPT_OPEN)
		s->typing = TYPING_NOTHING;
	if (typing == TYPING_FILTER)
		str_copy(s->filter[s->focus], sizeof s->filter[s->focus], state == PROMPT_LEFT ? "" : s->typed);
	if (typing == TYPING_FIND && state == PROMPT_DONE) {
		str_copy(s->find, sizeof s->find, s->typed);
		return screen_find(s, st, 1);
	}
	return SCREEN_DRAW;
}

bool screen_drop_filter(struct screen *s)
{
	bool filtered = s->zoomed && s->filter[s->focus][0];

	if (filtered)
		s->filter[s->focus][0] = '\0';
	return filtered;
}

bool screen_draw_typing(const struct screen *s, struct canvas *c, struct rect r)
{
	static const char *const names[] = { [TYPING_FIND] = "find: ", [TYPING_FILTER] = "filter: " };
	int col = r.col + 1;

	if (s->typing == TYPING_NOTHING || r.rows < 1)
		return false;
	canvas_fill(c, r, ROLE_TEXT, ' ');
	if (r.cols >= 100)
		canvas_right(c, r.row, col, r.cols - 2, ROLE_DIM, "Enter: done   Esc: leave");
	col += canvas_write(c, r.row, col, r.cols - 2, ROLE_KEY, names[s->typing]);
	col += canvas_write(c, r.row, col, r.col + r.cols - 1 - col, ROLE_TEXT, s->typed);
	c->cursor_row = r.row;
	c->cursor_col = col;
	return true;
}
