/* The dashboard as a guest: however tach ends, the terminal is as it was, what it was attached to goes on untouched, and
 * what it started has ended; and a name full of control characters does nothing to the terminal. */
#include "../lib/child.h"
#include "../lib/pty.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Runs, is not traced, not stopped, and no signal waits for it. */
static void assert_untouched(pid_t pid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %*[^)]) %c", &state), 1);
	fclose(f);
	assert_true(state == 'S' || state == 'R');
	assert_int_equal(proc_number(pid, "status", "TracerPid:"), 0);
	assert_int_equal(proc_number(pid, "status", "SigPnd:"), 0);
	assert_int_equal(proc_number(pid, "status", "ShdPnd:"), 0);
}

/* The dashboard on a running program, ended by a signal (0: by the key q). Returns tach's status. */
static int leave_by(int signal)
{
	const char *const victim[] = { child_subject(), "work", "2", NULL };
	struct child *c = child_start(victim);
	char number[16];
	const char *const argv[] = { child_tach(), "-i", "100ms", "-p", number, NULL };
	struct termios before, after;
	struct pty *p;
	int status = 0, row, col;

	assert_true(child_expect(c, "ready", 5000));
	snprintf(number, sizeof number, "%d", (int)child_pid(c));
	{
		const char *const nothing[] = { "true", NULL };
		struct pty *fresh = pty_start(24, 80, nothing, NULL);

		pty_termios(fresh, &before);
		pty_free(fresh);
	}
	p = pty_start(24, 80, argv, NULL);
	pty_expect(p, number, 10000);
	assert_true(pty_alternate(p));
	if (signal)
		kill(pty_pid(p), signal);
	else
		pty_send(p, "q");
	assert_true(pty_wait_exit(p, 5000, &status));
	if (signal != SIGKILL) { /* after which nobody can clean up */
		pty_termios(p, &after);
		assert_int_equal(after.c_lflag, before.c_lflag);
		assert_int_equal(after.c_iflag, before.c_iflag);
		assert_int_equal(after.c_oflag, before.c_oflag);
		assert_false(pty_alternate(p));
		assert_true(pty_cursor(p, &row, &col));
	}
	pty_free(p);
	assert_untouched(child_pid(c));
	child_free(c);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void by_key(void **state)
{
	(void)state;
	assert_int_equal(leave_by(0), 0);
}

static void by_sigterm(void **state)
{
	(void)state;
	assert_int_equal(leave_by(SIGTERM), 128 + SIGTERM);
}

static void by_sighup(void **state)
{
	(void)state;
	assert_int_equal(leave_by(SIGHUP), 128 + SIGHUP);
}

static void by_sigint(void **state)
{
	(void)state;
	assert_int_equal(leave_by(SIGINT), 128 + SIGINT);
}

static void by_sigkill(void **state)
{
	(void)state;
	assert_int_equal(leave_by(SIGKILL), 128 + SIGKILL);
}

static void by_crash(void **state)
{
	int status = leave_by(SIGSEGV);

	(void)state;
	assert_true(status != 0);
}

static pid_t first_child(pid_t pid)
{
	char path[64];
	int child = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%d", &child) != 1)
		fail_msg("%s names no child", path);
	fclose(f);
	return child;
}

/* The line is lost: tach ends by itself, and what it started too. */
static void by_a_lost_line(void **state)
{
	const char *const argv[] = { child_tach(), "-i", "100ms", "--", child_subject(), "work", "2", NULL };
	struct pty *p = pty_start(24, 80, argv, NULL);
	pid_t started;

	(void)state;
	pty_expect(p, "subject", 10000);
	started = first_child(pty_pid(p));
	pty_hangup(p);
	assert_true(pty_wait_exit(p, 10000, NULL));
	assert_int_equal(kill(started, 0), -1);
	pty_free(p);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	const char *const subject[] = { child_subject(), "name", "\033]0;own\007\033[2J", NULL };
	struct child *c = child_start(subject);
	char number[16];
	const char *const argv[] = { child_tach(), "-i", "100ms", "-p", number, NULL };
	struct pty *p;

	(void)state;
	assert_true(child_expect(c, "ready", 5000));
	snprintf(number, sizeof number, "%d", (int)child_pid(c));
	p = pty_start(24, 80, argv, NULL);
	pty_expect(p, number, 10000);
	pty_run(p, 500);
	assert_null(strstr(pty_output(p), "\033]0;own"));
	assert_null(strchr(pty_output(p), '\007'));
	pty_send(p, "q");
	assert_true(pty_wait_exit(p, 5000, NULL));
	pty_free(p);
	child_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_key),
		cmocka_unit_test(by_sigterm),
		cmocka_unit_test(by_sighup),
		cmocka_unit_test(by_sigint),
		cmocka_unit_test(by_sigkill),
		cmocka_unit_test(by_crash),
		cmocka_unit_test(by_a_lost_line),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
