/*
 * In which order the rows of a list stand: by any of its columns, in either direction. One place for all lists whose
 * rows are those of a table; what their columns mean they say by struct order_rules.
 */
#ifndef TACH_UI_ORDER_H
#define TACH_UI_ORDER_H

#include "ui/cells.h"
#include "ui/view.h"

#include <stdbool.h>

#define ORDER_COLUMNS 20 /* most columns of a list */

struct order_column {
	int column;       /* of the table's definition */
	const char *head; /* as the list names it */
};

struct order_rules {
	const struct table_def *def;
	/* The columns of this moment from left to right; returns how many. */
	size_t (*columns)(const struct cells *t, struct order_column out[ORDER_COLUMNS]);
	/* What counts of a cell when it differs from what the table has: NaN or "" is unknown; NULL: it does not. */
	double (*number)(const struct cells *t, size_t row, int column);
	const char *(*text)(const struct cells *t, size_t row, int column);
	/* Of the order that the list has before anybody chose a column, the most first; NULL: it is by own_column. */
	double (*own)(const struct cells *t, size_t row);
	int own_column;
	/* Rows that stand below all others in any order; NULL: there are none. */
	bool (*apart)(const struct cells *t, size_t row);
};

struct order {
	size_t *rows;   /* of the table */
	size_t count;   /* of them */
	size_t hidden;  /* rows that the filter leaves out */
	int by;         /* 1 + the column; 0: no column */
	bool ascending;
};

/* As the view has it, without the rows that its filter leaves out. Numbers begin with the largest, texts with the first
 * letter, reversed the other way round; what is unknown is last in both directions, equal rows stand in the order of
 * the table. The caller drops it. */
struct order order_of(const struct view *v, const struct cells *t, const struct order_rules *rules);
void order_drop(struct order *o);

/* The list for the selection of a pane (see struct pane_ops). */
int order_count(const struct view *v, const struct order_rules *rules);
void order_identity(const struct view *v, const struct order_rules *rules, int index, char *buf, size_t size);
int order_find(const struct view *v, const struct order_rules *rules, const char *identity);

/* The next (step 1) or previous (-1) place after `from` whose row contains the text, in any case of its letters: in a
 * text or a whole number of its columns. After the last place comes the first; -1: no row does. */
int order_search(const struct view *v, const struct order_rules *rules, const char *text, int from, int step);

/* "filter "rx" hides 3 of 6"; "" without one. */
const char *order_filtered(const struct view *v, const struct order_rules *rules, char *buf, size_t size);

/* The next (step 1) or previous (-1) column; before the first and after the last is the list's own order. */
struct view_order order_step(const struct view *v, const struct order_rules *rules, int step);

/* "wait/s, largest first" */
const char *order_words(const struct view *v, const struct order_rules *rules, char *buf, size_t size);

/* The mark in the head of the column that the list is sorted by: 'v' when it falls from above, '^' when it rises; '\0'
 * for other columns. */
char order_mark(const struct order *o, int column);

#endif
