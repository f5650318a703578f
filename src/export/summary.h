/* What a whole run came to: gathered tick by tick, so that its length costs nothing. */
#ifndef TACH_EXPORT_SUMMARY_H
#define TACH_EXPORT_SUMMARY_H

#include "export/reading.h"

#include <stdio.h>

struct summary;

struct summary *summary_new(void);
void summary_free(struct summary *s);

void summary_take(struct summary *s, const struct store *st); /* the newest tick */
size_t summary_ticks(const struct summary *s);

/* Blocks of counters, levels, derived values and histograms, then what had no value, by reason; 80 columns. */
void summary_put(const struct summary *s, FILE *out, const struct store *st);

#endif
