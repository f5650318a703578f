/* Reading and searching the maps that just-in-time compilers leave. */
#include "symbol/perfmap.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536
#define BACK 64   /* entries before the nearest that may still reach over the address */

void perfmap_init(struct perfmap *p)
{
	*p = (struct perfmap){ .fd = -1 };
}

void perfmap_free(struct perfmap *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->list);
	perfmap_init(p);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A hex number, with or without 0x, and the blanks behind it. */
static bool take_hex(const char **at, const char *end, uint64_t *out)
{
	const char *p = *at, *first;
	uint64_t v = 0;

	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	for (first = p; p < end && hex(*p) >= 0; p++) {
		if (v >> 60)
			return false;
		v = v << 4 | (uint64_t)hex(*p);
	}
	if (p == first || p == end || *p != ' ')
		return false;
	while (p < end && *p == ' ')
		p++;
	*at = p;
	*out = v;
	return true;
}

static void take_line(struct perfmap *p, const char *line, const char *end, uint64_t offset)
{
	const char *at = line;
	uint64_t start, size;

	if (end > line && end[-1] == '\r')
		end--;
	if (!take_hex(&at, end, &start) || !take_hex(&at, end, &size) || at == end || !size || size > UINT32_MAX ||
			start > UINT64_MAX - size)
		return;
	if (p->count == PERFMAP_MOST) {
		p->cut = true;
		return;
	}
	p->list = xgrow(p->list, &p->capacity, p->count + 1, sizeof *p->list);
	p->list[p->count++] = (struct perfmap_entry){ start, offset + (uint64_t)(at - line), (uint32_t)size,
		(uint32_t)(end - at) };
	p->sorted = false;
}

size_t perfmap_feed(struct perfmap *p, const char *text, size_t length, uint64_t offset)
{
	const char *at = text, *end = text + length, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
		if (!p->skipping && newline - at < PERFMAP_LINE)
			take_line(p, at, newline, offset + (uint64_t)(at - text));
		p->skipping = false;
	}
	if (end - at >= PERFMAP_LINE) {
		p->skipping = true;
		at = end;
	}
	return (size_t)(at - text);
}

static bool is_another(const struct perfmap *p, const struct stat *st)
{
	return st->st_ino != p->inode || (uint64_t)st->st_size < p->read;
}

void perfmap_read(struct perfmap *p, int fd)
{
	struct stat st;
	char *buf;

	if (fstat(fd, &st)) {
		close(fd);
		return;
	}
	if (is_another(p, &st)) {
		p->count = 0;
		p->read = 0;
		p->skipping = p->cut = false;
	}
	if (p->fd >= 0)
		close(p->fd);
	p->fd = fd;
	p->inode = st.st_ino;
	if (p->read == (uint64_t)st.st_size)
		return;
	buf = xcalloc(1, CHUNK);
	while (p->read < PERFMAP_TEXT) {
		ssize_t n = pread(fd, buf, CHUNK, (off_t)p->read);
		size_t taken = n > 0 ? perfmap_feed(p, buf, (size_t)n, p->read) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		p->read += taken;
		if (!taken)
			break;
	}
	p->cut = p->cut || p->read >= PERFMAP_TEXT;
	free(buf);
}

static int by_start(const void *a, const void *b)
{
	const struct perfmap_entry *x = a, *y = b;

	return x->start != y->start ? (x->start > y->start) - (x->start < y->start) : (x->name > y->name) - (x->name < y->name);
}

static void sort(struct perfmap *p)
{
	size_t kept = 0;

	if (p->count)
		qsort(p->list, p->count, sizeof *p->list, by_start);
	for (size_t i = 0; i < p->count; i++) {
		kept -= kept && p->list[kept - 1].start == p->list[i].start; /* code was replaced in place */
		p->list[kept++] = p->list[i];
	}
	p->count = kept;
	p->sorted = true;
}

static const struct perfmap_entry *find_entry(struct perfmap *p, uint64_t address)
{
	const struct perfmap_entry *best = NULL;
	size_t low = 0, high;

	if (!p->sorted)
		sort(p);
	high = p->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->list[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low, looked = 0; i-- > 0 && looked < BACK; looked++)
		if (address - p->list[i].start < p->list[i].size && (!best || p->list[i].name > best->name))
			best = &p->list[i];
	return best;
}

bool perfmap_find(struct perfmap *p, uint64_t address, char *name, size_t size, uint64_t *offset)
{
	const struct perfmap_entry *e = find_entry(p, address);
	ssize_t n;

	if (!e || !size)
		return false;
	do
		n = pread(p->fd, name, e->length < size - 1 ? e->length : size - 1, (off_t)e->name);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	name[n] = '\0';
	*offset = address - e->start;
	return true;
}
