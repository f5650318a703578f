/*
 * Looking at the target's sockets, tick by tick, each within a share of the time that passed.
 *
 * New connections are found by a dump of all that there are, as often as its price allows; in between, those that are known
 * are asked for one by one. Where the target has too many for that only the dump says what they moved, and if it takes
 * several ticks there is nothing to say in the ticks between.
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
	nsec_t last;        /* tick */
	unsigned ticks;     /* that the newest dump of connections took */
	struct err failure; /* of the newest dump; code 0: none */
};

void survey_open(struct survey *s);
void survey_close(struct survey *s);

/* Returns whether all sockets that are watched have been looked at: then the ledger is complete. */
bool survey_tick(struct survey *s, const struct target *t);

#endif
