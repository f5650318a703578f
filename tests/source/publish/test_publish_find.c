/* The walk through descriptors: its budget, its pauses, and that it goes on where it stopped. */
#include "fake_target.h"

#include "source/publish/publish_find.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <cmocka.h>

static struct {
	unsigned begun, found, fd;
	pid_t pid;
} seen;

static void begins(void *context, const struct process *p)
{
	(void)context;
	(void)p;
	seen.begun++;
}

static void finds(void *context, const struct process *p, unsigned fd)
{
	(void)context;
	seen.found++;
	seen.pid = p->pid;
	seen.fd = fd;
}

static const struct publish_visitor visitor = { begins, finds, NULL };

/* A clock that goes a millisecond forward whenever it is asked: once in 16 descriptors. */
static nsec_t slow_clock(void)
{
	static nsec_t now;

	return now += NSEC_PER_MSEC;
}

/* Pauses are 1, 2, 4, 8, 10, 10... ticks. */
static void pauses_grow(void **state)
{
	static const unsigned walks[] = { 1, 2, 4, 8, 16, 26, 36 };
	struct publish_find *f = publish_find_new();
	struct target t = { .n = 0 };
	size_t next = 0;

	(void)state;
	target_add(&t, getpid(), false);
	for (unsigned tick = 1; tick <= 40; tick++) {
		seen.begun = 0;
		publish_find_tick(f, &t, NSEC_PER_SEC, &visitor);
		if (next < sizeof walks / sizeof walks[0] && tick == walks[next]) {
			assert_int_equal(seen.begun, 1);
			next++;
		} else {
			assert_int_equal(seen.begun, 0);
		}
	}
	assert_int_equal(next, 7);
	publish_find_hurry(f);
	publish_find_tick(f, &t, NSEC_PER_SEC, &visitor);
	assert_int_equal(seen.begun, 1);
	assert_int_equal(publish_find_oldest(f), publish_find_now(f));
	target_remove(&t, 0);
	publish_find_free(f);
}

static void budget_is_kept_and_the_end_is_reached(void **state)
{
	struct publish_find *f = publish_find_new();
	struct target t = { .n = 0 };
	int fds[300], n, ticks;

	(void)state;
	for (n = 0; n < 300; n++)
		fds[n] = n == 200 ? memfd_create("tach-publish", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
	target_add(&t, getpid(), false);
	seen.found = 0;
	clock_replace(slow_clock, NULL);
	for (ticks = 1; !seen.found && ticks < 100; ticks++) {
		publish_find_tick(f, &t, 3 * NSEC_PER_MSEC, &visitor);
		assert_int_equal(publish_find_oldest(f), 0); /* no walk has come to its end */
	}
	clock_replace(NULL, NULL);
	assert_int_equal(seen.fd, fds[200]);
	assert_int_equal(seen.pid, getpid());
	assert_in_range(ticks, 200 / 32, 200 / 16); /* 32 descriptors a tick */
	publish_find_tick(f, &t, NSEC_PER_SEC, &visitor);
	assert_int_equal(publish_find_oldest(f), 1);
	for (n = 0; n < 300; n++)
		close(fds[n]);
	target_remove(&t, 0);
	publish_find_free(f);
}

static void nothing(int n)
{
	(void)n;
}

/* Processes come and go while a walk is under way; each is walked through, none twice. */
static void processes_come_and_go(void **state)
{
	struct child a = child_start(nothing), b = child_start(nothing), c = child_start(nothing);
	struct publish_find *f = publish_find_new();
	struct target t = { .n = 0 };
	size_t denied;

	(void)state;
	seen.begun = 0;
	target_add(&t, c.pid, true);
	target_add(&t, a.pid, true);
	publish_find_tick(f, &t, NSEC_PER_SEC, &visitor);
	assert_int_equal(seen.begun, 2);
	assert_int_equal(publish_find_processes(f, &denied), 2);
	assert_int_equal(denied, 0);
	target_remove(&t, 0);
	target_add(&t, b.pid, true);
	publish_find_tick(f, &t, NSEC_PER_SEC, &visitor);
	assert_int_equal(seen.begun, 4); /* a for the second time, b */
	assert_null(publish_find_process(f, c.pid, (uint64_t)c.pid * 3));
	assert_int_equal(publish_find_process(f, b.pid, (uint64_t)b.pid * 3)->pid, b.pid);
	assert_null(publish_find_process(f, b.pid, 1)); /* the pid of another life */
	target_remove(&t, 0);
	target_remove(&t, 0);
	publish_find_tick(f, &t, NSEC_PER_SEC, &visitor);
	assert_int_equal(publish_find_oldest(f), 3);
	child_end(&a);
	child_end(&b);
	child_end(&c);
	publish_find_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow),
		cmocka_unit_test(budget_is_kept_and_the_end_is_reached),
		cmocka_unit_test(processes_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
