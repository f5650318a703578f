/* What threads wait for, estimated by looking at them some ten times a second: where no probe may be loaded. */
#ifndef TACH_SOURCE_BLOCKED_H
#define TACH_SOURCE_BLOCKED_H

#include "source/source.h"

extern const struct source_ops source_blocked;

#endif
