/* The first two lines: what is watched, for how long, where, when; and where its threads' time goes. */
#ifndef TACH_UI_HEADER_H
#define TACH_UI_HEADER_H

#include "ui/canvas.h"
#include "ui/view.h"

#include <stdbool.h>

struct header {
	nsec_t interval;     /* refresh */
	bool paused;
	nsec_t behind;       /* how old the moment shown is, when paused */
	const char *why_key; /* of the screen that says what is missing; "" when no key does */
};

void header_draw(const struct header *h, const struct view *v, struct canvas *c, struct rect r);
void header_bar(const struct view *v, struct canvas *c, struct rect r);

/* "14:31:07" of a wall time. */
const char *header_clock(char *buf, size_t size, nsec_t wall, bool utc);

#endif
