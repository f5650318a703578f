/* Histories of rows. Knows which column of which table is worth one. */
#include "model/trails.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 64 /* of a table: 0.9 MB for an hour of seconds */

static const struct {
	const char *table, *column;
} worth[] = { { "locks", "wait_seconds" } };

#define WORTH (sizeof worth / sizeof worth[0])

struct trail {
	uint64_t key;
	size_t busy;   /* the last tick at which its rate was above zero */
	float *values; /* by tick modulo capacity */
};

struct trails {
	size_t capacity;
	struct {
		struct trail list[ROWS_MAX];
		size_t count;
	} tables[WORTH];
};

struct trails *trails_new(size_t capacity)
{
	struct trails *t = xcalloc(1, sizeof *t);

	t->capacity = capacity;
	return t;
}

void trails_free(struct trails *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < WORTH; i++)
		for (size_t k = 0; k < t->tables[i].count; k++)
			free(t->tables[i].list[k].values);
	free(t);
}

static struct trail *find(const struct trails *t, size_t table, uint64_t key)
{
	for (size_t i = 0; i < t->tables[table].count; i++)
		if (t->tables[table].list[i].key == key)
			return (struct trail *)&t->tables[table].list[i];
	return NULL;
}

/* A trail without a past, of a row that has none; NULL: all the others are busy. */
static struct trail *begin(struct trails *t, size_t table, uint64_t key, size_t tick)
{
	struct trail *list = t->tables[table].list, *oldest = list;

	if (t->tables[table].count < ROWS_MAX) {
		oldest = &list[t->tables[table].count++];
		oldest->values = xcalloc(t->capacity, sizeof *oldest->values);
	} else {
		for (struct trail *k = list; k < list + ROWS_MAX; k++)
			oldest = k->busy < oldest->busy ? k : oldest;
		if (oldest->busy + 1 >= tick) /* it waited a tick ago, too */
			return NULL;
	}
	oldest->key = key;
	for (size_t i = 0; i < t->capacity; i++)
		oldest->values[i] = (float)NAN;
	return oldest;
}

static void take_row(struct trails *t, size_t table, uint64_t key, double rate, size_t tick)
{
	struct trail *k = find(t, table, key);

	if (!k && rate > 0)
		k = begin(t, table, key, tick);
	if (!k)
		return;
	k->values[tick % t->capacity] = (float)rate;
	if (rate > 0)
		k->busy = tick;
}

void trails_take(struct trails *t, const struct rates *r, size_t tick)
{
	for (size_t i = 0; i < WORTH; i++) {
		const struct table *now = rates_table(r, worth[i].table);
		size_t column = 0, columns = now ? now->def->ncolumns : 0;

		for (size_t k = 0; k < t->tables[i].count; k++)
			t->tables[i].list[k].values[tick % t->capacity] = (float)NAN;
		while (column < columns && strcmp(now->def->columns[column].name, worth[i].column) != 0)
			column++;
		if (column == columns || now->def->columns[column].kind == COLUMN_TEXT)
			continue;
		for (size_t row = 0; row < now->nrows; row++)
			take_row(t, i, now->keys[row], now->cells[row * columns + column].number, tick);
	}
}

double trails_read(const struct trails *t, const char *table, uint64_t key, size_t tick)
{
	for (size_t i = 0; i < WORTH; i++) {
		const struct trail *k = strcmp(worth[i].table, table) == 0 ? find(t, i, key) : NULL;

		if (k)
			return (double)k->values[tick % t->capacity];
	}
	return (double)NAN;
}
