/* The text of /proc/PID/maps from known bytes: what lies where, and which mappings are one module. */
#include "symbol/maps.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

static const char text[] =
	"55d0a0000000-55d0a0001000 r--p 00000000 fe:00 131                        /usr/bin/prog\n"
	"55d0a0001000-55d0a0002000 r-xp 00001000 fe:00 131                        /usr/bin/prog\n"
	"55d0a0002000-55d0a0003000 rw-p 00001000 fe:00 131                        /usr/bin/prog\n"
	"55d0a0003000-55d0a0009000 rw-p 00000000 00:00 0 \n"
	"55d0a1000000-55d0a1021000 rw-p 00000000 00:00 0                          [heap]\n"
	"7f0000000000-7f0000001000 r--p 00000000 fe:00 200                        /usr/lib/lib with space.so (deleted)\n"
	"7f0000001000-7f0000002000 r--p 00000000 fe:00 200                        /usr/lib/lib with space.so (deleted)\n"
	"7f0000003000-7f0000004000 rwxp 00000000 00:00 0 \n"
	"7ffe00000000-7ffe00021000 rw-p 00000000 00:00 0                          [stack]\n"
	"7ffe00100000-7ffe00102000 r-xp 00000000 00:00 0                          [vdso]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

static void a_text_gives_its_mappings(void **state)
{
	struct maps m = { .list = NULL };
	const struct map *map;

	(void)state;
	assert_int_equal(maps_feed(&m, text, strlen(text)), strlen(text));
	assert_int_equal(m.count, 11);
	assert_false(m.cut);
	map = maps_find(&m, 0x55d0a0001fff);
	assert_non_null(map);
	assert_int_equal(map->start, 0x55d0a0001000);
	assert_int_equal(map->offset, 0x1000);
	assert_int_equal(map->inode, 131);
	assert_int_equal(map->device, makedev(0xfe, 0));
	assert_true(map->exec && !map->write);
	assert_string_equal(maps_name(&m, map), "/usr/bin/prog");
	assert_string_equal(maps_name(&m, maps_find(&m, 0x7f0000000000)), "/usr/lib/lib with space.so (deleted)");
	assert_string_equal(maps_name(&m, maps_find(&m, 0x55d0a1000040)), "[heap]");
	assert_string_equal(maps_name(&m, maps_find(&m, 0x7f0000003000)), "");
	assert_string_equal(maps_name(&m, maps_find(&m, 0xffffffffff600fff)), "[vsyscall]");
	assert_null(maps_find(&m, 0x55d0a0000000 - 1));
	assert_null(maps_find(&m, 0x55d0a0009000));
	assert_null(maps_find(&m, UINT64_MAX));
	maps_free(&m);
	assert_null(maps_find(&m, 0x55d0a0001000));
}

static uint32_t module_at(const struct maps *m, uint64_t address)
{
	return maps_find(m, address)->module;
}

static void mappings_of_one_file_are_a_module(void **state)
{
	struct maps m = { .list = NULL };

	(void)state;
	maps_feed(&m, text, strlen(text));
	assert_int_equal(m.nmodules, 4); /* the program, the library twice from its start, the vdso */
	assert_int_equal(module_at(&m, 0x55d0a0000000), 0);
	assert_int_equal(module_at(&m, 0x55d0a0002000), 0); /* its data, of the same page of the file */
	assert_int_equal(module_at(&m, 0x55d0a0003000), 0); /* what begins as zero */
	assert_int_equal(m.modules[0].end, 0x55d0a0009000);
	assert_true(m.modules[0].exec);
	assert_int_equal(module_at(&m, 0x55d0a1000000), MAPS_NO_MODULE);
	assert_int_equal(module_at(&m, 0x7f0000000000), 1);
	assert_int_equal(module_at(&m, 0x7f0000001000), 2);
	assert_false(m.modules[1].exec);
	assert_int_equal(module_at(&m, 0x7f0000003000), MAPS_NO_MODULE); /* not right behind */
	assert_int_equal(module_at(&m, 0x7ffe00100000), 3);
	maps_free(&m);
}

static void a_text_may_come_in_pieces(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct maps m = { .list = NULL };
		size_t taken = maps_feed(&m, text, cut);

		assert_true(taken <= cut);
		assert_int_equal(taken + maps_feed(&m, text + taken, strlen(text) - taken), strlen(text));
		assert_int_equal(m.count, 11);
		assert_int_equal(m.nmodules, 4);
		maps_free(&m);
	}
}

static void other_lines_are_left_out(void **state)
{
	static const char odd[] =
		"\n"
		"1000-2000\n"
		"2000-1000 r-xp 00000000 fe:00 131 /reversed\n"
		"1000-2000 r-x\n"
		"10000000000000000-10000000000001000 r-xp 00000000 fe:00 131 /too/large\n"
		"3000-4000 r-xp 00000000 fe:00 99999999999999999999999 /inode\n"
		"5000-6000 r-xp 00000000 fe:00 131 /good\n"
		"5800-6800 r-xp 00000000 fe:00 131 /overlaps\n"
		"4000-5000 r-xp 00000000 fe:00 131 /not/in/order\n"
		"7000-8000 r-xp 00000000 fe:00 131 /no/newline";
	struct maps m = { .list = NULL };

	(void)state;
	maps_feed(&m, odd, strlen(odd));
	assert_int_equal(m.count, 1);
	assert_string_equal(maps_name(&m, &m.list[0]), "/good");
	maps_free(&m);
}

/* More than are kept: what is kept stays right, and that there was more is told. */
static void too_many_mappings_are_cut(void **state)
{
	struct maps m = { .list = NULL };
	char line[128];

	(void)state;
	for (unsigned i = 0; i < MAPS_MOST + 10; i++) {
		int n = snprintf(line, sizeof line, "%x000-%x800 r--p 00000000 fe:00 7 /very/long/name/of/a/file/%u\n", i + 1, i + 1, i);

		maps_feed(&m, line, (size_t)n);
	}
	assert_int_equal(m.count, MAPS_MOST);
	assert_true(m.cut);
	assert_true(m.names_length <= MAPS_NAMES);
	maps_free(&m);
}

static void ones_own_maps(void **state)
{
	int dir = open("/proc/self", O_PATH | O_DIRECTORY);
	struct maps m = { .list = NULL };
	const struct map *map;

	(void)state;
	assert_int_equal(maps_read(&m, dir), 0);
	map = maps_find(&m, (uint64_t)(uintptr_t)&ones_own_maps);
	assert_non_null(map);
	assert_true(map->exec);
	assert_non_null(strstr(maps_name(&m, map), "/test_maps"));
	assert_string_equal(maps_name(&m, maps_find(&m, (uint64_t)(uintptr_t)&dir)), "[stack]");
	maps_free(&m);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_gives_its_mappings),
		cmocka_unit_test(mappings_of_one_file_are_a_module),
		cmocka_unit_test(a_text_may_come_in_pieces),
		cmocka_unit_test(other_lines_are_left_out),
		cmocka_unit_test(too_many_mappings_are_cut),
		cmocka_unit_test(ones_own_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
