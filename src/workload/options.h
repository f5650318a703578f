/* The command line of a workload, read by its rows. */
#ifndef TACH_WORKLOAD_OPTIONS_H
#define TACH_WORKLOAD_OPTIONS_H

#include "workload/workload.h"

/* The rows of workload_common, in this order. */
enum { WORKLOAD_DURATION, WORKLOAD_PARENT, WORKLOAD_COMMON };

/* Fills the values of the workload's own rows and of workload_common with their defaults, then from argv[0..argc - 1].
 * Returns 0, or -1 with one sentence. */
int workload_options(const struct workload_ops *w, int argc, char **argv, uint64_t own[WORKLOAD_OPTIONS_MAX],
	uint64_t common[WORKLOAD_COMMON], struct err *e);

#endif
