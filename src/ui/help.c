/* Help: entries flow down columns, columns across pages. */
#include "ui/help.h"

#include "model/latency.h"
#include "ui/pane.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define COLUMN_COLS 39 /* least width of a column */
#define KEYS_COLS 11

/* What stands in the place of a number, or before it. */
static const char *const marks[][2] = {
	{ "-", "nothing in this interval" },
	{ "n/a", "not possible here: see why" },
	{ "DENIED", "needs a privilege: see why" },
	{ "~1.2", "estimated, partly counted" },
	{ ">1.2", "at least: some were lost" },
	{ "(3s)", "no new value for 3 s" },
};

/* Where the next line goes. */
struct flow {
	struct canvas *c;
	int cols, across, rows; /* of a column; columns a page; lines a column */
	int page;               /* the one that is drawn */
	int line;               /* lines placed so far */
};

/* The cells of the next line; false when it is on another page. */
static bool flow_next(struct flow *f, struct rect *out)
{
	int column = f->line / f->rows, row = f->line % f->rows;

	f->line++;
	*out = (struct rect){ 1 + row, column % f->across * f->cols, 1, f->cols };
	return column / f->across == f->page;
}

/* A new column, unless `need` more lines fit into this one. */
static void flow_keep(struct flow *f, int need)
{
	int left = f->rows - f->line % f->rows;

	if (left < need && left < f->rows)
		f->line += left;
}

static void put_head(struct flow *f, const struct theme_glyphs *g, const char *title)
{
	char text[64];
	struct rect r;

	flow_keep(f, 3);
	if (!flow_next(f, &r))
		return;
	r.cols--;
	text_rule(f->c, g, r);
	snprintf(text, sizeof text, " %s ", title);
	canvas_write(f->c, r.row, r.col + 1, r.cols - 1, ROLE_TITLE, text);
}

static void put_entry(struct flow *f, const char *key, const char *text)
{
	struct rect r;

	if (!flow_next(f, &r))
		return;
	canvas_write(f->c, r.row, r.col + 1, KEYS_COLS - 1, ROLE_KEY, key);
	canvas_write(f->c, r.row, r.col + 1 + KEYS_COLS, r.cols - KEYS_COLS - 2, ROLE_TEXT, text);
}

static void put_paragraph(struct flow *f, const char *text)
{
	char line[256];
	struct rect r;

	while (*text) {
		size_t n = text_break(text, f->cols - 3);

		snprintf(line, sizeof line, "%.*s", (int)n, text);
		if (flow_next(f, &r))
			canvas_write(f->c, r.row, r.col + 1, r.cols - 2, ROLE_TEXT, line);
		text += n + strspn(text + n, " ");
	}
}

static void put_actions(struct flow *f, const struct theme_glyphs *g, const struct keymap *keys)
{
	const char *group = "";
	char names[64];

	for (enum action a = 1; a < ACTION_COUNT; a++) {
		if (strcmp(action_group(a), group) != 0)
			put_head(f, g, group = action_group(a));
		keymap_keys(keys, NULL, a, names, sizeof names);
		for (size_t i = 0; !names[0] && pane_table[i]; i++)
			keymap_keys(keys, pane_table[i]->name, a, names, sizeof names);
		put_entry(f, names, action_help(a));
	}
}

static void put_latencies(struct flow *f, const struct theme_glyphs *g)
{
	char title[64];

	for (const struct latency_kind *k = latency_kinds; k->word; k++) {
		snprintf(title, sizeof title, "latency: %s", k->word);
		put_head(f, g, title);
		put_paragraph(f, k->means);
		put_paragraph(f, k->misleads);
	}
}

int help_draw(const struct keymap *keys, const struct theme_glyphs *g, struct canvas *c, int page)
{
	struct flow f = { .c = c, .across = c->cols / COLUMN_COLS, .rows = c->rows - 1, .page = page };
	char title[64];
	int pages;

	f.across = f.across < 1 ? 1 : f.across > 3 ? 3 : f.across;
	f.cols = c->cols / f.across;
	if (f.rows < 1)
		return 1;
	put_actions(&f, g, keys);
	put_head(&f, g, "in the place of a number");
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		put_entry(&f, marks[i][0], marks[i][1]);
	for (size_t i = 0; pane_table[i]; i++) {
		snprintf(title, sizeof title, "%zu %s", i + 1, pane_table[i]->title);
		put_head(&f, g, title);
		put_paragraph(&f, pane_table[i]->help);
	}
	put_latencies(&f, g);
	pages = (f.line - 1) / (f.rows * f.across) + 1;
	snprintf(title, sizeof title, "help  %d/%d", page + 1, pages);
	canvas_write(c, 0, 1, 4, ROLE_DIM, "tach");
	canvas_write(c, 0, 7, -1, ROLE_TITLE, title);
	canvas_right(c, 0, 22, c->cols - 23, ROLE_DIM, c->cols >= 60 ? "Down Up: page   Esc: back" : "Esc: back");
	return pages;
}
