/* What a hit of a probe costs here, by a hundred hits of tach's own: before the target pays any. */
#ifndef TACH_SOURCE_BPF_FN_TRIAL_H
#define TACH_SOURCE_BPF_FN_TRIAL_H

#include "source/bpf/fn_entry.h"
#include "source/bpf/fn_link.h"

/* Remembers what it has measured. All zero to begin with. */
struct fn_trial {
	double price[FN_ENTRIES][2];  /* of a call: counted, timed; 0: not measured yet, NaN: it could not be */
	struct fn_links links;        /* probes in tach that are still to be taken out */
};

/* Seconds that a call of a function beginning like that takes longer when it is counted, or timed; NaN: not known. */
double fn_trial_price(struct fn_trial *t, const struct fn_bpf *s, bool many, const struct fn_entry *entry, bool timed);

void fn_trial_end(struct fn_trial *t); /* takes a tenth of a second */

#endif
