/* The parts of a zoomed pane below each other: which of them there is room for, and how many rows each gets. */
#ifndef TACH_UI_BLOCKS_H
#define TACH_UI_BLOCKS_H

#include <stddef.h>

struct block {
	int least, good; /* rows that it needs, and that it can fill; good 0: it has nothing to show */
	int rank;        /* 0 has its rows first; no two alike */
	int rows;        /* what it gets; 0: left out */
};

/* Gives by rank every part its least rows, if they still fit, and then by rank the rest up to what is good. Rank 0 gets
 * what there is where its least does not fit. */
void blocks_share(struct block blocks[], size_t count, int rows);

#endif
