/* What the kernel's tracepoints know of the target, by eBPF programs: one group of them fails, the others go on. */
#ifndef TACH_SOURCE_BPF_BPF_H
#define TACH_SOURCE_BPF_BPF_H

#include "source/source.h"

extern const struct source_ops source_bpf;

#endif
