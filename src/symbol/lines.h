/* Source lines from the debug information of one file; the only part of tach that has a target's file mapped, and only
 * while nothing else is asked: lines_free() when it is not needed for now. */
#ifndef TACH_SYMBOL_LINES_H
#define TACH_SYMBOL_LINES_H

#include "base/err.h"
#include "symbol/symbol.h"

struct image;
struct images;
struct lines;

/* The line of an address as the file has it. all: whose other images' lines make room for this one's. root and path: for
 * finding a separate debug file. 0, or -1 with a sentence. */
int lines_find(struct images *all, struct image *i, int root, const char *path, uint64_t vaddr, struct symbol_line *out,
	struct err *e);
void lines_free(struct lines *l); /* NULL is fine */

#endif
