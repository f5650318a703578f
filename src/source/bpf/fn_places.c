/* Which files a process has, and the places in them that --fn means: each file is read once. */
#include "source/bpf/fn.h"

#include "base/alloc.h"
#include "base/str.h"
#include "symbol/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MOST 256

/* A file may be overwritten in place, and what is found in it then is no more where it was. */
static bool is_unchanged(const struct fn_known *k)
{
	struct stat st;

	return fstat(k->file.fd, &st) == 0 && st.st_size == k->size && st.st_mtim.tv_sec == k->written.tv_sec &&
		st.st_mtim.tv_nsec == k->written.tv_nsec;
}

size_t fn_known_open(struct fn *f, int fd)
{
	struct fn_known *k;
	struct stat st;
	bool good = fstat(fd, &st) == 0;

	for (size_t i = 0; good && i < f->nknown; i++)
		if (f->known[i].device == st.st_dev && f->known[i].inode == st.st_ino && is_unchanged(&f->known[i])) {
			close(fd);
			return i;
		}
	if (!good || f->nknown == FILES_MOST) {
		close(fd);
		return SIZE_MAX;
	}
	f->known = xgrow(f->known, &f->known_capacity, f->nknown + 1, sizeof *f->known);
	k = &f->known[f->nknown];
	k->device = st.st_dev;
	k->inode = st.st_ino;
	k->written = st.st_mtim;
	k->size = st.st_size;
	k->usable = fn_file_open(&k->file, fd) == NULL;
	return f->nknown++;
}

size_t fn_known_mapped(struct fn *f, const struct fn_process *p, const struct maps *m, const struct map *map,
	const char **why)
{
	size_t known;
	int root, fd;

	for (size_t i = 0; i < f->nknown; i++)
		if (f->known[i].mapped_inode == map->inode && f->known[i].mapped_device == map->device && is_unchanged(&f->known[i]))
			return i;
	root = place_root(p->who.dir);
	fd = place_open_mapped(p->who.dir, root, maps_name(m, map), map, why);
	close(root);
	if (fd < 0)
		return SIZE_MAX;
	known = fn_known_open(f, fd);
	if (known != SIZE_MAX) {
		f->known[known].mapped_inode = map->inode;
		f->known[known].mapped_device = map->device;
	}
	return known;
}

/* The slot of a function, which may be new; FN_SLOTS: there is no room. A spec that means one function has its slot from
 * the beginning. Called with the lock held. */
static size_t slot_of(struct fn *f, size_t spec, const char *name)
{
	bool one = f->specs[spec].kind != FN_GLOB;
	struct fn_slot *s;

	for (size_t i = 0; i < f->nslots; i++)
		if (f->slots[i].spec == spec && (one || strcmp(f->slots[i].shown, name) == 0))
			return i;
	if (f->nslots == FN_SLOTS)
		return FN_SLOTS;
	s = &f->slots[f->nslots];
	*s = (struct fn_slot){ .spec = spec };
	str_copy(s->shown, sizeof s->shown, name);
	fn_spec_metric(&f->specs[spec], name, s->metric);
	return f->nslots++;
}

static int by_name(const void *a, const void *b)
{
	const struct fn_match *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void keep(struct fn *f, struct fn_known *k, size_t spec, const struct fn_match *m)
{
	size_t slot;

	pthread_mutex_lock(&f->lock);
	slot = slot_of(f, spec, m->name);
	f->more[spec] += slot == FN_SLOTS;
	pthread_mutex_unlock(&f->lock);
	if (slot == FN_SLOTS)
		return;
	k->found = xgrow(k->found, &k->capacity, k->nfound + 1, sizeof *k->found);
	k->found[k->nfound++] = (struct fn_found){ spec, (uint32_t)slot, *m };
	fn_guard_admit(f, slot, m);
}

static void resolve(struct fn *f, struct fn_known *k, size_t spec)
{
	const struct fn_spec *s = &f->specs[spec];
	struct fn_match *list = xcalloc(FN_POINTS, sizeof *list);
	size_t more, n;
	struct err e = { .code = 0 };

	n = fn_resolve(&k->file, s->file[0] ? s->file : "the program and its libraries", s, list, FN_POINTS, &more, &e);
	qsort(list, n, sizeof *list, by_name);
	for (size_t i = 0; i < n; i++)
		keep(f, k, spec, &list[i]);
	free(list);
	pthread_mutex_lock(&f->lock);
	f->more[spec] += more;
	if (n)
		f->found[spec] = true;
	else if (!f->whys[spec].text[0] || strstr(e.text, "did you mean"))
		f->whys[spec] = e;
	pthread_mutex_unlock(&f->lock);
}

/* A program that catches exceptions may raise some in whatever calls it back. Of one written in C only the libraries that
 * raise some are to be wary of. */
bool fn_known_throws(const struct fn_known *program)
{
	return program->file.raises || program->file.elf.except_table.size;
}

bool fn_known_has(struct fn *f, size_t known, size_t spec)
{
	struct fn_known *k = &f->known[known];

	if (!k->usable)
		return false;
	if (!k->resolved[spec])
		resolve(f, k, spec);
	k->resolved[spec] = true;
	for (size_t i = 0; i < k->nfound; i++)
		if (k->found[i].spec == spec)
			return true;
	return false;
}
