/* The cache of files: loading what is asked for, and giving up what was not for longest. */
#include "symbol/image.h"

#include "base/alloc.h"
#include "symbol/debugfile.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LOADED 256u             /* each holds one or two descriptors open */
#define MOST_UNWIND (24u << 20)      /* bytes of unwind tables of one file */
#define NAMES_SHARE 4                /* of the limit, one part is what names of one file take at most */

static uint64_t changed(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

static size_t weight(const struct image *i)
{
	return i->index.capacity * sizeof *i->index.list + i->unwind_size;
}

static void load_names(struct images *all, struct image *i, int root, const char *path)
{
	size_t most = all->limit / NAMES_SHARE / sizeof *i->index.list;

	if (i->elf.symtab.size)
		index_build(&i->index, i->fd, &i->elf, &i->elf.symtab, &i->elf.symtab_text, most);
	else if (image_seek_debug(i, root, path) && i->debug.symtab.size)
		index_build(&i->index, i->debug_fd, &i->elf, &i->debug.symtab, &i->debug.symtab_text, most);
	else {
		index_build(&i->index, i->fd, &i->elf, &i->elf.dynsym, &i->elf.dynsym_text, most);
		i->nameless = i->index.count ? "stripped: only the names that it exports are known" : "stripped: it has no names";
	}
	if (i->index.cut)
		i->nameless = "it has more names than are kept";
}

static void load(struct images *all, struct image *i, int fd, int root, const char *path)
{
	i->fd = fd;
	i->debug_fd = -1;
	i->index.fd = -1;
	i->loaded = true;
	i->why = elf_file_read(&i->elf, fd);
	if (!i->why)
		load_names(all, i, root, path);
	all->bytes += weight(i);
}

/* Gives up what was read. */
static void unload(struct images *all, struct image *i)
{
	if (!i->loaded)
		return;
	all->bytes -= weight(i);
	index_free(&i->index);
	free(i->unwind_file);
	close(i->fd);
	if (i->debug_fd >= 0)
		close(i->debug_fd);
	*i = (struct image){ .next = i->next, .device = i->device, .inode = i->inode, .size = i->size, .changed = i->changed,
		.references = i->references, .fd = -1, .debug_fd = -1 };
}

struct image *image_get(struct images *all, int fd, int root, const char *path)
{
	struct stat st = { .st_size = 0 };
	struct image *i;

	fstat(fd, &st);
	for (i = all->list; i; i = i->next)
		if (i->inode == st.st_ino && i->device == st.st_dev && i->size == (uint64_t)st.st_size && i->changed == changed(&st))
			break;
	if (!i) {
		i = xcalloc(1, sizeof *i);
		*i = (struct image){ .next = all->list, .device = st.st_dev, .inode = st.st_ino, .size = (uint64_t)st.st_size,
			.changed = changed(&st) };
		all->list = i;
	}
	i->references++;
	if (i->loaded)
		close(fd);
	else
		load(all, i, fd, root, path);
	i->used = ++all->turn;
	return i;
}

void image_release(struct image *i)
{
	i->references--;
}

bool image_seek_debug(struct image *i, int root, const char *path)
{
	if (!i->debug_sought)
		i->debug_fd = debugfile_open(&i->elf, i->fd, root, path, &i->debug);
	i->debug_sought = true;
	return i->debug_fd >= 0;
}

/* ---- unwind tables ---- */

/* The file that image_unwind_file() makes: these headers, then the two sections. */
struct unwind_head {
	Elf64_Ehdr file;
	Elf64_Phdr segments[ELF_SEGMENTS];
	Elf64_Shdr sections[4];
	char names[32];
};

static Elf64_Shdr section(const struct elf_part *part, uint32_t name, uint64_t offset)
{
	return (Elf64_Shdr){ .sh_name = name, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = part->vaddr,
		.sh_offset = offset, .sh_size = part->size, .sh_addralign = 1 };
}

static void fill_head(struct unwind_head *h, const struct elf_file *f)
{
	static const char names[] = "\0.eh_frame_hdr\0.eh_frame\0.names"; /* at 0, 1, 15, 25 */
	static const uint16_t order = 1;

	_Static_assert(sizeof names <= sizeof h->names, "room for the names");
	memcpy(h->names, names, sizeof names);
	memcpy(h->file.e_ident, ELFMAG, SELFMAG);
	h->file.e_ident[EI_CLASS] = ELFCLASS64;
	h->file.e_ident[EI_DATA] = *(const char *)&order ? ELFDATA2LSB : ELFDATA2MSB;
	h->file.e_ident[EI_VERSION] = EV_CURRENT;
	h->file.e_type = f->type;
	h->file.e_machine = f->machine;
	h->file.e_version = EV_CURRENT;
	h->file.e_ehsize = sizeof h->file;
	h->file.e_phoff = offsetof(struct unwind_head, segments);
	h->file.e_phentsize = sizeof h->segments[0];
	h->file.e_phnum = (uint16_t)f->nsegments;
	h->file.e_shoff = offsetof(struct unwind_head, sections);
	h->file.e_shentsize = sizeof h->sections[0];
	h->file.e_shnum = 4;
	h->file.e_shstrndx = 3;
	for (size_t i = 0; i < f->nsegments; i++)
		h->segments[i] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = f->segments[i].flags, .p_offset = f->segments[i].offset,
			.p_vaddr = f->segments[i].vaddr, .p_paddr = f->segments[i].vaddr, .p_filesz = f->segments[i].filesz,
			.p_memsz = f->segments[i].memsz, .p_align = (uint64_t)sysconf(_SC_PAGESIZE) };
	h->sections[1] = section(&f->eh_frame_hdr, 1, sizeof *h);
	h->sections[2] = section(&f->eh_frame, 15, sizeof *h + f->eh_frame_hdr.size);
	h->sections[3] = (Elf64_Shdr){ .sh_name = 25, .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct unwind_head, names),
		.sh_size = sizeof h->names, .sh_addralign = 1 };
}

static const char *make_unwind_file(struct image *i)
{
	const struct elf_part *hdr = &i->elf.eh_frame_hdr, *frame = &i->elf.eh_frame;
	struct unwind_head *head;
	uint8_t *buf;

	buf = xcalloc(1, sizeof *head + hdr->size + frame->size);
	if (!elf_read_at(i->fd, buf + sizeof *head, hdr->size, hdr->offset) ||
			!elf_read_at(i->fd, buf + sizeof *head + hdr->size, frame->size, frame->offset)) {
		free(buf);
		return "its unwind data cannot be read";
	}
	head = (struct unwind_head *)(void *)buf;
	fill_head(head, &i->elf);
	i->unwind_file = buf;
	i->unwind_size = sizeof *head + hdr->size + frame->size;
	return NULL;
}

static const char *why_unwindless(const struct image *i)
{
	const struct elf_part *hdr = &i->elf.eh_frame_hdr, *frame = &i->elf.eh_frame;

	return i->why ? i->why : !frame->size ? "it has no unwind data" :
		frame->size > MOST_UNWIND || hdr->size > MOST_UNWIND - frame->size ? "its unwind data is too large" : NULL;
}

size_t image_unwind_bytes(const struct image *i)
{
	return i->unwind_file || why_unwindless(i) ? 0 :
		sizeof(struct unwind_head) + i->elf.eh_frame_hdr.size + i->elf.eh_frame.size;
}

uint8_t *image_unwind_file(struct images *all, struct image *i)
{
	if (i->unwind_file)
		return i->unwind_file;
	i->unwindless = why_unwindless(i);
	if (!i->unwindless && !images_trim(all, i, image_unwind_bytes(i)))
		i->unwindless = "no room for its unwind data beside that of others";
	if (!i->unwindless)
		i->unwindless = make_unwind_file(i);
	all->bytes += i->unwind_size;
	return i->unwind_file;
}

/* ---- the limit ---- */

static struct image *least_used(struct images *all, const struct image *keep, size_t *loaded)
{
	struct image *least = NULL;

	*loaded = 0;
	for (struct image *i = all->list; i; i = i->next) {
		*loaded += i->loaded;
		if (i->loaded && i != keep && !i->pins && (!least || i->used < least->used))
			least = i;
	}
	return least;
}

/* Those that nobody has mapped any more and that hold nothing. */
static void forget_empty(struct images *all)
{
	for (struct image **at = &all->list; *at;) {
		struct image *i = *at;

		if (i->references || i->loaded) {
			at = &i->next;
			continue;
		}
		*at = i->next;
		free(i);
	}
}

static bool has_room(const struct images *all, size_t bytes)
{
	return bytes <= all->limit && all->bytes <= all->limit - bytes;
}

bool images_trim(struct images *all, const struct image *keep, size_t bytes)
{
	size_t loaded;
	struct image *least;

	while ((least = least_used(all, keep, &loaded)) && (!has_room(all, bytes) || loaded > MOST_LOADED))
		unload(all, least);
	forget_empty(all);
	return has_room(all, bytes);
}

void images_free(struct images *all)
{
	while (all->list) {
		struct image *i = all->list;

		all->list = i->next;
		unload(all, i);
		free(i);
	}
}
