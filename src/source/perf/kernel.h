/* All that this room asks of the kernel, as a table, so that tests can play back what other machines answered. */
#ifndef TACH_SOURCE_PERF_KERNEL_H
#define TACH_SOURCE_PERF_KERNEL_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_kernel {
	/* perf_event_open(2); the attr may be changed. A descriptor, or -1 with errno. */
	int (*open)(void *context, struct perf_event_attr *attr, pid_t tid, int group_fd);
	ssize_t (*read)(void *context, int fd, void *buf, size_t size);
	void (*close)(void *context, int fd);

	/* A small text file of /proc or /sys, NUL-ended; -1 with errno. */
	ssize_t (*file)(void *context, const char *path, char *buf, size_t size);

	/* Calls visit with each name in a directory but . and .. (path relative to dirfd). 0, or -1 with errno. */
	int (*list)(void *context, int dirfd, const char *path, void (*visit)(void *arg, const char *name), void *arg);

	uint64_t (*raise_files)(void *context); /* lifts the soft limit of descriptors to the hard one; returns it */
	uint64_t (*uptime)(void *context);      /* now, in the unit and epoch of struct process.start */
	void *context;
};

extern const struct perf_kernel perf_kernel_live;

#endif
