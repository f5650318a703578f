/* Page faults by cause, of a process that makes a known number of each, and where in it they happen. */
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "base/clock.h"
#include "model/tables.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE 4096
#define AROUND 16 /* pages of a file that one fault brings, where they are cached */

#ifdef __SANITIZE_ADDRESS__
#define OTHERS 1000 /* it looks at its own record of each piece of memory */
#else
#define OTHERS 0
#endif

enum { TOUCH, LOOK, FILL, POPULATE, FILE_READ, FILE_WRITE, GROW };

static char path[] = "/tmp/tach-mem-XXXXXX";

static char *map(long pages, int flags, int fd)
{
	char *memory = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags, fd, 0);

	if (memory == MAP_FAILED)
		_exit(1);
	if (fd < 0)
		madvise(memory, (size_t)pages * PAGE, MADV_NOHUGEPAGE);
	return memory;
}

/* A name to be found in the table. */
__attribute__((noinline)) static void grow_table(volatile char *memory, long pages)
{
	for (long i = 0; i < pages; i++)
		memory[i * PAGE] = 1;
}

static void touch_file(int what, long n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	volatile char *memory = map(n * AROUND, 0, fd);

	for (long i = 0; i < n; i++)
		(void)memory[i * AROUND * PAGE];
	for (long i = 0; i < n && what == FILE_WRITE; i++)
		memory[i * AROUND * PAGE] = 1;
	munmap((void *)memory, (size_t)n * AROUND * PAGE);
	close(fd);
}

static void act(int what, long n)
{
	volatile char *memory;
	int fd;

	if (what == FILE_READ || what == FILE_WRITE) {
		touch_file(what, n);
		return;
	}
	memory = map(what == GROW ? 256 : n, MAP_ANONYMOUS | (what == POPULATE ? MAP_POPULATE : 0), -1);
	for (long i = 0; i < n && what == TOUCH; i++)
		memory[i * PAGE] = 1;
	for (long i = 0; i < n && what == LOOK; i++)
		(void)memory[i * PAGE];
	if (what == FILL) {
		fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
		if (read(fd, (void *)memory, (size_t)n * PAGE) != n * PAGE)
			_exit(2);
		close(fd);
	}
	for (long i = 0; i < n / 256 && what == GROW; i++) {
		grow_table(memory, 256);
		madvise((void *)memory, 256 * PAGE, MADV_DONTNEED);
	}
	munmap((void *)memory, (size_t)(what == GROW ? 256 : n) * PAGE);
}

static struct puppet puppet, bystander;
static struct probe *probe;

static int set_up(void **state)
{
	char page[PAGE] = "";
	int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	for (int i = 0; i < 100 * AROUND; i++)
		assert_int_equal(write(fd, page, sizeof page), sizeof page);
	close(fd);
	if (probe_refused())
		return 0;
	puppet = puppet_start(act);
	bystander = puppet_start(act);
	puppet_do(&puppet, TOUCH, 1); /* what the first order of all touches besides */
	puppet_do(&puppet, FILE_WRITE, 1);
	puppet_do(&puppet, FILL, 1);
	probe = probe_open(puppet.pid, (const char *const[]){ "mem.faults_anon", "mem.faults_file", "mem.faults_write",
		"mem.faults_other", NULL });
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	if (!probe)
		return 0;
	probe_close(probe);
	puppet_end(&puppet);
	puppet_end(&bystander);
	return 0;
}

static void need_probe(void)
{
	const struct status *s = probe ? (probe_read(probe), probe_status(probe, "mem")) : NULL;
	const char *why = "";

	if (s && s->state == STATUS_ON && probe_state(probe, "mem.faults_anon", &why) != POINT_ABSENT)
		return;
	printf("# skip: %s%s\n", s ? s->why : probe_refused(), why);
	skip();
}

struct faults {
	double anon, file, write, other;
};

static struct faults read_faults(void)
{
	probe_read(probe);
	return (struct faults){ probe_value(probe, "mem.faults_anon"), probe_value(probe, "mem.faults_file"),
		probe_value(probe, "mem.faults_write"), probe_value(probe, "mem.faults_other") };
}

static void expect(const struct puppet *by, int what, long n, struct faults expected)
{
	struct faults before, after;

	need_probe();
	before = read_faults();
	puppet_do(by, what, n);
	after = read_faults();
	assert_near(after.anon - before.anon, expected.anon, 0);
	assert_near(after.file - before.file, expected.file, 0);
	assert_near(after.write - before.write, expected.write, 0);
	assert_near(after.other - before.other, expected.other, OTHERS);
}

static void test_touched_memory_is_anonymous(void **state)
{
	(void)state;
	expect(&puppet, TOUCH, 1234, (struct faults){ .anon = 1234 });
}

/* The page of zeros is nobody's. */
static void test_memory_only_looked_at_is_other(void **state)
{
	(void)state;
	expect(&puppet, LOOK, 321, (struct faults){ .other = 321 });
}

static void test_the_kernel_faults_for_the_program(void **state)
{
	(void)state;
	expect(&puppet, FILL, 200, (struct faults){ .anon = 200 });
}

static void test_pages_that_come_without_a_fault_are_none(void **state)
{
	(void)state;
	expect(&puppet, POPULATE, 500, (struct faults){ .anon = 0 });
}

static void test_files(void **state)
{
	(void)state;
	expect(&puppet, FILE_READ, 100, (struct faults){ .file = 100 });
}

static void test_writes_to_what_was_read(void **state)
{
	(void)state;
	expect(&puppet, FILE_WRITE, 50, (struct faults){ .file = 50, .write = 50 });
}

static void test_others_do_not_count(void **state)
{
	(void)state;
	expect(&bystander, TOUCH, 1000, (struct faults){ .anon = 0 });
}

/* 65,536 faults, all in grow_table(): an estimate from a few dozen stacks, named when they have been unwound. */
static void test_growth_by_site(void **state)
{
	const struct table *t = NULL;
	double sum = 0, named = 0;

	(void)state;
	need_probe();
	for (int i = 0; i < 8; i++) {
		puppet_do(&puppet, GROW, 8192);
		probe_read(probe);
	}
	for (int n = 0; n < 100 && sum < 30000; n++, usleep(50000)) {
		t = sample_find_table(probe_read(probe), &table_growth);
		sum = named = 0;
		for (size_t i = 0; t && i < t->nrows; i++) {
			const union cell *row = t->cells + i * t->def->ncolumns;

			if (strcmp(row[GROWTH_CAUSE].text, "anon") != 0)
				continue;
			sum += row[GROWTH_FAULTS].number;
			named += strstr(row[GROWTH_CALLERS].text, "grow_table") ? row[GROWTH_FAULTS].number : 0;
			assert_near(row[GROWTH_BYTES].number, row[GROWTH_FAULTS].number * PAGE, 0.5);
		}
	}
	assert_near(sum, 65536, 33000);
	assert_true(named >= 0.9 * sum);
	assert_true(t->sampled);
}

/* Faults that are too many are no longer told apart: a gap, not a wrong number, and back when they are fewer. */
static void test_too_many_are_only_counted(void **state)
{
	bool said = false;

	(void)state;
	if (probe)
		probe_await(probe, "mem", STATUS_ON); /* after the test before */
	need_probe();
	puppet_order(&puppet, GROW, 800000);
	for (int i = 0; i < 6 && !said; i++) {
		usleep(260000);
		probe_read(probe);
		said = strstr(probe_status(probe, "mem")->why, "more than 200,000 faults a second") != NULL;
	}
	if (said)
		assert_int_equal(probe_state(probe, "mem.faults_anon", NULL), POINT_GAP);
	puppet_await(&puppet);
	assert_true(probe_await(probe, "mem", STATUS_ON));
	if (!said) {
		printf("# skip: this machine is too slow or too busy for 200,000 faults a second\n");
		skip();
	}
	probe_read(probe);
	expect(&puppet, TOUCH, 100, (struct faults){ .anon = 100 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_touched_memory_is_anonymous),
		cmocka_unit_test(test_memory_only_looked_at_is_other),
		cmocka_unit_test(test_the_kernel_faults_for_the_program),
		cmocka_unit_test(test_pages_that_come_without_a_fault_are_none),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_writes_to_what_was_read),
		cmocka_unit_test(test_others_do_not_count),
		cmocka_unit_test(test_growth_by_site),
		cmocka_unit_test(test_too_many_are_only_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
