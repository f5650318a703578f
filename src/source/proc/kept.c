/* Descriptors that are kept open from tick to tick. Knows nothing of what is read. */
#include "source/proc/kept.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEPT_MOST 1024 /* 256 threads and processes with a handful of files each */

struct kept_budget kept_budget_of_process(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		limit.rlim_cur = 1024;
	return (struct kept_budget){ limit.rlim_cur / 3 < KEPT_MOST ? (unsigned)(limit.rlim_cur / 3) : KEPT_MOST };
}

ssize_t kept_read(struct kept *k, struct kept_budget *b, int dir, const char *path, char *buf, size_t size)
{
	int fd;
	ssize_t n;

	if (k->opened)
		return file_reread(k->opened - 1, buf, size);
	if (!b->left)
		return file_read_at(dir, path, buf, size);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	k->opened = fd + 1;
	b->left--;
	n = file_reread(fd, buf, size);
	if (n < 0) {
		int error = errno;

		kept_close(k, b);
		errno = error;
	}
	return n;
}

void kept_close(struct kept *k, struct kept_budget *b)
{
	if (!k->opened)
		return;
	close(k->opened - 1);
	k->opened = 0;
	b->left++;
}

bool kept_vanished(int error)
{
	return error == ESRCH || error == ENOENT || error == EBADF;
}
