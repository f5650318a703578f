/* What loading programs needs here, and what to say when it is refused. */
#ifndef TACH_SOURCE_BPF_PRIVILEGE_H
#define TACH_SOURCE_BPF_PRIVILEGE_H

#include "base/err.h"

#include <stdbool.h>

/* Whether this process may load tracing programs at all; no side effects. */
bool privilege_has(struct err *why, struct err *fix);

/* The sentence of an errno that loading gave; returns -1. */
int privilege_explain(int error, struct err *why, struct err *fix);

#endif
