/*
 * Contended locks of the kernel, by a lock that is held for a known time: a write holds the lock of its file's inode while
 * it reads the data, and there that is a page which user space brings after 50 ms (userfaultfd). A second write to the
 * file waits for it.
 */
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "model/hist.h"
#include "model/tables.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define HELD_MS 50
#define ROUNDS 4
#define PAGE 4096

struct file {
	char path[64];
	int fd;
	char *page;
	pid_t second; /* tid of who waits; 0: not there yet */
};

static void *write_page(void *file)
{
	struct file *f = file;

	if (pwrite(f->fd, f->page, 1, 0) != 1)
		_exit(2);
	return NULL;
}

static void *write_second(void *file)
{
	struct file *f = file;

	__atomic_store_n(&f->second, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (pwrite(f->fd, "", 1, 0) != 1)
		_exit(3);
	return NULL;
}

static void await_blocked(const struct file *f)
{
	char path[64], text[512];

	for (;;) {
		pid_t tid = __atomic_load_n(&f->second, __ATOMIC_ACQUIRE);
		FILE *stat;

		snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
		stat = tid ? fopen(path, "re") : NULL;
		if (stat && fgets(text, sizeof text, stat) && strstr(text, ") D ")) {
			fclose(stat);
			return;
		}
		if (stat)
			fclose(stat);
		usleep(1000);
	}
}

/* One wait of at least HELD_MS. */
static void hold_once(struct file *f, int uffd)
{
	struct uffdio_register reg = { .range = { (uintptr_t)f->page, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { .range = { (uintptr_t)f->page, PAGE } };
	struct uffd_msg message;
	pthread_t holder, waiter;

	f->second = 0;
	madvise(f->page, PAGE, MADV_DONTNEED);
	if (ioctl(uffd, UFFDIO_REGISTER, &reg) || pthread_create(&holder, NULL, write_page, f))
		_exit(4);
	if (read(uffd, &message, sizeof message) != (ssize_t)sizeof message) /* it has the lock, and waits for the page */
		_exit(5);
	if (pthread_create(&waiter, NULL, write_second, f))
		_exit(6);
	await_blocked(f);
	usleep(HELD_MS * 1000);
	if (ioctl(uffd, UFFDIO_ZEROPAGE, &zero))
		_exit(7);
	pthread_join(holder, NULL);
	pthread_join(waiter, NULL);
}

static void act(int what, long n)
{
	struct file f = { .path = "/tmp/tach-klock-XXXXXX" };
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	(void)what;
	f.fd = mkostemp(f.path, O_CLOEXEC);
	unlink(f.path);
	f.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (uffd < 0 || f.fd < 0 || ioctl(uffd, UFFDIO_API, &api))
		_exit(8);
	for (long i = 0; i < n; i++)
		hold_once(&f, uffd);
	close(uffd);
	close(f.fd);
}

static struct puppet puppet, bystander;
static struct probe *probe;

static const char *reason(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return "no userfaultfd for us here";
	close(fd);
	return probe_refused();
}

static int set_up(void **state)
{
	(void)state;
	if (reason())
		return 0;
	puppet = puppet_start(act);
	bystander = puppet_start(act);
	probe = probe_open(puppet.pid, (const char *const[]){ "lock.kernel_waits", "lock.kernel_wait_seconds",
		"lat.kernel_lock_seconds", NULL });
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
	return 0;
}

static void need_probe(void)
{
	const struct status *s = probe ? (probe_read(probe), probe_status(probe, "lock")) : NULL;

	if (s && s->state == STATUS_ON)
		return;
	printf("# skip: %s\n", s ? s->why : reason());
	skip();
}

/* Of the locks of that kind that are waited for there, the one that cost most. */
static const union cell *longest(const char *kind, const char *site)
{
	const struct table *t = sample_find_table(probe_read(probe), &table_kernel_locks);
	const union cell *best = NULL;

	for (size_t i = 0; t && i < t->nrows; i++) {
		const union cell *row = t->cells + i * t->def->ncolumns;

		if (strcmp(row[KLOCKS_KIND].text, kind) == 0 && strstr(row[KLOCKS_SITE].text, site) && (!best || row[KLOCKS_WAIT].number > best[KLOCKS_WAIT].number))
			best = row;
	}
	return best;
}

static double slow_waits(void)
{
	const struct hist *h = probe_hist(probe, "lat.kernel_lock_seconds");
	double n = 0;

	for (unsigned b = tach_hist_bin(HELD_MS * 1000000ull); b < TACH_HIST_BINS; b++)
		n += (double)h->bins[b];
	return n;
}

static void test_times_waits(void **state)
{
	double waits, seconds, slow;
	const union cell *row;

	(void)state;
	need_probe();
	waits = probe_value(probe, "lock.kernel_waits");
	seconds = probe_value(probe, "lock.kernel_wait_seconds");
	slow = slow_waits();
	puppet_do(&puppet, 0, ROUNDS);
	row = longest("rwsem", "");
	assert_non_null(row);
	assert_near(row[KLOCKS_WAITS].number, ROUNDS, 0);
	assert_true(row[KLOCKS_WAIT].number >= ROUNDS * HELD_MS / 1e3);
	assert_true(row[KLOCKS_WAIT].number < 3 * ROUNDS * HELD_MS / 1e3); /* the machine is shared */
	assert_true(row[KLOCKS_MAX].number >= HELD_MS / 1e3);
	assert_near(slow_waits() - slow, ROUNDS, 0);
	assert_true(probe_value(probe, "lock.kernel_waits") - waits >= ROUNDS);
	assert_true(probe_value(probe, "lock.kernel_wait_seconds") - seconds >= row[KLOCKS_WAIT].number);
}

/* "ext4_file_write_iter", "shmem_file_write_iter", ...: names come after a tick or two. */
static void test_names_where(void **state)
{
	const union cell *row = NULL;
	char line[64] = "";
	FILE *f = fopen("/proc/kallsyms", "re");

	(void)state;
	need_probe();
	if (f && fgets(line, sizeof line, f) && strncmp(line, "0000000000000000", 16) == 0) {
		printf("# skip: the kernel hides its addresses\n");
		skip();
	}
	fclose(f);
	for (int i = 0; i < 400 && !(row = longest("rwsem", "write_iter")); i++) /* the first wait has the symbols read */
		puppet_do(&puppet, 0, 1);
	assert_non_null(row);
	assert_non_null(strstr(row[KLOCKS_SITE].text, " > "));
	assert_true(strncmp(row[KLOCKS_LOCK].text, "0x", 2) == 0);
}

static void test_does_not_count_others(void **state)
{
	double before;

	(void)state;
	need_probe();
	before = slow_waits();
	puppet_do(&bystander, 0, 1);
	probe_read(probe);
	assert_near(slow_waits(), before, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_waits),
		cmocka_unit_test(test_names_where),
		cmocka_unit_test(test_does_not_count_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
