/* The bar of thread time. Knows amounts and cells, not where they come from. */
#include "ui/bar.h"

#include <math.h>

static double amount(double v)
{
	return v > 0 && isfinite(v) ? v : 0;
}

/* The part with the largest remainder among those that have not been given theirs. */
static int largest(double remainder[PART_COUNT])
{
	int best = 0;

	for (int i = 1; i < PART_COUNT; i++)
		if (remainder[i] > remainder[best] + 1e-9)
			best = i;
	return best;
}

void bar_share(const double amounts[PART_COUNT], int cells, int out[PART_COUNT])
{
	double sum = 0, remainder[PART_COUNT];
	int left = cells;

	for (int i = 0; i < PART_COUNT; i++)
		sum += amount(amounts[i]);
	for (int i = 0; i < PART_COUNT; i++) {
		double exact = sum > 0 ? amount(amounts[i]) / sum * cells : 0;

		out[i] = (int)(exact + 1e-9);
		remainder[i] = exact - out[i];
		left -= out[i];
	}
	for (; left > 0 && sum > 0; left--) {
		int i = largest(remainder);

		out[i]++;
		remainder[i] = -1;
	}
}

void bar_draw(struct canvas *c, struct rect r, const struct theme_glyphs *g, const double amounts[PART_COUNT])
{
	int cells[PART_COUNT], col = r.col;

	bar_share(amounts, r.cols, cells);
	for (int i = 0; i < PART_COUNT; i++) {
		canvas_fill(c, (struct rect){ r.row, col, 1, cells[i] }, (enum role)(ROLE_USR + i), g->parts[i]);
		col += cells[i];
	}
}
