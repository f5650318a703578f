/* The same index as BPF programs compile it: without the compiler's builtin. */
#include <stdint.h>
#define __bpf__ 1
#include "test_histogram.c"
