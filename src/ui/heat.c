/* Heat maps of histograms. Knows bins and cells. */
#include "ui/heat.h"

#include "base/fmt.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Rows a factor of ten, finest first. */
static const int steps_list[] = { 12, 8, 6, 4, 3, 2, 1 };

static double edge_of(int step, int steps)
{
	return pow(10, (double)step / steps);
}

/* The last step whose edge is not above the value. */
static int step_below(double value, int steps)
{
	return (int)floor(log10(value > 1 ? value : 1) * steps + 1e-9);
}

void heat_axis(struct heat_axis *a, const struct hist *h, int rows)
{
	double fast = hist_percentile(h, 0.1), slow = hist_percentile(h, 1);
	int low = 0, top = 0, steps = 1;

	rows = rows < 2 ? 2 : rows > HEAT_ROWS_MAX ? HEAT_ROWS_MAX : rows;
	if (isnan(slow))
		fast = slow = 1e6;
	for (size_t i = 0; i < sizeof steps_list / sizeof steps_list[0]; i++) {
		steps = steps_list[i];
		low = step_below(fast, steps);
		top = step_below(slow, steps);
		if (top - low <= rows - 2)
			break;
	}
	if (top - low > rows - 2)
		low++;
	a->rows = rows;
	a->steps = steps;
	for (int i = 0; i < rows - 1; i++)
		a->edge[i] = edge_of(low + i, steps);
}

void heat_count(const struct heat_axis *a, const struct hist *h, uint64_t out[HEAT_ROWS_MAX])
{
	int row = 0;

	memset(out, 0, HEAT_ROWS_MAX * sizeof out[0]);
	for (unsigned bin = 0; bin < TACH_HIST_BINS; bin++) {
		if (!h->bins[bin])
			continue;
		while (row < a->rows - 1 && (double)tach_hist_floor(bin) + (double)tach_hist_width(bin) / 2 >= a->edge[row])
			row++;
		out[row] += h->bins[bin];
	}
}

int heat_level(uint64_t events, uint64_t fullest)
{
	double share = fullest ? (double)events / (double)fullest : 0, least = 0.4;
	int level = THEME_HEATS - 1;

	if (!events)
		return -1;
	for (; level > 0 && share < least; level--)
		least /= 10;
	return level;
}

void heat_draw(struct canvas *c, struct rect r, int col, const struct theme_glyphs *g, const struct heat_axis *a,
	const struct hist *h)
{
	uint64_t count[HEAT_ROWS_MAX], fullest = 0;

	heat_count(a, h, count);
	for (int i = 0; i < a->rows; i++)
		fullest = count[i] > fullest ? count[i] : fullest;
	for (int i = 0; i < a->rows; i++) {
		int level = heat_level(count[i], fullest);

		if (level >= 0)
			canvas_put(c, r.row + r.rows - 1 - i, col, (enum role)(ROLE_HEAT0 + level), g->heats[level]);
	}
}

/* An edge is worth a label when it is 1 (always), or 3 or 2 and 5 (where the axis is coarse enough) times a power of
 * ten; rounded, as 10^(1/2) is called 3. Returns 0 for the others. */
static double round_edge(double edge, int steps)
{
	double power = pow(10, floor(log10(edge) + 1e-9)), m = edge / power;

	if (m < 1.01)
		return power;
	if (steps == 2 || (steps < 12 && steps % 2 == 0))
		return fabs(m - sqrt(10)) < 0.01 ? 3 * power : 0;
	if (steps == 3)
		return (m < 3 ? 2 : 5) * power;
	return 0;
}

/* A round value without decimals: "300us", "10ms", "1s"; "300", "10k". */
static void round_value(char *buf, size_t size, double v, bool seconds)
{
	static const char *const units[][4] = { { "", "k", "M", "G" }, { "ns", "us", "ms", "s" } };
	size_t u = 0;

	for (; u < 3 && v > 999.5; u++)
		v /= 1000;
	snprintf(buf, size, "%.0f%s", v, units[seconds][u]);
}

const char *heat_label(char *buf, size_t size, const struct heat_axis *a, int row, bool seconds)
{
	double edge = a->edge[row ? row - 1 : 0], called = round_edge(edge, a->steps);
	bool end = row == 0 || row == a->rows - 1;
	char text[FMT_SIZE];

	buf[0] = '\0';
	if (called == 0 && !end)
		return buf;
	round_value(text, sizeof text, called > 0 ? called : edge, seconds);
	snprintf(buf, size, "%s%s", row == 0 ? "<" : end ? ">=" : "", text);
	return buf;
}
