/* Cells of tables by the columns of their definition. Knows tables, nothing of what they mean. */
#include "ui/cells.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fits(const struct column *have, const struct column *wanted)
{
	return strcmp(have->name, wanted->name) == 0 && (have->kind == COLUMN_TEXT) == (wanted->kind == COLUMN_TEXT);
}

static int find_column(const struct table *t, const struct column *wanted)
{
	for (size_t i = 0; t && i < t->def->ncolumns; i++)
		if (fits(&t->def->columns[i], wanted))
			return (int)i;
	return -1;
}

struct cells cells_of(const struct view *v, const struct table_def *def)
{
	struct cells c = { .def = def, .table = view_table(v, def->name) };

	for (size_t i = 0; i < CELLS_COLUMNS; i++)
		c.column[i] = i < def->ncolumns ? find_column(c.table, &def->columns[i]) : -1;
	if (c.table) {
		c.nrows = c.table->nrows;
		c.left_out = c.table->left_out;
	}
	return c;
}

static const union cell *cell_of(const struct cells *c, size_t row, int column)
{
	return c->column[column] < 0 ? NULL : &c->table->cells[row * c->table->def->ncolumns + (size_t)c->column[column]];
}

double cells_number(const struct cells *c, size_t row, int column)
{
	const union cell *cell = cell_of(c, row, column);

	return cell ? cell->number : (double)NAN;
}

const char *cells_text(const struct cells *c, size_t row, int column)
{
	const union cell *cell = cell_of(c, row, column);

	return cell && cell->text ? cell->text : "";
}

struct ranked {
	size_t row;
	double value;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* value: NULL: the number in that column. */
static size_t *sorted(const struct cells *c, int column, double (*value)(const struct cells *c, size_t row))
{
	struct ranked *list = xcalloc(c->nrows, sizeof *list);
	size_t *rows = xcalloc(c->nrows, sizeof *rows);

	for (size_t i = 0; i < c->nrows; i++) {
		double v = value ? value(c, i) : cells_number(c, i, column);

		list[i] = (struct ranked){ i, isnan(v) ? -(double)INFINITY : v };
	}
	qsort(list, c->nrows, sizeof *list, by_value);
	for (size_t i = 0; i < c->nrows; i++)
		rows[i] = list[i].row;
	free(list);
	return rows;
}

size_t *cells_sorted(const struct cells *c, int column)
{
	return sorted(c, column, NULL);
}

size_t *cells_sorted_by(const struct cells *c, double (*value)(const struct cells *c, size_t row))
{
	return sorted(c, 0, value);
}

void cells_identity(const struct cells *c, const size_t *order, int place, char *buf, size_t size)
{
	snprintf(buf, size, "%llx", (unsigned long long)c->table->keys[order[place]]);
}

int cells_find(const struct cells *c, const size_t *order, size_t count, const char *identity)
{
	uint64_t key = strtoull(identity, NULL, 16);

	for (size_t i = 0; *identity && i < count; i++)
		if (c->table->keys[order[i]] == key)
			return (int)i;
	return -1;
}
