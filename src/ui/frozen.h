/* A table as it was at a moment: what a paused screen shows while the store goes on. */
#ifndef TACH_UI_FROZEN_H
#define TACH_UI_FROZEN_H

#include "model/sample.h"

/* Copies rows and texts of a table of the store; *out must be empty. NULL: it stays empty (without def). */
void frozen_take(struct table *out, const struct table *now);
void frozen_drop(struct table *t); /* empty again */

#endif
