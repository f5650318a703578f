/* A process: its maps and the images of its files, read when they are needed and again when they have changed. */
#include "symbol/private.h"

#include "base/alloc.h"
#include "base/str.h"
#include "symbol/lines.h"
#include "symbol/place.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REREAD (200 * NSEC_PER_MSEC) /* maps are read again for an unknown address no sooner than this */
#define OLD (10 * NSEC_PER_SEC)      /* ... and for any: other libraries may lie where some lay before */
#define REST_SHARE 4                 /* of the limit, one part is what is kept while nothing is asked */

struct symbol_cache *symbol_cache_new(size_t limit)
{
	struct symbol_cache *c = xcalloc(1, sizeof *c);

	c->images.limit = limit;
	return c;
}

void symbol_cache_free(struct symbol_cache *c)
{
	if (!c)
		return;
	images_free(&c->images);
	free(c);
}

void symbol_cache_rest(struct symbol_cache *c)
{
	for (struct symbols *s = c->processes; s; s = s->next) {
		unwinder_free(s->unwinder);
		s->unwinder = NULL;
	}
	images_trim(&c->images, NULL, c->images.limit - c->images.limit / REST_SHARE);
}

size_t symbol_cache_bytes(const struct symbol_cache *c)
{
	return c->images.bytes;
}

struct symbols *symbols_open(struct symbol_cache *c, pid_t pid, int proc_dirfd)
{
	struct symbols *s = xcalloc(1, sizeof *s);

	*s = (struct symbols){ .next = c->processes, .cache = c, .pid = pid, .root = -1 };
	s->dir = fcntl(proc_dirfd, F_DUPFD_CLOEXEC, 0);
	perfmap_init(&s->jit);
	c->processes = s;
	return s;
}

static void release_images(struct symbols *s)
{
	for (size_t i = 0; i < s->maps.nmodules; i++)
		if (s->opened[i].image)
			image_release(s->opened[i].image);
	free(s->opened);
	s->opened = NULL;
}

static void forget(struct symbols *s)
{
	unwinder_free(s->unwinder);
	s->unwinder = NULL;
	release_images(s);
	maps_free(&s->maps);
	if (s->root >= 0)
		close(s->root);
	s->root = -1;
	memset(s->recent_set, 0, sizeof s->recent_set);
}

void symbols_close(struct symbols *s)
{
	struct symbols **at;

	if (!s)
		return;
	forget(s);
	perfmap_free(&s->jit);
	if (s->dir >= 0)
		close(s->dir);
	for (at = &s->cache->processes; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	images_trim(&s->cache->images, NULL, 0);
	free(s);
}

size_t symbols_bytes(const struct symbols *s)
{
	const struct maps *m = &s->maps;

	return m->capacity * sizeof *m->list + m->modules_capacity * sizeof *m->modules + m->names_capacity +
		m->nmodules * sizeof *s->opened + s->jit.capacity * sizeof *s->jit.list;
}

void symbols_stale(struct symbols *s)
{
	s->stale = true;
}

/* Whether the same files lie at the same places; memory without a file comes and goes all the time. */
static bool has_same_modules(const struct maps *a, const struct maps *b)
{
	for (size_t i = 0; i < a->nmodules && a->nmodules == b->nmodules; i++) {
		const struct module *m = &a->modules[i], *n = &b->modules[i];
		const struct map *x = &a->list[m->first], *y = &b->list[n->first];

		if (m->start != n->start || m->end != n->end || m->exec != n->exec || x->inode != y->inode || x->device != y->device ||
				x->offset != y->offset || strcmp(maps_name(a, x), maps_name(b, y)) != 0)
			return false;
	}
	return a->count && a->nmodules == b->nmodules;
}

/* An ended process has no maps: what was known of it is then all there is to know. Not so one whose maps may not be read
 * any more: it runs another program. */
static void read_maps(struct symbols *s)
{
	struct maps maps = { .list = NULL };
	int rc = maps_read(&maps, s->dir), code = errno;
	bool again = s->read && !s->stale;

	s->read = true;
	s->stale = false;
	s->read_at = clock_now();
	s->jit_at = 0;
	if (rc || !maps.count) {
		maps_free(&maps);
		if (rc && (code == EACCES || code == EPERM))
			forget(s);
		if (!s->maps.count)
			s->maps_why = !rc || code == ESRCH || code == ENOENT ? "the process has ended" :
				code == EACCES || code == EPERM ? "not permitted to read the maps of the process" :
				"the maps of the process cannot be read";
		return;
	}
	if (again && has_same_modules(&maps, &s->maps)) {
		maps_free(&s->maps);
		s->maps = maps;
		for (size_t i = 0; i < maps.nmodules; i++)
			s->opened[i].why = NULL; /* what could not be opened is tried again */
		return;
	}
	forget(s);
	s->maps = maps;
	s->maps_why = NULL;
	s->opened = xcalloc(maps.nmodules, sizeof *s->opened);
	s->root = place_root(s->dir);
}

bool symbols_old(const struct symbols *s)
{
	return !s->read || s->stale || clock_now() - s->read_at > OLD;
}

const struct map *symbols_map(struct symbols *s, uint64_t address)
{
	const struct map *map = NULL;

	s->used = ++s->cache->turn;
	if (!symbols_old(s))
		map = maps_find(&s->maps, address);
	if (map || (!symbols_old(s) && clock_now() - s->read_at < REREAD))
		return map;
	read_maps(s);
	return maps_find(&s->maps, address);
}

static const char *module_text(const struct symbols *s, const struct map *map)
{
	return maps_name(&s->maps, &s->maps.list[s->maps.modules[map->module].first]);
}

void symbols_path(const struct symbols *s, const struct map *map, char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	size_t length;

	str_copy(path, size, module_text(s, map));
	length = strlen(path);
	if (length > strlen(deleted) && strcmp(path + length - strlen(deleted), deleted) == 0)
		path[length - strlen(deleted)] = '\0';
}

void symbols_module_name(const struct symbols *s, const struct map *map, char *name, size_t size)
{
	char path[4352];
	const char *slash;

	symbols_path(s, map, path, sizeof path);
	slash = strrchr(path, '/');
	str_clean(name, size, slash ? slash + 1 : path, strlen(slash ? slash + 1 : path));
}

/* How far the file was moved: told by the segment that its first mapping shows. */
static bool find_bias(const struct elf_file *f, const struct map *first, uint64_t *bias)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < f->nsegments; i++) {
		const struct elf_segment *g = &f->segments[i];
		uint64_t begin = g->offset & ~(page - 1);

		if (first->offset < begin || first->offset >= g->offset + g->filesz || first->exec != !!(g->flags & PF_X))
			continue;
		*bias = first->start - (g->vaddr - g->offset + first->offset);
		return true;
	}
	return false;
}

static struct image *open_vdso(struct symbol_cache *c, const char **why)
{
	int fd;

	if (!c->vdso || !c->vdso->loaded) {
		fd = place_open_vdso();
		if (fd < 0) {
			*why = "the kernel shows no vdso";
			return NULL;
		}
		if (c->vdso)
			image_release(c->vdso);
		c->vdso = image_get(&c->images, fd, -1, "");
	}
	c->vdso->references++;
	return c->vdso;
}

static struct image *open_image(struct symbols *s, const struct map *first, const char **why)
{
	char path[4352];
	int fd;

	if (strcmp(maps_name(&s->maps, first), "[vdso]") == 0)
		return open_vdso(s->cache, why);
	symbols_path(s, first, path, sizeof path);
	fd = place_open_mapped(s->dir, s->root, path, first, why);
	return fd < 0 ? NULL : image_get(&s->cache->images, fd, s->root, path);
}

struct image *symbols_image(struct symbols *s, const struct map *map, uint64_t address, uint64_t *vaddr, const char **why)
{
	struct opened *o = &s->opened[map->module];
	const struct map *first = &s->maps.list[s->maps.modules[map->module].first];

	if (o->image && !o->image->loaded) { /* it was given up for others meanwhile */
		image_release(o->image);
		o->image = NULL;
	}
	if (!o->image && !o->why) {
		o->image = open_image(s, first, &o->why);
		o->biased = o->image && !o->image->why && find_bias(&o->image->elf, first, &o->bias);
		images_trim(&s->cache->images, o->image, 0);
	}
	*vaddr = o->biased ? address - o->bias : address - first->start + first->offset;
	*why = !o->image ? o->why : o->image->why ? o->image->why : o->biased ? NULL : "its segments are not where its file has them";
	if (*why || !o->image)
		return NULL;
	o->image->used = ++s->cache->images.turn;
	return o->image;
}

int symbols_line(struct symbols *s, uint64_t address, struct symbol_line *out, struct err *e)
{
	const struct map *map = symbols_map(s, address);
	char path[4352], name[SYMBOL_MODULE_TEXT];
	struct image *image;
	const char *why;
	struct err cause = { .code = 0 };
	uint64_t vaddr;

	if (!map || map->module == MAPS_NO_MODULE)
		return err_set(e, 0, "%s", map ? "memory without a file" : s->maps_why ? s->maps_why : "not mapped");
	symbols_path(s, map, path, sizeof path);
	symbols_module_name(s, map, name, sizeof name);
	image = symbols_image(s, map, address, &vaddr, &why);
	if (!image)
		return err_set(e, 0, "%s: %s", name, why);
	if (lines_find(image, s->root, path, vaddr, out, &cause))
		return err_set(e, 0, "%s: %s", name, cause.text);
	return 0;
}
