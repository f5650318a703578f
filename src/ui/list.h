/*
 * A list of rows of a table: heads and, below them, rows in a given order. Columns that there is no room for are left
 * out whole, the least important first. Knows cells and units, nothing of what they mean.
 */
#ifndef TACH_UI_LIST_H
#define TACH_UI_LIST_H

#include "ui/canvas.h"
#include "ui/cells.h"
#include "ui/order.h"
#include "ui/view.h"

struct list_column {
	int column;       /* of the table's definition */
	int cols;         /* width; text stands left and is cut, numbers stand right */
	int rank;         /* the highest goes first where there is no room; of equal ones the last; 0 goes never */
	int most;         /* width to which it grows where there is room; 0: it does not */
	const char *head; /* NULL: as the definition labels it */
	/* The cell in words of its own; NULL: by its unit. */
	void (*text)(const struct view *v, const struct cells *t, size_t row, char *buf, size_t size);
};

#define LIST_COLUMNS_MAX 16

/* Draws heads in the first row of r and as many of the rows of t in that order as there is room for, so that the one at
 * `selected` (-1: none) is among them. */
void list_draw(const struct view *v, struct canvas *c, struct rect r, const struct cells *t, const struct order *order,
	const struct list_column *columns, size_t ncolumns, int selected);

/* The columns that the table has, for struct order_rules. */
size_t list_order_columns(const struct cells *t, const struct list_column *columns, size_t ncolumns,
	struct order_column out[ORDER_COLUMNS]);

#endif
