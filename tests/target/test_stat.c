/* /proc/PID/stat from known texts: plain, hostile names, cut lines. */
#include "target/stat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A line whose every number is its own field number. */
static const char numbered[] =
	"71 (worker) S 4 5 6 7 -1 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 "
	"31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52\n";

static bool parse(const char *text, struct proc_stat *out)
{
	return stat_parse(text, strlen(text), out);
}

static void every_field_is_where_proc_5_says(void **state)
{
	struct proc_stat st;

	(void)state;
	assert_true(parse(numbered, &st));
	assert_int_equal(st.pid, 71);
	assert_string_equal(st.comm, "worker");
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.ppid, 4);
	assert_int_equal(st.pgrp, 5);
	assert_false(st.kernel);
	assert_int_equal(st.minflt, 10);
	assert_int_equal(st.cminflt, 11);
	assert_int_equal(st.majflt, 12);
	assert_int_equal(st.cmajflt, 13);
	assert_int_equal(st.utime, 14);
	assert_int_equal(st.stime, 15);
	assert_int_equal(st.cutime, 16);
	assert_int_equal(st.cstime, 17);
	assert_int_equal(st.num_threads, 20);
	assert_int_equal(st.starttime, 22);
	assert_int_equal(st.vsize, 23);
	assert_int_equal(st.rss, 24);
	assert_int_equal(st.processor, 39);
	assert_int_equal(st.delayacct_blkio_ticks, 42);
	assert_int_equal(st.exit_code, 52);
}

static void a_hostile_name_moves_no_field(void **state)
{
	static const char *const names[] = { "a) R 1 2 3", ")", "((", "", "x\ny", "\x1b[2J", "\xff\xfe",
		"1 (2) Z 0 0" };
	char text[STAT_TEXT_SIZE];
	struct proc_stat st;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(text, sizeof text, "71 (%s)%s", names[i], numbered + strlen("71 (worker)"));
		assert_true(parse(text, &st));
		assert_string_equal(st.comm, names[i]);
		assert_int_equal(st.state, 'S');
		assert_int_equal(st.starttime, 22);
	}
}

static void a_kernel_thread_is_told_by_its_flag(void **state)
{
	struct proc_stat st;

	(void)state;
	assert_true(parse(
		"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 22 0 0 18446744073709551615 0 0 0 0 0 0 0 "
		"2147483647 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		&st));
	assert_true(st.kernel);
	assert_int_equal(st.processor, 1);
	assert_int_equal(st.vsize, 0);
}

static void a_cut_line_is_refused_at_every_length(void **state)
{
	size_t needed = (size_t)(strstr(numbered, " 43 ") - numbered);
	struct proc_stat st;

	(void)state;
	for (size_t n = 0; n < needed - 2; n++)
		assert_false(stat_parse(numbered, n, &st));
	assert_true(stat_parse(numbered, needed, &st)); /* without the fields of Linux 3.5 */
	assert_int_equal(st.delayacct_blkio_ticks, 42);
	assert_int_equal(st.exit_code, 0);
}

static void other_text_is_refused(void **state)
{
	static const char *const texts[] = { "", "71", "71 ", "71 (", "71 (x", "71 (x)", "71 (x) S", "x (y) S 1 2 3",
		"71 worker S 4 5 6", "71 (worker)S 4 5 6", ") S 1 2 3" };
	char text[STAT_TEXT_SIZE];
	struct proc_stat st;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_false(parse(texts[i], &st));
	snprintf(text, sizeof text, "71 (%066d)%s", 0, numbered + strlen("71 (worker)"));
	assert_false(parse(text, &st)); /* longer than any name that the kernel has */
}

static void a_dead_leader_with_threads_is_not_dead(void **state)
{
	struct proc_stat st = { .state = 'Z', .num_threads = 2 };

	(void)state;
	assert_false(stat_is_dead(&st));
	st.num_threads = 1;
	assert_true(stat_is_dead(&st));
	st.state = 'S';
	assert_false(stat_is_dead(&st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_where_proc_5_says),
		cmocka_unit_test(a_hostile_name_moves_no_field),
		cmocka_unit_test(a_kernel_thread_is_told_by_its_flag),
		cmocka_unit_test(a_cut_line_is_refused_at_every_length),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(a_dead_leader_with_threads_is_not_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
