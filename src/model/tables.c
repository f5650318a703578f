/* The shared tables' definitions, made from their lists of columns. */
#include "model/tables.h"

#define COLUMN_ROW(id, name_, label_, kind_, unit_, help_) { name_, label_, COLUMN_##kind_, UNIT_##unit_, help_ },
#define TABLE_DEFINE(table, name_, LIST, help_) \
	static const struct column table##_list[] = { LIST(COLUMN_ROW) }; \
	const struct table_def table = { name_, table##_list, table##_columns, help_ };
TABLES(TABLE_DEFINE)

#define TABLE_REFERENCE(table, name_, LIST, help_) &table,
const struct table_def *const table_list[] = { TABLES(TABLE_REFERENCE) NULL };

#define TID_BITS 22 /* the kernel's PID_MAX_LIMIT */

uint64_t table_thread_key(pid_t tid, uint64_t start)
{
	return start << TID_BITS | (uint64_t)tid;
}

pid_t table_thread_tid(uint64_t key)
{
	return (pid_t)(key & ((1u << TID_BITS) - 1));
}

struct table *sample_find_table(const struct sample *s, const struct table_def *def)
{
	for (size_t i = 0; i < s->ntables; i++)
		if (s->tables[i].def == def)
			return &s->tables[i];
	return NULL;
}

union cell *table_find(const struct table *t, uint64_t key, size_t *hint)
{
	for (size_t i = 0; i < t->nrows; i++) {
		size_t row = (*hint + i) % t->nrows;

		if (t->keys[row] != key)
			continue;
		*hint = row + 1;
		return t->cells + row * t->def->ncolumns;
	}
	return NULL;
}
