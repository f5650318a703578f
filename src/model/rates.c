/*
 * Row-wise rates of tables. A row whose key was not there a tick ago has none yet (NaN). Each counter is followed by
 * itself, as several sources that do not read at every tick may fill one row.
 */
#include "model/rates.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row that was left out of a tick for want of time is remembered this long, so that its next rate is right. */
#define LEFT_OUT_MEMORY (60 * NSEC_PER_SEC)

/* What is known of a counter of a row beside its newest total. */
struct past {
	nsec_t time;         /* when that was read; 0: never */
	float rate, seconds; /* its rate then, and over how long; NaN and 0: none yet */
};

struct kept {
	struct table totals; /* newest totals of every row, in order of keys */
	struct past *past;   /* of the counters of each row of totals */
	size_t past_capacity;
	size_t ncounters;    /* of a row */
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
		free(r->tables[i].past);
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

/*
 * Makes the rate of a counter from its total, if that was read. If not, its last rate stands for a while: as long again as
 * it was measured over, and so once more, as no two intervals are the same.
 */
static struct past rate_cell(union cell *cell, union cell *total, const struct past *before, nsec_t now)
{
	struct past p = { .time = now, .rate = NAN };
	double grown = cell->number - total->number;

	if (isnan(cell->number)) {
		bool stands = nsec_to_seconds(now - before->time) <= 2 * (double)before->seconds;

		cell->number = stands ? (double)before->rate : (double)NAN;
		return *before;
	}
	total->number = cell->number;
	cell->number = (double)NAN;
	if (before->time && before->time < now) {
		p.seconds = (float)nsec_to_seconds(now - before->time);
		cell->number = grown >= 0 ? grown / nsec_to_seconds(now - before->time) : (double)NAN;
		p.rate = (float)cell->number;
	}
	return p;
}

/* Adds a row to those that are kept, as it was, and returns what is kept of its counters. */
static struct past *keep_row(struct kept *out, uint64_t key, const union cell *cells, const struct past *past)
{
	size_t n = out->ncounters, used = out->totals.nrows * n;

	out->past = xgrow(out->past, &out->past_capacity, used + n, sizeof *out->past);
	memcpy(table_row(&out->totals, key), cells, out->totals.def->ncolumns * sizeof(union cell));
	if (past)
		memcpy(out->past + used, past, n * sizeof *past);
	return out->past + used;
}

/* Turns the counters of a row of this tick into rates, and keeps their totals. Without `past` it is a new one. */
static void rate_row(struct kept *out, uint64_t key, union cell *row, const union cell *before, const struct past *past,
	nsec_t now)
{
	const struct table_def *def = out->totals.def;
	struct past *p = keep_row(out, key, before ? before : row, past);
	union cell *totals = out->totals.cells + (out->totals.nrows - 1) * def->ncolumns;

	for (size_t c = 0; c < def->ncolumns; c++)
		if (def->columns[c].kind == COLUMN_COUNTER) {
			*p = rate_cell(&row[c], &totals[c], p, now);
			p++;
		}
}

static nsec_t newest_of(const struct past *past, size_t n)
{
	nsec_t newest = 0;

	for (size_t i = 0; i < n; i++)
		newest = past[i].time > newest ? past[i].time : newest;
	return newest;
}

static size_t counters_of(const struct table_def *def)
{
	size_t n = 0;

	for (size_t c = 0; c < def->ncolumns; c++)
		n += def->columns[c].kind == COLUMN_COUNTER;
	return n;
}

/* Merges the rows of this tick (k->shown, still totals) with those kept: makes rates of the former, and of both the
 * totals to keep. */
static void merge(struct kept *k, nsec_t now)
{
	struct kept next = { .totals = { .def = k->shown.def }, .ncounters = counters_of(k->shown.def) };
	size_t n = k->shown.def->ncolumns, i = 0, j = 0;

	while (i < k->shown.nrows || j < k->totals.nrows) { /* NOLINTBEGIN(*NullDereference): rows have keys */
		bool old = j < k->totals.nrows && (i == k->shown.nrows || k->totals.keys[j] < k->shown.keys[i]);
		bool both = !old && j < k->totals.nrows && k->totals.keys[j] == k->shown.keys[i];
		const union cell *before = k->totals.cells + j * n;
		const struct past *past = k->past + j * next.ncounters;

		if (old) {
			if (k->shown.left_out && now - newest_of(past, next.ncounters) < LEFT_OUT_MEMORY)
				keep_row(&next, k->totals.keys[j], before, past);
			j++;
			continue;
		}
		rate_row(&next, k->shown.keys[i], k->shown.cells + i * n, both ? before : NULL, both ? past : NULL, now);
		i++;
		j += both;
	} /* NOLINTEND(*NullDereference) */
	table_free(&k->totals);
	free(k->past);
	k->totals = next.totals;
	k->past = next.past;
	k->past_capacity = next.past_capacity;
	k->ncounters = next.ncounters;
}

/* Texts of kept rows belong to a sample that is gone: nobody reads them, rates come from numbers only. Rows of a table that
 * has other columns now are new ones. */
void rates_take(struct rates *r, const struct sample *s)
{
	for (size_t i = 0; i < r->count; i++)
		r->tables[i].seen = false;
	for (size_t i = 0; i < s->ntables; i++) {
		struct kept *k = find_or_add(r, s->tables[i].def->name);

		table_free(&k->shown);
		k->shown = sorted_copy(&s->tables[i]);
		if (k->totals.def && (k->totals.def->ncolumns != k->shown.def->ncolumns ||
				k->ncounters != counters_of(k->shown.def)))
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
