/* A copied stack, and the way along its frame pointers. */
#ifndef TACH_SYMBOL_FRAMES_H
#define TACH_SYMBOL_FRAMES_H

#include "symbol/private.h"

#define FRAMES_REGISTERS 33 /* at most, of those that unwinding needs */

struct frames {
	struct symbols *s;
	const struct symbol_regs *regs;
	const uint8_t *stack;
	size_t size;
	uint64_t base;
	uint64_t *pcs;
	size_t max;
	struct symbol_unwound *out;
};

uint64_t frames_pc(const struct symbol_regs *regs);

/* The registers in the order of the platform's DWARF numbers; returns how many. */
unsigned frames_registers(const struct symbol_regs *regs, uint64_t words[FRAMES_REGISTERS]);

bool frames_read(const struct frames *f, uint64_t address, uint64_t *out); /* false: not in the copy */

/* Fills out->why. */
void frames_say(struct frames *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fills pcs by frame pointers alone. */
void frames_walk(struct frames *f);

#endif
