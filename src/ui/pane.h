/*
 * A pane: a view of the store. It sees the store as const and draws; drawing changes no data. Most panes are a table of
 * rows and a text for the rule line; what is NULL below is done for them by pane.c.
 */
#ifndef TACH_UI_PANE_H
#define TACH_UI_PANE_H

#include "ui/canvas.h"
#include "ui/layout.h"
#include "ui/order.h"
#include "ui/rows.h"
#include "ui/view.h"

#include <stdbool.h>

#define PANE_ABOUT_SIZE 256
#define PANE_IDENTITY_SIZE 80

/* What the bpf source measures for a pane only when asked, because everybody pays for it. */
struct pane_extra {
	const char *group; /* "sys"; NULL: nothing */
	bool on;           /* it is measured now */
};

struct pane_ops {
	const char *name;         /* "rate": [sections] of keys files */
	const char *title;        /* "Rate" */
	const char *help;         /* one paragraph for the help screen */
	const struct row *rows;
	size_t nrows;
	const char *const *wants; /* metrics that it shows beside those of its rows, NULL-ended; NULL: none */
	int weight;               /* rows it gets in a round when there is room */
	bool optional, side;      /* see struct layout_wish */

	/* The lines of this moment; NULL: those of the rows. */
	size_t (*lines)(const struct pane_ops *self, const struct view *v, struct line *out, size_t max);
	/* What the numbers are, for the rule line; NULL: nothing. */
	void (*about)(const struct view *v, char *buf, size_t size);
	/* Changes the wish that comes from the lines; NULL: leaves it. */
	void (*wish)(const struct view *v, struct rect body, struct layout_wish *w);
	/* Whether it has heads of its own at this moment, so that the rule line has none; NULL: never. */
	bool (*listed)(const struct view *v);
	/* Draws the body, below the rule line. Returns false to have the lines drawn instead; NULL: always. */
	bool (*draw)(const struct view *v, struct canvas *c, struct rect r);
	/* Length of its list when it is zoomed, for the selection; NULL: its lines. */
	int (*count)(const struct view *v);
	/* What an entry of its list is, however the list is ordered, and where that stands now: -1 when it is not there; for
	 * "" the entry that is selected before anybody chose one. NULL, both: an entry is its place. */
	void (*identity)(const struct view *v, int index, char *buf, size_t size);
	int (*find)(const struct view *v, const char *identity);
	/* How the rows of its list can be sorted, where these are rows of a table at this moment, else NULL: then the three
	 * above are not asked. NULL: they never are. */
	const struct order_rules *(*order)(const struct view *v);
	/* At this moment, with that selection; NULL: nothing ever. */
	struct pane_extra (*extra)(const struct view *v);
	bool extra_by_choice; /* choosing an entry asks for what it needs, and leaving it for the end of that */
};

extern const struct pane_ops *const pane_table[]; /* in the order of their numbers, NULL-ended */
size_t pane_count(void);

size_t pane_lines(const struct pane_ops *p, const struct view *v, struct line *out, size_t max);

/* index is its place in the table: panes further down are left out first. */
struct layout_wish pane_wish(const struct pane_ops *p, const struct view *v, struct rect body, int index);
void pane_draw(const struct pane_ops *p, const struct view *v, struct canvas *c, struct rect r);

/* What is drawn where a pane has no draw() or it returned false: its lines, zoomed with what the selected one means. */
void pane_draw_lines(const struct pane_ops *p, const struct view *v, struct canvas *c, struct rect r);

/* Its list at this moment, by order() or by count(), identity() and find() above. */
const struct order_rules *pane_order(const struct pane_ops *p, const struct view *v);
int pane_list(const struct pane_ops *p, const struct view *v);
void pane_identity(const struct pane_ops *p, const struct view *v, int index, char *buf, size_t size);
int pane_find(const struct pane_ops *p, const struct view *v, const char *identity);

/* The names of all metrics that any pane shows, the time bar and units included: NULL-ended, the caller frees the
 * array and not the names. */
const char **pane_wants(void);

#endif
