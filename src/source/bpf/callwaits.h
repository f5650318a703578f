/* Waits by system call: the table `syscalls`. */
#ifndef TACH_SOURCE_BPF_CALLWAITS_H
#define TACH_SOURCE_BPF_CALLWAITS_H

#include "base/clock.h"
#include "base/err.h"
#include "model/sample.h"
#include "source/bpf/shared.h"

struct callwaits;

struct callwaits *callwaits_open(int map, struct err *e);
void callwaits_close(struct callwaits *w); /* NULL is fine */

/* The rows of all calls that ever blocked; key: the number of the call. */
void callwaits_put(struct callwaits *w, u64 epoch, nsec_t now, struct sample *out);

#endif
