/* The kernel as it is. Knows nothing of events; each function is one system call or one small file. */
#include "source/perf/kernel.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int live_open(void *context, struct perf_event_attr *attr, pid_t tid, int group_fd)
{
	(void)context;
	return (int)syscall(SYS_perf_event_open, attr, tid, -1, group_fd, (unsigned long)PERF_FLAG_FD_CLOEXEC);
}

static ssize_t live_read(void *context, int fd, void *buf, size_t size)
{
	ssize_t n;

	(void)context;
	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static void live_close(void *context, int fd)
{
	(void)context;
	close(fd);
}

static ssize_t live_file(void *context, const char *path, char *buf, size_t size)
{
	(void)context;
	return file_read_at(AT_FDCWD, path, buf, size);
}

static int live_list(void *context, int dirfd, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	(void)context;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			visit(arg, d->d_name);
	closedir(dir);
	return 0;
}

static uint64_t live_raise_files(void *context)
{
	struct rlimit limit;

	(void)context;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 1024;
	if (limit.rlim_cur < limit.rlim_max) {
		rlim_t old = limit.rlim_cur;

		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			limit.rlim_cur = old;
	}
	return limit.rlim_cur;
}

static uint64_t live_uptime(void *context)
{
	(void)context;
	return clock_boot() / (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

const struct perf_kernel perf_kernel_live = {
	.open = live_open,
	.read = live_read,
	.close = live_close,
	.file = live_file,
	.list = live_list,
	.raise_files = live_raise_files,
	.uptime = live_uptime,
};
