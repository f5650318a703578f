/* The line to the terminal: it is given back whatever happens, and a slow one holds nothing up. */
#include "../lib/drawer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define WAIT_MS DRAWER_WAIT_MS

static void expect_restored(struct pty *p)
{
	int row, col;

	assert_true(pty_restored(p));
	assert_false(pty_alternate(p));
	assert_true(pty_cursor(p, &row, &col));
}

/* Ends the program by a key or a signal and looks at what is left. `how` is the wait status, -1: whatever. */
static void check_end(const char *key, int number, int how, const char *last_words)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	int status = 0;

	pty_expect(p, "ready", WAIT_MS);
	if (key)
		pty_send(p, key);
	else
		kill(pty_pid(p), number);
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	if (how >= 0)
		assert_int_equal(status & ~0x80, how); /* not the core flag */
	expect_restored(p);
	if (last_words)
		assert_non_null(strstr(pty_output(p), last_words));
	pty_free(p);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CRASH(number) (-1) /* the sanitizer ends the program in its own way, and after us */
#else
#define CRASH(number) (number)
#endif

static void test_terminal_is_given_back(void **state)
{
	(void)state;
	check_end("q", 0, 0, "signal 0");
	check_end(NULL, SIGTERM, 0, "signal 15");
	check_end(NULL, SIGINT, 0, "signal 2");
	check_end(NULL, SIGHUP, 0, "signal 1");
	check_end("\x03", 0, 0, "signal 2"); /* ^C */
	check_end("x", 0, CRASH(SIGSEGV), NULL);
	check_end("o", 0, CRASH(SIGSEGV), NULL);
	check_end("a", 0, CRASH(SIGABRT), NULL);
	check_end(NULL, SIGBUS, CRASH(SIGBUS), NULL);
	check_end(NULL, SIGUSR1, SIGUSR1, NULL);
	check_end(NULL, SIGXCPU, CRASH(SIGXCPU), NULL);
	check_end("f", 0, 1 << 8, "tach: the impossible");
	check_end("X", 0, 7 << 8, NULL);
	check_end("\x1c", 0, CRASH(SIGQUIT), NULL); /* ^\ */
}

static void test_a_deaf_program_ends_with_the_third_signal(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	int status;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "d");
	pty_expect(p, "I am deaf", WAIT_MS);
	for (int i = 0; i < 4; i++) {
		kill(pty_pid(p), i < 2 ? SIGHUP : SIGTERM);
		pty_run(p, 50);
		assert_false(pty_wait_exit(p, 0, NULL));
	}
	pty_send(p, "\x03");
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	assert_int_equal(status, SIGINT);
	expect_restored(p);
	pty_free(p);
}

static void test_a_forked_child_leaves_the_terminal_alone(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "Fz");
	pty_expect(p, "key z.", WAIT_MS);
	assert_true(pty_alternate(p));
	pty_free(p);
}

static void test_stderr_is_kept_for_later(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	char *screen;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "ez");
	pty_expect(p, "key z.", WAIT_MS);
	screen = pty_screen(p);
	assert_null(strstr(screen, "library"));
	free(screen);
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	assert_non_null(strstr(pty_output(p), "a library says ?[31mthis"));
	pty_free(p);
}

static void test_lost_line(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	int status;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_hangup(p);
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	assert_int_equal(status, 0);
	pty_free(p);
}

static void test_suspend_and_continue(void **state)
{
	struct pty *p = drawer_start("--shell", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "n");
	drawer_expect_frame(p, 24, 80, 1);
	pty_send(p, "\x1a"); /* ^Z */
	pty_expect(p, "stopped, terminal the same", WAIT_MS);
	assert_false(pty_alternate(p));
	pty_resize(p, 30, 90);
	pty_send(p, "g\n");
	pty_expect(p, "size 30x90", WAIT_MS);
	assert_true(pty_alternate(p));
	pty_send(p, "n");
	drawer_expect_frame(p, 30, 90, 2);
	pty_send(p, "q");
	pty_expect(p, "ended 0", WAIT_MS);
	pty_free(p);
}

/* Stopped by somebody else, without warning: the shell may have changed the terminal meanwhile. */
static void test_stopped_from_outside(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	kill(pty_pid(p), SIGSTOP);
	kill(pty_pid(p), SIGCONT);
	pty_expect(p, "size 24x80", WAIT_MS);
	assert_true(pty_alternate(p));
	assert_false(pty_restored(p));
	pty_send(p, "z");
	pty_expect(p, "key z.", WAIT_MS);
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	expect_restored(p);
	pty_free(p);
}

/* A reader that does not read: frames are skipped, keys still answer, and the last frame is whole in the end. */
static void test_slow_line(void **state)
{
	struct pty *p = drawer_start("--screen", 50, 200, NULL);
	uint64_t before;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	before = pty_bytes(p);
	for (int i = 0; i < 100; i++) {
		struct timespec pause = { .tv_nsec = 5000000 };

		pty_send(p, "nL");
		nanosleep(&pause, NULL);
	}
	pty_send(p, "n");
	drawer_expect_frame(p, 50, 200, 101);
	assert_true(pty_bytes(p) - before < 100 * 2000); /* some 8 kB each, had they all been sent */
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	pty_free(p);
}

static void test_counts_its_bytes(void **state)
{
	struct pty *p = drawer_start("--screen", 24, 80, NULL);
	unsigned long long said = 0;
	const char *words;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "nn");
	drawer_expect_frame(p, 24, 80, 2);
	pty_send(p, "q");
	drawer_expect_exit(p, 0);
	words = strstr(pty_output(p), "\x18"); /* with which leaving begins */
	assert_non_null(words);
	assert_int_equal(sscanf(strstr(words, "closed after"), "closed after %llu", &said), 1);
	assert_int_equal(said, words - pty_output(p));
	pty_free(p);
}

/* stdin is a feed, keys come from the terminal all the same. */
static void test_stdin_may_be_anything(void **state)
{
	struct pty *p = drawer_start_in_shell("\"$0\" --screen </dev/null");

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "z");
	pty_expect(p, "key z.", WAIT_MS);
	pty_send(p, "q");
	pty_wait_exit(p, WAIT_MS, NULL);
	pty_free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal_is_given_back),
		cmocka_unit_test(test_a_deaf_program_ends_with_the_third_signal),
		cmocka_unit_test(test_a_forked_child_leaves_the_terminal_alone),
		cmocka_unit_test(test_stderr_is_kept_for_later),
		cmocka_unit_test(test_lost_line),
		cmocka_unit_test(test_suspend_and_continue),
		cmocka_unit_test(test_stopped_from_outside),
		cmocka_unit_test(test_slow_line),
		cmocka_unit_test(test_counts_its_bytes),
		cmocka_unit_test(test_stdin_may_be_anything),
	};
	int status = drawer_main(argc, argv);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
