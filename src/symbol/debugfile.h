/* Separate debug files, as distributions ship them: found by build id and by the name in .gnu_debuglink. */
#ifndef TACH_SYMBOL_DEBUGFILE_H
#define TACH_SYMBOL_DEBUGFILE_H

#include "symbol/elffile.h"

/* The debug file of the file behind fd (of which f was read), first below root, the target's, then in tach's own file
 * system; path is the file's own, below root. Only one with the same build id, or, where the file has none, with the right
 * checksum. Fills *debug and returns a descriptor, or -1. */
int debugfile_open(const struct elf_file *f, int fd, int root, const char *path, struct elf_file *debug);

/* The checksum of .gnu_debuglink: CRC-32 (ISO 3309, reversed, as zlib has it). Goes on from crc, which begins as 0. */
uint32_t debugfile_crc(uint32_t crc, const uint8_t *data, size_t size);

#endif
