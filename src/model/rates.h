/* Tables with their counters turned into rates per second, row by row, by the row's key. */
#ifndef TACH_MODEL_RATES_H
#define TACH_MODEL_RATES_H

#include "model/sample.h"

struct rates;

struct rates *rates_new(void);
void rates_free(struct rates *r);

/* Computes against the sample in which each counter was read before. One that was not read in this one keeps its rate
 * for as long as it took to measure that, twice over, and then has none. Texts of the tables stay those of s, which must
 * live until the next call. */
void rates_take(struct rates *r, const struct sample *s);

const struct table *rates_table(const struct rates *r, const char *name); /* NULL: none */
const struct table *rates_table_at(const struct rates *r, size_t i);      /* those of the newest sample; NULL at the end */

#endif
