/* Building and searching the index of a symbol table. */
#include "symbol/index.h"

#include "base/alloc.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT 0x80000000u
#define LOCAL 0x40000000u
#define SIZE_MASK 0x3fffffffu
#define CHUNK 1024     /* symbols read at once */
#define BACK 64        /* entries looked at before the nearest, for one that is long enough */
#define ALIASES 16     /* names of one address that are compared */
#define MOST_READ (4u << 20) /* symbols looked at: large browsers have 2 million */

/* Functions and variables; and labels of hand-written code, which often say neither what nor how long they are. */
static bool is_wanted(const struct elf_file *f, const Elf64_Sym *s)
{
	const struct elf_segment *segment;
	unsigned type = ELF64_ST_TYPE(s->st_info);

	if (s->st_shndx == SHN_UNDEF || (s->st_shndx >= SHN_LORESERVE && s->st_shndx != SHN_XINDEX) || !s->st_name)
		return false;
	if (type == STT_FUNC || type == STT_GNU_IFUNC || ((type == STT_OBJECT || type == STT_COMMON) && s->st_size))
		return true;
	segment = elf_segment_of(f, s->st_value);
	return type == STT_NOTYPE && ELF64_ST_BIND(s->st_info) != STB_LOCAL && segment && (segment->flags & PF_X);
}

static void keep(struct index *x, const struct elf_file *f, const Elf64_Sym *s, size_t most)
{
	unsigned type = ELF64_ST_TYPE(s->st_info);
	uint64_t at = s->st_value - x->base;
	struct index_entry *e;

	if (!is_wanted(f, s) || s->st_value < x->base || at > UINT32_MAX)
		return;
	if (x->count == most) {
		x->cut = true;
		return;
	}
	x->list = xgrow(x->list, &x->capacity, x->count + 1, sizeof *x->list);
	e = &x->list[x->count++];
	e->at = (uint32_t)at;
	e->size = s->st_size < SIZE_MASK ? (uint32_t)s->st_size : SIZE_MASK;
	e->size |= type == STT_OBJECT || type == STT_COMMON ? OBJECT : 0;
	e->size |= ELF64_ST_BIND(s->st_info) == STB_LOCAL ? LOCAL : 0;
	e->name = s->st_name;
}

static int by_address(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;

	return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x->name > y->name) - (x->name < y->name);
}

static uint64_t lowest(const struct elf_file *f)
{
	uint64_t low = UINT64_MAX;

	for (size_t i = 0; i < f->nsegments; i++)
		low = f->segments[i].vaddr < low ? f->segments[i].vaddr : low;
	return low;
}

void index_build(struct index *x, int fd, const struct elf_file *f, const struct elf_part *symbols,
	const struct elf_part *text, size_t most)
{
	Elf64_Sym *chunk = xcalloc(CHUNK, sizeof *chunk);
	uint64_t count = symbols->size / sizeof *chunk;

	*x = (struct index){ .fd = fd, .text = *text, .base = lowest(f), .cut = count > MOST_READ };
	count = x->cut ? MOST_READ : count;
	for (uint64_t at = 0; at < count; at += CHUNK) {
		size_t n = count - at < CHUNK ? (size_t)(count - at) : CHUNK;

		if (!elf_read_at(fd, chunk, n * sizeof *chunk, symbols->offset + at * sizeof *chunk))
			break;
		for (size_t i = 0; i < n; i++)
			keep(x, f, &chunk[i], most);
	}
	free(chunk);
	if (!x->count)
		return;
	x->list = xreallocarray(x->list, x->count, sizeof *x->list);
	x->capacity = x->count;
	qsort(x->list, x->count, sizeof *x->list, by_address);
}

static bool read_name(const struct index *x, const struct index_entry *e, char name[INDEX_NAME])
{
	uint64_t left = e->name < x->text.size ? x->text.size - e->name : 0;
	size_t n = left < INDEX_NAME - 1 ? (size_t)left : INDEX_NAME - 1;

	if (!n || !elf_read_at(x->fd, name, n, x->text.offset + e->name))
		return false;
	name[n] = '\0';
	return name[0] != '\0';
}

/* Of several names of one address: what others may call over what is local, without underscores in front, without a
 * version behind, the shorter: of __pthread_mutex_lock and pthread_mutex_lock the latter. Less is better. */
static unsigned rank(const struct index_entry *e, const char *name)
{
	size_t underscores = strspn(name, "_"), length = strlen(name);

	return (e->size & LOCAL ? 1u << 24 : 0) + (strchr(name, '@') ? 1u << 20 : 0) +
		((unsigned)(underscores < 8 ? underscores : 8) << 16) + (unsigned)(length < 0xffff ? length : 0xffff);
}

static bool name_best(const struct index *x, size_t i, char name[INDEX_NAME], size_t *best)
{
	char other[INDEX_NAME];
	unsigned least = UINT32_MAX;
	size_t first = i;

	while (first > 0 && i - first < ALIASES && x->list[first - 1].at == x->list[i].at)
		first--;
	for (size_t k = first; k <= i; k++) {
		unsigned r;

		if (((x->list[k].size ^ x->list[i].size) & OBJECT) || !read_name(x, &x->list[k], other))
			continue;
		r = rank(&x->list[k], other);
		if (r < least) {
			least = r;
			*best = k;
			memcpy(name, other, strlen(other) + 1);
		}
	}
	return least != UINT32_MAX;
}

/* The last entry that begins at or before `at`, or count. */
static size_t last_before(const struct index *x, uint64_t at)
{
	size_t low = 0, high = x->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (x->list[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : x->count;
}

static bool covers(const struct index *x, size_t nearest, size_t i, uint64_t at)
{
	uint32_t size = x->list[i].size & SIZE_MASK;

	return at - x->list[i].at < size || (size == 0 && x->list[i].at == x->list[nearest].at);
}

bool index_find(const struct index *x, uint64_t vaddr, struct index_hit *hit)
{
	uint64_t at = vaddr - x->base;
	size_t nearest, i, best;

	if (!x->count || vaddr < x->base)
		return false;
	nearest = last_before(x, at);
	if (nearest == x->count)
		return false;
	for (i = nearest; !covers(x, nearest, i, at); i--)
		if (i == 0 || nearest - i == BACK)
			return false;
	if (!name_best(x, i, hit->name, &best))
		return false;
	hit->offset = at - x->list[best].at;
	hit->object = x->list[best].size & OBJECT;
	return true;
}

void index_free(struct index *x)
{
	free(x->list);
	*x = (struct index){ .fd = -1 };
}
