/* The functions and static probes of one ELF file, as --fn asks for them. The file is the target's, hence hostile. */
#ifndef TACH_SOURCE_BPF_FN_FILE_H
#define TACH_SOURCE_BPF_FN_FILE_H

#include "symbol/elffile.h"

#include <stdbool.h>
#include <stdint.h>

struct fn_file {
	int fd;
	struct elf_file elf;
	bool raises;         /* it asks for what C++ and Rust raise exceptions with */
};

/* Takes fd over. NULL, or a static text: why it is of no use. */
const char *fn_file_open(struct fn_file *f, int fd);
void fn_file_close(struct fn_file *f);

struct fn_symbol {
	const char *name;    /* raw, without a version; of a static probe its name */
	const char *provider; /* of a static probe */
	uint64_t address;    /* as the file has it */
	uint64_t semaphore;  /* address of what must not be 0 for a static probe to be passed; 0: none */
	bool resolver;       /* an IFUNC: not the function but what chooses it */
};

/* Calls visit for each until it says that it is enough: false. */
void fn_file_functions(const struct fn_file *f, bool (*visit)(void *context, const struct fn_symbol *s), void *context);
void fn_file_statics(const struct fn_file *f, bool (*visit)(void *context, const struct fn_symbol *s), void *context);

/* Whether a function begins there, by the symbols or the unwind tables. */
bool fn_file_is_start(const struct fn_file *f, uint64_t address);

/* Where in the file an address stands that is in its code (code) or in its data; false: nowhere. */
bool fn_file_offset(const struct fn_file *f, uint64_t address, bool code, uint64_t *out);

#endif
