/* The first instruction of a function, which decides what a probe there costs: the kernel carries out some itself, all
 * others it has to single-step out of line, which in a virtual machine costs thirty times as much. */
#ifndef TACH_SOURCE_BPF_FN_ENTRY_H
#define TACH_SOURCE_BPF_FN_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FN_ENTRY_BYTES 16 /* that are looked at */

struct fn_entry {
	const char *name;       /* "push": "its first instruction, a push, ..." */
	bool (*is)(const uint8_t *code);
	uint8_t sample[FN_ENTRY_BYTES]; /* a function that begins with such an instruction, does nothing and returns */
};

#define FN_ENTRIES 6

extern const struct fn_entry fn_entries[FN_ENTRIES]; /* the last one is for all others */

/* The row of the instruction at which to probe a function that begins with `code`; *skip is how many bytes that is behind
 * its start: past a landing pad for indirect calls, which would be single-stepped and does nothing. */
const struct fn_entry *fn_entry_of(const uint8_t code[FN_ENTRY_BYTES], unsigned *skip);

#endif
