/*
 * Looking at the target's sockets, tick by tick, each within a share of the time that passed.
 *
 * New sockets are found by dumps of all that there are, as often as their price allows: rarely while the number of the
 * target's descriptors stays the same. In between, connections that are known are asked for one by one. Where the target
 * has too many for that only the dump says what they moved, and if it takes several ticks there is nothing to say in the
 * ticks between.
 */
#ifndef TACH_SOURCE_SOCKDIAG_SURVEY_H
#define TACH_SOURCE_SOCKDIAG_SURVEY_H

#include "source/sockdiag/cgroups.h"
#include "source/sockdiag/holders.h"
#include "source/sockdiag/ledger.h"
#include "source/sockdiag/spaces.h"

struct survey {
	struct spaces spaces;
	struct holders *holders;
	struct cgroups cgroups;
	struct ledger ledger;
	size_t at;          /* namespace that is being looked at */
	bool going;         /* a cycle is under way */
	bool others;        /* it looks also at those that are no connections */
	bool signs;         /* something told of new sockets since the last search for them */
	uint64_t files;     /* descriptors of the target */
	nsec_t last;        /* tick */
	unsigned ticks;     /* that the newest dump of connections took */
	struct err failure; /* of the newest dump; code 0: none */
};

void survey_open(struct survey *s);
void survey_close(struct survey *s);

/* Returns whether all sockets that are watched have been looked at: then the ledger is complete. */
bool survey_tick(struct survey *s, const struct target *t);

#endif
