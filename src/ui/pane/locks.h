/* The parts of the locks pane, for each other only. */
#ifndef TACH_UI_PANE_LOCKS_H
#define TACH_UI_PANE_LOCKS_H

#include "ui/cells.h"
#include "ui/pane.h"

/* What is waited for at this moment: locks, the most waited for first, then what threads wait at for work. */
struct locks {
	struct cells cells;
	struct order order; /* rows of the cells */
	size_t contended;  /* the first so many of them are locks */
	double threads;    /* of the target; 0: unknown */
};

struct locks locks_of(const struct view *v);
void locks_drop(struct locks *l);

extern const struct order_rules locks_order;

/* The first digits of a number, -1 for an unknown one: what is almost alike keeps its place when it is sorted. */
double locks_rounded(double v, int digits);

/* "181ms", "~181ms" where it was sampled, "-" where it is nothing or unknown. */
const char *locks_seconds(char buf[VALUE_SIZE], const struct cells *c, double seconds);

/* The rows `first` .. `first + count - 1` of the order that there is room for, the selected one among them; with the
 * heads in a line of their own above. */
void locks_draw_list(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t first,
	size_t count, bool heads);

/* The first `count` of them on the grid of an unzoomed pane. */
void locks_draw_lines(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t count);

/* Call sites of a lock, who waits where beside who holds where; how many there are of each, and the rows that they want
 * in that width with at most `most` of each. */
struct locks_sites {
	size_t wait, hold;
};

struct locks_sites locks_count_sites(const struct view *v, const struct locks *l, size_t row);
int locks_sites_rows(struct locks_sites sites, int cols, int most);
void locks_draw_sites(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t row);

/* Who waits for whom, and the chains of waiting now; and how many lines they are, without rule line and heads. */
int locks_count_pairs(const struct view *v);
void locks_draw_pairs(const struct view *v, struct canvas *c, struct rect r);

#endif
