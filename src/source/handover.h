/*
 * Counters of a target with very many threads. Opened on each thread they cost descriptors, a look at each at the tick,
 * and time at each switch; so above some number the source that opens them offers them to one that counts them once a
 * CPU while the target's threads run there. Neither knows the other: they meet here. Only the sampler's thread writes.
 */
#ifndef TACH_SOURCE_HANDOVER_H
#define TACH_SOURCE_HANDOVER_H

#include "model/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDOVER_THREADS 256 /* above, counters are offered */
#define HANDOVER_EVENTS 32   /* at most; a group that does not fit stays where it is */

/* What one of the two writes, the other answers: asked (giver), ready or refused (taker), done (giver). */
enum handover_state {
	HANDOVER_NONE,
	HANDOVER_ASKED,
	HANDOVER_READY,  /* it counts; from when the giver has stopped on it reports */
	HANDOVER_REFUSED,
	HANDOVER_DONE    /* the giver's metrics are the taker's */
};

struct handover_event {
	metric_id id;
	uint32_t type;          /* and the rest, as in struct perf_event_attr */
	uint64_t config, config1, config2;
	bool exclude_user, exclude_kernel;
	unsigned group;         /* events of one group are counted together; they stand side by side */
	double unit;            /* of one count */
	double before;          /* counted by the giver; set when it is done */
};

struct handover {
	enum handover_state state;
	bool taker;             /* a source that could take them is open */
	size_t threads;         /* that the target had when it was asked */
	struct handover_event events[HANDOVER_EVENTS]; /* not changed from asked on, but for `before` */
	size_t nevents;
};

#endif
