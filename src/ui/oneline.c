/* One line of everything. Knows panes by their table only. */
#include "ui/oneline.h"

#include "ui/pane.h"

#define STATE_COLS 8  /* below this: the state letter alone */
#define NAME_COLS 20
#define NAME_FROM_COLS 40

static void draw_state(const struct view *v, struct canvas *c, struct rect r)
{
	bool well = v->now && store_facts(v->store)->state == TARGET_RUNNING;

	canvas_put(c, r.row, r.col, ROLE_TEXT, well ? '.' : '!');
}

/* Returns the column after what was written. */
static int draw_pane(const struct pane_ops *p, const struct view *v, struct canvas *c, struct rect r, int col)
{
	struct line lines[LINES_MAX];
	size_t n = pane_lines(p, v, lines, LINES_MAX);
	char text[64];

	for (size_t i = 0; i < n; i++) {
		rows_brief(text, sizeof text, &lines[i]);
		if (lines[i].rank == 0 && point_has_value(lines[i].now) && col + canvas_width(text) <= r.col + r.cols)
			col += canvas_write(c, r.row, col, -1, ROLE_NOW, text) + 1;
	}
	return col;
}

void oneline_draw(const struct view views[], struct canvas *c, struct rect r)
{
	const struct view *v = &views[0];
	int col = r.col;

	if (r.cols < STATE_COLS) {
		draw_state(v, c, r);
		return;
	}
	if (r.cols >= NAME_FROM_COLS)
		col += canvas_write(c, r.row, col, NAME_COLS, ROLE_TITLE, store_facts(v->store)->name) + 1;
	for (size_t i = 0; v->now && pane_table[i]; i++)
		col = draw_pane(pane_table[i], &views[i], c, r, col);
}
