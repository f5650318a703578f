/* Perf maps of just-in-time compilers, from known and from hostile bytes. */
#include "symbol/perfmap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct file {
	char path[32];
	struct perfmap map;
	char name[64];
	uint64_t offset;
};

static void begin(struct file *f)
{
	strcpy(f->path, "/tmp/tach-test-XXXXXX");
	close(mkstemp(f->path));
	perfmap_init(&f->map);
}

static void append(struct file *f, const char *text, size_t length)
{
	int fd = open(f->path, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, text, length), (ssize_t)length);
	close(fd);
	perfmap_read(&f->map, open(f->path, O_RDONLY));
}

static const char *find(struct file *f, uint64_t address)
{
	return perfmap_find(&f->map, address, f->name, sizeof f->name, &f->offset) ? f->name : "none";
}

static void end(struct file *f)
{
	perfmap_free(&f->map);
	unlink(f->path);
}

static void a_map_names_code(void **state)
{
	static const char text[] = "7f00 40 first\n7f40 100 LazyCompile:~second /srv/app.js:12\n0x8100 0x20 third\r\n";
	struct file f;

	(void)state;
	begin(&f);
	append(&f, text, strlen(text));
	assert_string_equal(find(&f, 0x7f00), "first");
	assert_int_equal(f.offset, 0);
	assert_string_equal(find(&f, 0x7f3f), "first");
	assert_int_equal(f.offset, 0x3f);
	assert_string_equal(find(&f, 0x7f40), "LazyCompile:~second /srv/app.js:12");
	assert_string_equal(find(&f, 0x811f), "third");
	assert_string_equal(find(&f, 0x8120), "none");
	assert_string_equal(find(&f, 0x8040), "none");
	assert_string_equal(find(&f, 0x7eff), "none");
	end(&f);
}

/* It grows while the program runs, and not always by whole lines. */
static void what_is_appended_is_found(void **state)
{
	struct file f;

	(void)state;
	begin(&f);
	append(&f, "1000 10 one\n2000 1", 18);
	assert_string_equal(find(&f, 0x1000), "one");
	assert_string_equal(find(&f, 0x2000), "none");
	append(&f, "0 two\n", 6);
	assert_string_equal(find(&f, 0x200f), "two");
	append(&f, "1000 10 newer\n", 14); /* code was made anew in the same place */
	assert_string_equal(find(&f, 0x1000), "newer");
	append(&f, "1ff0 20 over\n", 13);  /* ... and over the start of another */
	assert_string_equal(find(&f, 0x2005), "over");
	assert_int_equal(f.map.count, 3);
	end(&f);
}

static void another_file_begins_anew(void **state)
{
	struct file f;

	(void)state;
	begin(&f);
	append(&f, "1000 10 one\n", 12);
	assert_int_equal(truncate(f.path, 0), 0);
	append(&f, "3000 1 x\n", 9);
	assert_string_equal(find(&f, 0x3000), "x");
	assert_string_equal(find(&f, 0x1000), "none");
	end(&f);
}

static void hostile_lines_are_left_out(void **state)
{
	static const char text[] =
		"\n \nname\n-1000 10 negative\n1000 10\n1000 10 \n1000  zz x\n1000 0 empty\n"
		"10000000000000000 10 large start\nffffffffffffffff 10 wraps\n1000 100000000 large size\n"
		"2000 10 \x1b[2J\n3000 10 nul\0nul\n4000 10 x y\n5000 10 unfinished";
	struct file f;

	(void)state;
	begin(&f);
	append(&f, text, sizeof text - 1);
	assert_int_equal(f.map.count, 3);
	assert_string_equal(find(&f, 0x1000), "none");
	assert_string_equal(find(&f, 0x2000), "\x1b[2J"); /* raw: who shows it cleans it */
	assert_string_equal(find(&f, 0x4000), "x y");
	assert_string_equal(find(&f, 0x5000), "none");
	end(&f);
}

static void a_line_without_end_costs_nothing(void **state)
{
	size_t length = 3u << 20;
	char *text = malloc(length);
	struct file f;

	(void)state;
	begin(&f);
	memset(text, 'a', length);
	append(&f, text, length);
	append(&f, " 10 tail of it\n1000 10 good\n", 28);
	assert_int_equal(f.map.count, 1);
	assert_string_equal(find(&f, 0x1008), "good");
	free(text);
	end(&f);
}

static void more_functions_than_are_kept(void **state)
{
	FILE *out;
	struct file f;

	(void)state;
	begin(&f);
	out = fopen(f.path, "w");
	for (unsigned i = 0; i < PERFMAP_MOST + 1000; i++)
		fprintf(out, "%x0 10 function %u\n", i + 1, i);
	fclose(out);
	perfmap_read(&f.map, open(f.path, O_RDONLY));
	assert_int_equal(f.map.count, PERFMAP_MOST);
	assert_true(f.map.cut);
	assert_string_equal(find(&f, 0x10), "function 0");
	assert_string_equal(find(&f, (PERFMAP_MOST + 10) * 16ull), "none");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_names_code),
		cmocka_unit_test(what_is_appended_is_found),
		cmocka_unit_test(another_file_begins_anew),
		cmocka_unit_test(hostile_lines_are_left_out),
		cmocka_unit_test(a_line_without_end_costs_nothing),
		cmocka_unit_test(more_functions_than_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
