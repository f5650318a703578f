/*
 * A source reports totals and facts for a target: never rates, never pictures, never a print.
 *
 * Order: probe, open, read..., close. All but probe run on the sampler thread. read() is bounded: what cannot be had
 * within its share of the tick is left out and said so (POINT_PARTIAL, table.left_out). A source puts every metric
 * that was wanted at every tick: a value, or denied or absent with the reason, or it leaves a gap.
 */
#ifndef TACH_SOURCE_SOURCE_H
#define TACH_SOURCE_SOURCE_H

#include "base/err.h"
#include "model/sample.h"
#include "source/handover.h"
#include "target/target.h"

#include <stdatomic.h>

struct source_env {
	struct registry *registry; /* rows that appear later (published, -e EVENT) are added here */
	metric_id first;           /* id of ops->metrics[0]; the others follow. A source that shares metrics with an earlier
	                            * one asks the registry for their ids: those below this are that one's */
	const bool *wanted;        /* one flag for each of ops->metrics */
	const char *const *events; /* -e EVENT of the command line, NULL-ended; for perf */
	const char *const *functions; /* --fn SYMBOL of the command line, NULL-ended or NULL; for bpf */
	double max_cost;           /* --max-cost: most that measuring may cost the target, ratio of its time; 0: not said */
	bool force;                /* --force: measure also what costs more than the source would allow itself */
	const atomic_ullong *terminal_bytes; /* written to the terminal so far; for tach's own cost */
	bool children;             /* children are followed */
	struct handover *handover; /* of counters from one source to another; NULL: there is none */
};

/* A part of a source that is loaded, and costs something, for itself. */
struct source_probe {
	const char *name, *summary;
	double target, others; /* nanoseconds that an event of the target, or of anybody else, costs; 0: too rare to count */
	const char *how;       /* what asks for it; NULL: that its numbers are wanted */
};

struct source_ops {
	const char *name;             /* "proc" */
	const char *summary;          /* one line for `tach list sources` */
	const struct metric *metrics; /* rows live beside the code that fills them */
	size_t nmetrics;
	bool takes_counters;          /* may be opened only to take over another source's: env.handover */

	/* Could this run here at all? False with the sentence why, and in fix the one command that would mend it (or "").
	 * No side effects that outlive it. */
	bool (*probe)(struct err *why, struct err *fix);

	/* Returns the source's state, or NULL with e. The target and env outlive the state. */
	void *(*open)(const struct source_env *env, const struct target *t, struct err *e);

	/* Fills one tick. The target's sets may have changed since the last (target_generation()). */
	void (*read)(void *state, const struct target *t, struct sample *out);

	/* A person asked for what is too dear for the tick (smaps_rollup), or for something to be switched on or off; NULL
	 * where there is nothing such. The answer is one line of text. */
	void (*ask)(void *state, const struct target *t, const char *question, char *answer, size_t size);

	void (*close)(void *state);

	/* Its probes as its tables have them, from 0 on; false behind the last. NULL: it has none. */
	bool (*describe)(size_t i, struct source_probe *out);
};

extern const struct source_ops *const source_table[]; /* explicit list, NULL-ended */

#endif
