/* Sums of waiting by a pair of numbers: by lock, and by who waits for whom. Bounded: what does not fit is counted. */
#ifndef TACH_SOURCE_BLOCKED_TALLY_H
#define TACH_SOURCE_BLOCKED_TALLY_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_MOST 1024

struct tally_row {
	uint64_t key[2];
	nsec_t wait, used; /* estimated sum; when it last grew */
	nsec_t heat;       /* what was waited lately: sinks by a tenth each time it is aged */
	uint32_t owner;    /* of a lock: tid of its last known one, 0: unknown */
	uint32_t looks;    /* that found somebody there */
	bool contends;     /* of a lock: it is one, though it waits as a condition variable does (a read-write lock) */
};

struct tally {
	struct tally_row rows[TALLY_MOST];
	size_t count;
	uint16_t index[4 * TALLY_MOST]; /* place + 1, by open addressing */
	uint64_t lost;                  /* waits that found no place */
};

/* Adds to the row of a key, which is made if there is none. NULL: there is no place. */
struct tally_row *tally_add(struct tally *t, uint64_t a, uint64_t b, nsec_t wait, nsec_t now);

/* NULL: there is none. */
struct tally_row *tally_find(struct tally *t, uint64_t a, uint64_t b);

/* Forgets rows that have not grown for two minutes; sorts the others, the hottest first. */
void tally_age(struct tally *t, nsec_t now);

#endif
