/* The symbols of one file, sorted by address, 12 bytes each; names stay in the file and are read when asked for. */
#ifndef TACH_SYMBOL_INDEX_H
#define TACH_SYMBOL_INDEX_H

#include "symbol/elffile.h"

#define INDEX_NAME 4096 /* bytes of a mangled name that are read */

struct index_entry {
	uint32_t at;   /* address less base */
	uint32_t size; /* 0: unknown, up to the next; and two bits: index.c */
	uint32_t name; /* place in the names */
};

struct index {
	int fd;                        /* of the names; the owner's */
	struct elf_part text;
	uint64_t base;
	struct index_entry *list;
	size_t count, capacity;
	bool cut;                      /* there were more symbols than could be kept */
};

struct index_hit {
	char name[INDEX_NAME];         /* as the file has it */
	uint64_t offset;
	bool object;
};

/* Reads the table `symbols` with the names `text`; keeps at most `most` symbols. */
void index_build(struct index *x, int fd, const struct elf_file *f, const struct elf_part *symbols,
	const struct elf_part *text, size_t most);

/* The symbol that covers that address as the file has it. */
bool index_find(const struct index *x, uint64_t vaddr, struct index_hit *hit);

void index_free(struct index *x);

#endif
