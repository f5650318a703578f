/* What this kernel has and can do: its tracepoints by its type information, the rest by trying. */
#ifndef TACH_SOURCE_BPF_FEATURES_H
#define TACH_SOURCE_BPF_FEATURES_H

#include "source/bpf/group.h"

/* Reads the kernel's type information (10 MiB while it does) and keeps only the names of its tracepoints. */
void features_find(struct bpf_features *out);
void features_free(struct bpf_features *f);

#endif
