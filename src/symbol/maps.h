/* /proc/PID/maps: what lies where in a process, and which mappings are pieces of one file (a module). */
#ifndef TACH_SYMBOL_MAPS_H
#define TACH_SYMBOL_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAPS_MOST 131072u       /* mappings kept; the kernel's own limit is 65530 unless it was raised */
#define MAPS_NAMES (4u << 20)   /* bytes of names kept */
#define MAPS_NO_MODULE UINT32_MAX

struct map {
	uint64_t start, end, offset; /* offset in the file */
	uint64_t device, inode;      /* device as makedev() has it; inode 0: no file */
	uint32_t name;               /* place in names; 0: none */
	uint32_t module;             /* MAPS_NO_MODULE: of no file, and not behind one */
	bool exec, write;
};

struct module {
	uint64_t start, end;
	uint32_t first;              /* its first mapping */
	bool exec;                   /* has code */
};

struct maps {
	struct map *list;            /* by address */
	size_t count, capacity;
	struct module *modules;
	size_t nmodules, modules_capacity;
	char *names;
	size_t names_length, names_capacity;
	bool cut;                    /* there was more than is kept */
};

/* Takes the whole lines of text, in the order of the file; returns the bytes taken. What is no line of maps is left
 * out. */
size_t maps_feed(struct maps *m, const char *text, size_t length);

/* Reads "maps" below proc_dir. 0, or -1 with errno. An ended process has none: count is 0. */
int maps_read(struct maps *m, int proc_dir);

const struct map *maps_find(const struct maps *m, uint64_t address); /* NULL: not mapped */
const char *maps_name(const struct maps *m, const struct map *map);  /* "" where it has none */
void maps_free(struct maps *m); /* leaves it empty */

#endif
