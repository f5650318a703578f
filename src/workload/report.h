/* The summary that a workload prints when it ends: one aligned line each. */
#ifndef TACH_WORKLOAD_REPORT_H
#define TACH_WORKLOAD_REPORT_H

#include "workload/workload.h"

/* The first line, and the lines that all have: operations, their rate, bytes, CPU time of the process for each. */
void report_work(const struct workload_run *r, const char *name, uint64_t ops, uint64_t bytes, nsec_t cpu);

/* "  sent            123 packets". */
void report_line(const struct workload_run *r, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Percentiles of a published histogram of nanoseconds; says so when it is empty. */
void report_latency(const struct workload_run *r, const char *label, struct tach_histogram h);

#endif
