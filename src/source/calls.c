/* The system calls of this architecture, as the C library's headers number them, and what waiting in each means. */
#include "source/calls.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t number;
} calls[] = {
#define X(name, number) { #name, number },
#include "calls.inc"
#undef X
	{ "futex_waitv", 449 }, /* the same everywhere, and newer than some headers */
	{ "futex_wake", 454 },
	{ "futex_wait", 455 },
	{ "futex_requeue", 456 },
};

/* Names or their beginnings ("recv*"). Any other call is CAUSE_OTHER. */
static const struct {
	uint8_t cause;
	const char *names[32]; /* NULL-ended */
} causes[] = {
	{ CAUSE_BY_FD, { "read", "write", "readv", "writev", "close", "ioctl", "fcntl", "sendfile*" } },
	{ CAUSE_NET, { "recv*", "send*", "accept*", "connect", "poll", "ppoll*", "select", "pselect6*", "epoll_*wait*",
		"shutdown", "io_uring_enter", "io_getevents", "io_pgetevents*" } },
	{ CAUSE_DISK, { "pread*", "pwrite*", "preadv*", "pwritev*", "fsync", "fdatasync", "sync", "syncfs", "sync_file_range*",
		"msync", "open", "openat*", "creat", "rename*", "unlink*", "truncate", "ftruncate", "fallocate", "getdents*",
		"stat*", "newfstatat", "copy_file_range", "readahead", "flock" } },
	{ CAUSE_SLEEP, { "nanosleep", "clock_nanosleep*", "pause", "rt_sigtimedwait*", "rt_sigsuspend", "sigsuspend" } },
	{ CAUSE_IDLE, { "futex*", "wait4", "waitid", "waitpid", "semop", "semtimedop*", "msgrcv", "mq_timedreceive*" } },
	{ CAUSE_FAULT, { "mmap", "munmap", "mprotect", "madvise", "brk", "mremap", "mlock*" } },
};

static const char *const cause_names[CAUSES] = {
#define X(id, word, column) word,
	WAIT_CAUSES(X)
#undef X
};

const char *calls_name(uint32_t number)
{
	if (number == CALL_FOREIGN)
		return "32-bit";
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}

uint32_t calls_number(const char *name)
{
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	return CALL_NONE;
}

/* "recv*" matches "recvmmsg"; a star in the middle is not the last of it. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');

	if (!star)
		return strcmp(pattern, name) == 0;
	if (strncmp(pattern, name, (size_t)(star - pattern)) != 0)
		return false;
	for (name += star - pattern;; name++) {
		if (!star[1] || matches(star + 1, name))
			return true;
		if (!*name)
			return false;
	}
}

static uint8_t cause_of(const char *name)
{
	for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
		for (const char *const *p = causes[i].names; *p; p++)
			if (matches(*p, name))
				return causes[i].cause;
	return CAUSE_OTHER;
}

void calls_fill_causes(uint8_t out[CALLS])
{
	memset(out, CAUSE_OTHER, CALLS);
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (calls[i].number < CALLS)
			out[calls[i].number] = cause_of(calls[i].name);
}

const char *calls_cause_name(uint32_t cause)
{
	return cause < CAUSES ? cause_names[cause] : "?";
}
