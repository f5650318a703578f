/* Columns of a list: which of them fit into a width, and where they stand. */
#ifndef TACH_UI_LISTING_H
#define TACH_UI_LISTING_H

#include "ui/canvas.h"

#include <stdbool.h>
#include <stddef.h>

#define LISTING_COLUMNS 20 /* most columns of a list */

struct listing_column {
	const char *head;
	int cols;   /* least width, the blank before it included */
	int most;   /* it may grow to that width; 0: it does not */
	int rank;   /* where not all fit the highest goes first, and among equal ones the last; 0 goes never */
	bool text;  /* begins at the left; numbers end at the right */
};

struct listing_place {
	int col, cols; /* without the blank; cols 0: left out */
};

void listing_place(const struct listing_column columns[], size_t count, struct rect r, struct listing_place out[]);
/* Marks the head as the one that the list is sorted by: "wait/s v". It never goes then, and is as wide as that needs.
 * The text is kept in buf. */
#define LISTING_HEAD_SIZE 40
void listing_mark(struct listing_column *column, char mark, char buf[LISTING_HEAD_SIZE]);

void listing_heads(const struct listing_column columns[], size_t count, const struct listing_place places[],
	struct canvas *c, int row);

/* A cell of a list. Text is cut where there is no room; a number is not: half of it would be another number. */
void listing_cell(const struct listing_column *column, struct listing_place place, struct canvas *c, int row,
	enum role role, const char *text);

#endif
