/* Reading small files whole, without stdio, so that a tick allocates nothing. */
#include "base/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A read that gives less than was asked and less than this is the last one: the files of the kernel hand out what fits
 * into a page, record by record, and no record of those that tach reads is longer. Saves the read that says "end". */
#define SHORT_READ 2048
#define STATUS_MOST (2u << 20) /* bytes: 65536 groups are a third of it */

ssize_t file_reread(int fd, char *buf, size_t size)
{
	size_t have = 0;

	while (have + 1 < size) {
		ssize_t n = pread(fd, buf + have, size - 1 - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		have += (size_t)n;
		if (n == 0 || (n < SHORT_READ && have + 1 < size))
			break;
	}
	buf[have] = '\0';
	return (ssize_t)have;
}

ssize_t file_read_at(int dirfd, const char *path, char *buf, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC), saved;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = file_reread(fd, buf, size);
	saved = errno;
	close(fd);
	errno = saved;
	return n;
}

static int read_growing(int fd, size_t limit, char **out, size_t *length)
{
	size_t capacity = 0, have = 0;
	char *buf = NULL;

	for (;;) {
		ssize_t n;

		buf = xgrow(buf, &capacity, have + 4096, 1);
		n = read(fd, buf + have, capacity - have - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			have += (size_t)n;
		if (n < 0 || have > limit) {
			errno = n < 0 ? errno : EFBIG;
			free(buf);
			return -1;
		}
		if (n == 0)
			break;
	}
	buf[have] = '\0';
	*out = buf;
	*length = have;
	return 0;
}

static int read_all_at(int dirfd, const char *path, size_t limit, char **out, size_t *length)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC), rc, saved;

	if (fd < 0)
		return -1;
	rc = read_growing(fd, limit, out, length);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int file_read_all(const char *path, size_t limit, char **out, size_t *length)
{
	return read_all_at(AT_FDCWD, path, limit, out, length);
}

/* The line that begins with key, at what follows it; NULL: there is none. */
static const char *find_line(const char *text, const char *key)
{
	while (text && strncmp(text, key, strlen(key)) != 0) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text ? text + strlen(key) : NULL;
}

long file_status_number(int dirfd, const char *path, const char *key, long fallback)
{
	size_t length;
	const char *at;
	char *text, *next;

	if (read_all_at(dirfd, path, STATUS_MOST, &text, &length))
		return fallback;
	for (at = find_line(text, key); at && (*at == '\t' || *at == ' '); at = next) {
		long n = strtol(at, &next, 10);

		if (next == at || memchr(at, '\n', (size_t)(next - at)))
			break;
		fallback = n;
	}
	free(text);
	return fallback;
}
