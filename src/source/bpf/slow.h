/* The slowest events of the last minute, a few of each kind, and what they waited for. */
#ifndef TACH_SOURCE_BPF_SLOW_H
#define TACH_SOURCE_BPF_SLOW_H

#include "base/clock.h"
#include "model/sample.h"

struct slow;

struct slow *slow_new(void);
void slow_free(struct slow *s); /* NULL is fine */

/* An event of a histogram metric (the name is static) that ended at `when`, CLOCK_MONOTONIC. Texts are copied; they are
 * clean: "rx1/18233", "conn_tbl 3.7ms". */
void slow_add(struct slow *s, const char *metric, nsec_t when, nsec_t took, const char *thread, const char *waited);

/* Events of a metric that take no longer than this need not be told: there are slower ones. */
nsec_t slow_threshold(const struct slow *s, const char *metric);

void slow_forget(struct slow *s, nsec_t now); /* what is older than a minute */
void slow_put(const struct slow *s, nsec_t now, struct sample *out); /* the table `slow`, when there is anything */

#endif
