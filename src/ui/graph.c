/* Graphs over time. Knows points and cells, nothing of metrics. */
#include "ui/graph.h"

#include <math.h>

double graph_top(double largest)
{
	static const double steps[] = { 1, 1.5, 2, 3, 5 };
	double power;

	if (!(largest > 0) || !isfinite(largest))
		return 1;
	power = pow(10, floor(log10(largest)));
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (largest <= steps[i] * power * (1 + 1e-9))
			return steps[i] * power;
	return 10 * power;
}

/* How many eighths of the graph's height a value fills: 1 .. 8 * rows. */
static int level(double value, double top, int rows)
{
	int most = THEME_BARS * rows;
	double v = ceil(value / top * most - 1e-9);

	return v < 1 ? 1 : v > most ? most : (int)v;
}

static void draw_column(struct canvas *c, struct rect r, int col, const struct theme_glyphs *g, int eighths)
{
	for (int row = r.row + r.rows - 1; eighths > 0 && row >= r.row; row--, eighths -= THEME_BARS)
		canvas_put(c, row, col, ROLE_GRAPH, g->bars[eighths > THEME_BARS ? THEME_BARS - 1 : eighths - 1]);
}

void graph_draw(struct canvas *c, struct rect r, const struct theme_glyphs *g, const struct point *columns, int count)
{
	double largest = 0, top;

	for (int i = 0; i < count; i++)
		if (point_has_value(columns[i]) && columns[i].value > largest)
			largest = columns[i].value;
	top = graph_top(largest);
	for (int i = 0; i < count; i++)
		if (point_has_value(columns[i]))
			draw_column(c, r, r.col + r.cols - count + i, g, level(columns[i].value, top, r.rows));
}
