/* Names of functions as their programmers wrote them, where a library for it was there at build. */
#ifndef TACH_SYMBOL_DEMANGLE_H
#define TACH_SYMBOL_DEMANGLE_H

#include <stddef.h>

/* C++ (Itanium ABI) and Rust (v0 and the older) names without arguments; others lose what follows an '@' (the version of
 * a symbol). Cut to size and clean. raw: a whole name, as long as the file has it. */
void demangle(char *dst, size_t size, const char *raw);

#endif
