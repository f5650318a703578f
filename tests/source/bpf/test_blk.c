/* Block requests, of a process that makes a known number of them past the page cache. */
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "model/hist.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECE 4096
#define PIECES 256

enum { READ, WRITE, THROUGH };

static char path[64];
static struct puppet puppet, bystander;
static struct probe *probe;

static void act(int what, long n)
{
	static const int flags[] = { O_RDONLY | O_DIRECT, O_WRONLY | O_DIRECT, O_WRONLY | O_DSYNC };
	void *data = aligned_alloc(PIECE, PIECE);
	int fd = open(path, flags[what] | O_CLOEXEC);

	memset(data, 'x', PIECE);
	for (long i = 0; i < n; i++) {
		off_t at = i % PIECES * PIECE;

		if ((what == READ ? pread(fd, data, PIECE, at) : pwrite(fd, data, PIECE, at)) != PIECE)
			_exit(1);
	}
	close(fd);
	free(data);
}

/* A file whose blocks are there, on a disk: nothing but what the puppet asks for is read or written. */
static bool make_file(const char *folder)
{
	char piece[PIECE];
	struct stat st;
	int fd;

	memset(piece, 'a', sizeof piece);
	snprintf(path, sizeof path, "%s/tach-blk-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) || major(st.st_dev) == 0) {
		close(fd);
		unlink(path);
		return false;
	}
	for (int i = 0; i < PIECES; i++)
		assert_int_equal(write(fd, piece, sizeof piece), sizeof piece);
	assert_int_equal(fsync(fd), 0);
	close(fd);
	return true;
}

static int set_up(void **state)
{
	(void)state;
	if (probe_refused() || (!make_file("/var/tmp") && !make_file("/tmp") && !make_file(".")))
		return 0;
	puppet = puppet_start(act);
	bystander = puppet_start(act);
	probe = probe_open(puppet.pid, (const char *const[]){ "lat.block_seconds", "io.block_reads", "io.block_writes",
		"io.block_read_bytes", "io.block_write_bytes", NULL });
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (!probe)
		return 0;
	probe_close(probe);
	puppet_end(&puppet);
	puppet_end(&bystander);
	return unlink(path);
}

static void need_probe(void)
{
	if (probe)
		return;
	printf("# skip: %s\n", probe_refused() ? probe_refused() : "no folder on a disk");
	skip();
}

struct counts {
	double reads, writes, read_bytes, write_bytes, timed;
};

static struct counts read_counts(void)
{
	probe_read(probe);
	return (struct counts){ probe_value(probe, "io.block_reads"), probe_value(probe, "io.block_writes"),
		probe_value(probe, "io.block_read_bytes"), probe_value(probe, "io.block_write_bytes"),
		(double)hist_count(probe_hist(probe, "lat.block_seconds")) };
}

/* What one order adds. */
static struct counts added(const struct puppet *by, int what, long n)
{
	struct counts before = read_counts(), after;

	puppet_do(by, what, n);
	after = read_counts();
	return (struct counts){ after.reads - before.reads, after.writes - before.writes, after.read_bytes - before.read_bytes,
		after.write_bytes - before.write_bytes, after.timed - before.timed };
}

/* Each one is seen. A request is done in the interrupt of whoever runs, and there are virtual machines whose kernel runs
 * no programs while that is a certain process of its own; so, up to ten times. */
static void check_counts(int what, long n, struct counts expected)
{
	struct counts got = { 0 };

	for (int i = 0; i < 10; i++) {
		got = added(&puppet, what, n);
		if (memcmp(&got, &expected, sizeof got) == 0)
			return;
	}
	fail_msg("%g reads of %g bytes, %g writes of %g bytes, %g timed", got.reads, got.read_bytes, got.writes,
		got.write_bytes, got.timed);
}

static void test_counts_reads(void **state)
{
	(void)state;
	need_probe();
	check_counts(READ, 200, (struct counts){ .reads = 200, .read_bytes = 200 * PIECE, .timed = 200 });
}

static void test_counts_writes(void **state)
{
	(void)state;
	need_probe();
	check_counts(WRITE, 100, (struct counts){ .writes = 100, .write_bytes = 100 * PIECE, .timed = 100 });
}

/* Each write waits for the disk, so the kernel's threads find nothing to do; the file system adds blocks of its own. */
static void test_counts_writes_through_the_cache(void **state)
{
	double most = 0;

	(void)state;
	need_probe();
	for (int i = 0; i < 10 && most < 16 * PIECE; i++)
		most = added(&puppet, THROUGH, 16).write_bytes;
	assert_in_range((int)most / PIECE, 16, 64);
}

static void test_does_not_count_others(void **state)
{
	struct counts got;

	(void)state;
	need_probe();
	got = added(&bystander, READ, 200);
	assert_near(got.reads, 0, 0);
	assert_near(got.read_bytes, 0, 0);
	assert_near(got.timed, 0, 0);
}

/* Not zero, and not longer than the test itself. */
static void test_times_are_of_a_device(void **state)
{
	const struct hist *h;

	(void)state;
	need_probe();
	read_counts();
	h = probe_hist(probe, "lat.block_seconds");
	assert_true(hist_percentile(h, 0.5) > 1e3);
	assert_true(hist_percentile(h, 1) < 10e9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_reads),
		cmocka_unit_test(test_counts_writes),
		cmocka_unit_test(test_counts_writes_through_the_cache),
		cmocka_unit_test(test_does_not_count_others),
		cmocka_unit_test(test_times_are_of_a_device),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
