/* Errors as sentences, and the one way out when nothing can go on. Knows nothing of the screen but a hook. */
#include "base/err.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*restore_hook)(void);

/* By way of a copy: what is quoted may come from outside, or be the text of e itself. */
int err_set(struct err *e, int code, const char *format, ...)
{
	char raw[sizeof e->text];
	va_list ap;

	if (!e)
		return -1;
	e->code = code;
	va_start(ap, format);
	vsnprintf(raw, sizeof raw, format, ap);
	va_end(ap);
	str_clean(e->text, sizeof e->text, raw, strlen(raw));
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
