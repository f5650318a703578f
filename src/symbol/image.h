/*
 * Files with code and variables, each once however many processes have it mapped: where its segments lie, its symbols and
 * its unwind tables, read when first asked for, and given up for others when the limit is reached.
 */
#ifndef TACH_SYMBOL_IMAGE_H
#define TACH_SYMBOL_IMAGE_H

#include "symbol/index.h"

struct image {
	struct image *next;
	uint64_t device, inode, size, changed; /* of the file: who it is */
	uint64_t used;                         /* for who was used least */
	unsigned references, pins;             /* pins: an unwinder reads unwind_file */
	bool loaded;                           /* false: what follows was given up; image_get() brings it back */
	int fd, debug_fd;                      /* -1: closed; debug_fd: its separate debug file */
	const char *why;                       /* nothing can be told of it */
	const char *nameless;                  /* why a name may be missing; NULL: all names are there */
	struct elf_file elf, debug;            /* debug: of debug_fd */
	bool debug_sought;
	struct index index;
	uint8_t *unwind_file;                  /* see image_unwind_file() */
	size_t unwind_size;
	const char *unwindless;                /* why there is none */
};

struct images {
	struct image *list;
	uint64_t turn;
	size_t bytes, limit;
};

/* The image of the file behind fd, which it takes. path, below root: for finding debug files; root stays the caller's. The
 * caller gives it back with image_release(). Never NULL. */
struct image *image_get(struct images *all, int fd, int root, const char *path);
void image_release(struct image *i);

/* The separate debug file, looked for by build id and by debug link; false: none. */
bool image_seek_debug(struct image *i, int root, const char *path);

/* An ELF file of its own, in memory, that holds the program headers and the unwind tables of the image and nothing else:
 * what a library may be given that would otherwise map the file, or read all of its debug information. NULL: why in
 * i->unwindless; it may be that there is no room for it now. */
uint8_t *image_unwind_file(struct images *all, struct image *i);
size_t image_unwind_bytes(const struct image *i); /* that it would take in addition; 0: it is there, or cannot be */

/* Makes room below the limit for so many bytes more: gives up the least used first; never `keep`, never what is pinned.
 * False: there is not so much. */
bool images_trim(struct images *all, const struct image *keep, size_t bytes);
void images_free(struct images *all);

#endif
