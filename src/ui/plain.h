/*
 * The screen in sentences: for a screen reader, which cannot look at a table that moves, and for logs. All of it once,
 * then only what has changed: the rows of first rank, by their means over one column of time. Prints nothing.
 */
#ifndef TACH_UI_PLAIN_H
#define TACH_UI_PLAIN_H

#include "model/store.h"
#include "ui/screen.h"

struct plain; /* what has been told so far */

struct plain *plain_new(void);
void plain_free(struct plain *p);

/* What there is to say after a sample, one sentence a line, each line ended; NULL: nothing. The caller frees. */
char *plain_say(struct plain *p, struct screen *s, const struct store *st);

/* "pktgate exited with status 3": how the target ended. */
const char *plain_end(char *buf, size_t size, const struct store *st);

#endif
