/* Rectangles for header, panes, message and footer. Knows sizes and wishes only, nothing of what is drawn. */
#include "ui/layout.h"

#include <string.h>

/* Rows that panes need so that nothing of first rank is missing, with or without rule lines. */
static int core_rows(const struct layout_wish wishes[], size_t count, bool rules)
{
	int sum = 0;

	for (size_t i = 0; i < count; i++)
		if (!wishes[i].optional)
			sum += wishes[i].first_rows + rules;
	return sum;
}

/* Header, message and footer; returns the rows left for panes. */
static struct rect frame(struct layout *out, int rows, int cols, const struct layout_wish wishes[], size_t count,
	bool zoomed)
{
	int need_rules = core_rows(wishes, count, true), need = core_rows(wishes, count, false);
	int top = 0, bottom = rows;

	out->one_line = rows == 1;
	if (out->one_line) {
		out->header = (struct rect){ 0, 0, 1, cols };
		return (struct rect){ 0, 0, 0, cols };
	}
	out->rules = rows >= need_rules + 3;
	if (cols >= LAYOUT_HEADER_COLS) {
		top = !zoomed && rows >= need + 3 ? 2 : 1;
		bottom -= rows >= 4;
		out->header = (struct rect){ 0, 0, top, cols };
		out->footer = (struct rect){ bottom, 0, rows - bottom, cols };
		if (rows > need_rules + 3)
			out->message = (struct rect){ --bottom, 0, 1, cols };
	}
	return (struct rect){ top, 0, bottom - top, cols };
}

/* The wish of the next higher rank than `rank` among those not placed in the side; count when there is none. */
static size_t next_rank(const struct layout_wish wishes[], size_t count, const bool skip[], int rank)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++)
		if (!skip[i] && wishes[i].rank > rank && (best == count || wishes[i].rank < wishes[best].rank))
			best = i;
	return best;
}

/* Gives up to `most` rows to pane i, not beyond `limit` rows in all; returns what is left of `free`. */
static int grant(struct rect *pane, int most, int limit, int free)
{
	int n = limit - pane->rows;

	if (n > most)
		n = most;
	if (n > free)
		n = free;
	if (n > 0) {
		pane->rows += n;
		free -= n;
	}
	return free;
}

/* One round: every pane that stands gets its weight in rows, up to what it can fill. */
static int grant_round(struct layout *out, const struct layout_wish wishes[], size_t count, const bool skip[], int free)
{
	int rank = -1;

	for (size_t i; (i = next_rank(wishes, count, skip, rank)) < count; rank = wishes[i].rank)
		if (out->pane[i].rows)
			free = grant(&out->pane[i], wishes[i].weight, wishes[i].good_rows + out->rules, free);
	return free;
}

/* First-rank rows of the panes that must stand, in the order of their ranks. */
static int grant_core(struct layout *out, const struct layout_wish wishes[], size_t count, const bool skip[], int free)
{
	size_t i;

	for (int rank = -1; (i = next_rank(wishes, count, skip, rank)) < count; rank = wishes[i].rank)
		if (!wishes[i].optional)
			free = grant(&out->pane[i], 1 + out->rules, 1 + out->rules, free);
	for (int rank = -1; (i = next_rank(wishes, count, skip, rank)) < count; rank = wishes[i].rank)
		if (!wishes[i].optional && out->pane[i].rows)
			free = grant(&out->pane[i], wishes[i].first_rows, wishes[i].first_rows + out->rules, free);
	return free;
}

static int grant_optional(struct layout *out, const struct layout_wish wishes[], size_t count, const bool skip[], int free)
{
	size_t i;

	for (int rank = -1; (i = next_rank(wishes, count, skip, rank)) < count; rank = wishes[i].rank) {
		int need = wishes[i].first_rows + 1;

		if (!wishes[i].optional)
			continue;
		if (free < need)
			break;
		free = grant(&out->pane[i], need, need, free);
	}
	return free;
}

/* Stacks what has rows, in the order of the table. */
static void stack(struct layout *out, size_t count, const bool skip[], struct rect body)
{
	int row = body.row;

	for (size_t i = 0; i < count; i++)
		if (!skip[i] && out->pane[i].rows) {
			out->pane[i] = (struct rect){ row, body.col, out->pane[i].rows, body.cols };
			row += out->pane[i].rows;
		}
}

/* Splits a wide body; side panes share the right half evenly. Returns the left half. */
static struct rect split(struct layout *out, const struct layout_wish wishes[], size_t count, bool skip[], struct rect body)
{
	int left = body.cols * 3 / 5, sides = 0, row = body.row;

	for (size_t i = 0; i < count; i++)
		sides += skip[i] = wishes[i].side;
	if (!sides || body.rows < 2 * sides) {
		memset(skip, 0, count * sizeof skip[0]);
		return body;
	}
	out->divider = body.col + left;
	for (size_t i = 0; i < count; i++)
		if (skip[i]) {
			int rows = (body.row + body.rows - row) / sides--;

			out->pane[i] = (struct rect){ row, out->divider + 1, rows, body.cols - left - 1 };
			row += rows;
		}
	body.cols = left;
	return body;
}

void layout_compute(struct layout *out, int rows, int cols, const struct layout_wish wishes[], size_t count, int zoomed)
{
	struct rect *pane = out->pane;
	bool skip[LAYOUT_PANES] = { false };
	struct rect body;
	int free, before;

	*out = (struct layout){ .divider = -1, .pane = pane };
	memset(pane, 0, count * sizeof pane[0]);
	if (rows < 1 || cols < 1 || count > LAYOUT_PANES)
		return;
	body = frame(out, rows, cols, wishes, count, zoomed >= 0);
	if (out->one_line)
		return;
	if (zoomed >= 0 && (size_t)zoomed < count) {
		out->rules = body.rows > 2;
		pane[zoomed] = body;
		return;
	}
	if (cols >= LAYOUT_SIDE_COLS && out->rules)
		body = split(out, wishes, count, skip, body);
	free = grant_core(out, wishes, count, skip, body.rows);
	free = grant_round(out, wishes, count, skip, free);
	if (out->rules)
		free = grant_optional(out, wishes, count, skip, free);
	do {
		before = free;
		free = grant_round(out, wishes, count, skip, free);
	} while (free && free < before);
	stack(out, count, skip, body);
}
