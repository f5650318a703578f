/* Errors as sentences, and the one way out when nothing can go on. Knows nothing of the screen but a hook. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void (*restore_hook)(void);

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list ap;

	if (!e)
		return -1;
	e->code = code;
	va_start(ap, format);
	vsnprintf(e->text, sizeof e->text, format, ap);
	va_end(ap);
	return -1;
}

int err_unknown(struct err *e, const char *kind, const char *word, const char *nearest)
{
	if (!nearest)
		return err_set(e, 0, "unknown %s '%.60s'", kind, word);
	return err_set(e, 0, "unknown %s '%.60s'; did you mean '%s'?", kind, word, nearest);
}

void fatal_set_restore(void (*restore)(void))
{
	restore_hook = restore;
}

void fatal_restore(void)
{
	if (restore_hook)
		restore_hook();
}

void fatal(const char *format, ...)
{
	va_list ap;

	fatal_restore();
	fputs("tach: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}
