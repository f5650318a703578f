/* Copies of tables that own their texts. */
#include "ui/frozen.h"

#include "base/alloc.h"

#include <stdlib.h>

static size_t count_cells(const struct table *t)
{
	return t->def ? t->nrows * t->def->ncolumns : 0;
}

static bool has_text(const struct table *t, size_t cell)
{
	return t->def->columns[cell % t->def->ncolumns].kind == COLUMN_TEXT;
}

void frozen_take(struct table *out, const struct table *now)
{
	if (!now)
		return;
	*out = (struct table){ .def = now->def, .nrows = now->nrows, .left_out = now->left_out };
	out->cells = xcalloc(count_cells(now), sizeof *out->cells);
	for (size_t i = 0; i < count_cells(now); i++)
		if (has_text(now, i))
			out->cells[i].text = xstrdup(now->cells[i].text);
		else
			out->cells[i].number = now->cells[i].number;
}

void frozen_drop(struct table *t)
{
	for (size_t i = 0; i < count_cells(t); i++)
		if (has_text(t, i))
			free((char *)t->cells[i].text);
	table_free(t);
	*t = (struct table){ 0 };
}
