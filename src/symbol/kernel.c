/* The pass over /proc/kallsyms: the nearest symbol at or below each address wins, of several there the first. */
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

/* The address at the start of a line; 0: a hidden one, or no such line. */
static uint64_t read_address(const char *at, const char *end)
{
	uint64_t v = 0;

	for (; at < end && *at != ' '; at++) {
		if (!((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f')))
			return 0;
		v = v << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	}
	return v;
}

static size_t first_from(const struct symbol_name *out, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (out[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* "ffffffff81000000 T name" or "ffffffffc0000000 t name<tab>[module]" */
static void set_name(struct symbol_name *n, uint64_t start, const char *line, const char *end)
{
	const char *type = memchr(line, ' ', (size_t)(end - line)), *name = type ? type + 3 : end, *tab;

	if (name >= end)
		return;
	tab = memchr(name, '\t', (size_t)(end - name));
	n->kind = strchr("tTwW", type[1]) ? SYMBOL_FUNCTION : SYMBOL_OBJECT;
	n->offset = n->address - start;
	str_clean(n->name, sizeof n->name, name, (size_t)((tab ? tab : end) - name));
	if (tab && end - tab > 3)
		str_clean(n->module, sizeof n->module, tab + 2, (size_t)(end - tab - 3));
	else
		str_copy(n->module, sizeof n->module, "kernel");
}

/* The symbol of a line reaches to that of the next, where that is above it: modules come in no order. */
static void take_line(struct symbol_name *out, size_t count, const char *line, const char *end, uint64_t next)
{
	uint64_t start = read_address(line, end);
	uint64_t limit = next > start && next - start < FARTHEST ? next : start < UINT64_MAX - FARTHEST ? start + FARTHEST : UINT64_MAX;

	for (size_t i = start ? first_from(out, count, start) : count; i < count && out[i].address < limit; i++)
		if (out[i].kind == SYMBOL_UNKNOWN || out[i].address - start < out[i].offset)
			set_name(&out[i], start, line, end);
}

size_t kernel_feed(struct symbol_name *out, size_t count, const char *text, size_t length)
{
	const char *at = text, *end = text + length, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
		take_line(out, count, at, newline, read_address(newline + 1, end));
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

static int by_address(const void *a, const void *b)
{
	const struct symbol_name *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

void kernel_names(const uint64_t *addresses, size_t count, struct symbol_name *out)
{
	struct symbol_name *sorted = xcalloc(count, sizeof *sorted);
	const char *why;

	for (size_t i = 0; i < count; i++)
		sorted[i].address = addresses[i];
	if (count)
		qsort(sorted, count, sizeof *sorted, by_address);
	why = read_all(sorted, count);
	for (size_t i = 0; i < count; i++) {
		out[i] = sorted[first_from(sorted, count, addresses[i])];
		out[i].why = out[i].kind == SYMBOL_UNKNOWN ? why : NULL;
	}
	free(sorted);
}
