/* Opening files of a target: those that it has mapped, and others below its root. Only ever regular files. */
#ifndef TACH_SYMBOL_PLACE_H
#define TACH_SYMBOL_PLACE_H

#include "symbol/maps.h"

#include <sys/types.h>

/* The root directory of the process (O_PATH); where that is not allowed, tach's own. */
int place_root(int proc_dir);

/* A regular file below root, "/usr/bin/x", symlinks taken as the target would. Devices and pipes are not even opened.
 * A descriptor, or -1 with errno. */
int place_open(int root, const char *path);

/* The file that is mapped there, not another that has taken its name. A descriptor, or -1 and in *why a static text. */
int place_open_mapped(int proc_dir, int root, const char *path, const struct map *map, const char **why);

/* The kernel's own code in every process: the same in ours, as a file in memory. -1: none. */
int place_open_vdso(void);

/* The perf map of the process, by its pid in its own pid namespace; only a file of its own user. -1: none. */
int place_open_perfmap(int proc_dir, int root, pid_t pid);

#endif
