/* The pass over /proc/kallsyms: the nearest symbol at or below each address wins. */
#include "symbol/kernel.h"

#include "base/alloc.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536
#define FARTHEST (1u << 20) /* no function is that long: an address beyond is of something without a symbol */

static uint64_t take_address(const char **at, const char *end)
{
	uint64_t v = 0;

	for (; *at < end && **at != ' '; ++*at) {
		char c = **at;

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
		v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return v;
}

/* "ffffffff81000000 T name" or "ffffffffc0000000 t name<tab>[module]"; an address of zero is a hidden one. */
static void take_line(struct symbol_name *out, size_t count, const char *at, const char *end)
{
	uint64_t start = take_address(&at, end);
	const char *name = at + 3, *tab;
	size_t length;

	if (!start || end - at < 4)
		return;
	tab = memchr(name, '\t', (size_t)(end - name));
	length = (size_t)((tab ? tab : end) - name);
	for (size_t i = 0; i < count; i++) {
		struct symbol_name *n = &out[i];

		if (start > n->address || n->address - start >= FARTHEST ||
				(n->kind != SYMBOL_UNKNOWN && n->address - start >= n->offset))
			continue;
		n->kind = strchr("tTwW", at[1]) ? SYMBOL_FUNCTION : SYMBOL_OBJECT;
		n->offset = n->address - start;
		str_clean(n->name, sizeof n->name, name, length);
		if (tab && end - tab > 3)
			str_clean(n->module, sizeof n->module, tab + 2, (size_t)(end - tab - 3));
		else
			str_copy(n->module, sizeof n->module, "kernel");
	}
}

size_t kernel_feed(struct symbol_name *out, size_t count, const char *text, size_t length)
{
	const char *at = text, *end = text + length, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
		take_line(out, count, at, newline);
	return (size_t)(at - text);
}

/* Returns why there may be no names. */
static const char *read_all(struct symbol_name *out, size_t count)
{
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	char *buf;
	size_t have = 0;
	bool hidden = true;
	ssize_t n;

	if (fd < 0)
		return "the kernel shows no names: /proc/kallsyms cannot be read";
	buf = xcalloc(1, CHUNK);
	while ((n = read(fd, buf + have, CHUNK - have)) > 0 || (n < 0 && errno == EINTR)) {
		size_t taken;

		have += n > 0 ? (size_t)n : 0;
		hidden = hidden && have >= 16 && memcmp(buf, "0000000000000000", 16) == 0;
		taken = kernel_feed(out, count, buf, have);
		taken = !taken && have == CHUNK ? CHUNK : taken;
		memmove(buf, buf + taken, have - taken);
		have -= taken;
	}
	close(fd);
	free(buf);
	return hidden ? "the kernel hides its addresses: needs CAP_SYSLOG, or root with kernel.kptr_restrict below 2" :
		"no symbol of the kernel is near";
}

void kernel_names(const uint64_t *addresses, size_t count, struct symbol_name *out)
{
	const char *why;

	for (size_t i = 0; i < count; i++)
		out[i] = (struct symbol_name){ .kind = SYMBOL_UNKNOWN, .address = addresses[i] };
	why = read_all(out, count);
	for (size_t i = 0; i < count; i++)
		out[i].why = out[i].kind == SYMBOL_UNKNOWN ? why : NULL;
}
