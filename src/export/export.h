/*
 * Numbers for others to read: each format is one file and one row of the table. An exporter sees the store as const and
 * writes to the stream that it is given; it knows neither where that leads nor who drives it. Write errors are left in
 * the stream for the caller to find.
 */
#ifndef TACH_EXPORT_EXPORT_H
#define TACH_EXPORT_EXPORT_H

#include "base/err.h"
#include "model/store.h"

#include <stdbool.h>
#include <stdio.h>

struct export_options {
	bool utc; /* times that a person reads; the machine formats are always UTC */
	const char *latency; /* the kind that a format with room for one shows (model/latency.h); NULL: the first */
};

/* Why a run ended. */
struct export_end {
	const char *reason; /* one word: "exited", "ended", "time", "ticks", "signal" */
	int status;         /* exit status of the target, as a shell has it; -1: not known */
};

struct export_ops {
	const char *name; /* "json" */
	const char *help; /* one sentence */

	/* Once, when the store has its first interval (or, where there never was one, right before end()). The state
	 * belongs to end(), which frees it. */
	void *(*begin)(FILE *out, const struct store *st, const struct export_options *o);

	/* Once for every interval: the newest tick of the store. */
	void (*tick)(void *state, FILE *out, const struct store *st);

	/* note becomes a sentence about what the format could not hold, "" when there is nothing to say. */
	void (*end)(void *state, FILE *out, const struct store *st, const struct export_end *why, struct err *note);
};

extern const struct export_ops *const export_table[]; /* NULL-ended; the first is the default */

const struct export_ops *export_find(const char *name); /* NULL: no such format */

#endif
