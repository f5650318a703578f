/* Lines against those that binutils finds, and debug information that was made to hang, to open or to fill memory. */
#include "live.h"

#include "symbol/image.h"
#include "symbol/lines.h"
#include "symbol/linetable.h"

#include <elf.h>

#define MOST_ADDRESSES 400

static char directory[] = "/tmp/tach-test-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof command, format, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int remove_directory(void **state)
{
	(void)state;
	run("rm -rf %s", directory);
	return 0;
}

struct opened_file {
	struct images all;
	struct image *image;
	int root;
	char path[300];
};

static void open_file(struct opened_file *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	*f = (struct opened_file){ .all = { .limit = SYMBOL_CACHE_BYTES }, .root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	snprintf(f->path, sizeof f->path, "%s", path);
	f->image = image_get(&f->all, fd, f->root, path);
}

static void close_file(struct opened_file *f)
{
	image_release(f->image);
	images_free(&f->all);
	close(f->root);
}

/* "file.c:7", or why not. */
static const char *line_of(struct opened_file *f, uint64_t vaddr)
{
	static char text[300];
	struct symbol_line line;
	struct err e;

	if (lines_find(f->image, f->root, f->path, vaddr, &line, &e))
		snprintf(text, sizeof text, "%s", e.text);
	else
		symbol_line_text(text, sizeof text, &line);
	return text;
}

/* Where functions of a file begin, and some bytes on, one a line. */
static void list_addresses(const char *path)
{
	run("nm %s | awk '/ [tT] /' | awk '{ print $1; print substr($1, 1, 15) \"c\" }' | head -%d >%s/addresses",
		path, MOST_ADDRESSES, directory);
	run("addr2line -s -e %s <%s/addresses | sed 's/ .*//' >%s/lines", path, directory, directory);
}

static void check_file(const char *path, unsigned least)
{
	char text[400], address[64], expected[300];
	struct opened_file f;
	unsigned found = 0;
	FILE *both;

	list_addresses(path);
	open_file(&f, path);
	snprintf(text, sizeof text, "paste %s/addresses %s/lines", directory, directory);
	both = popen(text, "r");
	assert_non_null(both);
	while (fscanf(both, "%63s %299s", address, expected) == 2) {
		const char *line = line_of(&f, strtoull(address, NULL, 16));

		if (strchr(expected, '?'))
			continue;
		if (strcmp(line, expected) != 0)
			fail_msg("%s of %s: \"%s\" instead of \"%s\"", address, path, line, expected);
		found++;
	}
	pclose(both);
	printf("# %u lines of %s\n", found, path);
	assert_true(found >= least);
	close_file(&f);
}

static void lines_are_those_of_addr2line(void **state)
{
	char subject[256], path[300], own[300] = "";

	(void)state;
	if (!have_program("addr2line") || !have_program("nm")) {
		printf("# skip: no binutils\n");
		skip();
	}
	subject_path(subject, sizeof subject, "fp");
	check_file(subject, 10);
	assert_true(readlink("/proc/self/exe", own, sizeof own - 1) > 0);
	check_file(own, 100);
	for (int version = 2; version <= 5 && have_program("cc"); version++) {
		snprintf(path, sizeof path, "%s/dwarf%d", directory, version);
		run("cc -gdwarf-%d -O2 -o %s tests/symbol/subject.c -pthread", version, path);
		check_file(path, 10);
	}
}

static void functions_that_were_left_out_have_no_addresses(void **state)
{
	/* One row at 0 and the end of its sequence at 0x100000; then the same from 0x2000 to 0x2010, by line 7. */
	static const uint8_t unit[] = { 58, 0, 0, 0, 4, 0, 24, 0, 0, 0, 1, 1, 1, 0xfb, 14, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 'a', '.',
		'c', 0, 0, 0, 0, 0,
		0, 3, 2, 0, 0, 1, 2, 0x80, 0x80, 0x40, 0, 1, 1,
		0, 3, 2, 0, 0x20, 3, 6, 1, 2, 16, 0, 1, 1, 0, 0, 0 };
	struct elf_file f = { .nsegments = 1, .segments = { { .vaddr = 0x1000, .memsz = 0x10000, .flags = PF_X } } };
	struct linetable_hit hit;

	(void)state;
	assert_int_equal(linetable_size(unit, sizeof unit), 62);
	assert_true(linetable_find(unit, 62, &f, 0x2004, &hit));
	assert_int_equal(hit.line, 7);
	assert_string_equal(hit.file.text, "a.c");
	assert_false(linetable_find(unit, 62, &f, 0x2010, &hit));
	assert_false(linetable_find(unit, 62, &f, 0x1800, &hit));
	f.segments[0].vaddr = 0;
	assert_true(linetable_find(unit, 62, &f, 0x1800, &hit));
	assert_int_equal(hit.line, 1);
}

/* ---- made to harm ---- */

/* Whoever opened the pipe would wait for its other end for ever; the alarm ends that. */
static void no_other_file_is_opened(void **state)
{
	char subject[256], path[300];
	struct opened_file f;
	FILE *symbols;
	uint64_t inner = 0;
	char command[400];

	(void)state;
	subject_path(subject, sizeof subject, "fp");
	snprintf(path, sizeof path, "%s/linked", directory);
	run("cd %s && mkfifo pipe && printf '%s/pipe\\0aaaaaaaaaaaaaaaaaaaa' >link", directory, directory);
	run("objcopy --add-section .gnu_debugaltlink=%s/link %s %s", directory, subject, path);
	snprintf(command, sizeof command, "nm %s | sed -n 's/ T inner$//p'", path);
	symbols = popen(command, "r");
	assert_int_equal(fscanf(symbols, "%lx", &inner), 1);
	pclose(symbols);
	alarm(20);
	open_file(&f, path);
	assert_int_equal(strncmp(line_of(&f, inner), "subject.c:", 10), 0);
	alarm(0);
	close_file(&f);
}

/* A file with one section of that name, that begins with head; the rest of it is a hole. */
static void make_file(const char *path, const char *name, uint32_t type, uint64_t flags, const void *head, size_t length,
	uint64_t size)
{
	struct {
		Elf64_Ehdr file;
		Elf64_Phdr segment;
		Elf64_Shdr sections[3];
		char names[32];
	} h = { .names = "" };
	static const uint16_t order = 1;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memcpy(h.file.e_ident, ELFMAG, SELFMAG);
	h.file.e_ident[EI_CLASS] = ELFCLASS64;
	h.file.e_ident[EI_DATA] = *(const char *)&order ? ELFDATA2LSB : ELFDATA2MSB;
	h.file.e_phoff = offsetof(__typeof__(h), segment);
	h.file.e_phentsize = sizeof h.segment;
	h.file.e_phnum = 1;
	h.file.e_shoff = offsetof(__typeof__(h), sections);
	h.file.e_shentsize = sizeof h.sections[0];
	h.file.e_shnum = 3;
	h.file.e_shstrndx = 2;
	h.segment = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_memsz = 1 << 20 };
	memcpy(h.names + 1, name, strlen(name));
	h.sections[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = type, .sh_flags = flags, .sh_offset = 4096, .sh_size = size,
		.sh_link = 2 };
	h.sections[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = offsetof(__typeof__(h), names), .sh_size = sizeof h.names };
	assert_true(fd >= 0);
	assert_int_equal(write(fd, &h, sizeof h), sizeof h);
	assert_int_equal(pwrite(fd, head, length, 4096), length);
	assert_int_equal(ftruncate(fd, (off_t)(4096 + size)), 0);
	close(fd);
}

static const char *line_of_made(const char *name, uint64_t flags, const void *head, size_t length, uint64_t size)
{
	struct opened_file f;
	char path[300];
	const char *line;

	snprintf(path, sizeof path, "%s/made", directory);
	make_file(path, name, SHT_PROGBITS, flags, head, length, size);
	open_file(&f, path);
	alarm(60);
	line = line_of(&f, 0x2000);
	alarm(0);
	close_file(&f);
	return line;
}

static void tables_of_holes_end(void **state)
{
	static const uint8_t longer[] = { 0xff, 0xff, 0xff, 0, 5, 0 }, wide[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1 };

	(void)state;
	assert_string_equal(line_of_made(".debug_line", 0, "", 1, 1ull << 40), "its debug information is too large");
	assert_string_equal(line_of_made(".debug_line", 0, "", 1, 64u << 20), "its debug information has no line for this address");
	assert_string_equal(line_of_made(".debug_line", 0, longer, sizeof longer, 64u << 20),
		"parts of its debug information are too large, and the others have no line for this address");
	assert_string_equal(line_of_made(".debug_line", 0, wide, sizeof wide, 64u << 20),
		"its debug information has no line for this address");
	assert_string_equal(line_of_made(".zdebug_line", 0, "ZLIB\0\0\xff\0\0\0\0\0", 12, 4096),
		"no debug information: build with -g, or install its debug package");
}

static void what_unpacks_to_gigabytes_is_refused(void **state)
{
	Elf64_Chdr huge = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = 1ull << 40 }, wrong = { .ch_type = 77, .ch_size = 100 };

	(void)state;
#ifdef HAVE_LIBDW
	assert_string_equal(line_of_made(".debug_line", SHF_COMPRESSED, &huge, sizeof huge, 4096),
		"its debug information is compressed and too large");
	assert_string_equal(line_of_made(".debug_line", SHF_COMPRESSED, &huge, sizeof huge, 64u << 20),
		"its debug information is compressed and too large");
	assert_string_equal(line_of_made(".debug_line", SHF_COMPRESSED, &wrong, sizeof wrong, 4096),
		"its debug information cannot be unpacked");
#else
	assert_string_equal(line_of_made(".debug_line", SHF_COMPRESSED, &huge, sizeof huge, 4096),
		"its debug information is compressed, and tach was built without libdw");
	(void)wrong;
#endif
}

/* A table of symbols that is a terabyte of hole, with one name at its start. */
static void symbols_without_end(void **state)
{
	const Elf64_Sym symbol = { .st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, .st_value = 0x2000,
		.st_size = 16 };
	struct opened_file f;
	char path[300];

	(void)state;
	snprintf(path, sizeof path, "%s/made", directory);
	make_file(path, ".symtab", SHT_SYMTAB, 0, &symbol, sizeof symbol, 1ull << 40);
	alarm(60);
	open_file(&f, path);
	alarm(0);
	assert_true(f.image->index.cut);
	assert_string_equal(f.image->nameless, "it has more names than are kept");
	assert_int_equal(f.image->index.count, 1);
	close_file(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_addr2line),
		cmocka_unit_test(functions_that_were_left_out_have_no_addresses),
		cmocka_unit_test(no_other_file_is_opened),
		cmocka_unit_test(tables_of_holes_end),
		cmocka_unit_test(what_unpacks_to_gigabytes_is_refused),
		cmocka_unit_test(symbols_without_end),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
