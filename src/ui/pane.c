/* What all panes have in common: rule line, rows, the list of a zoomed pane, and which metrics they want. */
#include "ui/pane.h"

#include "base/alloc.h"
#include "model/derive.h"
#include "model/latency.h"
#include "ui/text.h"
#include "ui/where.h"
#include "ui/why.h"

#include <stdio.h>
#include <string.h>

#define ZOOM_HEIGHT 4 /* most rows of a line in a zoomed pane */
#define ZOOM_HELP 3   /* rows below the lines of a zoomed pane: what the selected one means */

size_t pane_lines(const struct pane_ops *p, const struct view *v, struct line *out, size_t max)
{
	if (p->lines)
		return p->lines(p, v, out, max);
	return rows_lines(v, p->rows, p->nrows, out, max);
}

struct layout_wish pane_wish(const struct pane_ops *p, const struct view *v, struct rect body, int index)
{
	struct layout_wish w = { .weight = p->weight, .rank = index, .optional = p->optional, .side = p->side };
	struct line lines[LINES_MAX];
	size_t n = pane_lines(p, v, lines, LINES_MAX);

	for (size_t i = 0; i < n; i++) {
		w.first_rows += lines[i].rank == 0;
		w.good_rows += lines[i].rank < RANK_MISSING;
	}
	if (w.first_rows < 1)
		w.first_rows = 1;
	if (w.good_rows < w.first_rows)
		w.good_rows = w.first_rows;
	if (p->wish)
		p->wish(v, body, &w);
	return w;
}

const struct order_rules *pane_order(const struct pane_ops *p, const struct view *v)
{
	return p->order ? p->order(v) : NULL;
}

int pane_list(const struct pane_ops *p, const struct view *v)
{
	const struct order_rules *rules = pane_order(p, v);
	struct line lines[LINES_MAX];

	if (rules)
		return order_count(v, rules);
	return p->count ? p->count(v) : (int)pane_lines(p, v, lines, LINES_MAX);
}

void pane_identity(const struct pane_ops *p, const struct view *v, int index, char *buf, size_t size)
{
	const struct order_rules *rules = pane_order(p, v);

	if (rules)
		order_identity(v, rules, index, buf, size);
	else if (p->identity)
		p->identity(v, index, buf, size);
}

int pane_find(const struct pane_ops *p, const struct view *v, const char *identity)
{
	const struct order_rules *rules = pane_order(p, v);

	if (rules)
		return order_find(v, rules, identity);
	return p->find ? p->find(v, identity) : -1;
}

/* The names of the columns, over them. */
static void draw_heads(struct canvas *c, const struct grid *g)
{
	canvas_right(c, g->now.row, g->now.col, g->now.cols + 1, ROLE_DIM, " now ");
	if (!g->min.cols)
		return;
	canvas_right(c, g->min.row, g->min.col, g->min.cols + 1, ROLE_DIM, " min ");
	canvas_right(c, g->max.row, g->max.col, g->max.cols + 1, ROLE_DIM, " max ");
}

/* "─ 1 Rate ──────── published by the program   5s/col 4m10s ─── now ─" */
static void draw_rule(const struct pane_ops *p, const struct view *v, struct canvas *c, struct rect r)
{
	char about[PANE_ABOUT_SIZE] = "", title[64], text[FMT_SIZE * 2 + 16];
	const struct order_rules *rules = pane_order(p, v);
	struct grid g = rows_grid(r, true);
	bool heads = v->heads && p->nrows && g.graph.cols > 0 && !(p->listed && p->listed(v));
	struct view seen = *v;
	int right = r.col + r.cols - 2, used;

	text_rule(c, v->glyphs, r);
	snprintf(title, sizeof title, " %d %s ", v->number, p->title);
	used = canvas_write(c, r.row, r.col + 1, r.cols - 1, v->focused ? ROLE_SELECT : ROLE_TITLE, title);
	seen.graph_cols = g.graph.cols;
	seen.filter = NULL; /* it speaks of all */
	if (rules && !heads) /* else the list has a rule line of its own */
		order_filtered(v, rules, about, sizeof about);
	if (p->about && v->now && !about[0])
		p->about(&seen, about, sizeof about);
	if (heads) {
		draw_heads(c, &g);
		right = g.graph.col + g.graph.cols;
		text_span(text, sizeof text, v->column, g.graph.cols);
		if (about[0] && right - r.col - used - 4 >= canvas_width(about) + canvas_width(text) + 3)
			strncat(about, "   ", sizeof about - strlen(about) - 1);
		else
			about[0] = '\0';
		strncat(about, text, sizeof about - strlen(about) - 1);
	}
	text_in_rule(c, (struct rect){ r.row, r.col + 1 + used, 1, right - r.col - 1 - used }, about);
}

/* Every line, taller where there is room, and what the selected one means. */
static void draw_zoomed(const struct view *v, struct canvas *c, struct rect r, const struct line *lines, size_t count)
{
	int room = r.rows > ZOOM_HELP + 2 ? r.rows - ZOOM_HELP : r.rows, top = 0, height, shown;
	const struct metric *m;

	if (!count)
		return;
	height = room / (int)count;
	height = height < 1 ? 1 : height > ZOOM_HEIGHT ? ZOOM_HEIGHT : height;
	shown = room / height;
	if (v->selected >= shown)
		top = v->selected - shown + 1;
	rows_draw(v, c, (struct rect){ r.row, r.col, room, r.cols }, lines + top, count - (size_t)top, height,
		v->selected - top);
	if (room == r.rows || (size_t)v->selected >= count || lines[v->selected].what.id == METRIC_NONE)
		return;
	m = store_metric(v->store, lines[v->selected].what.id);
	canvas_write(c, r.row + room, r.col + 1, r.cols - 2, ROLE_TITLE, m->name);
	text_wrap(c, (struct rect){ r.row + room + 1, r.col + 1, ZOOM_HELP - 1, r.cols - 2 }, ROLE_DIM, m->help);
}

void pane_draw_lines(const struct pane_ops *p, const struct view *v, struct canvas *c, struct rect r)
{
	struct line lines[LINES_MAX];
	size_t n = pane_lines(p, v, lines, LINES_MAX);

	if (v->zoomed) {
		draw_zoomed(v, c, r, lines, n);
		return;
	}
	n = rows_choose(lines, n, r.rows > 0 ? (size_t)r.rows : 0);
	rows_draw(v, c, r, lines, n, 1, -1);
	if (!n && r.rows)
		canvas_write(c, r.row, r.col + 1, r.cols - 1, ROLE_DIM, "nothing is measured here");
}

void pane_draw(const struct pane_ops *p, const struct view *v, struct canvas *c, struct rect r)
{
	if (r.rows < 1 || r.cols < 1)
		return;
	if (v->rules) {
		draw_rule(p, v, c, (struct rect){ r.row, r.col, 1, r.cols });
		r.row++;
		r.rows--;
	}
	if (v->now && (!p->draw || !p->draw(v, c, r)))
		pane_draw_lines(p, v, c, r);
}

struct names {
	const char **list;
	size_t count, capacity;
};

static void add_names(struct names *n, const char *const *names)
{
	for (; names && *names; names++) {
		n->list = xgrow(n->list, &n->capacity, n->count + 2, sizeof *n->list);
		n->list[n->count++] = *names;
	}
}

const char **pane_wants(void)
{
	static const char *const always[] = { "cpu.instructions", NULL };
	struct names n = { 0 };

	add_names(&n, always);
	add_names(&n, where_wants);
	add_names(&n, why_wants);
	add_names(&n, derived_operations);
	for (const struct latency_kind *k = latency_kinds; k->word; k++)
		add_names(&n, (const char *const[]){ k->metric, NULL });
	for (const struct pane_ops *const *p = pane_table; *p; p++) {
		add_names(&n, (*p)->wants);
		for (size_t i = 0; i < (*p)->nrows; i++) {
			add_names(&n, (*p)->rows[i].metrics);
			add_names(&n, (*p)->rows[i].counted);
		}
	}
	return n.list;
}
