/* Words of --fn, the names of their metrics, first instructions, and files that mean harm. Needs no privilege. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#ifdef HAVE_LIBBPF
#include "source/bpf/fn_resolve.h"

#include <elf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void words(void **state)
{
	static const struct {
		const char *text, *file, *provider, *symbol;
		enum fn_kind kind;
		uint64_t address;
	} rows[] = {
		{ "SSL_read", "", "", "SSL_read", FN_SYMBOL, 0 },
		{ "libssl:SSL_read", "libssl", "", "SSL_read", FN_SYMBOL, 0 },
		{ "/usr/lib/a.so:f", "/usr/lib/a.so", "", "f", FN_SYMBOL, 0 },
		{ "redis-server:*Command", "redis-server", "", "*Command", FN_GLOB, 0 },
		{ "prog:0x1f0", "prog", "", "", FN_ADDRESS, 0x1f0 },
		{ "ns::f", "", "", "ns::f", FN_SYMBOL, 0 },
		{ "prog:ns::c::f", "prog", "", "ns::c::f", FN_SYMBOL, 0 },
		{ "usdt:libc:setjmp", "libc", "", "setjmp", FN_STATIC, 0 },
		{ "usdt:libc:libc:setjmp", "libc", "libc", "setjmp", FN_STATIC, 0 },
		{ "uprobe:prog:f", "prog", "", "f", FN_SYMBOL, 0 },
		{ "uretprobe:ns::f", "", "", "ns::f", FN_SYMBOL, 0 },
	};
	struct fn_spec s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(fn_spec_parse(rows[i].text, &s, &e), 0);
		assert_string_equal(s.file, rows[i].file);
		assert_string_equal(s.provider, rows[i].provider);
		assert_string_equal(s.symbol, rows[i].symbol);
		assert_int_equal(s.kind, rows[i].kind);
		assert_int_equal(s.address, rows[i].address);
		assert_int_equal(s.count_only, strncmp(rows[i].text, "uprobe:", 7) == 0);
	}
}

static void words_that_mean_nothing(void **state)
{
	static const char *const bad[] = { "", ":f", "libc:", "0x12", "prog:0x", "prog:0xfg", "prog:0x11112222333344445",
		"usdt:x", "usdt::x", "usdt:x:", "usdt:a:b:c:d", "uprobe:" };
	char longest[300];
	struct fn_spec s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		e.text[0] = '\0';
		assert_int_equal(fn_spec_parse(bad[i], &s, &e), -1);
		assert_true(e.text[0] != '\0');
	}
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(fn_spec_parse(longest, &s, &e), -1);
	assert_int_equal(fn_spec_parse("a\033[2Jb", &s, &e), 0);
	assert_string_equal(s.text, "a?[2Jb"); /* as it is shown */
}

static void files(void **state)
{
	static const struct {
		const char *word, *path;
		bool same;
	} rows[] = {
		{ "libssl", "/usr/lib/x86_64-linux-gnu/libssl.so.3", true },
		{ "libc", "/lib/libc.so.6", true },
		{ "libc", "/lib/libc-2.31.so", true },
		{ "libc", "/lib/libcrypto.so.3", false },
		{ "libc.so.6", "/lib/libc.so.6", true },
		{ "redis-server", "/usr/bin/redis-server", true },
		{ "redis-server", "/usr/bin/redis-server (deleted)", true },
		{ "redis", "/usr/bin/redis-server", false },
		{ "/usr/bin/redis-server", "/usr/bin/redis-server (deleted)", true },
		{ "/bin/redis-server", "/usr/bin/redis-server", false },
	};
	struct fn_spec s = { .kind = FN_SYMBOL };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(s.file, sizeof s.file, "%s", rows[i].word);
		assert_int_equal(fn_spec_names_file(&s, rows[i].path), rows[i].same);
	}
}

static void metrics(void **state)
{
	static const char *const rows[][3] = {
		{ "libssl:SSL_read", "SSL_read", "libssl_ssl_read" },
		{ "SSL_read", "SSL_read", "ssl_read" },
		{ "/usr/lib/libz.so.1:inflate", "inflate", "libz_so_1_inflate" },
		{ "f", "ns::c::f()", "ns_c_f" },
		{ "f", "\033\001", "_" },
	};
	char name[FN_NAME];
	struct fn_spec s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(fn_spec_parse(rows[i][0], &s, &e), 0);
		fn_spec_metric(&s, rows[i][1], name);
		assert_string_equal(name, rows[i][2]);
	}
	fn_spec_metric(&s, "a_name_that_is_much_longer_than_any_metric_should_ever_become_really", name);
	assert_int_equal(strlen(name), FN_NAME - 1);
}

#if defined(__x86_64__)
static void entries(void **state)
{
	static const struct {
		uint8_t code[FN_ENTRY_BYTES];
		const char *kind;
		unsigned skip;
	} rows[] = {
		{ { 0x55 }, "push", 0 },                                  /* push %rbp */
		{ { 0x41, 0x57 }, "push", 0 },                            /* push %r15 */
		{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x53 }, "push", 4 },          /* endbr64; push %rbx */
		{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 0x18 }, "sub", 4 },
		{ { 0x90 }, "nop", 0 },
		{ { 0x0f, 0x1f, 0x44, 0x00, 0x00 }, "nop", 0 },
		{ { 0xe9 }, "jump", 0 },
		{ { 0x0f, 0x84 }, "jump", 0 },                            /* je */
		{ { 0x89, 0xf8 }, "other", 0 },                           /* mov %edi,%eax */
		{ { 0x41, 0x89, 0xf8 }, "other", 0 },
		{ { 0x48, 0x83, 0xc4, 0x18 }, "other", 0 },               /* add */
	};
	unsigned skip;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_string_equal(fn_entry_of(rows[i].code, &skip)->name, rows[i].kind);
		assert_int_equal(skip, rows[i].skip);
	}
}
#endif

/* An ELF file of one code segment and a symbol table, in memory. */
struct image {
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	Elf64_Shdr sections[4];
	Elf64_Sym symbols[6];
	char names[4096];
	char section_names[32];
};

#define PLACE(i, member) ((uint64_t)((char *)&(i)->member - (char *)(i)))

static void fill(struct image *i)
{
	memcpy(i->section_names, "\0.symtab\0.strtab\0.shstrtab", 27);
	i->head = (Elf64_Ehdr){ .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN, .e_phoff = PLACE(i, segment), .e_phentsize = sizeof i->segment, .e_phnum = 1,
		.e_shoff = PLACE(i, sections), .e_shentsize = sizeof i->sections[0], .e_shnum = 4, .e_shstrndx = 3 };
	i->segment = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = sizeof *i, .p_memsz = sizeof *i };
	i->sections[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_SYMTAB, .sh_offset = PLACE(i, symbols),
		.sh_size = sizeof i->symbols, .sh_link = 2 };
	i->sections[2] = (Elf64_Shdr){ .sh_name = 9, .sh_type = SHT_STRTAB, .sh_offset = PLACE(i, names), .sh_size = sizeof i->names };
	i->sections[3] = (Elf64_Shdr){ .sh_name = 17, .sh_type = SHT_STRTAB, .sh_offset = PLACE(i, section_names),
		.sh_size = sizeof i->section_names };
}

static Elf64_Sym function(uint32_t name, uint64_t at)
{
	return (Elf64_Sym){ .st_name = name, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, .st_value = at };
}

static void names_that_mean_harm(void **state)
{
	struct image *i = calloc(1, sizeof *i);
	struct fn_match list[8];
	int fd = memfd_create("hostile", MFD_CLOEXEC);
	struct fn_spec s;
	struct fn_file f;
	struct err e;
	size_t more;

	(void)state;
	fill(i);
	strcpy(i->names + 1, "evil\033[2J\n\"};rm");
	memset(i->names + 100, 'x', sizeof i->names - 100); /* without an end */
	strcpy(i->names + 50, "good@@VERSION_1");
	i->symbols[1] = function(1, 64);
	i->symbols[2] = function(100, 80);
	i->symbols[3] = function(4000000, 90);       /* a name outside of the names */
	i->symbols[4] = function(50, UINT64_MAX - 4); /* code outside of the file */
	i->symbols[5] = function(50, 96);
	assert_int_equal(write(fd, i, sizeof *i), (ssize_t)sizeof *i);
	assert_null(fn_file_open(&f, fd));

	assert_int_equal(fn_spec_parse("*", &s, &e), 0);
	assert_int_equal(fn_resolve(&f, "it", &s, list, 8, &more, &e), 2);
	assert_string_equal(list[0].name, "evil?[2J?\"};rm");
	assert_string_equal(list[1].name, "good");
	assert_int_equal(list[1].offset, 96);
	assert_int_equal(fn_resolve(&f, "it", &s, list, 1, &more, &e), 1);
	assert_int_equal(more, 1);
	assert_int_equal(fn_spec_parse("god", &s, &e), 0);
	assert_int_equal(fn_resolve(&f, "it", &s, list, 8, &more, &e), 0);
	assert_string_equal(e.text, "there is no function god in it; did you mean good?");
	assert_true(fn_file_is_start(&f, 64));
	assert_false(fn_file_is_start(&f, 65));
	fn_file_close(&f);
	free(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(words_that_mean_nothing),
		cmocka_unit_test(files),
		cmocka_unit_test(metrics),
#if defined(__x86_64__)
		cmocka_unit_test(entries),
#endif
		cmocka_unit_test(names_that_mean_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	puts("1..1\n# skip: built without libbpf\nok 1 - words of --fn # SKIP");
	return 0;
}
#endif
