/*
 * INI text through libinih. The library gives its handler no line numbers, cuts long lines, joins indented ones and
 * goes on after errors; all four are settled in the reader that hands it one line at a time, so that nothing depends on
 * how a distribution built it. Knows nothing of what the names mean.
 */
#include "config/ini.h"

#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT (1 << 20)

struct reading {
	const char *next, *end;
	int line;
	bool failed;
	ini_visit visit;
	void *context;
	struct err e; /* without file and line */
};

static char *refuse(struct reading *r, const char *why)
{
	err_set(&r->e, 0, "%s", why);
	r->failed = true;
	return NULL;
}

/* The next line without indent, trailing blanks and comment. */
static const char *take_line(struct reading *r, size_t *length)
{
	const char *start = r->next, *newline = memchr(start, '\n', (size_t)(r->end - start));
	size_t n = (size_t)((newline ? newline : r->end) - start);

	r->next = newline ? newline + 1 : r->end;
	r->line++;
	while (n && (*start == ' ' || *start == '\t')) {
		start++;
		n--;
	}
	while (n && strchr(" \t\r", start[n - 1]) && start[n - 1])
		n--;
	*length = n && (*start == '#' || *start == ';') ? 0 : n;
	return start;
}

/* inih's reader: one line into out[size], NULL at the end or when something is wrong. */
static char *next_line(char *out, int size, void *user)
{
	struct reading *r = user;
	char clean[1024];
	const char *start;
	size_t length;

	if (r->failed || r->next == r->end)
		return NULL;
	start = take_line(r, &length);
	if (memchr(start, '\0', length))
		return refuse(r, "has a NUL byte: is this a text file?");
	if (length + 2 > (size_t)size || length >= sizeof clean)
		return refuse(r, "the line is too long");
	memcpy(out, start, length);
	out[length] = '\0';
	for (char *tab = out; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	str_clean(clean, sizeof clean, out, length);
	if (strcmp(clean, out) != 0)
		return refuse(r, "has a control character, or is not UTF-8");
	strcpy(out + length, "\n");
	return out;
}

/* inih's handler: 0 is failure. */
static int visit_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;

	r->failed = r->failed || r->visit(r->context, section, name, value, &r->e) != 0;
	return !r->failed;
}

/* Puts file and line in front of what is wrong; of a long path the end. */
static int fail_at(struct err *e, const char *name, int line, const char *what)
{
	size_t length = strlen(name), skip = length > 80 ? length - 80 : 0;
	char clean[128];

	str_clean(clean, sizeof clean, name + skip, length - skip);
	return err_set(e, 0, "%s%s:%d: %s", skip ? "..." : "", clean, line, what);
}

static int read_buffer(const char *name, const char *text, size_t length, ini_visit visit, void *context,
	struct err *e)
{
	struct reading r = { .next = text, .end = text + length, .visit = visit, .context = context };
	int first_bad;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.next += 3;
	first_bad = ini_parse_stream(next_line, &r, visit_pair, &r);
	if (first_bad > 0 && !(r.failed && r.line == first_bad))
		return fail_at(e, name, first_bad, "this is neither 'name = value' nor a [section]");
	return r.failed ? fail_at(e, name, r.line, r.e.text) : 0;
}

int ini_read_text(const char *name_for_errors, const char *text, ini_visit visit, void *context, struct err *e)
{
	return read_buffer(name_for_errors, text, strlen(text), visit, context, e);
}

int ini_read_file(const char *path, ini_visit visit, void *context, struct err *e)
{
	char *text, clean[160];
	size_t length;
	int rc;

	if (file_read_all(path, SIZE_LIMIT, &text, &length)) {
		int code = errno;

		str_clean(clean, sizeof clean, path, strlen(path));
		if (code == EFBIG)
			return err_set(e, code, "cannot read %s: it is larger than 1 MiB", clean);
		return err_set(e, code, "cannot read %s: %s", clean, strerror(code));
	}
	rc = read_buffer(path, text, length, visit, context, e);
	free(text);
	return rc;
}
