/* Lines by libdw. What it keeps of a file grows with what is asked, so it is begun anew now and then. */
#include "symbol/lines.h"

#include "symbol/image.h"

#ifdef HAVE_LIBDW

#include "base/alloc.h"
#include "base/str.h"

#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_UNPACKED (8u << 20)  /* bytes of compressed debug information, which the library unpacks into memory */
#define MOST_OPEN 4u              /* files */
#define MOST_UNITS 64u            /* questions after which a file is begun anew: each may leave a unit's lines in memory */
#define MOST_SEARCHED 65536u      /* units looked through for an address that no table of ranges has */

struct lines {
	Elf *elf;
	Dwarf *dwarf;
	int fd;
	uint64_t size, changed, unpacked;
	unsigned units;
};

void lines_free(struct lines *l)
{
	if (!l)
		return;
	dwarf_end(l->dwarf);
	elf_end(l->elf);
	free(l);
}

/* The library reads the file through a mapping, and one that has become shorter would end tach. */
static bool is_unchanged(const struct lines *l)
{
	struct stat st;

	return fstat(l->fd, &st) == 0 && (uint64_t)st.st_size == l->size && (uint64_t)st.st_mtim.tv_sec == l->changed;
}

static struct lines *begin(int fd, uint64_t unpacked, struct err *e)
{
	struct lines *l = xcalloc(1, sizeof *l);
	struct stat st;

	elf_version(EV_CURRENT);
	l->fd = fd;
	l->unpacked = unpacked;
	if (fstat(fd, &st) == 0) {
		l->size = (uint64_t)st.st_size;
		l->changed = (uint64_t)st.st_mtim.tv_sec;
	}
	l->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	l->dwarf = l->elf ? dwarf_begin_elf(l->elf, DWARF_C_READ, NULL) : NULL;
	if (l->dwarf)
		return l;
	err_set(e, 0, "its debug information cannot be read: %s", l->elf ? dwarf_errmsg(-1) : elf_errmsg(-1));
	lines_free(l);
	return NULL;
}

static int choose_file(struct image *i, int root, const char *path, uint64_t *unpacked, struct err *e)
{
	const struct elf_file *f = &i->elf;
	int fd = i->fd;

	if (!f->debug_line.size || !f->debug_info.size) {
		f = &i->debug;
		fd = image_seek_debug(i, root, path) ? i->debug_fd : -1;
	}
	if (fd < 0 || !f->debug_line.size || !f->debug_info.size)
		return err_set(e, 0, "no debug information: build with -g, or install its debug package");
	if (f->compressed > MOST_UNPACKED)
		return err_set(e, 0, "its debug information is compressed and too large (%u MiB)", (unsigned)(f->compressed >> 20));
	*unpacked = f->compressed;
	return fd;
}

/* Ends the lines of the images that were used least, until there is room for one more. */
static void make_room(struct images *all, uint64_t unpacked)
{
	struct image *least;
	unsigned open;
	uint64_t sum;

	for (;;) {
		least = NULL;
		open = 0;
		sum = unpacked;
		for (struct image *i = all->list; i; i = i->next) {
			if (!i->lines)
				continue;
			open++;
			sum += i->lines->unpacked;
			least = !least || i->used < least->used ? i : least;
		}
		if (!least || (open < MOST_OPEN && sum <= MOST_UNPACKED))
			return;
		lines_free(least->lines);
		least->lines = NULL;
	}
}

/* Ranges of addresses by unit stand in a table that some compilers leave out. */
static bool find_unit(Dwarf *dwarf, uint64_t vaddr, Dwarf_Die *unit)
{
	Dwarf_Off at = 0, next;
	size_t head;

	if (dwarf_addrdie(dwarf, vaddr, unit))
		return true;
	for (unsigned i = 0; i < MOST_SEARCHED && dwarf_nextcu(dwarf, at, &next, &head, NULL, NULL, NULL) == 0; i++, at = next)
		if (dwarf_offdie(dwarf, at + head, unit) && dwarf_haspc(unit, vaddr) > 0)
			return true;
	return false;
}

static int read_line(Dwarf *dwarf, uint64_t vaddr, struct symbol_line *out, struct err *e)
{
	Dwarf_Die unit;
	Dwarf_Line *line = find_unit(dwarf, vaddr, &unit) ? dwarf_getsrc_die(&unit, vaddr) : NULL;
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	size_t length;
	int number;

	if (!file || dwarf_lineno(line, &number) || number <= 0)
		return err_set(e, 0, "its debug information has no line for this address");
	length = strlen(file);
	file += length >= sizeof out->file ? length - (sizeof out->file - 1) : 0;
	str_clean(out->file, sizeof out->file, file, strlen(file));
	out->line = (unsigned)number;
	return 0;
}

int lines_find(struct images *all, struct image *i, int root, const char *path, uint64_t vaddr, struct symbol_line *out,
	struct err *e)
{
	uint64_t unpacked = 0;

	if (i->lines && (i->lines->units >= MOST_UNITS || !is_unchanged(i->lines))) {
		lines_free(i->lines);
		i->lines = NULL;
	}
	if (!i->lines) {
		int fd = choose_file(i, root, path, &unpacked, e);

		if (fd < 0)
			return -1;
		make_room(all, unpacked);
		i->lines = begin(fd, unpacked, e);
	}
	if (!i->lines)
		return -1;
	i->lines->units++;
	return read_line(i->lines->dwarf, vaddr, out, e);
}

#else

void lines_free(struct lines *l)
{
	(void)l;
}

int lines_find(struct images *all, struct image *i, int root, const char *path, uint64_t vaddr, struct symbol_line *out,
	struct err *e)
{
	(void)all;
	(void)i;
	(void)root;
	(void)path;
	(void)vaddr;
	(void)out;
	return err_set(e, 0, "no lines: built without libdw");
}

#endif
