/* The groups, in the order of loading; the first says who belongs to the target. */
#include "source/bpf/blk.h"
#include "source/bpf/dev.h"
#include "source/bpf/fn.h"
#include "source/bpf/hw.h"
#include "source/bpf/id.h"
#include "source/bpf/klock.h"
#include "source/bpf/mem.h"
#include "source/bpf/sched.h"
#include "source/bpf/sys.h"
#include "source/bpf/sock.h"
#include "source/bpf/wire.h"

const struct group_ops *const group_table[] = {
	&group_id,
	&group_sched,
	&group_blk,
	&group_lock,
	&group_mem,
	&group_sys, /* after sched: it fills rows that the waits have begun */
	&group_sock,
	&group_wire,
	&group_dev,  /* after sock: it knows sockets by that */
	&group_fn,
	&group_hw,
	NULL,
};

_Static_assert(sizeof group_table / sizeof *group_table - 1 <= PRICE_GROUPS, "the meter has a place for each");
