/* Tables as they were at a moment: what a paused screen shows while the store goes on. */
#ifndef TACH_UI_FROZEN_H
#define TACH_UI_FROZEN_H

#include "model/store.h"

struct frozen {
	struct table *tables; /* own their rows and texts */
	size_t count;
};

/* Copies of all tables of the newest tick, or of what was frozen before; *out must be empty. */
void frozen_take(struct frozen *out, const struct store *st);
void frozen_copy(struct frozen *out, const struct frozen *from);
void frozen_drop(struct frozen *f); /* empty again */

const struct table *frozen_table(const struct frozen *f, const char *name); /* NULL: none */

#endif
