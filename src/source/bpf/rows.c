/* The rows of the bpf source. */
#include "source/bpf/rows.h"

const struct metric bpf_rows[BPF_METRIC_COUNT] = {
#define X(id, name_, label_, kind_, unit_, help_) \
	{ .name = name_, .label = label_, .help = help_, .kind = METRIC_##kind_, .unit = UNIT_##unit_ },
	BPF_METRICS(X)
#undef X
};
