/* The kernel's line about a thread, and what a futex call in it means. The lines are made by hand. */
#include "source/blocked/look.h"
#include "source/waits.h"

#include <linux/futex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static void a_line_is_read(void **state)
{
	struct look l;

	(void)state;
	assert_true(look_parse("7 0x7ffe01 0x2 0xffffffffffffffff 0x0 0x0 0x0 0x7ffe00 0x7f12\n", &l));
	assert_true(l.blocked);
	assert_int_equal(l.call, 7);
	assert_true(l.arg[0] == 0x7ffe01 && l.arg[1] == 2 && l.arg[2] == UINT64_MAX);
	assert_true(look_parse("running\n", &l));
	assert_false(l.blocked);
	assert_true(look_parse("-1 0x7ffe00 0x7f12\n", &l)); /* in a page fault */
	assert_true(l.blocked);
	assert_int_equal(l.call, CALL_NONE);
	assert_true(look_parse("1073741845 0x1 0x2 0x3\n", &l)); /* a number of another table */
	assert_int_equal(l.call, CALL_NONE);
}

static void nonsense_is_refused(void **state)
{
	static const char *const lines[] = { "", "\n", "runs", "-", "x 0x1", "-2 0x1 0x2" };
	struct look l;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_false(look_parse(lines[i], &l));
	assert_true(look_parse("0", &l)); /* without its arguments */
	assert_int_equal(l.arg[0], 0);
}

/* A look at this process' own memory. */
static struct look look_at(const void *addr, unsigned operation, unsigned value)
{
	char line[128];
	struct look l;

	snprintf(line, sizeof line, "%d %p 0x%x 0x%x 0x0 0x0 0x0 0x1 0x2\n", (int)SYS_futex, addr, operation, value);
	assert_true(look_parse(line, &l));
	look_at_futex(getpid(), &l);
	return l;
}

static void a_mutex_names_its_owner(void **state)
{
	static const uint32_t mutex[4] = { 2, 0, 4711, 1 }; /* glibc: lock, count, owner, users */
	struct look l = look_at(mutex, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2);

	(void)state;
	assert_int_equal(l.kind, FUTEX_KIND_MUTEX);
	assert_int_equal(l.owner, 4711);
	assert_true(look_is_contention(&l));
	l = look_at(mutex, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 2); /* with a time limit */
	assert_int_equal(l.kind, FUTEX_KIND_MUTEX);
	l = look_at((void *)16, FUTEX_WAIT, 2); /* where there is no memory */
	assert_int_equal(l.kind, FUTEX_KIND_MUTEX);
	assert_int_equal(l.owner, 0);
}

static void priority_inheritance_and_musl_hold_it_in_the_word(void **state)
{
	static const uint32_t word = FUTEX_WAITERS | 4711;
	struct look l = look_at(&word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0);

	(void)state;
	assert_int_equal(l.kind, FUTEX_KIND_PI);
	assert_int_equal(l.owner, 4711);
	l = look_at(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, word);
	assert_int_equal(l.kind, FUTEX_KIND_WORD);
	assert_int_equal(l.owner, 4711);
}

static void who_waits_for_work_does_not_contend(void **state)
{
	static const uint32_t word = 0;
	struct look l = look_at(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0);

	(void)state;
	assert_int_equal(l.kind, FUTEX_KIND_WORK);
	assert_false(look_is_contention(&l));
	l = look_at(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 4711); /* pthread_join */
	assert_int_equal(l.kind, FUTEX_KIND_JOIN);
	assert_int_equal(l.owner, 4711);
	assert_false(look_is_contention(&l));
	l = look_at(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0);
	assert_int_equal(l.kind, FUTEX_KIND_OTHER);
	assert_false(look_is_contention(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_mutex_names_its_owner),
		cmocka_unit_test(priority_inheritance_and_musl_hold_it_in_the_word),
		cmocka_unit_test(who_waits_for_work_does_not_contend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
