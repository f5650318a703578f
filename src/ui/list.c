/* Rows of cells under their heads. */
#include "ui/list.h"

#include "ui/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GAP 2 /* between two columns */

struct place {
	const struct list_column *column;
	int col, cols;
};

struct list {
	const struct cells *t;
	struct place places[LIST_COLUMNS_MAX];
	size_t count;
};

static const struct column *definition(const struct cells *t, const struct list_column *c)
{
	return &t->def->columns[c->column];
}

static int width_of(const struct list *l)
{
	int width = 0;

	for (size_t i = 0; i < l->count; i++)
		width += l->places[i].cols + (i ? GAP : 0);
	return width;
}

static void drop_one(struct list *l)
{
	size_t worst = 0;

	for (size_t i = 1; i < l->count; i++)
		if (l->places[i].column->rank >= l->places[worst].column->rank)
			worst = i;
	l->count--;
	memmove(&l->places[worst], &l->places[worst + 1], (l->count - worst) * sizeof l->places[0]);
}

/* A column that the table does not have is left out as well. */
static void place_columns(struct list *l, struct rect r, const struct list_column *columns, size_t ncolumns)
{
	int left, col = r.col + 1;

	for (size_t i = 0; i < ncolumns && l->count < LIST_COLUMNS_MAX; i++)
		if (l->t->column[columns[i].column] >= 0)
			l->places[l->count++] = (struct place){ .column = &columns[i], .cols = columns[i].cols };
	while (l->count > 1 && width_of(l) > r.cols - 2)
		drop_one(l);
	left = r.cols - 2 - width_of(l);
	for (size_t i = 0; i < l->count; i++) {
		struct place *p = &l->places[i];

		if (p->column->grow && left > 0)
			p->cols += left;
		p->col = col;
		col += p->cols + GAP;
	}
}

static void draw_heads(const struct list *l, struct canvas *c, int row)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct place *p = &l->places[i];
		const struct column *def = definition(l->t, p->column);
		const char *head = p->column->head ? p->column->head : def->label;

		if (def->kind == COLUMN_TEXT)
			canvas_write(c, row, p->col, p->cols, ROLE_DIM, head);
		else
			canvas_right(c, row, p->col, p->cols, ROLE_DIM, head);
	}
}

/* Words in the place of a number stand where it would. */
static void draw_text(const struct list *l, struct canvas *c, int row, const struct place *p, const char *text)
{
	if (definition(l->t, p->column)->kind == COLUMN_TEXT)
		canvas_write(c, row, p->col, p->cols, ROLE_TEXT, text);
	else
		canvas_right(c, row, p->col, p->cols, ROLE_TEXT, text);
}

static enum value_form form_of(const struct column *def)
{
	static const enum metric_kind kinds[] = { [COLUMN_GAUGE] = METRIC_GAUGE, [COLUMN_COUNTER] = METRIC_COUNTER };

	return value_form(&(struct metric){ .kind = kinds[def->kind], .unit = def->unit }, false, false);
}

static void draw_number(const struct list *l, struct canvas *c, int row, const struct place *p, double v)
{
	struct point point = isfinite(v) ? point_of(v) : point_missing(POINT_GAP, NULL);
	char text[VALUE_SIZE];

	if (l->t->table->sampled && isfinite(v))
		point.state = POINT_SCALED;
	value_text(text, form_of(definition(l->t, p->column)), point);
	if (canvas_width(text) > p->cols) /* half a number would be another number */
		canvas_fill(c, (struct rect){ row, p->col, 1, p->cols }, ROLE_TEXT, '#');
	else
		canvas_right(c, row, p->col, p->cols, isfinite(v) ? ROLE_TEXT : ROLE_DIM, text);
}

static void draw_row(const struct list *l, const struct view *v, struct canvas *c, int at, size_t row)
{
	char text[256];

	for (size_t i = 0; i < l->count; i++) {
		const struct place *p = &l->places[i];

		if (p->column->text) {
			p->column->text(v, l->t, row, text, sizeof text);
			draw_text(l, c, at, p, text);
		} else if (definition(l->t, p->column)->kind == COLUMN_TEXT)
			draw_text(l, c, at, p, cells_text(l->t, row, p->column->column));
		else
			draw_number(l, c, at, p, cells_number(l->t, row, p->column->column));
	}
}

void list_draw(const struct view *v, struct canvas *c, struct rect r, const struct cells *t, const size_t *order,
	size_t count, const struct list_column *columns, size_t ncolumns, int selected)
{
	int room = r.rows - 1, top = selected >= room ? selected - room + 1 : 0;
	struct list l = { .t = t };

	if (room < 1 || !t->table)
		return;
	place_columns(&l, r, columns, ncolumns);
	draw_heads(&l, c, r.row);
	for (int i = top; i < (int)count && i - top < room; i++) {
		int at = r.row + 1 + i - top;

		draw_row(&l, v, c, at, order[i]);
		if (i == selected)
			canvas_put(c, at, r.col, ROLE_SELECT, '>');
	}
}
