/* What programs say of themselves: counters, gauges and latencies that they publish through tach/publish.h. */
#ifndef TACH_SOURCE_PUBLISH_SOURCE_H
#define TACH_SOURCE_PUBLISH_SOURCE_H

#include "source/source.h"

extern const struct source_ops source_publish;

#endif
