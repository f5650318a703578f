/* What /proc and the cgroup tree say of the target. */
#ifndef TACH_SOURCE_PROC_PROC_H
#define TACH_SOURCE_PROC_PROC_H

#include "source/source.h"

extern const struct source_ops source_proc;

#endif
