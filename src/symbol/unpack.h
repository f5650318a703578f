/* Sections that are compressed (SHF_COMPRESSED). */
#ifndef TACH_SYMBOL_UNPACK_H
#define TACH_SYMBOL_UNPACK_H

#include "symbol/elffile.h"

#define UNPACK_MOST (16u << 20) /* bytes, packed or not */

/* The caller frees it. NULL: in *why a static text, what it "is". */
uint8_t *unpack_section(int fd, const struct elf_part *part, uint64_t *size, const char **why);

#endif
