/* Row-wise rates of tables. A row whose key was not there a tick ago has none yet (NaN). */
#include "model/rates.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row that was left out of a tick for want of time is remembered this long, so that its next rate is right. */
#define LEFT_OUT_MEMORY (60 * NSEC_PER_SEC)

struct kept {
	struct table totals; /* newest totals of every row, in order of keys */
	nsec_t *times;       /* when each row of totals was read */
	size_t times_capacity;
	struct table shown;  /* rows of the newest sample, counters as rates, in order of keys */
	char *name;          /* copy of def->name */
	bool seen;           /* by the newest sample */
};

struct rates {
	struct kept *tables;
	size_t count, capacity;
};

struct rates *rates_new(void)
{
	return xcalloc(1, sizeof(struct rates));
}

void rates_free(struct rates *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		table_free(&r->tables[i].totals);
		table_free(&r->tables[i].shown);
		free(r->tables[i].times);
		free(r->tables[i].name);
	}
	free(r->tables);
	free(r);
}

static struct kept *find(const struct rates *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->tables[i].name, name) == 0)
			return &r->tables[i];
	return NULL;
}

static struct kept *find_or_add(struct rates *r, const char *name)
{
	struct kept *k = find(r, name);

	if (k)
		return k;
	r->tables = xgrow(r->tables, &r->capacity, r->count + 1, sizeof *r->tables);
	k = &r->tables[r->count++];
	k->name = xstrdup(name);
	return k;
}

struct order {
	uint64_t key;
	size_t row;
};

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = ((const struct order *)a)->key, y = ((const struct order *)b)->key;

	return x < y ? -1 : x > y;
}

/* A copy of the table with its rows in order of keys, so that two ticks can be merged. */
static struct table sorted_copy(const struct table *t)
{
	struct table out = { .def = t->def, .left_out = t->left_out, .sampled = t->sampled, .note = t->note };
	struct order *order = xcalloc(t->nrows, sizeof *order);
	size_t n = t->def->ncolumns;

	for (size_t i = 0; i < t->nrows; i++)
		order[i] = (struct order){ t->keys[i], i };
	qsort(order, t->nrows, sizeof *order, compare_keys);
	for (size_t i = 0; i < t->nrows; i++)
		memcpy(table_row(&out, order[i].key), t->cells + order[i].row * n, n * sizeof(union cell));
	free(order);
	return out;
}

/* Turns the counters of one row into rates; before is NULL for a new row. */
static void rate_row(const struct table_def *def, union cell *row, const union cell *before, double seconds)
{
	for (size_t c = 0; c < def->ncolumns; c++) {
		if (def->columns[c].kind != COLUMN_COUNTER)
			continue;
		row[c].number = before && seconds > 0 ? (row[c].number - before[c].number) / seconds : (double)NAN;
		if (row[c].number < 0)
			row[c].number = (double)NAN;
	}
}

static void keep_row(struct kept *out, uint64_t key, const union cell *cells, nsec_t time)
{
	out->times = xgrow(out->times, &out->times_capacity, out->totals.nrows + 1, sizeof *out->times);
	out->times[out->totals.nrows] = time;
	memcpy(table_row(&out->totals, key), cells, out->totals.def->ncolumns * sizeof(union cell));
}

/* Merges the rows of this tick (k->shown, still totals) with those kept: makes rates of the former, and of both the
 * totals to keep. */
static void merge(struct kept *k, nsec_t now)
{
	struct kept next = { .totals = { .def = k->shown.def } };
	size_t n = k->shown.def->ncolumns, i = 0, j = 0;

	while (i < k->shown.nrows || j < k->totals.nrows) { /* NOLINTBEGIN(*NullDereference): rows have keys */
		bool old = j < k->totals.nrows && (i == k->shown.nrows || k->totals.keys[j] < k->shown.keys[i]);
		bool both = !old && j < k->totals.nrows && k->totals.keys[j] == k->shown.keys[i];
		union cell *row = k->shown.cells + i * n, *before = k->totals.cells + j * n;

		if (old) {
			if (k->shown.left_out && now - k->times[j] < LEFT_OUT_MEMORY)
				keep_row(&next, k->totals.keys[j], before, k->times[j]);
			j++;
			continue;
		}
		keep_row(&next, k->shown.keys[i], row, now);
		rate_row(k->shown.def, row, both ? before : NULL, both ? nsec_to_seconds(now - k->times[j]) : 0);
		i++;
		j += both;
	} /* NOLINTEND(*NullDereference) */
	table_free(&k->totals);
	free(k->times);
	k->totals = next.totals;
	k->times = next.times;
	k->times_capacity = next.times_capacity;
}

/* Texts of kept rows belong to a sample that is gone: nobody reads them, rates come from numbers only. */
void rates_take(struct rates *r, const struct sample *s)
{
	for (size_t i = 0; i < r->count; i++)
		r->tables[i].seen = false;
	for (size_t i = 0; i < s->ntables; i++) {
		struct kept *k = find_or_add(r, s->tables[i].def->name);

		table_free(&k->shown);
		k->shown = sorted_copy(&s->tables[i]);
		if (k->totals.def && k->totals.def->ncolumns != k->shown.def->ncolumns)
			k->totals.nrows = 0;
		merge(k, s->time);
		k->seen = true;
	}
}

const struct table *rates_table(const struct rates *r, const char *name)
{
	const struct kept *k = find(r, name);

	return k && k->seen ? &k->shown : NULL;
}

const struct table *rates_table_at(const struct rates *r, size_t i)
{
	for (size_t k = 0; k < r->count; k++)
		if (r->tables[k].seen && i-- == 0)
			return &r->tables[k].shown;
	return NULL;
}
