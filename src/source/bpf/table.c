/* The groups, in the order of loading; the first says who belongs to the target. */
#include "source/bpf/id.h"
#include "source/bpf/sched.h"

const struct group_ops *const group_table[] = {
	&group_id,
	&group_sched,
	NULL,
};
