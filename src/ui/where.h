/*
 * Where thread time goes: the parts of the bar with their names and amounts. The scheduler's probe tells every wait by
 * its cause; without it there is what /proc counts, and the rest is a wait of unknown cause.
 */
#ifndef TACH_UI_WHERE_H
#define TACH_UI_WHERE_H

#include "ui/bar.h"
#include "ui/cells.h"
#include "ui/view.h"

struct where {
	bool exact;                    /* the waits are known by their causes */
	const char *label[PART_COUNT]; /* "usr"; NULL: nobody measures this part */
	struct point part[PART_COUNT]; /* thread-seconds a second */
	double sum;                    /* of the parts that are known */
};

extern const char *const where_wants[]; /* metrics, NULL-ended */

struct where where_of_target(const struct view *v);
struct where where_of_thread(const struct cells *threads, size_t row);

/* " █usr ▓sys ...": the fills of the bar. */
void where_legend(char *buf, size_t size, bool exact, const struct theme_glyphs *g);

void where_draw(const struct where *w, const struct view *v, struct canvas *c, struct rect r);

#endif
