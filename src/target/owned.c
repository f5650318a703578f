/*
 * A cgroup v2 that holds the target and nobody else, so that what the kernel counts for the cgroup is the target's: the one
 * that it is, the one that it has (as services do), or, for a command that is still held, one made for it. Such a one is
 * removed at the end; if tach is killed it stays behind, which does no harm: it limits nothing.
 */
#include "target/private.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "target/hierarchy.h"
#include "target/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define DIRECTORY_SIZE 4096

static bool is_v2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Where v2 is mounted: hierarchies are in the order in which they are asked, v2 first. */
static bool find_mount(char *out, size_t size)
{
	struct hierarchies h = hierarchies_find();
	bool found = h.count && is_v2(h.all[0].point);

	if (found)
		str_copy(out, size, h.all[0].point);
	hierarchies_free(&h);
	return found;
}

/* The directory of a process' cgroup; 0: of tach's. */
static int find_directory(pid_t pid, char out[DIRECTORY_SIZE], struct err *e)
{
	char file[64] = "/proc/self/cgroup", text[8192], mount[1024], path[2048];
	ssize_t n;

	if (!find_mount(mount, sizeof mount))
		return err_set(e, ENOENT, "no cgroup v2 is mounted here");
	if (pid)
		snprintf(file, sizeof file, "/proc/%d/cgroup", (int)pid);
	n = file_read_at(AT_FDCWD, file, text, sizeof text);
	if (n < 0 || !parse_cgroup(text, (size_t)n, NULL, path, sizeof path))
		return err_set(e, ENOENT, "it is in no cgroup v2");
	snprintf(out, DIRECTORY_SIZE, "%s%s", mount, strcmp(path, "/") == 0 ? "" : path);
	return 0;
}

/* Moves a process; false with errno. */
static bool move(pid_t pid, const char *directory)
{
	char path[DIRECTORY_SIZE + 16], text[16];
	int n = snprintf(text, sizeof text, "%d", (int)pid), fd;
	bool done;

	snprintf(path, sizeof path, "%s/cgroup.procs", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, text, (size_t)n) == n;
	if (fd >= 0)
		close(fd);
	return done;
}

static char *make_cgroup(const struct target *t, struct err *e)
{
	char above[DIRECTORY_SIZE], *path;

	if (find_directory(0, above, e))
		return NULL;
	path = xasprintf("%s/tach-%d", above, (int)getpid());
	rmdir(path); /* of a killed tach that had this pid */
	if (mkdir(path, 0755) == 0 && move(t->spawn.pid, path))
		return path;
	err_set(e, errno, "no cgroup can be made for it: %s", strerror(errno));
	rmdir(path);
	free(path);
	return NULL;
}

struct alone {
	const struct target *t;
	bool alone;
	int depth;
};

static void look_for_others(void *context, int dir, const char *name)
{
	struct alone *a = context;
	char text[65536];
	ssize_t n = file_read_at(dir, "cgroup.procs", text, sizeof text);
	const char *at = text;
	pid_t pid;

	(void)name;
	if (n < 0 || n >= (ssize_t)sizeof text - 1)
		a->alone = false;
	while (a->alone && n > 0 && parse_pid(&at, text + n, &pid))
		a->alone = pidmap_get(&a->t->known, pid) != NULL;
	if (a->alone && ++a->depth < HIERARCHY_DEPTH)
		hierarchy_each_child(dir, look_for_others, a);
	a->depth--;
}

bool target_is_alone_in(const struct target *t, const char *path)
{
	struct alone a = { .t = t, .alone = true };
	int dir = t->kind == TARGET_CGROUP ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (t->kind == TARGET_CGROUP)
		return true;
	if (dir < 0)
		return false;
	look_for_others(&a, dir, "");
	close(dir);
	return a.alone;
}

static char *find_cgroup(const struct target *t, struct err *e)
{
	char path[DIRECTORY_SIZE];

	if (find_directory(t->count ? t->list[0].pid : 0, path, e))
		return NULL;
	if (target_is_alone_in(t, path))
		return xstrdup(path);
	err_set(e, ENOENT, "others are in its cgroup too");
	return NULL;
}

char *target_own_cgroup(const struct target *t, bool *made, struct err *e)
{
	*made = target_is_held(t);
	if (*made)
		return make_cgroup(t, e);
	if (t->kind != TARGET_CGROUP)
		return find_cgroup(t, e);
	if (is_v2(t->cgroup_path))
		return xstrdup(t->cgroup_path);
	err_set(e, ENOENT, "its cgroup is one of v1");
	return NULL;
}

void target_remove_cgroup(const char *path)
{
	char procs[DIRECTORY_SIZE + 16], above[DIRECTORY_SIZE], *text, *end;
	const char *at;
	size_t n;
	pid_t pid;

	str_copy(above, sizeof above, path);
	if ((end = strrchr(above, '/')))
		*end = '\0';
	snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
	if (file_read_all(procs, 1 << 20, &text, &n) == 0) {
		for (at = text; parse_pid(&at, text + n, &pid);)
			move(pid, above);
		free(text);
	}
	rmdir(path);
}
