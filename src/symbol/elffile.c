/* Reading the headers of an ELF file: 64 bits, of this machine's byte order. */
#include "symbol/elffile.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_SEGMENTS 256u
#define MOST_SECTIONS 65536u
#define MOST_NOTES 8192u /* bytes of one section or segment of notes that are looked at */

bool elf_read_at(int fd, void *buf, size_t size, uint64_t offset)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = offset + have > INT64_MAX ? 0 : pread(fd, (char *)buf + have, size - have, (off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static bool is_inside(const struct elf_file *f, uint64_t offset, uint64_t size)
{
	return offset <= f->size && size <= f->size - offset;
}

static const char *read_head(struct elf_file *f, int fd, Elf64_Ehdr *h)
{
	static const uint16_t order = 1;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return "not a regular file";
	f->size = (uint64_t)st.st_size;
	if (!elf_read_at(fd, h, sizeof *h, 0) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF file";
	if (h->e_ident[EI_CLASS] != ELFCLASS64)
		return "a 32-bit ELF file: those are not read";
	if (h->e_ident[EI_DATA] != (*(const char *)&order ? ELFDATA2LSB : ELFDATA2MSB))
		return "an ELF file of another byte order";
	f->type = h->e_type;
	f->machine = h->e_machine;
	return NULL;
}

/* Looks for the build id among the notes at that place. */
static void read_notes(struct elf_file *f, int fd, uint64_t offset, uint64_t size, uint64_t align)
{
	uint8_t buf[MOST_NOTES];
	uint64_t round = align == 8 ? 7 : 3, at = 0;
	Elf64_Nhdr n;

	if (size > sizeof buf)
		size = sizeof buf;
	if (f->build_id_length || !is_inside(f, offset, size) || !elf_read_at(fd, buf, size, offset))
		return;
	while (at + sizeof n <= size) {
		uint64_t name = at + sizeof n, desc;

		memcpy(&n, buf + at, sizeof n);
		desc = (name + n.n_namesz + round) & ~round;
		if (desc > size || n.n_descsz > size - desc)
			return;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && memcmp(buf + name, "GNU", 4) == 0 && n.n_descsz &&
				n.n_descsz <= ELF_BUILD_ID) {
			f->build_id_length = n.n_descsz;
			memcpy(f->build_id, buf + desc, n.n_descsz);
			return;
		}
		at = (desc + n.n_descsz + round) & ~round;
	}
}

static const char *read_segments(struct elf_file *f, int fd, const Elf64_Ehdr *h)
{
	Elf64_Phdr p;

	for (unsigned i = 0; i < h->e_phnum && i < MOST_SEGMENTS; i++) {
		if (h->e_phentsize != sizeof p || !elf_read_at(fd, &p, sizeof p, h->e_phoff + i * sizeof p))
			return "an ELF file whose program header cannot be read";
		if (p.p_type == PT_LOAD && f->nsegments < ELF_SEGMENTS && p.p_memsz <= UINT64_MAX - p.p_vaddr)
			f->segments[f->nsegments++] =
				(struct elf_segment){ p.p_vaddr, p.p_memsz, p.p_offset, p.p_filesz, p.p_flags };
		if (p.p_type == PT_NOTE)
			read_notes(f, fd, p.p_offset, p.p_filesz, p.p_align);
	}
	return NULL;
}

static void take_section(struct elf_file *f, int fd, const Elf64_Shdr *s, const char *name)
{
	struct elf_part part = { s->sh_addr, s->sh_offset, s->sh_size, s->sh_link, s->sh_flags & SHF_COMPRESSED };

	if (s->sh_type == SHT_NOBITS || !is_inside(f, s->sh_offset, s->sh_size))
		return;
	if (s->sh_type == SHT_NOTE)
		read_notes(f, fd, s->sh_offset, s->sh_size, s->sh_addralign);
#define X(member, text) \
	if (strcmp(name, text) == 0 && !f->member.size) \
		f->member = part;
	ELF_PARTS(X)
#undef X
}

/* More than 65,279 sections, or names in a section above that, stand in the first section's header. */
static void read_sections(struct elf_file *f, int fd, const Elf64_Ehdr *h)
{
	Elf64_Shdr s, names;
	uint64_t count = h->e_shnum, index = h->e_shstrndx;

	if (!h->e_shoff || h->e_shentsize != sizeof s || !elf_read_at(fd, &s, sizeof s, h->e_shoff))
		return;
	count = count ? count : s.sh_size;
	index = index == SHN_XINDEX ? s.sh_link : index;
	count = count < MOST_SECTIONS ? count : MOST_SECTIONS;
	if (!elf_read_at(fd, &names, sizeof names, h->e_shoff + index * sizeof names) ||
			!is_inside(f, names.sh_offset, names.sh_size))
		return;
	for (uint64_t i = 1; i < count; i++) {
		char name[24] = "";

		if (!elf_read_at(fd, &s, sizeof s, h->e_shoff + i * sizeof s))
			return;
		if (s.sh_name < names.sh_size && elf_read_at(fd, name, names.sh_size - s.sh_name < sizeof name - 1 ?
				names.sh_size - s.sh_name : sizeof name - 1, names.sh_offset + s.sh_name))
			take_section(f, fd, &s, name);
	}
}

const char *elf_file_read(struct elf_file *f, int fd)
{
	const char *why;
	Elf64_Ehdr h;

	*f = (struct elf_file){ .size = 0 };
	why = read_head(f, fd, &h);
	why = why ? why : read_segments(f, fd, &h);
	if (!why)
		read_sections(f, fd, &h);
	return why;
}

const struct elf_segment *elf_segment_of(const struct elf_file *f, uint64_t vaddr)
{
	for (size_t i = 0; i < f->nsegments; i++)
		if (vaddr >= f->segments[i].vaddr && vaddr - f->segments[i].vaddr < f->segments[i].memsz)
			return &f->segments[i];
	return NULL;
}
