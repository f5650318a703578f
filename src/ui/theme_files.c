/* The search path of themes. Reads folders only, never a theme. */
#include "ui/theme_files.h"

#include "base/alloc.h"
#include "base/str.h"
#include "config/paths.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".theme"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
#define PLACES 4

/* The folders in the order of their rank; the caller frees the first, which may be NULL. */
static void list_places(char *out[PLACES])
{
	static const char *const fixed[PLACES] = { NULL, "/etc/tach/themes", TACH_PREFIX "/share/tach/themes",
		"themes" };

	memcpy(out, fixed, sizeof fixed);
	out[0] = paths_user("themes");
}

struct names {
	char **list;
	size_t count, capacity;
};

static void add_name(struct names *n, const char *name, size_t length)
{
	for (size_t i = 0; i < n->count; i++)
		if (strlen(n->list[i]) == length && strncmp(n->list[i], name, length) == 0)
			return;
	n->list = xgrow(n->list, &n->capacity, n->count + 2, sizeof *n->list);
	n->list[n->count++] = xstrndup(name, length);
	n->list[n->count] = NULL;
}

static void add_folder(struct names *n, const char *path)
{
	DIR *d = path ? opendir(path) : NULL;
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		size_t length = strspn(entry->d_name, NAME_CHARACTERS);

		if (length && strcmp(entry->d_name + length, SUFFIX) == 0)
			add_name(n, entry->d_name, length);
	}
	if (d)
		closedir(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **theme_list(void)
{
	struct names n = { .count = 0 };
	char *places[PLACES];

	list_places(places);
	add_name(&n, "default", 7);
	for (int i = 0; i < PLACES; i++)
		add_folder(&n, places[i]);
	free(places[0]);
	qsort(n.list, n.count, sizeof *n.list, by_name);
	return n.list;
}

static void fail_unknown(const char *name, struct err *e)
{
	char **list = theme_list(), clean[80];
	size_t count = 0;

	while (list[count])
		count++;
	str_clean(clean, sizeof clean, name, strlen(name));
	err_unknown(e, "theme", clean, str_nearest(clean, (const char *const *)list, count));
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

char *theme_path(const char *name_or_file, struct err *e)
{
	char *places[PLACES], *path = NULL;

	if (strpbrk(name_or_file, "/."))
		return xstrdup(name_or_file);
	list_places(places);
	for (int i = 0; i < PLACES && !path; i++) {
		if (!places[i])
			continue;
		path = xasprintf("%s/%s" SUFFIX, places[i], name_or_file);
		if (access(path, F_OK)) {
			free(path);
			path = NULL;
		}
	}
	free(places[0]);
	if (!path)
		fail_unknown(name_or_file, e);
	return path;
}
