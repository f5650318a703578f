/* Words of --fn. */
#include "source/bpf/fn_spec.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* The colon that ends a file's name: "::" is part of a C++ name. NULL: there is none. */
static const char *colon_after_file(const char *text)
{
	for (const char *p = text; (p = strchr(p, ':')); p += 2)
		if (p[1] != ':')
			return p;
	return NULL;
}

/* Copies the text up to `end`; false where it does not fit, or nothing is there. */
static bool take(char *out, size_t size, const char *text, const char *end)
{
	size_t length = (size_t)(end - text);

	if (!length || length >= size)
		return false;
	memcpy(out, text, length);
	out[length] = '\0';
	return true;
}

static int parse_address(const char *text, struct fn_spec *out, struct err *e)
{
	size_t digits = strlen(text + 2);

	if (!digits || digits > 16 || strspn(text + 2, "0123456789abcdefABCDEF") != digits)
		return err_set(e, EINVAL, "--fn %s: an address is 0x and hexadecimal digits", out->text);
	if (!out->file[0])
		return err_set(e, EINVAL, "--fn %s: an address needs its file, as in libssl:%s", out->text, out->text);
	out->kind = FN_ADDRESS;
	out->address = strtoull(text, NULL, 16);
	return 0;
}

/* FILE:NAME or FILE:PROVIDER:NAME */
static int parse_static(const char *text, struct fn_spec *out, struct err *e)
{
	const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	const char *name = second ? second + 1 : first ? first + 1 : text;

	out->kind = FN_STATIC;
	if (!first || !take(out->file, sizeof out->file, text, first) ||
		(second && !take(out->provider, sizeof out->provider, first + 1, second)) ||
		!take(out->symbol, sizeof out->symbol, name, name + strlen(name)) || strchr(name, ':'))
		return err_set(e, EINVAL, "--fn %s: a static probe is usdt:FILE:NAME or usdt:FILE:PROVIDER:NAME", out->text);
	return 0;
}

int fn_spec_parse(const char *text, struct fn_spec *out, struct err *e)
{
	const char *colon, *symbol;

	*out = (struct fn_spec){ .kind = FN_SYMBOL };
	str_clean(out->text, sizeof out->text, text, strlen(text));
	if (!text[0])
		return err_set(e, EINVAL, "--fn needs the name of a function");
	if (strlen(text) >= sizeof out->text)
		return err_set(e, EINVAL, "--fn takes at most %zu characters", sizeof out->text - 1);
	if (str_starts(text, "usdt:"))
		return parse_static(text + 5, out, e);
	out->count_only = str_starts(text, "uprobe:");
	out->insist = out->count_only || str_starts(text, "uretprobe:");
	if (out->insist) {
		text = strchr(text, ':') + 1;
		str_clean(out->text, sizeof out->text, text, strlen(text));
	}
	colon = colon_after_file(text);
	symbol = colon ? colon + 1 : text;
	if (colon && !take(out->file, sizeof out->file, text, colon))
		return err_set(e, EINVAL, "--fn %s: no file before the colon", out->text);
	if (str_starts(symbol, "0x"))
		return parse_address(symbol, out, e);
	if (!take(out->symbol, sizeof out->symbol, symbol, symbol + strlen(symbol)))
		return err_set(e, EINVAL, "--fn %s: no function after the colon", out->text);
	if (strpbrk(out->symbol, "*?["))
		out->kind = FN_GLOB;
	return 0;
}

/* "libc" is libc.so.6, and libc-2.31.so as it once was called. */
static bool is_library(const char *base, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(base, word, n) != 0)
		return false;
	if (base[n] == '-' && isdigit((unsigned char)base[n + 1]))
		return strstr(base + n, ".so") != NULL;
	return strncmp(base + n, ".so", 3) == 0;
}

bool fn_spec_names_file(const struct fn_spec *s, const char *path)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(path), cut = sizeof deleted - 1;
	char clean[4096];
	const char *base;

	if (n >= sizeof clean)
		return false;
	memcpy(clean, path, n + 1);
	if (n > cut && strcmp(clean + n - cut, deleted) == 0)
		clean[n - cut] = '\0';
	base = strrchr(clean, '/') ? strrchr(clean, '/') + 1 : clean;
	if (strchr(s->file, '/'))
		return strcmp(clean, s->file) == 0;
	return strcmp(base, s->file) == 0 || is_library(base, s->file);
}

bool fn_spec_names_symbol(const struct fn_spec *s, const char *name)
{
	return s->kind == FN_GLOB ? fnmatch(s->symbol, name, 0) == 0 : strcmp(s->symbol, name) == 0;
}

static size_t put_word(char *out, size_t n, const char *word)
{
	for (; *word && n + 1 < FN_NAME; word++) {
		unsigned char c = (unsigned char)*word;

		if (isascii(c) && isalnum(c))
			out[n++] = (char)tolower(c);
		else if (n && out[n - 1] != '_')
			out[n++] = '_';
	}
	return n;
}

void fn_spec_metric(const struct fn_spec *s, const char *symbol, char out[FN_NAME])
{
	const char *base = strrchr(s->file, '/') ? strrchr(s->file, '/') + 1 : s->file;
	size_t n = put_word(out, 0, base);

	if (n && n + 1 < FN_NAME && out[n - 1] != '_')
		out[n++] = '_';
	n = put_word(out, n, symbol);
	while (n > 1 && out[n - 1] == '_')
		n--;
	if (!n)
		out[n++] = '_';
	out[n] = '\0';
}
