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

static const char *text_of(const struct cells *t, const struct order_rules *rules, size_t row, int column)
{
	return rules->text ? rules->text(t, row, column) : cells_text(t, row, column);
}

/* ---- rows that contain a text ---- */

struct match {
	const struct order_rules *rules;
	const char *text; /* "": every row contains it */
	struct order_column columns[ORDER_COLUMNS];
	size_t count;
};

static struct match match_of(const struct cells *t, const struct order_rules *rules, const char *text)
{
	struct match m = { .rules = rules, .text = text ? text : "" };

	if (m.text[0])
		m.count = rules->columns(t, m.columns);
	return m;
}

/* Whole numbers are names too, such as the id of a thread; measured ones are not. */
static bool cell_contains(const struct match *m, const struct cells *t, size_t row, int column)
{
	const struct column *def = &m->rules->def->columns[column];
	double number;
	char buf[32];

	if (def->kind == COLUMN_TEXT)
		return strcasestr(text_of(t, m->rules, row, column), m->text);
	number = cells_number(t, row, column);
	if (def->kind != COLUMN_GAUGE || def->unit != UNIT_COUNT || !isfinite(number))
		return false;
	snprintf(buf, sizeof buf, "%.0f", number);
	return strstr(buf, m->text);
}

static bool row_contains(const struct match *m, const struct cells *t, size_t row)
{
	for (size_t i = 0; i < m->count; i++)
		if (cell_contains(m, t, row, m->columns[i].column))
			return true;
	return !m->text[0];
}

/* ---- order ---- */

static struct ranked rank_row(const struct cells *t, const struct order_rules *rules, int by, size_t row)
{
	struct ranked r = { .row = row, .apart = rules->apart && rules->apart(t, row) };

	if (is_text(rules, by)) {
		r.text = text_of(t, rules, row, by - 1);
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
	struct order o = { .by = by_of(v, rules), .ascending = is_ascending(v, rules) };
	struct ranked *list = xcalloc(t->nrows, sizeof *list);
	struct match filter = match_of(t, rules, v->filter);

	o.rows = xcalloc(t->nrows, sizeof *o.rows);
	for (size_t i = 0; i < t->nrows; i++)
		if (row_contains(&filter, t, i))
			list[o.count++] = rank_row(t, rules, o.by, i);
	o.hidden = t->nrows - o.count;
	qsort_r(list, o.count, sizeof *list, compare, &o.ascending);
	for (size_t i = 0; i < o.count; i++)
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
	struct cells t = cells_of(v, rules->def);
	struct match filter = match_of(&t, rules, v->filter);
	int n = 0;

	for (size_t i = 0; i < t.nrows; i++)
		n += row_contains(&filter, &t, i);
	return n;
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
	place = cells_find(&t, o.rows, o.count, identity);
	order_drop(&o);
	return place;
}

int order_search(const struct view *v, const struct order_rules *rules, const char *text, int from, int step)
{
	struct cells t = cells_of(v, rules->def);
	struct match wanted = match_of(&t, rules, text);
	struct order o = order_of(v, &t, rules);
	int count = (int)o.count, found = -1;

	for (int i = 1; i <= count && found < 0; i++) {
		int place = ((from + i * step) % count + count) % count;

		if (row_contains(&wanted, &t, o.rows[place]))
			found = place;
	}
	order_drop(&o);
	return found;
}

const char *order_filtered(const struct view *v, const struct order_rules *rules, char *buf, size_t size)
{
	size_t all = cells_of(v, rules->def).nrows;

	buf[0] = '\0';
	if (v->filter && v->filter[0])
		snprintf(buf, size, "filter \"%s\" hides %zu of %zu", v->filter, all - (size_t)order_count(v, rules), all);
	return buf;
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
