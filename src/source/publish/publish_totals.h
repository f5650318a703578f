/*
 * The published numbers by name, added up over writers, publishers and processes. A total never goes back: what a
 * publisher had counted is kept when it goes, and what it had counted before tach came is left out.
 */
#ifndef TACH_SOURCE_PUBLISH_TOTALS_H
#define TACH_SOURCE_PUBLISH_TOTALS_H

#include "base/err.h"
#include "model/sample.h"
#include "source/publish/publish_parse.h"

#include <stddef.h>

#define PUBLISH_TOTALS_MAX 64 /* names of one session */

/* Where what a publisher has goes: into the total of this tick, into every later one, or out of every later one. */
enum publish_into { PUBLISH_NOW, PUBLISH_KEEP, PUBLISH_LEAVE_OUT };

struct publish_totals;

struct publish_totals *publish_totals_new(struct registry *registry); /* borrowed */
void publish_totals_free(struct publish_totals *t);

/* The number of the total that a published name goes to, made if it is new; -1 with the reason when it cannot be
 * shown. */
int publish_totals_find(struct publish_totals *t, const struct publish_name *name, struct err *why);

void publish_totals_begin(struct publish_totals *t); /* a new tick */
void publish_totals_count(struct publish_totals *t, int which, uint64_t count, enum publish_into into);
void publish_totals_level(struct publish_totals *t, int which, double level);
void publish_totals_bins(struct publish_totals *t, int which, const struct hist *h, enum publish_into into);

/* Puts every total. A gauge that nobody sets is a gap. */
void publish_totals_put(struct publish_totals *t, struct sample *out);

#endif
