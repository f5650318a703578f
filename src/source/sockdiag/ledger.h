/*
 * The sockets of the target and what they moved since tach began to watch. A socket is known by its cookie from the first
 * time that it was found to be the target's until it is no more; what it moved stays in the sums. One that came up after
 * tach began counts from 0, the others from when they were found. Works on what was seen only.
 *
 * A cycle is one look at all sockets that are watched, a round one at all that there are in the target's network namespaces.
 * Moments count what happens: they tell whether a stranger was there already when it was looked who holds what.
 */
#ifndef TACH_SOURCE_SOCKDIAG_LEDGER_H
#define TACH_SOURCE_SOCKDIAG_LEDGER_H

#include "source/sockdiag/idmap.h"
#include "source/sockdiag/message.h"

#define LEDGER_MOST 65536     /* sockets of the target that are watched */
#define LEDGER_STRANGERS 262144 /* and of others that are remembered */

struct watched {
	struct seen seen;            /* as last read */
	uint64_t total[SEEN_TOTALS]; /* since tach began to watch */
	uint64_t moved;              /* segments in the newest cycle */
	uint64_t busy;               /* segments, those of older cycles for less */
	uint32_t cycle;              /* of its last read */
	bool server, placed;         /* its role, once that has been looked up */
	bool ended;                  /* its last word has come */
};

/* A listening socket of a namespace, whoever holds it. */
struct listener {
	struct seen_end local;
	uint8_t space;
	bool ours;
};

struct ledger {
	struct watched *list;
	size_t count, capacity;
	struct idmap cookies;
	struct seen *pending;        /* strangers of this cycle of whom is not known yet whose they are */
	size_t npending, pending_capacity;
	struct listener *fresh, *listeners; /* of this cycle, and of the newest complete one */
	size_t nfresh, fresh_capacity, nlisteners, listeners_capacity;
	bool datagrams;              /* some of those that are watched are of UDP */
	uint32_t cycle, round, moment;
	uint64_t total[SEEN_TOTALS]; /* of TCP sockets */
	uint64_t udp_drops;
	unsigned said;               /* of connections, by bits 1 << enum seen_total */
	size_t connections, counted; /* of anybody: in the newest complete round, and in the one under way */
	size_t left_out;             /* sockets of the target that there was no room for, in this cycle */
	size_t lost;                 /* ended without a last word, or came and went unseen, since the last cycle ended */
};

void ledger_free(struct ledger *l);

void ledger_begin(struct ledger *l);

/* Takes a socket from a dump. ours: somebody of the target holds it. old: it may have moved something before tach began to
 * watch. looked: the moment of holders_complete(). */
void ledger_take(struct ledger *l, const struct seen *s, bool ours, bool old, uint32_t looked);

/* Takes up those of the pending strangers that turn out to be the target's. */
void ledger_adopt(struct ledger *l, bool ours(const void *context, const struct seen *s), const void *context);

/* A socket is no more, and this is how it ended. */
void ledger_end(struct ledger *l, const struct seen *s);

/* Ends a cycle in which all that are watched could be seen: drops who was not there, and places who is new. Without `others`
 * only connections could: sockets that listen, and those of UDP, stay as they are. */
void ledger_finish(struct ledger *l, bool others);

/* Ends a round: forgets strangers that are no more. */
void ledger_sweep(struct ledger *l);

#endif
