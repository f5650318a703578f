/*
 * What tach itself reads of an ELF file: where its segments lie, its build id, where its symbol tables and unwind tables
 * are. Always by pread, never by a mapping: a file that is cut short under our hands gives an error, not SIGBUS; and
 * every size is checked against the file's.
 */
#ifndef TACH_SYMBOL_ELFFILE_H
#define TACH_SYMBOL_ELFFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS 16     /* loadable ones that are kept; linkers make 2 to 6 */
#define ELF_BUILD_ID 64

struct elf_segment {
	uint64_t vaddr, memsz, offset, filesz;
	uint32_t flags;         /* PF_X, PF_W, PF_R */
};

struct elf_part {           /* a section; size 0: not there */
	uint64_t vaddr, offset, size;
	uint32_t link;
	bool compressed;
};

/* The sections that are looked for by name: symtab and dynsym hold Elf64_Sym, symtab_text and dynsym_text their names. */
#define ELF_PARTS(X) \
	X(symtab, ".symtab") X(symtab_text, ".strtab") X(dynsym, ".dynsym") X(dynsym_text, ".dynstr") \
	X(eh_frame, ".eh_frame") X(eh_frame_hdr, ".eh_frame_hdr") X(debug_line, ".debug_line") \
	X(debug_line_str, ".debug_line_str") X(debug_str, ".debug_str") X(debuglink, ".gnu_debuglink") X(except_table, ".gcc_except_table") X(go, ".go.buildinfo") \
	X(interp, ".interp") X(stapsdt, ".note.stapsdt") X(stapsdt_base, ".stapsdt.base")

struct elf_file {
	uint64_t size;          /* of the file */
	uint16_t type, machine;
	size_t nsegments;
	struct elf_segment segments[ELF_SEGMENTS];
	size_t build_id_length;
	uint8_t build_id[ELF_BUILD_ID];
#define X(name, text) struct elf_part name;
	ELF_PARTS(X)
#undef X
};

/* Returns NULL, or a static text: why it is of no use. */
const char *elf_file_read(struct elf_file *f, int fd);

/* The same number of bytes as asked for, or false. */
bool elf_read_at(int fd, void *buf, size_t size, uint64_t offset);

/* The segment that holds an address as the file has it (also its zeroed end); NULL: none. */
const struct elf_segment *elf_segment_of(const struct elf_file *f, uint64_t vaddr);

#endif
