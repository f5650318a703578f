/* Ways to a target's files that its own symlinks, pipes, devices and replaced files cannot mislead. */
#include "symbol/place.h"

#include "base/file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HEAD 4096 /* bytes at the start of a mapped file that are compared: headers, and mostly the build id */

int place_root(int proc_dir)
{
	int fd = openat(proc_dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Makes of an O_PATH descriptor (which it closes) one to read from. */
static int reopen(int fd)
{
	int result = -1, saved;
	char path[40];
	struct stat st;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else
		result = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int place_open(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* before Linux 5.6; or a filter that does not know it */
		fd = openat(root, path + strspn(path, "/"), O_PATH | O_CLOEXEC);
	return reopen(fd);
}

/* Whether a file begins as the memory does at the mapping of its start: told by its headers and its build id. */
static bool begins_alike(int fd, int proc_dir, const struct map *map)
{
	uint8_t file[HEAD], memory[HEAD];
	int mem = map->offset == 0 ? openat(proc_dir, "mem", O_RDONLY | O_CLOEXEC) : -1;
	bool alike = mem >= 0 && pread(mem, memory, HEAD, (off_t)map->start) == HEAD && pread(fd, file, HEAD, 0) == HEAD &&
		memcmp(file, memory, HEAD) == 0;

	if (mem >= 0)
		close(mem);
	return alike;
}

/* A mapped file keeps its inode number, so none that came later has it. Another number may still be the same file: a
 * union of file systems shows one number in maps and another to stat(). */
static bool is_the_file(int fd, int proc_dir, const struct map *map)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_ino == map->inode || begins_alike(fd, proc_dir, map));
}

int place_open_mapped(int proc_dir, int root, const char *path, const struct map *map, const char **why)
{
	char link[64];
	struct stat st;
	int fd;

	snprintf(link, sizeof link, "map_files/%lx-%lx", (unsigned long)map->start, (unsigned long)map->end);
	fd = reopen(openat(proc_dir, link, O_PATH | O_CLOEXEC));
	if (fd >= 0) /* the very file, also one that was deleted; needs CAP_CHECKPOINT_RESTORE */
		return fd;
	fd = place_open(root, path);
	if (fd >= 0 && is_the_file(fd, proc_dir, map))
		return fd;
	*why = fd >= 0 || errno == ENOENT ? "the file was deleted or replaced since it was mapped" :
		errno == EACCES || errno == EPERM ? "not permitted to open the file" :
		errno == EINVAL ? "not a regular file" : "the file cannot be opened";
	if (fd >= 0)
		close(fd);
	fd = reopen(openat(proc_dir, "exe", O_PATH | O_CLOEXEC)); /* the program itself, also when it was deleted */
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == map->inode)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* How long the image at head is: to the end of its section headers, which come last. */
static size_t image_size(const Elf64_Ehdr *head)
{
	return memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 && head->e_ident[EI_CLASS] == ELFCLASS64 ?
		head->e_shoff + (size_t)head->e_shnum * head->e_shentsize : 0;
}

int place_open_vdso(void)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR); // NOLINT(performance-no-int-to-ptr)
	size_t size = head ? image_size(head) : 0;
	int fd = size ? memfd_create("vdso", MFD_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, head, size) == (ssize_t)size)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int place_open_perfmap(int proc_dir, int root, pid_t pid)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "/tmp/perf-%ld.map", file_status_number(proc_dir, "status", "NSpid:", pid));
	fd = place_open(root, path);
	if (fd >= 0 && fstat(fd, &st) == 0 && (long)st.st_uid == file_status_number(proc_dir, "status", "Uid:", -1))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}
