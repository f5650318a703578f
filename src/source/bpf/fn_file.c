/* Walking symbol tables and the notes of static probes. */
#include "source/bpf/fn_file.h"

#include "base/alloc.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MOST (64u << 20)   /* bytes of names that are read */
#define SYMBOLS_MOST (256u << 20) /* of a table of symbols: 11 million of them */
#define NOTES_MOST (16u << 20)
#define CHUNK 1024              /* symbols read at once */
#define STAPSDT_NOTE 3          /* type of the notes of <sys/sdt.h> */

void fn_file_close(struct fn_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* A whole section with a NUL behind it; NULL: there is none, or it is too long. */
static char *read_part(const struct fn_file *f, const struct elf_part *part, uint64_t most)
{
	char *text;

	if (!part->size || part->size > most || part->compressed)
		return NULL;
	text = xcalloc(1, (size_t)part->size + 1);
	if (elf_read_at(f->fd, text, (size_t)part->size, part->offset))
		return text;
	free(text);
	return NULL;
}

/* Whether a symbol that the file does not have itself is one of those. */
static bool is_raising(const Elf64_Sym *s, const char *name)
{
	static const char *const raising[] = { "__gxx_personality_v0", "__cxa_throw", "_Unwind_RaiseException", NULL };

	for (const char *const *r = raising; s->st_shndx == SHN_UNDEF && *r; r++)
		if (strcmp(name, *r) == 0)
			return true;
	return false;
}

static bool is_function(const Elf64_Sym *s)
{
	unsigned type = ELF64_ST_TYPE(s->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && s->st_shndx != SHN_UNDEF;
}

/* Calls visit for each symbol with a name, until it returns false; then so does this. */
static bool walk_symbols(const struct fn_file *f, const struct elf_part *symbols, const struct elf_part *text,
	bool (*visit)(void *context, const Elf64_Sym *s, char *name), void *context)
{
	char *names = symbols->size ? read_part(f, text, NAMES_MOST) : NULL;
	Elf64_Sym *chunk = xcalloc(CHUNK, sizeof *chunk);
	uint64_t count = names && symbols->size <= SYMBOLS_MOST ? symbols->size / sizeof *chunk : 0;
	bool more = true;

	for (uint64_t at = 0; at < count && more; at += CHUNK) {
		size_t n = count - at < CHUNK ? (size_t)(count - at) : CHUNK;

		if (!elf_read_at(f->fd, chunk, n * sizeof *chunk, symbols->offset + at * sizeof *chunk))
			break;
		for (size_t i = 0; i < n && more; i++)
			if (chunk[i].st_name && chunk[i].st_name < text->size)
				more = visit(context, &chunk[i], names + chunk[i].st_name);
	}
	free(chunk);
	free(names);
	return more;
}

struct visitor {
	bool (*visit)(void *context, const struct fn_symbol *s);
	void *context;
};

static bool visit_function(void *context, const Elf64_Sym *symbol, char *name)
{
	const struct visitor *v = context;
	struct fn_symbol s = { .name = name, .address = symbol->st_value,
		.resolver = ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC };
	char *version = strchr(name, '@');
	bool more;

	if (!is_function(symbol))
		return true;
	if (version)
		*version = '\0';
	more = v->visit(v->context, &s);
	if (version)
		*version = '@';
	return more;
}

void fn_file_functions(const struct fn_file *f, bool (*visit)(void *context, const struct fn_symbol *s), void *context)
{
	struct visitor v = { visit, context };

	if (walk_symbols(f, &f->elf.symtab, &f->elf.symtab_text, visit_function, &v))
		walk_symbols(f, &f->elf.dynsym, &f->elf.dynsym_text, visit_function, &v);
}

static bool look_for_raising(void *context, const Elf64_Sym *symbol, char *name)
{
	bool *raises = context;

	*raises = is_raising(symbol, name);
	return !*raises;
}

const char *fn_file_open(struct fn_file *f, int fd)
{
	const char *why;

	f->fd = fd;
	f->raises = false;
	why = elf_file_read(&f->elf, fd);
	if (!why)
		walk_symbols(f, &f->elf.dynsym, &f->elf.dynsym_text, look_for_raising, &f->raises);
	return why;
}

/* The three numbers of a note, then three texts: provider, name, arguments. `base` is where a section stood that prelink
 * may have moved, together with all the rest. */
static bool read_static(const struct fn_file *f, const char *desc, size_t size, struct fn_symbol *out)
{
	uint64_t number[3], moved;
	const char *end = desc + size, *name;

	if (size <= sizeof number || end[-1] != '\0')
		return false;
	memcpy(number, desc, sizeof number);
	desc += sizeof number;
	name = desc + strlen(desc) + 1;
	if (name >= end)
		return false;
	moved = f->elf.stapsdt_base.size ? f->elf.stapsdt_base.vaddr - number[1] : 0;
	*out = (struct fn_symbol){ .name = name, .provider = desc, .address = number[0] + moved,
		.semaphore = number[2] ? number[2] + moved : 0 };
	return true;
}

void fn_file_statics(const struct fn_file *f, bool (*visit)(void *context, const struct fn_symbol *s), void *context)
{
	char *notes = read_part(f, &f->elf.stapsdt, NOTES_MOST);
	uint64_t size = notes ? f->elf.stapsdt.size : 0, at = 0;
	Elf64_Nhdr n;

	while (at + sizeof n <= size) {
		uint64_t name = at + sizeof n, desc;
		struct fn_symbol s;

		memcpy(&n, notes + at, sizeof n);
		desc = name + ((n.n_namesz + 3ull) & ~3ull);
		if (desc > size || n.n_descsz > size - desc)
			break;
		if (n.n_type == STAPSDT_NOTE && n.n_namesz == 8 && memcmp(notes + name, "stapsdt", 8) == 0 &&
			read_static(f, notes + desc, n.n_descsz, &s) && !visit(context, &s))
			break;
		at = desc + ((n.n_descsz + 3ull) & ~3ull);
	}
	free(notes);
}

struct search {
	uint64_t address;
	bool found;
};

static bool is_there(void *context, const struct fn_symbol *s)
{
	struct search *search = context;

	search->found = s->address == search->address;
	return !search->found;
}

/* The binary search table of .eh_frame_hdr, in the only form that linkers write: pairs of numbers relative to its own
 * start (LSB 5.0, 10.6.2). */
static bool is_in_unwind_table(const struct fn_file *f, uint64_t address)
{
	const struct elf_part *part = &f->elf.eh_frame_hdr;
	struct {
		uint8_t version, frame_encoding, count_encoding, table_encoding;
		uint32_t frame, count;
	} head;
	int32_t wanted = (int32_t)(address - part->vaddr);
	uint64_t low = 0, high;

	if (part->size < sizeof head || !elf_read_at(f->fd, &head, sizeof head, part->offset) || head.version != 1 ||
		head.frame_encoding != 0x1b || head.count_encoding != 0x03 || head.table_encoding != 0x3b ||
		(uint64_t)((int64_t)part->vaddr + wanted) != address)
		return false;
	high = head.count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int32_t pair[2];

		if (!elf_read_at(f->fd, pair, sizeof pair, part->offset + sizeof head + middle * sizeof pair))
			return false;
		if (pair[0] == wanted)
			return true;
		if (pair[0] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool fn_file_is_start(const struct fn_file *f, uint64_t address)
{
	struct search s = { .address = address };

	if (is_in_unwind_table(f, address))
		return true;
	fn_file_functions(f, is_there, &s);
	return s.found;
}

bool fn_file_offset(const struct fn_file *f, uint64_t address, bool code, uint64_t *out)
{
	const struct elf_segment *s = elf_segment_of(&f->elf, address);

	if (!s || !(s->flags & (code ? PF_X : PF_W)) || address - s->vaddr >= s->filesz)
		return false;
	*out = address - s->vaddr + s->offset;
	return true;
}
