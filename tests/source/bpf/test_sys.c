/* Every system call, of a process that makes a known number of them; and switching the group on and off. */
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "base/clock.h"
#include "model/tables.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { GETPPID, BAD_CLOSE, NAP, LONG_NAP, THREADS };

#define NAP_MS 2

static void *ask_parent(void *n)
{
	for (long i = 0; i < *(long *)n; i++)
		syscall(SYS_getppid);
	return NULL;
}

static void act(int what, long n)
{
	struct timespec nap = { .tv_nsec = NAP_MS * 1000000 }, long_nap = { .tv_nsec = n * 1000000 };
	pthread_t threads[4];

	for (long i = 0; i < n && what == GETPPID; i++)
		syscall(SYS_getppid);
	for (long i = 0; i < n && what == BAD_CLOSE; i++)
		syscall(SYS_close, -1);
	for (long i = 0; i < n && what == NAP; i++)
		nanosleep(&nap, NULL);
	if (what == LONG_NAP)
		nanosleep(&long_nap, NULL);
	for (int i = 0; i < 4 && what == THREADS; i++)
		pthread_create(&threads[i], NULL, ask_parent, &n);
	for (int i = 0; i < 4 && what == THREADS; i++)
		pthread_join(threads[i], NULL);
}

static const char *const wants[] = { "lat.syscall_seconds", NULL };
static struct puppet puppet, bystander;
static struct probe *probe;

static int set_up(void **state)
{
	(void)state;
	puppet = puppet_start(act);
	bystander = puppet_start(act);
	if (!probe_refused())
		probe = probe_open(puppet.pid, wants);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	probe_close(probe);
	puppet_end(&puppet);
	puppet_end(&bystander);
	return 0;
}

static void need_probe(void)
{
	if (probe)
		return;
	printf("# skip: %s\n", probe_refused());
	skip();
}

static void need_on(void)
{
	need_probe();
	assert_string_equal(probe_ask(probe, "on sys keep"), "sys is switched on");
	assert_true(probe_await(probe, "sys", STATUS_ON));
}

/* A cell of a call's row as of now; 0: it has no row. */
static double cell(const char *call, size_t column)
{
	const union cell *row;

	probe_read(probe);
	row = probe_row(probe, &table_syscalls, SYSCALLS_NAME, call);
	return row ? row[column].number : 0;
}

static double calls(const char *call)
{
	return cell(call, SYSCALLS_CALLS);
}

static void test_is_off_until_asked(void **state)
{
	const char *why;

	(void)state;
	need_probe();
	probe_read(probe);
	assert_int_equal(probe_status(probe, "sys")->state, STATUS_OFF);
	assert_string_equal(probe_status(probe, "sys")->fix, "--latency syscall");
	assert_int_equal(probe_state(probe, "lat.syscall_seconds", &why), POINT_ABSENT);
	assert_string_equal(why, "off until it is asked for: --latency syscall");
}

static void test_answers_what_it_does_not_understand(void **state)
{
	(void)state;
	need_probe();
	assert_string_equal(probe_ask(probe, "on nothing"), "there is no probe nothing to be switched");
	assert_string_equal(probe_ask(probe, "on sched"), "there is no probe sched to be switched");
	assert_string_equal(probe_ask(probe, "on sys please"), "not understood: on NAME, on NAME keep, or off NAME");
	assert_string_equal(probe_ask(probe, "off sys keep"), "not understood: on NAME, on NAME keep, or off NAME");
	assert_string_equal(probe_ask(probe, "sys"), "not understood: on NAME, on NAME keep, or off NAME");
}

/* The puppet waits in read() when the group is switched on: that call was not seen to begin. */
static void test_counts_each_call(void **state)
{
	(void)state;
	need_on();
	puppet_do(&puppet, GETPPID, 12345);
	assert_int_equal((int)calls("getppid"), 12345);
	assert_int_equal((int)cell("getppid", SYSCALLS_ERRORS), 0);
	assert_int_equal((int)calls("read"), 0);
	assert_int_equal((int)calls("write"), 1);
	puppet_do(&puppet, GETPPID, 5);
	assert_int_equal((int)calls("getppid"), 12350);
	assert_int_equal((int)calls("read"), 1);
	assert_int_equal((int)hist_count(probe_hist(probe, "lat.syscall_seconds")), 12350 + 1 + 2);
}

static void test_counts_errors(void **state)
{
	(void)state;
	need_on();
	puppet_do(&puppet, BAD_CLOSE, 321);
	assert_int_equal((int)calls("close"), 321);
	assert_int_equal((int)cell("close", SYSCALLS_ERRORS), 321);
}

static void test_does_not_count_others(void **state)
{
	double before;

	(void)state;
	need_on();
	before = calls("getppid");
	puppet_do(&bystander, GETPPID, 1000);
	assert_near(calls("getppid"), before, 0);
}

static void test_times_calls(void **state)
{
	double before, slow = 0;
	const struct hist *h;

	(void)state;
	need_on();
	before = cell("clock_nanosleep", SYSCALLS_TIME);
	puppet_do(&puppet, NAP, 50);
	assert_int_equal((int)calls("clock_nanosleep"), 50);
	/* 2 ms each, and what the timer and the run queue add; the machine is shared */
	assert_in_range((int)((cell("clock_nanosleep", SYSCALLS_TIME) - before) * 1e6), 50 * NAP_MS * 1000, 50 * NAP_MS * 5000);
	h = probe_hist(probe, "lat.syscall_seconds");
	for (unsigned b = tach_hist_bin(NAP_MS * 1000000); b < TACH_HIST_BINS; b++)
		slow += (double)h->bins[b];
	assert_true(slow >= 50);
}

/* restart_syscall goes on with what was interrupted. */
static void test_knows_what_is_restarted(void **state)
{
	double before;

	(void)state;
	need_on();
	before = calls("clock_nanosleep");
	puppet_order(&puppet, LONG_NAP, 200);
	usleep(50000);
	kill(puppet.pid, SIGSTOP);
	usleep(20000);
	kill(puppet.pid, SIGCONT);
	puppet_await(&puppet);
	assert_near(calls("clock_nanosleep"), before + 2, 0);
	assert_near(calls("restart_syscall"), 0, 0);
}

static void test_counts_threads(void **state)
{
	double before;

	(void)state;
	need_on();
	before = calls("getppid");
	puppet_do(&puppet, THREADS, 2500);
	assert_near(calls("getppid"), before + 10000, 0);
}

static nsec_t later(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nsec_t)t.tv_sec * NSEC_PER_SEC + (nsec_t)t.tv_nsec + 11 * NSEC_PER_SEC;
}

/* Totals go on where they were: what happens meanwhile is not seen, what was open then is not counted. */
static void test_switches_off_and_on(void **state)
{
	double before;

	(void)state;
	need_on();
	before = calls("getppid");
	assert_string_equal(probe_ask(probe, "off sys"), "sys is switched off");
	assert_true(probe_await(probe, "sys", STATUS_OFF));
	while (!strstr(probe_status(probe, "sys")->why, "not asked for"))
		probe_read(probe);
	puppet_do(&puppet, GETPPID, 1000);
	need_on();
	assert_near(calls("getppid"), before, 0);
	before = calls("read");
	puppet_do(&puppet, GETPPID, 1);
	assert_near(calls("read"), before, 0);
}

static void test_switches_itself_off(void **state)
{
	(void)state;
	need_on();
	assert_string_equal(probe_ask(probe, "on sys"), "sys is switched on for 10 seconds");
	probe_read(probe);
	assert_string_equal(probe_status(probe, "sys")->why, "on for 10 s more");
	clock_replace(later, NULL);
	assert_true(probe_await(probe, "sys", STATUS_OFF));
	clock_replace(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_off_until_asked),
		cmocka_unit_test(test_answers_what_it_does_not_understand),
		cmocka_unit_test(test_counts_each_call),
		cmocka_unit_test(test_counts_errors),
		cmocka_unit_test(test_does_not_count_others),
		cmocka_unit_test(test_times_calls),
		cmocka_unit_test(test_knows_what_is_restarted),
		cmocka_unit_test(test_counts_threads),
		cmocka_unit_test(test_switches_off_and_on),
		cmocka_unit_test(test_switches_itself_off),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
