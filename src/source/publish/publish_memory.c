/*
 * One memfd of another process, from a descriptor number to a mapping. The process may swap what is behind the number
 * at any time: it is pinned with O_PATH first, which runs no file system's code, and everything after looks at the pin.
 */
#include "source/publish/publish_memory.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <tach/publish.h>
#include <unistd.h>

#define PATH_SIZE 48
#define SIZE_LIMIT (64 << 20) /* of what is mapped at all; publish_parse() knows the right one */

/* The number behind "name:" in a text of lines; -1 where there is none. */
static long long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

/* The mount on which what we hold open lies, without asking its file system; -1 unknown. */
static int mount_of(int fd)
{
	char path[PATH_SIZE], text[512];

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	return file_read_at(AT_FDCWD, path, text, sizeof text) < 0 ? -1 : (int)field(text, "\nmnt_id:");
}

int publish_memory_mount(struct err *e)
{
	int fd = memfd_create("tach", MFD_CLOEXEC), mount;

	if (fd < 0)
		return err_set(e, errno, "this kernel gives no memfd: %s", strerror(errno));
	mount = mount_of(fd);
	close(fd);
	return mount < 0 ? err_set(e, ENOSYS, "/proc/self/fdinfo does not tell where a memfd lies") : mount;
}

/* Holds what is behind the descriptor now: an O_PATH descriptor, known to be a memfd; -1 with the reason. */
static int pin(const struct process *p, unsigned fd, int mount, uint64_t *inode, struct err *why)
{
	char path[PATH_SIZE];
	struct stat st;
	int held;

	snprintf(path, sizeof path, "fd/%u", fd);
	held = openat(p->dir, path, O_PATH | O_CLOEXEC);
	if (held < 0)
		return err_set(why, errno == ESRCH ? ENOENT : errno, "it cannot be looked at: %s", strerror(errno));
	if (mount_of(held) != mount || fstat(held, &st) < 0) {
		close(held);
		return err_set(why, EINVAL, "it is named like published memory but is no memfd");
	}
	*inode = st.st_ino;
	return held;
}

uint64_t publish_memory_inode(const struct process *p, unsigned fd, int mount)
{
	uint64_t inode = 0;
	int held = pin(p, fd, mount, &inode, NULL);

	if (held >= 0)
		close(held);
	return inode;
}

/* Maps only what can never shrink again, so that no read of ours ends in SIGBUS. */
static int map(int fd, struct publish_memory *out, struct err *why)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & TACH_SEALS) != TACH_SEALS)
		return err_set(why, EINVAL, "it is not sealed against shrinking and growing");
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > SIZE_LIMIT)
		return err_set(why, EINVAL, "it has not the size of published memory");
	out->size = (size_t)st.st_size;
	out->at = mmap(NULL, out->size, PROT_READ, MAP_SHARED, fd, 0);
	if (out->at == MAP_FAILED)
		return err_set(why, errno, "it cannot be mapped: %s", strerror(errno));
	return 0;
}

int publish_memory_open(const struct process *p, unsigned fd, int mount, struct publish_memory *out, struct err *why)
{
	int held = pin(p, fd, mount, &out->inode, why), own, rc;
	char path[PATH_SIZE];

	if (held < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", held);
	own = open(path, O_RDONLY | O_CLOEXEC);
	if (own < 0)
		rc = err_set(why, errno, "it cannot be opened: %s", strerror(errno));
	else
		rc = map(own, out, why);
	if (own >= 0)
		close(own);
	close(held);
	return rc;
}

void publish_memory_close(struct publish_memory *m)
{
	munmap((void *)m->at, m->size);
	m->at = NULL;
}
