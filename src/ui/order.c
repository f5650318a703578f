/* Order of a list's rows. */
#include "ui/order.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ranked {
	size_t row;
	bool apart, unknown;
	double number;
	const char *text; /* NULL: it is the number that counts */
};

static int compare(const void *a, const void *b, void *ascending)
{
	const struct ranked *x = a, *y = b;
	int order;

	if (x->apart != y->apart)
		return x->apart ? 1 : -1;
	if (x->unknown != y->unknown)
		return x->unknown ? 1 : -1;
	order = x->text ? strverscmp(x->text, y->text) : (x->number > y->number) - (x->number < y->number);
	if (order && !x->unknown)
		return *(const bool *)ascending ? order : -order;
	return (x->row > y->row) - (x->row < y->row);
}

static bool is_text(const struct order_rules *rules, int by)
{
	return by && rules->def->columns[by - 1].kind == COLUMN_TEXT;
}

/* What a list is sorted by at this moment: 1 + the column, 0 its own order. */
static int by_of(const struct view *v, const struct order_rules *rules)
{
	return v->order.by ? v->order.by : rules->own ? 0 : rules->own_column + 1;
}

static bool is_ascending(const struct view *v, const struct order_rules *rules)
{
	return is_text(rules, by_of(v, rules)) != v->order.reverse;
}

static struct ranked rank_row(const struct cells *t, const struct order_rules *rules, int by, size_t row)
{
	struct ranked r = { .row = row, .apart = rules->apart && rules->apart(t, row) };

	if (is_text(rules, by)) {
		r.text = rules->text ? rules->text(t, row, by - 1) : cells_text(t, row, by - 1);
		r.unknown = !r.text[0];
	} else {
		r.number = !by ? rules->own(t, row) :
			rules->number ? rules->number(t, row, by - 1) : cells_number(t, row, by - 1);
		r.unknown = isnan(r.number);
	}
	return r;
}

struct order order_of(const struct view *v, const struct cells *t, const struct order_rules *rules)
{
	struct order o = { .count = t->nrows, .by = by_of(v, rules), .ascending = is_ascending(v, rules) };
	struct ranked *list = xcalloc(t->nrows, sizeof *list);

	o.rows = xcalloc(t->nrows, sizeof *o.rows);
	for (size_t i = 0; i < t->nrows; i++)
		list[i] = rank_row(t, rules, o.by, i);
	qsort_r(list, t->nrows, sizeof *list, compare, &o.ascending);
	for (size_t i = 0; i < t->nrows; i++)
		o.rows[i] = list[i].row;
	free(list);
	return o;
}

void order_drop(struct order *o)
{
	free(o->rows);
	o->rows = NULL;
}

int order_count(const struct view *v, const struct order_rules *rules)
{
	return (int)cells_of(v, rules->def).nrows;
}

void order_identity(const struct view *v, const struct order_rules *rules, int index, char *buf, size_t size)
{
	struct cells t = cells_of(v, rules->def);
	struct order o = order_of(v, &t, rules);

	if (index >= 0 && (size_t)index < o.count)
		cells_identity(&t, o.rows, index, buf, size);
	order_drop(&o);
}

int order_find(const struct view *v, const struct order_rules *rules, const char *identity)
{
	struct cells t = cells_of(v, rules->def);
	struct order o;
	int place;

	if (!*identity)
		return -1;
	o = order_of(v, &t, rules);
	place = cells_find(&t, o.rows, identity);
	order_drop(&o);
	return place;
}

struct view_order order_step(const struct view *v, const struct order_rules *rules, int step)
{
	struct cells t = cells_of(v, rules->def);
	struct order_column columns[ORDER_COLUMNS];
	int n = (int)rules->columns(&t, columns), places = rules->own ? n + 1 : n, at = rules->own ? n : 0;

	if (!n)
		return v->order;
	for (int i = 0; i < n; i++)
		if (columns[i].column + 1 == by_of(v, rules))
			at = i;
	at = (at + step + places) % places;
	return (struct view_order){ .by = at < n ? columns[at].column + 1 : 0 };
}

const char *order_words(const struct view *v, const struct order_rules *rules, char *buf, size_t size)
{
	struct cells t = cells_of(v, rules->def);
	struct order_column columns[ORDER_COLUMNS];
	size_t n = rules->columns(&t, columns);
	int by = by_of(v, rules);
	bool rises = is_ascending(v, rules);
	const char *head = NULL;

	for (size_t i = 0; i < n && !head; i++)
		if (columns[i].column + 1 == by)
			head = columns[i].head;
	if (!by)
		snprintf(buf, size, "the %s first", rises ? "least busy" : "busiest");
	else
		snprintf(buf, size, "%s, %s first", head ? head : rules->def->columns[by - 1].label,
			is_text(rules, by) ? (rises ? "A" : "Z") : (rises ? "smallest" : "largest"));
	return buf;
}

char order_mark(const struct order *o, int column)
{
	return o->by != column + 1 ? '\0' : o->ascending ? '^' : 'v';
}
