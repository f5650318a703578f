/* Allocation that aborts through one place. */
#include "base/alloc.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p)
		fatal("out of memory");
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *p, size_t count, size_t size)
{
	return checked(reallocarray(p, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
	return checked(strndup(text, length));
}

char *xasprintf(const char *format, ...)
{
	va_list ap;
	char *out = NULL;

	va_start(ap, format);
	if (vasprintf(&out, format, ap) < 0)
		out = NULL;
	va_end(ap);
	return checked(out);
}

void *xgrow(void *array, size_t *capacity, size_t need, size_t size)
{
	size_t old = *capacity, now = old ? old : 8;

	if (need <= old)
		return array;
	while (now < need)
		now *= 2;
	array = xreallocarray(array, now, size);
	memset((char *)array + old * size, 0, (now - old) * size);
	*capacity = now;
	return array;
}
