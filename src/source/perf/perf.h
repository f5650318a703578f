/* Counters of the CPU and the kernel by perf_event_open(2): cycles, cache misses, switches, and any event by name. */
#ifndef TACH_SOURCE_PERF_PERF_H
#define TACH_SOURCE_PERF_PERF_H

#include "source/source.h"

extern const struct source_ops source_perf;

/* Whether `-e name` means an event, so that a mistyped one is refused before anything starts. Names are the kernel's
 * generic ones ("cycles", "LLC-load-misses"), "rNNNN" (raw, hexadecimal) and libpfm4's ("PMU::EVENT:UMASK"), each with
 * ":u" or ":k" for one half only. Returns 0, or -1 with a sentence that has the nearest name where there is one.
 * An event that this CPU cannot count is not an error here: its row says so. */
int perf_event_check(const char *name, struct err *e);

#endif
