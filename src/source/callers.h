/*
 * What the frames of a thread that waits say: where in the program that is, and what kind of lock it waits for. Frames are
 * innermost first.
 */
#ifndef TACH_SOURCE_CALLERS_H
#define TACH_SOURCE_CALLERS_H

#include "symbol/symbol.h"

enum lock_nature { NATURE_UNKNOWN, NATURE_MUTEX, NATURE_RWLOCK, NATURE_SEM, NATURE_BARRIER, NATURE_COND, NATURE_JOIN };

const char *lock_nature_name(enum lock_nature n); /* "rwlock"; NULL: unknown */
bool lock_nature_contends(enum lock_nature n);    /* one is in the other's way; else threads wait for work */

/* The frames from `own` on, up to `end`, are the program's. Where the stack broke off in a library, own is the innermost. */
struct callers {
	enum lock_nature nature;
	size_t own, end;
};

struct callers callers_of(const struct symbol_name *frames, size_t count);

/* "fwd_rx > ct_lookup": the outermost first, of those that are nearest. Returns buf. */
char *callers_text(char *buf, size_t size, const struct symbol_name *frames, size_t count);

#endif
