/* libpfm4: the names of the events of each CPU model. Without the library every function says so. */
#ifndef TACH_SOURCE_PERF_PFM_H
#define TACH_SOURCE_PERF_PFM_H

#include "source/perf/event.h"

/* Encodes a name of libpfm4's. 0, or -1 with a sentence. */
int perf_pfm_parse(const char *name, struct perf_code *out, struct err *e);

/* What libpfm4 takes this CPU for ("Intel Icelake"); NULL when it does not know the model or is not there. */
const char *perf_pfm_cpu(void);

#endif
