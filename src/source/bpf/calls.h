/* System calls by number: their names, and what a thread that is blocked in one waits for. */
#ifndef TACH_SOURCE_BPF_CALLS_H
#define TACH_SOURCE_BPF_CALLS_H

#include "source/bpf/shared.h"

const char *calls_name(u32 number); /* NULL: unknown to this build */
u32 calls_number(const char *name); /* CALL_NONE: this architecture has none such */
void calls_fill_causes(u8 causes[CALLS]);
const char *calls_cause_name(u32 cause); /* "lock" */

#endif
