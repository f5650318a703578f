/* Source lines from the debug information of one file. Nothing of it is kept. */
#ifndef TACH_SYMBOL_LINES_H
#define TACH_SYMBOL_LINES_H

#include "base/err.h"
#include "symbol/symbol.h"

struct image;

/* The line of an address as the file has it. root and path: for finding a separate debug file. 0, or -1 with a sentence. */
int lines_find(struct image *i, int root, const char *path, uint64_t vaddr, struct symbol_line *out, struct err *e);

#endif
