/*
 * One look at one thread: whether it is blocked, in which system call, and, on a futex, which one, of what kind, and whose
 * it is. Reads /proc and the target's memory, both without stopping anything; needs the rights of a debugger.
 */
#ifndef TACH_SOURCE_BLOCKED_LOOK_H
#define TACH_SOURCE_BLOCKED_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How a futex is waited for. */
enum futex_kind {
	FUTEX_KIND_NONE,  /* no futex */
	FUTEX_KIND_MUTEX, /* the value 2: glibc's low-level lock, which keeps the owner 8 bytes on; Rust's mutex, which does not */
	FUTEX_KIND_WORD,  /* the value holds the owner's tid and the waiters bit: musl */
	FUTEX_KIND_PI,    /* priority inheritance: the word holds the owner's tid */
	FUTEX_KIND_JOIN,  /* a shared bitset wait: pthread_join, if the value is a tid */
	FUTEX_KIND_WORK,  /* a private one: condition variable, semaphore, read-write lock, barrier */
	FUTEX_KIND_OTHER
};

struct look {
	bool blocked;           /* false: on a CPU or ready for one */
	uint32_t call;          /* CALL_NONE: blocked outside of system calls */
	uint64_t arg[3];
	uint64_t sp, pc;        /* of the thread in user space; 0: unknown */
	enum futex_kind kind;
	uint64_t addr;          /* of the futex */
	uint32_t value;         /* that was expected there */
	uint32_t owner;         /* tid as the program sees it, not checked; 0: unknown. Of a join: who is waited for */
};

/* The line of /proc/PID/task/TID/syscall. False: it is none. */
bool look_parse(const char *line, struct look *out);

/* Which futex, and from the memory of `pid` the owner. Of other calls nothing changes. */
void look_at_futex(pid_t pid, struct look *l);

/* Copies memory of the program. Returns how many bytes of it could be had, from the beginning on. */
size_t look_into(pid_t pid, uint64_t addr, void *to, size_t size);

bool look_is_contention(const struct look *l);

/* "mutex", "cond"... */
const char *futex_kind_name(enum futex_kind kind);

#endif
