/* Unpacking by libelf, which is given a copy with nothing but the section: neither the file nor its size change under it. */
#include "symbol/unpack.h"

#ifdef HAVE_LIBDW

#include "base/alloc.h"

#include <libelf.h>
#include <stdlib.h>
#include <string.h>

struct packed {
	Elf64_Ehdr file;
	Elf64_Shdr sections[2];
	Elf64_Chdr head;
	uint8_t bytes[];
};

static struct packed *read_packed(int fd, const struct elf_part *part)
{
	static const uint16_t order = 1;
	struct packed *p = xcalloc(1, sizeof *p - sizeof p->head + part->size);

	if (!elf_read_at(fd, (uint8_t *)p + offsetof(struct packed, head), part->size, part->offset)) {
		free(p);
		return NULL;
	}
	memcpy(p->file.e_ident, ELFMAG, SELFMAG);
	p->file.e_ident[EI_CLASS] = ELFCLASS64;
	p->file.e_ident[EI_DATA] = *(const char *)&order ? ELFDATA2LSB : ELFDATA2MSB;
	p->file.e_ident[EI_VERSION] = EV_CURRENT;
	p->file.e_type = ET_REL;
	p->file.e_version = EV_CURRENT;
	p->file.e_ehsize = sizeof p->file;
	p->file.e_shoff = offsetof(struct packed, sections);
	p->file.e_shentsize = sizeof p->sections[0];
	p->file.e_shnum = 2;
	p->sections[1] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS, .sh_flags = SHF_COMPRESSED,
		.sh_offset = offsetof(struct packed, head), .sh_size = part->size, .sh_addralign = 8 };
	return p;
}

static uint8_t *unpack(struct packed *p, uint64_t packed_size, uint64_t *size)
{
	Elf *elf = elf_memory((char *)p, offsetof(struct packed, head) + packed_size);
	Elf_Scn *section = elf ? elf_getscn(elf, 1) : NULL;
	Elf_Data *data = section && elf_compress(section, 0, 0) == 1 ? elf_getdata(section, NULL) : NULL;
	uint8_t *out = NULL;

	if (data && data->d_size && data->d_size <= UNPACK_MOST) {
		out = xcalloc(1, data->d_size);
		memcpy(out, data->d_buf, data->d_size);
		*size = data->d_size;
	}
	elf_end(elf);
	return out;
}

uint8_t *unpack_section(int fd, const struct elf_part *part, uint64_t *size, const char **why)
{
	struct packed *p = NULL;
	uint8_t *out = NULL;

	elf_version(EV_CURRENT);
	*why = "cannot be unpacked";
	if (part->size > sizeof p->head && part->size <= UNPACK_MOST)
		p = read_packed(fd, part);
	if (part->size > UNPACK_MOST || (p && p->head.ch_size > UNPACK_MOST))
		*why = "is compressed and too large";
	else if (p)
		out = unpack(p, part->size, size);
	free(p);
	return out;
}

#else

uint8_t *unpack_section(int fd, const struct elf_part *part, uint64_t *size, const char **why)
{
	(void)fd;
	(void)part;
	(void)size;
	*why = "is compressed, and tach was built without libdw";
	return NULL;
}

#endif
