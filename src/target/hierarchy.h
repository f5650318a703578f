/* Where cgroups are mounted, and finding one in there. */
#ifndef TACH_TARGET_HIERARCHY_H
#define TACH_TARGET_HIERARCHY_H

#include <stddef.h>

#define HIERARCHY_DEPTH 64 /* of nested cgroups that are followed */

struct hierarchy {
	char *point; /* where it is mounted */
	int rank;    /* the lowest is asked first */
};

struct hierarchies {
	struct hierarchy *all; /* by rank */
	size_t count, capacity;
};

struct hierarchies hierarchies_find(void);
void hierarchies_free(struct hierarchies *h);

/* The directory of a cgroup that is named by its absolute path, or from the root of a hierarchy; and of a systemd unit,
 * ".service" left out or not. NULL: there is none. The caller frees it. */
char *hierarchies_resolve(const struct hierarchies *h, const char *path);
char *hierarchies_find_unit(const struct hierarchies *h, const char *unit);

/* The part of such a directory below the mount point: "/system.slice/nginx.service", "" for the root itself. */
const char *hierarchies_below(const struct hierarchies *h, const char *directory);

typedef void hierarchy_visit(void *context, int dir, const char *name);

/* Calls visit with each cgroup right below dir; the descriptor that it gets is closed afterwards. */
void hierarchy_each_child(int dir, hierarchy_visit *visit, void *context);

#endif
