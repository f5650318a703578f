/*
 * Demangling by libiberty, which is what the compilers' own tools use. The names are the target's, and a short one can
 * stand for gigabytes of text: the output is left (by longjmp: the demanglers keep all but one small buffer of Rust's
 * on their stack) as soon as it has more than anybody will read.
 */
#include "symbol/demangle.h"

#include "base/str.h"

#include <string.h>

#ifdef HAVE_LIBIBERTY
#include <libiberty/demangle.h>
#include <setjmp.h>

#define ENOUGH 1024 /* bytes of output */

struct output {
	char text[ENOUGH];
	size_t length;
	jmp_buf full;
};

static void put(const char *text, size_t length, void *opaque)
{
	struct output *o = opaque;
	size_t room = sizeof o->text - o->length;

	if (length)
		memcpy(o->text + o->length, text, length < room ? length : room);
	o->length += length < room ? length : room;
	if (length >= room)
		longjmp(o->full, 1);
}

static int run(struct output *o, const char *raw, int (*demangler)(const char *, int, demangle_callbackref, void *))
{
	o->length = 0;
	return setjmp(o->full) ? 1 : demangler(raw, 0, put, o);
}

static bool demangle_by_library(char *dst, size_t size, const char *raw)
{
	struct output o;

	if (raw[0] != '_' || (raw[1] != 'Z' && raw[1] != 'R'))
		return false;
	if (!run(&o, raw, rust_demangle_callback) && !run(&o, raw, cplus_demangle_v3_callback))
		return false;
	str_clean(dst, size, o.text, o.length);
	return dst[0] != '\0';
}
#else
static bool demangle_by_library(char *dst, size_t size, const char *raw)
{
	(void)dst;
	(void)size;
	(void)raw;
	return false;
}
#endif

void demangle(char *dst, size_t size, const char *raw)
{
	if (!demangle_by_library(dst, size, raw))
		str_clean(dst, size, raw, strcspn(raw, "@"));
}
