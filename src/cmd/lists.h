/* The tables of the program as rows of text: what `tach list` prints and what the manual's tables are made of. */
#ifndef TACH_CMD_LISTS_H
#define TACH_CMD_LISTS_H

#include <stdbool.h>
#include <stddef.h>

#define LIST_COLUMNS 6

struct list_row {
	char *cell[LIST_COLUMNS]; /* "" where there is nothing to say */
};

struct list_rows {
	struct list_row *row;
	size_t count, capacity;
};

struct list {
	const char *name, *help;
	const char *column[LIST_COLUMNS + 1]; /* names, NULL-ended */
	void (*fill)(struct list_rows *out);
};

extern const struct list list_table[]; /* name NULL at the end */

const struct list *list_find(const char *name); /* NULL: no such list */
void list_rows_free(struct list_rows *rows);
void list_print(const struct list *l, bool json); /* to stdout */

#endif
