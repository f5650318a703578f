/* Parsing the maps of a process, line by line as they are read: some have megabytes of them. */
#include "symbol/maps.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CHUNK 32768 /* several lines of the longest kind */

/* A number of that base at *at, which it moves past it and past the one character `then`. */
static bool take_number(const char **at, const char *end, unsigned base, char then, uint64_t *out)
{
	const char *p = *at;
	uint64_t v = 0;

	for (; p < end; p++) {
		unsigned digit = *p >= '0' && *p <= '9' ? (unsigned)(*p - '0') : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a') + 10 : 16;

		if (digit >= base)
			break;
		if (v > (UINT64_MAX - digit) / base)
			return false;
		v = v * base + digit;
	}
	if (p == *at || p == end || *p != then)
		return false;
	*at = p + 1;
	*out = v;
	return true;
}

static uint32_t keep_name(struct maps *m, const char *name, size_t length)
{
	const struct map *last = m->count ? &m->list[m->count - 1] : NULL;
	size_t at = m->names_length;

	if (!length)
		return 0;
	if (last && last->name && strlen(m->names + last->name) == length && memcmp(m->names + last->name, name, length) == 0)
		return last->name;
	if (at == 0)
		at = 1; /* 0 is no name */
	if (at + length + 1 > MAPS_NAMES) {
		m->cut = true;
		return 0;
	}
	m->names = xgrow(m->names, &m->names_capacity, at + length + 1, 1);
	memcpy(m->names + at, name, length);
	m->names[at + length] = '\0';
	m->names_length = at + length + 1;
	return (uint32_t)at;
}

static bool is_same_file(const struct maps *m, const struct map *a, const struct map *b)
{
	return a->inode == b->inode && a->device == b->device && a->name && b->name &&
		strcmp(m->names + a->name, m->names + b->name) == 0;
}

/* Mappings of a file one behind the other, with rising offsets, are one module; and so is memory without a name right
 * behind its writable part: variables that begin as zero. Where the module's segments end the image knows. */
static uint32_t module_of(struct maps *m, const struct map *map)
{
	const char *name = map->name ? m->names + map->name : "";
	const struct map *last = m->count ? &m->list[m->count - 1] : NULL, *first;
	struct module *module;

	if (last && last->module != MAPS_NO_MODULE) {
		module = &m->modules[last->module];
		first = &m->list[module->first];
		if (map->inode ? is_same_file(m, first, map) && map->offset > first->offset :
				(!*name || strcmp(name, "[anon:.bss]") == 0) && map->start == last->end && map->write) {
			module->end = map->end;
			module->exec = module->exec || map->exec;
			return last->module;
		}
	}
	if (!map->inode && strcmp(name, "[vdso]") != 0)
		return MAPS_NO_MODULE;
	m->modules = xgrow(m->modules, &m->modules_capacity, m->nmodules + 1, sizeof *m->modules);
	m->modules[m->nmodules] = (struct module){ map->start, map->end, (uint32_t)m->count, map->exec };
	return (uint32_t)m->nmodules++;
}

/* 55f1c000-55f1e000 r-xp 00001000 fe:00 131 <spaces> /usr/bin/cat */
static void take_line(struct maps *m, const char *at, const char *end)
{
	struct map map = { .start = 0 };
	uint64_t major_number, minor_number;
	const char *flags;

	if (!take_number(&at, end, 16, '-', &map.start) || !take_number(&at, end, 16, ' ', &map.end) || end - at < 5)
		return;
	flags = at;
	at += 5;
	if (flags[4] != ' ' || !take_number(&at, end, 16, ' ', &map.offset) || !take_number(&at, end, 16, ':', &major_number) ||
			!take_number(&at, end, 16, ' ', &minor_number) || !take_number(&at, end, 10, ' ', &map.inode))
		return;
	if (map.end <= map.start || (m->count && map.start < m->list[m->count - 1].end))
		return;
	if (m->count == MAPS_MOST) {
		m->cut = true;
		return;
	}
	while (at < end && *at == ' ')
		at++;
	map.device = makedev((unsigned)major_number, (unsigned)minor_number);
	map.write = flags[1] == 'w';
	map.exec = flags[2] == 'x';
	map.name = keep_name(m, at, (size_t)(end - at));
	map.module = module_of(m, &map);
	m->list = xgrow(m->list, &m->capacity, m->count + 1, sizeof *m->list);
	m->list[m->count++] = map;
}

size_t maps_feed(struct maps *m, const char *text, size_t length)
{
	const char *at = text, *end = text + length, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
		if (!memchr(at, '\0', (size_t)(newline - at)))
			take_line(m, at, newline);
	return (size_t)(at - text);
}

int maps_read(struct maps *m, int proc_dir)
{
	int fd = openat(proc_dir, "maps", O_RDONLY | O_CLOEXEC), saved;
	char *buf = xcalloc(1, CHUNK);
	size_t have = 0;
	ssize_t n = 0;

	while (fd >= 0 && ((n = read(fd, buf + have, CHUNK - have)) > 0 || (n < 0 && errno == EINTR))) {
		size_t taken;

		have += n > 0 ? (size_t)n : 0;
		taken = maps_feed(m, buf, have);
		if (!taken && have == CHUNK)
			taken = CHUNK; /* no line of the kernel's is that long */
		memmove(buf, buf + taken, have - taken);
		have -= taken;
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	free(buf);
	errno = saved;
	return fd < 0 || n < 0 ? -1 : 0;
}

const struct map *maps_find(const struct maps *m, uint64_t address)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < m->list[middle].start)
			high = middle;
		else if (address >= m->list[middle].end)
			low = middle + 1;
		else
			return &m->list[middle];
	}
	return NULL;
}

const char *maps_name(const struct maps *m, const struct map *map)
{
	return map->name ? m->names + map->name : "";
}

void maps_free(struct maps *m)
{
	free(m->list);
	free(m->modules);
	free(m->names);
	*m = (struct maps){ .list = NULL };
}
