/*
 * Where cgroups are: the mounted hierarchies, v2 first, then v1; the directory of a cgroup and of a systemd unit, which
 * is the cgroup of its name (systemd is not asked).
 */
#include "target/hierarchy.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "target/parse.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTINFO_LIMIT (16u << 20)
enum { RANK_V2, RANK_SYSTEMD = 4 };

/* v2 first; in v1 the hierarchies that say most about a program. */
static int rank_of(const struct mount *m)
{
	static const char *const controllers[] = { "memory", "cpuacct", "pids", [RANK_SYSTEMD - 1] = "name=systemd",
		NULL };
	int rank = 1;

	if (strcmp(m->type, "cgroup2") == 0)
		return RANK_V2;
	for (; controllers[rank - 1] && !parse_has_word(m->options, controllers[rank - 1]); rank++)
		;
	return rank;
}

static int by_rank(const void *a, const void *b)
{
	const struct hierarchy *x = a, *y = b;

	return x->rank - y->rank;
}

struct hierarchies hierarchies_find(void)
{
	struct hierarchies h = { 0 };
	struct mount m;
	char *text;
	const char *at;
	size_t n;

	if (file_read_all("/proc/self/mountinfo", MOUNTINFO_LIMIT, &text, &n) != 0)
		return h;
	at = text;
	while (parse_mount(&at, text + n, &m)) {
		if (strcmp(m.type, "cgroup2") != 0 && strcmp(m.type, "cgroup") != 0)
			continue;
		h.all = xgrow(h.all, &h.capacity, h.count + 1, sizeof *h.all);
		h.all[h.count++] = (struct hierarchy){ .point = xstrdup(m.point), .rank = rank_of(&m) };
	}
	free(text);
	if (h.count)
		qsort(h.all, h.count, sizeof *h.all, by_rank);
	return h;
}

void hierarchies_free(struct hierarchies *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->all[i].point);
	free(h->all);
}

/* Whether path is the mount point or below it. */
static bool is_below(const char *path, const char *point)
{
	size_t n = strlen(point);

	return strncmp(path, point, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

char *hierarchies_resolve(const struct hierarchies *h, const char *path)
{
	char real[PATH_MAX];

	for (size_t i = 0; i < h->count; i++)
		if (path[0] == '/' && realpath(path, real) && is_below(real, h->all[i].point))
			return xstrdup(real);
	for (size_t i = 0; i < h->count; i++) {
		char *full = xasprintf("%s/%s", h->all[i].point, path);
		bool found = realpath(full, real) && is_below(real, h->all[i].point);

		free(full);
		if (found)
			return xstrdup(real);
	}
	return NULL;
}

const char *hierarchies_below(const struct hierarchies *h, const char *directory)
{
	for (size_t i = 0; i < h->count; i++)
		if (is_below(directory, h->all[i].point))
			return directory + strlen(h->all[i].point);
	return "";
}

void hierarchy_each_child(int dir, hierarchy_visit *visit, void *context)
{
	int fd;
	DIR *list;
	struct dirent *entry;
	struct stat st;

	if (fstat(dir, &st) == 0 && st.st_nlink == 2)
		return; /* nothing below it: the usual case need not list the control files */
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = fd >= 0 ? fdopendir(fd) : NULL;
	if (!list && fd >= 0)
		close(fd);
	while (list && (entry = readdir(list))) {
		int child = -1;

		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			child = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0)
			continue;
		visit(context, child, entry->d_name);
		close(child);
	}
	if (list)
		closedir(list);
}

struct search {
	const char *unit;
	char path[PATH_MAX];
	size_t depth, best_depth;
	char *best; /* nearest to the root: a system's unit wins over one of the same name of a user */
};

static bool is_unit(const char *name, const char *unit)
{
	size_t n = strlen(unit);

	return strncmp(name, unit, n) == 0 && (name[n] == '\0' || strcmp(name + n, ".service") == 0);
}

static void search_below(void *context, int dir, const char *name)
{
	struct search *s = context;
	size_t length = strlen(s->path), added = strlen(name);

	if (length + added + 2 > sizeof s->path || s->depth >= HIERARCHY_DEPTH)
		return;
	snprintf(s->path + length, sizeof s->path - length, "/%s", name);
	s->depth++;
	if (is_unit(name, s->unit) && (!s->best || s->depth < s->best_depth)) {
		free(s->best);
		s->best = xstrdup(s->path);
		s->best_depth = s->depth;
	}
	hierarchy_each_child(dir, search_below, s);
	s->depth--;
	s->path[length] = '\0';
}

char *hierarchies_find_unit(const struct hierarchies *h, const char *unit)
{
	for (size_t i = 0; i < h->count; i++) {
		struct search s = { .unit = unit };
		int dir;

		if (h->all[i].rank != RANK_V2 && h->all[i].rank != RANK_SYSTEMD)
			continue;
		dir = open(h->all[i].point, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		str_copy(s.path, sizeof s.path, h->all[i].point);
		hierarchy_each_child(dir, search_below, &s);
		close(dir);
		if (s.best)
			return s.best;
	}
	return NULL;
}
