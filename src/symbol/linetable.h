/* One unit of .debug_line (DWARF 5, section 6.2, and what DWARF 2 to 4 have there): which line an address is of. Knows
 * nothing of files; allocates nothing; every byte may be hostile. */
#ifndef TACH_SYMBOL_LINETABLE_H
#define TACH_SYMBOL_LINETABLE_H

#include "symbol/elffile.h"

enum linetable_place {
	LINETABLE_NONE,
	LINETABLE_HERE,     /* text */
	LINETABLE_LINE_STR, /* offset in .debug_line_str */
	LINETABLE_STR,      /* offset in .debug_str */
};

struct linetable_text {
	enum linetable_place place;
	const char *text;   /* within the unit, NUL-ended */
	uint64_t offset;
};

struct linetable_hit {
	uint32_t line;
	struct linetable_text file, directory; /* directory: LINETABLE_NONE for that of the compilation */
};

/* Bytes of the unit that begins there, with its length in front; 0: there is none, or it reaches beyond the end. */
uint64_t linetable_size(const uint8_t *at, uint64_t left);

#define LINETABLE_HEAD 12 /* bytes that tell it */

/* Looks for an address in a whole unit. f: whose segments say what is code; functions that the linker has left out stay in
 * the table, at places where there is none. */
bool linetable_find(const uint8_t *unit, size_t size, const struct elf_file *f, uint64_t vaddr, struct linetable_hit *hit);

#endif
