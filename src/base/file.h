/* Small files of the kernel, read whole. */
#ifndef TACH_BASE_FILE_H
#define TACH_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads path (relative to dirfd, or AT_FDCWD) into buf, at most size - 1 bytes, and ends it with a NUL.
 * Returns the bytes read, or -1 with errno. A longer file is cut. */
ssize_t file_read_at(int dirfd, const char *path, char *buf, size_t size);

/* The same from the start of an open descriptor (pread), which /proc and cgroup files allow again and again. */
ssize_t file_reread(int fd, char *buf, size_t size);

/* Reads a file of any length up to `limit` bytes; the caller frees *out (NUL-ended, *length without the NUL).
 * Returns 0, or -1 with errno (EFBIG when it is longer). */
int file_read_all(const char *path, size_t limit, char **out, size_t *length);

/* The last number of the line of /proc/PID/status that begins with key ("NSpid:": of nested namespaces the innermost), or
 * fallback. The line may stand behind a long one ("Groups:"). */
long file_status_number(int dirfd, const char *path, const char *key, long fallback);

#endif
