/*
 * What locks are called, what kind they are, and where threads stand that wait for them or hold them: asked of the symbol
 * room's thread, known some ticks later. Bounded by the locks of the report.
 */
#ifndef TACH_SOURCE_BLOCKED_NAMING_H
#define TACH_SOURCE_BLOCKED_NAMING_H

#include "source/blocked/sampler.h"
#include "source/callers.h"

struct lock_info {
	uint64_t key[2];
	bool named;
	char name[64];                  /* "conn_tbl"; "" not known yet */
	enum lock_nature nature;
	char at[2][96];                 /* by enum stack_role: "fwd.c:212"; "" not known */
};

struct naming;

struct naming *naming_open(void);
void naming_close(struct naming *n); /* NULL is fine */

/* Asks and takes answers; tells the sampler of locks whose nature came out. */
void naming_read(struct naming *n, const struct target *t, const struct report *r, struct sampler *s);

/* NULL: nothing is known of it. */
const struct lock_info *naming_find(const struct naming *n, const uint64_t key[2]);

/* The table lock_sites. True: there have been more places than are kept. */
bool naming_put_sites(const struct naming *n, struct sample *out);

#endif
