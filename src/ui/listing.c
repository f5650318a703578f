/* Lists with columns. Knows widths and ranks, not what stands in the columns. */
#include "ui/listing.h"

#include <stdio.h>

static int width_of_all(const struct listing_column columns[], size_t count, const struct listing_place places[])
{
	int sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += places[i].cols ? columns[i].cols : 0;
	return sum;
}

/* Takes away the column that is missed least; false: none may go. */
static bool drop_one(const struct listing_column columns[], size_t count, struct listing_place places[])
{
	size_t worst = count;

	for (size_t i = 0; i < count; i++)
		if (places[i].cols && columns[i].rank && (worst == count || columns[i].rank >= columns[worst].rank))
			worst = i;
	if (worst == count)
		return false;
	places[worst].cols = 0;
	return true;
}

/* Shares what is left among those that may grow, a column of cells each in turn. */
static void grow(const struct listing_column columns[], size_t count, struct listing_place places[], int left)
{
	bool grown = true;

	while (left > 0 && grown) {
		grown = false;
		for (size_t i = 0; i < count && left > 0; i++)
			if (places[i].cols && places[i].cols + 1 < columns[i].most) {
				places[i].cols++;
				left--;
				grown = true;
			}
	}
}

void listing_place(const struct listing_column columns[], size_t count, struct rect r, struct listing_place out[])
{
	int col = r.col;

	for (size_t i = 0; i < count; i++)
		out[i].cols = columns[i].cols - 1;
	while (width_of_all(columns, count, out) > r.cols && drop_one(columns, count, out))
		;
	grow(columns, count, out, r.cols - width_of_all(columns, count, out));
	for (size_t i = 0; i < count; i++) {
		out[i].col = col + 1;
		col += out[i].cols ? out[i].cols + 1 : 0;
		if (out[i].col + out[i].cols > r.col + r.cols)
			out[i].cols = out[i].col < r.col + r.cols ? r.col + r.cols - out[i].col : 0;
	}
}

void listing_cell(const struct listing_column *column, struct listing_place place, struct canvas *c, int row,
	enum role role, const char *text)
{
	if (column->text)
		canvas_write(c, row, place.col, place.cols, role, text);
	else if (canvas_width(text) > place.cols)
		canvas_fill(c, (struct rect){ row, place.col, 1, place.cols }, role, '#');
	else
		canvas_right(c, row, place.col, place.cols, role, text);
}

void listing_mark(struct listing_column *column, char mark, char buf[LISTING_HEAD_SIZE])
{
	int need;

	snprintf(buf, LISTING_HEAD_SIZE, "%s %c", column->head, mark);
	column->head = buf;
	column->rank = 0;
	need = canvas_width(buf) + 1;
	if (column->cols < need)
		column->cols = need;
}

void listing_heads(const struct listing_column columns[], size_t count, const struct listing_place places[],
	struct canvas *c, int row)
{
	for (size_t i = 0; i < count; i++)
		listing_cell(&columns[i], places[i], c, row, ROLE_DIM, columns[i].head);
}
