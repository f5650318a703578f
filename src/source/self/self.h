/* What tach itself costs, as metrics like any other. */
#ifndef TACH_SOURCE_SELF_SELF_H
#define TACH_SOURCE_SELF_SELF_H

#include "source/source.h"

extern const struct source_ops source_self;

#endif
