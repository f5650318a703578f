/* Which entry of a pane's list is selected. In a list whose order changes an entry is remembered by its identity, so
 * that what was chosen stays chosen when others come, go or overtake it. */
#ifndef TACH_UI_SELECTION_H
#define TACH_UI_SELECTION_H

#include "ui/pane.h"

struct selection {
	char identity[PANE_IDENTITY_SIZE]; /* "": none was chosen yet, or the pane's list has none */
	int index;                         /* its place the last time */
	bool held;
};

/* Its place in the list at this moment. What is gone for a while leaves its place to whatever stands there then. */
int selection_index(struct selection *s, const struct pane_ops *p, const struct view *v);

/* While the screen stands still, what is selected because nobody chose anything stays so. */
void selection_hold(struct selection *s, const struct pane_ops *p, const struct view *v);
void selection_release(struct selection *s);

void selection_move(struct selection *s, const struct pane_ops *p, const struct view *v, int rows);

#endif
