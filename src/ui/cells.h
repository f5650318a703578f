/* A table of the moment shown, read by the columns that model/tables.h gives it: a recorded one may lack some of them
 * or have them elsewhere. */
#ifndef TACH_UI_CELLS_H
#define TACH_UI_CELLS_H

#include "model/tables.h"
#include "ui/view.h"

#define CELLS_COLUMNS 32 /* most columns of a definition */

struct cells {
	const struct table_def *def; /* as model/tables.h has it */
	const struct table *table; /* NULL: there is none */
	size_t nrows, left_out;    /* of it; 0 without one */
	int column[CELLS_COLUMNS]; /* by column of the definition: where it stands in the table; -1: it has none such */
};

struct cells cells_of(const struct view *v, const struct table_def *def);

double cells_number(const struct cells *c, size_t row, int column);    /* NaN: unknown, or no such column */
const char *cells_text(const struct cells *c, size_t row, int column); /* "": unknown, or no such column */

/* Rows in the order of a number, the largest first, unknown ones last, equal ones in the order of the table; the caller
 * frees. */
size_t *cells_sorted(const struct cells *c, int column);
size_t *cells_sorted_by(const struct cells *c, double (*value)(const struct cells *c, size_t row));

/* The rows of a list, for panes whose selection follows a row: who the row at a place is, by its key, and where
 * somebody stands; -1: nowhere. */
void cells_identity(const struct cells *c, const size_t *order, int place, char *buf, size_t size);
int cells_find(const struct cells *c, const size_t *order, size_t count, const char *identity);

#endif
