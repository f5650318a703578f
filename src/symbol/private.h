/* What the files of this room know of a process, beyond symbol.h. */
#ifndef TACH_SYMBOL_PRIVATE_H
#define TACH_SYMBOL_PRIVATE_H

#include "symbol/image.h"
#include "symbol/maps.h"
#include "symbol/perfmap.h"
#include "symbol/symbol.h"

struct unwinder;

struct symbol_cache {
	struct images images;
	struct image *vdso;           /* one for all processes */
	struct symbols *processes;
	uint64_t turn;
};

/* What is known of one module. */
struct opened {
	struct image *image;          /* NULL: not opened yet, or why */
	const char *why;
	uint64_t bias;                /* address in the process less address in the file */
	bool biased;
};

#define RECENT 64

struct symbols {
	struct symbols *next;
	struct symbol_cache *cache;
	pid_t pid;
	int dir, root;
	struct maps maps;
	struct opened *opened;        /* one for each of maps.modules */
	const char *maps_why;         /* they could not be read */
	bool read, stale;
	nsec_t read_at, jit_at;
	struct perfmap jit;
	struct unwinder *unwinder;
	uint64_t used;                /* for whose unwinder goes first */
	struct symbol_name recent[RECENT];
	bool recent_set[RECENT];
};

/* What is known of the maps is not to be counted on. */
bool symbols_old(const struct symbols *s);

/* The mapping of an address; reads the maps again where it is in none. NULL: not mapped. */
const struct map *symbols_map(struct symbols *s, uint64_t address);

/* The image of a mapping's module, and in *vaddr the address as its file has it. NULL: why in *why. */
struct image *symbols_image(struct symbols *s, const struct map *map, uint64_t address, uint64_t *vaddr, const char **why);

/* The path of a mapping's module, below the target's root, without " (deleted)"; and its name without directories. */
void symbols_path(const struct symbols *s, const struct map *map, char *path, size_t size);
void symbols_module_name(const struct symbols *s, const struct map *map, char *name, size_t size);

/* Ends what an unwinder keeps for the process. */
void unwinder_free(struct unwinder *u); /* NULL is fine */

#endif
