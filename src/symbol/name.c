/* What to call an address: a function, a variable, a place in a module, or a region of memory. */
#include "symbol/private.h"

#include "base/str.h"
#include "symbol/demangle.h"
#include "symbol/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define JIT_AGAIN (500 * NSEC_PER_MSEC) /* a perf map is looked at again for an unknown address no sooner than this */

/* Code that a program made itself; looks at what its perf map has more when the address is not in it. */
static bool name_made_code(struct symbols *s, uint64_t address, struct symbol_name *out)
{
	char raw[512];
	bool found = perfmap_find(&s->jit, address, raw, sizeof raw, &out->offset);

	if (!found && (!s->jit_at || clock_now() - s->jit_at >= JIT_AGAIN)) {
		int fd = place_open_perfmap(s->dir, s->root, s->pid);

		s->jit_at = clock_now();
		if (fd >= 0)
			perfmap_read(&s->jit, fd);
		found = perfmap_find(&s->jit, address, raw, sizeof raw, &out->offset);
	}
	if (!found)
		return false;
	out->kind = SYMBOL_FUNCTION;
	out->why = NULL;
	out->module[0] = '\0';
	demangle(out->name, sizeof out->name, raw);
	return true;
}

static const char *why_nameless_code(const struct symbols *s)
{
	return s->jit.fd < 0 ? "code made at run time, and no perf map that names it" :
		s->jit.cut ? "code made at run time, and more of it than is kept" : "code made at run time that its perf map does not name";
}

/* Memory that is shared without a file has this one in maps. */
static bool is_shared_memory(const char *text)
{
	return strcmp(text, "/dev/zero (deleted)") == 0;
}

/* "[heap]", "[stack]", "[anon:NAME]", "[shared]", or "" with the whole address. */
static void name_region(const struct symbols *s, const struct map *map, struct symbol_name *out)
{
	const char *text = maps_name(&s->maps, map), *name = is_shared_memory(text) ? "[shared]" : text;
	const struct map *first = map;

	while (first > s->maps.list && *text && first[-1].end == first->start &&
			strcmp(maps_name(&s->maps, first - 1), text) == 0)
		first--;
	out->kind = SYMBOL_REGION;
	out->offset = out->address - first->start;
	str_clean(out->name, sizeof out->name, name, strlen(name));
	out->why = *text ? NULL : "memory without a name";
}

/* Whether memory without a file behind a file's mappings is part of the module, by its segments. */
static bool is_in_module(const struct symbols *s, const struct map *map, const struct image *i, uint64_t vaddr)
{
	return map->inode || map == &s->maps.list[s->maps.modules[map->module].first] ||
		(i && elf_segment_of(&i->elf, vaddr));
}

static void name_in_module(struct symbols *s, const struct map *map, struct symbol_name *out)
{
	struct index_hit hit;
	const char *why;
	struct image *i = symbols_image(s, map, out->address, &out->offset, &why);

	if (!is_in_module(s, map, i, out->offset)) {
		name_region(s, map, out);
		return;
	}
	symbols_module_name(s, map, out->module, sizeof out->module);
	out->kind = SYMBOL_MODULE;
	if (i && index_find(&i->index, out->offset, &hit)) {
		out->kind = hit.object ? SYMBOL_OBJECT : SYMBOL_FUNCTION;
		out->offset = hit.offset;
		demangle(out->name, sizeof out->name, hit.name);
		return;
	}
	out->why = !i ? why : i->nameless ? i->nameless : "no symbol covers the address";
	if (!i && map->exec) /* some compilers write their code into a file in memory */
		name_made_code(s, out->address, out);
}

static void find_name(struct symbols *s, uint64_t address, struct symbol_name *out)
{
	const struct map *map = symbols_map(s, address);

	*out = (struct symbol_name){ .kind = SYMBOL_UNKNOWN, .address = address };
	if (!map)
		out->why = s->maps_why ? s->maps_why : s->maps.cut ? "more mappings than are kept" : "not mapped";
	else if (map->module != MAPS_NO_MODULE && !is_shared_memory(maps_name(&s->maps, map)))
		name_in_module(s, map, out);
	else {
		name_region(s, map, out);
		if (map->exec && strcmp(out->name, "[vsyscall]") != 0 && !name_made_code(s, address, out))
			out->why = why_nameless_code(s);
	}
}

void symbols_name(struct symbols *s, uint64_t address, struct symbol_name *out)
{
	size_t slot = (size_t)((address * 0x9e3779b97f4a7c15u) >> 58) % RECENT;

	if (!symbols_old(s) && s->recent_set[slot] && s->recent[slot].address == address) {
		*out = s->recent[slot];
		return;
	}
	find_name(s, address, out);
	s->recent_set[slot] = out->module[0] && !out->why; /* what was made at run time may be made anew */
	s->recent[slot] = *out;
}

char *symbol_name_text(char *buf, size_t size, const struct symbol_name *n)
{
	const char *name = n->kind == SYMBOL_MODULE ? n->module : n->name;

	if (n->kind == SYMBOL_UNKNOWN || !*name)
		snprintf(buf, size, "0x%" PRIx64, n->address);
	else if (!n->offset || strcmp(name, "[stack]") == 0)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%s+0x%" PRIx64, name, n->offset);
	return buf;
}

char *symbol_line_text(char *buf, size_t size, const struct symbol_line *l)
{
	const char *slash = strrchr(l->file, '/');

	snprintf(buf, size, "%s:%u", slash ? slash + 1 : l->file, l->line);
	return buf;
}
