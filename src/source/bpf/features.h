/* What this kernel can do, found by trying. */
#ifndef TACH_SOURCE_BPF_FEATURES_H
#define TACH_SOURCE_BPF_FEATURES_H

#include "source/bpf/group.h"

void features_find(const struct btf *kernel, struct bpf_features *out);

#endif
