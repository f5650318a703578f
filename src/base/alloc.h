/* Allocation that never returns NULL: running out of memory ends the program through fatal(). free() frees it all. */
#ifndef TACH_BASE_ALLOC_H
#define TACH_BASE_ALLOC_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);             /* zeroed */
void *xreallocarray(void *p, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Doubles an array of *capacity elements until it holds `need`; new elements are zeroed. Returns its new place. */
void *xgrow(void *array, size_t *capacity, size_t need, size_t size);

#endif
