/* What the user wants of sources that is not a number to be shown: questions, and groups to be switched on and off.
 * Kept here until whoever has the session takes them. */
#ifndef TACH_UI_ASKS_H
#define TACH_UI_ASKS_H

#include "ui/layout.h"

#include <stdbool.h>

#define ASKS_WAITING 8

struct ask {
	const char *source; /* "bpf" */
	char text[40];      /* "on sys" */
};

struct asks {
	const char *on[LAYOUT_PANES]; /* the group that was switched on for each pane; NULL: none */
	struct ask list[ASKS_WAITING];
	int count;
};

void asks_put(struct asks *a, const char *source, const char *text);
bool asks_take(struct asks *a, struct ask *out); /* the oldest; false: none waits */

/* Switches a pane from the group that it has to another one; NULL: none. */
void asks_switch(struct asks *a, int pane, const char *group);

#endif
