/* Copies of tables that own their texts. */
#include "ui/frozen.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static bool has_text(const struct table *t, size_t cell)
{
	return t->def->columns[cell % t->def->ncolumns].kind == COLUMN_TEXT;
}

static void add(struct frozen *out, const struct table *now)
{
	size_t cells = now->nrows * now->def->ncolumns;
	struct table copy = { .def = now->def, .nrows = now->nrows, .left_out = now->left_out, .sampled = now->sampled };

	copy.note = xstrdup(now->note);
	copy.keys = xcalloc(now->nrows, sizeof *copy.keys);
	copy.cells = xcalloc(cells, sizeof *copy.cells);
	for (size_t i = 0; i < now->nrows; i++)
		copy.keys[i] = now->keys[i];
	for (size_t i = 0; i < cells; i++)
		if (has_text(now, i))
			copy.cells[i].text = xstrdup(now->cells[i].text);
		else
			copy.cells[i].number = now->cells[i].number;
	out->tables = xreallocarray(out->tables, out->count + 1, sizeof *out->tables);
	out->tables[out->count++] = copy;
}

void frozen_take(struct frozen *out, const struct store *st)
{
	const struct table *t;

	for (size_t i = 0; (t = store_table_at(st, i)); i++)
		add(out, t);
}

void frozen_copy(struct frozen *out, const struct frozen *from)
{
	for (size_t i = 0; i < from->count; i++)
		add(out, &from->tables[i]);
}

static void drop(struct table *t)
{
	for (size_t i = 0; i < t->nrows * t->def->ncolumns; i++)
		if (has_text(t, i))
			free((char *)t->cells[i].text);
	free((char *)t->note);
	table_free(t);
}

void frozen_drop(struct frozen *f)
{
	for (size_t i = 0; i < f->count; i++)
		drop(&f->tables[i]);
	free(f->tables);
	*f = (struct frozen){ 0 };
}

const struct table *frozen_table(const struct frozen *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->tables[i].def->name, name) == 0)
			return &f->tables[i];
	return NULL;
}
