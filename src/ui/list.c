/* Rows of cells under their heads. */
#include "ui/list.h"

#include "ui/listing.h"
#include "ui/value.h"

#include <math.h>
#include <string.h>

struct list {
	const struct cells *t;
	const struct list_column *column[LIST_COLUMNS_MAX];
	struct listing_column head[LIST_COLUMNS_MAX];
	struct listing_place place[LIST_COLUMNS_MAX];
	char marked[LISTING_HEAD_SIZE];
	size_t count;
};

static const struct column *definition(const struct cells *t, const struct list_column *c)
{
	return &t->def->columns[c->column];
}

static const char *head_of(const struct cells *t, const struct list_column *c)
{
	return c->head ? c->head : definition(t, c)->label;
}

size_t list_order_columns(const struct cells *t, const struct list_column *columns, size_t ncolumns,
	struct order_column out[ORDER_COLUMNS])
{
	size_t n = 0;

	for (size_t i = 0; i < ncolumns && n < ORDER_COLUMNS; i++)
		if (t->column[columns[i].column] >= 0)
			out[n++] = (struct order_column){ columns[i].column, head_of(t, &columns[i]) };
	return n;
}

/* A column that the table does not have is left out as well. */
static void place_columns(struct list *l, struct rect r, const struct order *order, const struct list_column *columns,
	size_t ncolumns)
{
	for (size_t i = 0; i < ncolumns && l->count < LIST_COLUMNS_MAX; i++) {
		const struct column *def = definition(l->t, &columns[i]);

		if (l->t->column[columns[i].column] < 0)
			continue;
		l->column[l->count] = &columns[i];
		l->head[l->count] = (struct listing_column){ .head = head_of(l->t, &columns[i]), .cols = columns[i].cols + 1,
			.most = columns[i].most + 1, .rank = columns[i].rank, .text = def->kind == COLUMN_TEXT };
		if (order_mark(order, columns[i].column))
			listing_mark(&l->head[l->count], order_mark(order, columns[i].column), l->marked);
		l->count++;
	}
	r.cols--; /* as in the other lists, nothing stands in the last column */
	listing_place(l->head, l->count, r, l->place);
}

static enum value_form form_of(const struct column *def)
{
	static const enum metric_kind kinds[] = { [COLUMN_GAUGE] = METRIC_GAUGE, [COLUMN_COUNTER] = METRIC_COUNTER };

	return value_form(&(struct metric){ .kind = kinds[def->kind], .unit = def->unit }, false, false);
}

static void number_text(char buf[VALUE_SIZE], const struct list *l, const struct column *def, double v)
{
	struct point point = isfinite(v) ? point_of(v) : point_missing(POINT_GAP, NULL);

	if (l->t->table->sampled && isfinite(v))
		point.state = POINT_SCALED;
	value_text(buf, form_of(def), point);
}

static void draw_row(const struct list *l, const struct view *v, struct canvas *c, int at, size_t row)
{
	char buf[256];

	for (size_t i = 0; i < l->count; i++) {
		const struct list_column *column = l->column[i];
		const struct column *def = definition(l->t, column);
		const char *text = buf;

		if (column->text)
			column->text(v, l->t, row, buf, sizeof buf);
		else if (def->kind == COLUMN_TEXT)
			text = cells_text(l->t, row, column->column);
		else
			number_text(buf, l, def, cells_number(l->t, row, column->column));
		listing_cell(&l->head[i], l->place[i], c, at, strcmp(text, "-") == 0 ? ROLE_DIM : ROLE_TEXT, text);
	}
}

void list_draw(const struct view *v, struct canvas *c, struct rect r, const struct cells *t, const struct order *order,
	const struct list_column *columns, size_t ncolumns, int selected)
{
	int room = r.rows - 1, top = selected >= room ? selected - room + 1 : 0;
	struct list l = { .t = t };

	if (room < 1 || !t->table)
		return;
	place_columns(&l, r, order, columns, ncolumns);
	listing_heads(l.head, l.count, l.place, c, r.row);
	for (int i = top; i < (int)order->count && i - top < room; i++) {
		int at = r.row + 1 + i - top;

		draw_row(&l, v, c, at, order->rows[i]);
		if (i == selected)
			canvas_select(c, at, r.col);
	}
}
