/* Names of the kernel's own addresses, from /proc/kallsyms. It is megabytes long and kept nowhere: one pass names many. */
#ifndef TACH_SYMBOL_KERNEL_H
#define TACH_SYMBOL_KERNEL_H

#include "symbol/symbol.h"

/* Fills out[i] for each address; offset from the symbol's start; module: "kernel", or the module's name. Takes some 50 ms
 * of CPU time, most of it the kernel's. */
void kernel_names(const uint64_t *addresses, size_t count, struct symbol_name *out);

/* The pass itself, for a text that comes in pieces: takes whole lines, returns their bytes. Before the first the caller
 * fills out[i].address, in rising order, and zeros the rest. */
size_t kernel_feed(struct symbol_name *out, size_t count, const char *text, size_t length);

#endif
