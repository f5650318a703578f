/*
 * The built-in workloads: ordinary programs that do real work, prove it by their own counts, and publish what they do
 * through tach/publish.h like any other program. They know nothing of how they are watched.
 *
 * tach starts one as a child: `tach run --no-dash NAME [options]` comes to workload_main().
 */
#ifndef TACH_WORKLOAD_WORKLOAD_H
#define TACH_WORKLOAD_WORKLOAD_H

#include "base/clock.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <tach/publish.h>

enum workload_type {
	WORKLOAD_COUNT, /* "1000", "10k": packets, threads (1000) */
	WORKLOAD_SIZE,  /* bytes: "64", "1k" (1024) */
	WORKLOAD_TIME,  /* "10s"; nanoseconds */
	WORKLOAD_TYPES
};

struct workload_option {
	const char *name;     /* "size": --size VALUE or --size=VALUE */
	const char *argument; /* "BYTES" in help */
	const char *value;    /* default, as it would be given */
	enum workload_type type;
	uint64_t min, max;
	const char *help;     /* one sentence */
};

#define WORKLOAD_OPTIONS_MAX 16

/* One run. A workload reads the first three and calls the functions below. */
struct workload_run {
	uint64_t value[WORKLOAD_OPTIONS_MAX]; /* of the workload's own rows */
	struct tach_publisher *publisher;     /* may be NULL */
	atomic_bool stop;                     /* threads end soon after it is set */
	nsec_t began, elapsed;                /* when workload_wait() was called, and how long it waited */
	nsec_t duration;                      /* 0: until it is stopped */
	FILE *out;                            /* for the summary */
	int signals, parent;                  /* descriptors: end when readable; parent -1: nobody's child */
};

struct workload_ops {
	const char *name;
	const char *summary; /* one line */
	const char *method;  /* one paragraph: what is done, what is counted, what it cannot tell */
	const char *missing; /* why this build cannot run it, and what would mend it; NULL where it can */
	const struct workload_option *options; /* its own, in the order of workload_run.value */
	size_t noptions;

	/* Starts its threads, waits (workload_wait), ends them, prints its summary. Returns 0, or -1 with the sentence
	 * of what failed, also when its own counts do not add up. */
	int (*run)(struct workload_run *r, struct err *e);
};

extern const struct workload_ops *const workload_table[]; /* explicit list, NULL-ended */

/* Options that every workload has besides its own; ended by a row without a name. */
extern const struct workload_option workload_common[];

const struct workload_ops *workload_find(const char *name); /* NULL: there is none of that name */
int workload_unknown(const char *name, struct err *e);      /* says so, with the nearest one; returns -1 */

/* Runs the workload argv[0] with the options that follow, until --duration is over, a signal asks it to end, or its
 * parent ends. Prints the summary to stdout, an error as one line to stderr. Returns the exit status: 0, 1 failed, 2
 * usage. */
int workload_main(int argc, char **argv);

/* ---- for the workloads ---- */

/* Waits until the run is to end and sets stop. Called once, by the thread that called run(). */
void workload_wait(struct workload_run *r);

#endif
