/* Commands that tach starts: when they run, what they get, how their end is told, what becomes of orphans. */
#include "helpers.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>

static char folder[] = "/tmp/tach-test-spawn-XXXXXX";
static char output[64];

static const struct target_options quiet = { .children = true, .output = output, .detached = true };

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(output, sizeof output, "%s/output", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(output);
	return rmdir(folder);
}

static int fresh_output(void **state)
{
	(void)state;
	unlink(output);
	return 0;
}

static struct target *start(const char *script)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
	struct err e = { 0 };
	struct target *t = target_spawn(argv, &quiet, &e);

	if (!t)
		print_error("%s\n", e.text);
	assert_non_null(t);
	return t;
}

static struct target *run(const char *script)
{
	struct target *t = start(script);
	struct err e = { 0 };

	assert_int_equal(target_go(t, &e), 0);
	return t;
}

static void assert_no_child_left(void)
{
	errno = 0;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void finish(struct target *t)
{
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	target_close(t);
	assert_no_child_left();
}

static void it_waits_until_it_is_let_go(void **state)
{
	struct target *t = start("echo ran");
	struct err e;
	pid_t pid = facts_of(t).pid;

	(void)state;
	pause_ms(30);
	assert_true(target_refresh(t));
	assert_string_equal(read_text(output), "");
	assert_true(process_of(t, pid)->born && process_of(t, pid)->root);
	assert_string_equal(facts_of(t).name, "sh"); /* and not tach's own, whose copy it still is */
	assert_string_equal(facts_of(t).cmdline, "sh -c echo ran");
	assert_int_equal(target_go(t, &e), 0);
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	assert_string_equal(read_text(output), "ran\n");
	assert_string_equal(facts_of(t).cmdline, "sh -c echo ran");
	finish(t);
}

static void it_never_runs_when_closed_before(void **state)
{
	struct target *t = start("echo ran");

	(void)state;
	target_close(t);
	assert_no_child_left();
	assert_string_equal(read_text(output), "");
}

static void a_command_killed_before_it_began_is_said(void **state)
{
	struct target *t = start("echo ran");
	struct err e = { 0 };

	(void)state;
	kill(facts_of(t).pid, SIGKILL);
	wait_until(state_of(facts_of(t).pid) == 'Z');
	assert_int_equal(target_go(t, &e), -1);
	assert_string_equal(e.text, "'sh' was killed before it began");
	assert_false(target_refresh(t));
	assert_string_equal(facts_of(t).ended, "killed by SIGKILL");
	finish(t);
}

static void the_limit_of_open_files_is_as_before(void **state)
{
	struct rlimit before, within, after;
	struct target *t;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	before.rlim_cur = 300;
	setrlimit(RLIMIT_NOFILE, &before);
	t = start("true");
	getrlimit(RLIMIT_NOFILE, &within);
	target_close(t);
	getrlimit(RLIMIT_NOFILE, &after);
	assert_int_equal(within.rlim_cur, before.rlim_max);
	assert_int_equal(after.rlim_cur, 300);
}

static void assert_exec_fails(const char *command, int code, int exit_status, const char *sentence)
{
	char *const argv[] = { (char *)command, NULL };
	struct err e = { 0 };
	struct target *t = target_spawn(argv, &quiet, &e);

	assert_non_null(t);
	assert_int_equal(target_go(t, &e), -1);
	assert_string_equal(e.text, sentence);
	assert_int_equal(e.code, code);
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	assert_int_equal(facts_of(t).exit_status, exit_status);
	finish(t);
}

static void the_header_speaks_of_what_runs(void **state)
{
	char *const argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)"exec sleep 1000", NULL };
	struct err e;
	struct target *t = target_spawn(argv, &quiet, &e);

	(void)state;
	assert_string_equal(facts_of(t).name, "sh");
	assert_string_equal(facts_of(t).cmdline, "/bin/sh -c exec sleep 1000");
	assert_int_equal(target_go(t, &e), 0);
	refresh_until(t, strcmp(facts_of(t).cmdline, "sleep 1000") == 0);
	assert_string_equal(facts_of(t).name, "sleep");
	target_stop(t, PATIENCE);
	finish(t);
}

static void exec_failure_is_said_as_a_shell_does(void **state)
{
	(void)state;
	setenv("PATH", "/usr/bin:/bin", 1); /* a folder in it that may not be searched would make it EACCES */
	assert_exec_fails(
		"tach-no-such-command", ENOENT, 127, "cannot run 'tach-no-such-command': No such file or directory");
	assert_exec_fails("/etc/passwd", EACCES, 126, "cannot run '/etc/passwd': Permission denied");
	assert_exec_fails("no\x1b[2Jsuch", ENOENT, 127, "cannot run 'no?[2Jsuch': No such file or directory");
}

static void assert_end(const char *script, int status, const char *sentence)
{
	struct target *t = run(script);

	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	assert_int_equal(facts_of(t).exit_status, status);
	assert_string_equal(facts_of(t).ended, sentence);
	finish(t);
}

static void every_end_has_its_sentence(void **state)
{
	(void)state;
	assert_end("exit 0", 0, "exited with status 0");
	assert_end("exit 3", 3, "exited with status 3");
	assert_end("ulimit -c 0; kill -SEGV $$", 139, "killed by SIGSEGV");
	assert_end("kill -TERM $$", 143, "killed by SIGTERM");
	assert_end("kill -40 $$", 168, "killed by signal 40");
}

/* Sources must be able to read the numbers of a command that has just ended; then nothing of it may stay behind. */
static void the_zombie_can_be_read_once(void **state)
{
	struct target *t = run("exit 5");
	pid_t pid = facts_of(t).pid;
	struct proc_stat st;

	(void)state;
	wait_until(state_of(pid) == 'Z');
	assert_false(target_refresh(t));
	assert_true(process_of(t, pid)->gone);
	assert_int_equal(process_stat(process_of(t, pid)->dir, pid, &st), 0);
	assert_int_equal(st.state, 'Z');
	assert_int_equal(facts_of(t).exit_status, 5);
	assert_false(target_refresh(t));
	assert_int_equal(count_of(t), 0);
	assert_no_child_left();
	assert_int_equal(facts_of(t).exit_status, 5);
	target_close(t);
}

static void its_status_survives_ignored_children(void **state)
{
	struct target *t;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	t = run("exit 6");
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	assert_int_equal(facts_of(t).exit_status, 6);
	finish(t);
	signal(SIGCHLD, SIG_DFL);
}

/* ---- what it gets ---- */

/* What whoever started the test left open is passed on; tach's own descriptors are not. */
static int inherited_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		n += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return n;
}

static void it_gets_a_clean_start(void **state)
{
	sigset_t blocked;
	struct rlimit files;
	struct target *t;
	char expected[200];

	(void)state;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = 321;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	/* Signals 32 and 33 are the C library's own: posix_spawn(), by which make starts a test, leaves them ignored. */
	t = run("grep -E 'Sig(Blk|Ign)' /proc/self/status | sed s/0000000180000000/0000000000000000/; ulimit -n; readlink /proc/$$/fd/0; "
		"cut -d' ' -f5 /proc/$$/stat; set -- /proc/$$/fd/*; echo $#; echo error >&2");
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	signal(SIGINT, SIG_DFL);
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	snprintf(expected, sizeof expected,
		"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n321\n/dev/null\n%d\n%d\nerror\n",
		(int)facts_of(t).pid, inherited_descriptors() + 1); /* the folder that the shell lists */
	assert_string_equal(read_text(output), expected);
	finish(t);
}

static void output_is_appended_and_private(void **state)
{
	struct stat st;

	(void)state;
	finish(run("echo one"));
	finish(run("echo two >&2"));
	assert_string_equal(read_text(output), "one\ntwo\n");
	assert_int_equal(stat(output, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void assert_output_refused(const char *path, const char *sentence)
{
	char *const argv[] = { (char *)"true", NULL };
	struct target_options o = quiet;
	struct err e = { 0 };

	o.output = path;
	assert_null(target_spawn(argv, &o, &e));
	assert_string_equal(e.text, sentence);
	assert_no_child_left();
}

static void output_follows_no_link_and_waits_for_no_pipe(void **state)
{
	char sentence[200];

	(void)state;
	assert_int_equal(symlink("/dev/null", output), 0);
	snprintf(sentence, sizeof sentence, "the command's output does not go to %s: it is a symbolic link", output);
	assert_output_refused(output, sentence);
	unlink(output);
	assert_int_equal(mkfifo(output, 0600), 0);
	snprintf(sentence, sizeof sentence, "cannot write the command's output to %s: No such device or address",
		output);
	assert_output_refused(output, sentence); /* nobody reads it */
	assert_output_refused("/tmp", "cannot write the command's output to /tmp: Is a directory");
}

/* ---- the tree ---- */

static bool is_subreaper(void)
{
	int is = 0;

	prctl(PR_GET_CHILD_SUBREAPER, &is);
	return is;
}

static pid_t pid_in_output(void)
{
	return (pid_t)atoi(read_text(output));
}

/* The command ends at once, what it started goes on in a session of its own. */
static const char orphan[] = "(setsid sleep 1000 & echo $!); exit 4";

static void orphans_stay_and_are_waited_for(void **state)
{
	struct target *t;
	pid_t pid;

	(void)state;
	assert_false(is_subreaper());
	t = run(orphan);
	assert_true(is_subreaper());
	refresh_until(t, facts_of(t).exit_status == 4 && living(t) == 1);
	assert_int_equal(facts_of(t).state, TARGET_RUNNING);
	assert_string_equal(facts_of(t).ended, "");
	pid = pid_in_output();
	assert_non_null(process_of(t, pid));
	assert_true(process_of(t, pid)->born);
	kill(pid, SIGKILL);
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	assert_int_equal(facts_of(t).exit_status, 4); /* the command's, not the orphan's */
	assert_string_equal(facts_of(t).ended, "exited with status 4");
	finish(t);
	assert_false(is_subreaper());
}

static void orphans_that_nobody_follows_are_waited_for(void **state)
{
	struct target_options o = quiet;
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)"(setsid sleep 0.05 & echo $!); sleep 0.3", NULL };
	struct err e;
	struct target *t;
	pid_t pid;

	(void)state;
	o.children = false;
	t = target_spawn(argv, &o, &e);
	assert_int_equal(target_go(t, &e), 0);
	refresh_until(t, (pid = pid_in_output()) != 0 && state_of(pid) == '-');
	assert_int_equal(count_of(t), 1);
	finish(t);
}

static void nothing(void *unused)
{
	(void)unused;
	_exit(0);
}

/* A helper that tach itself forks is not the command's, and its status is left to whoever forked it. */
static void other_children_of_tach_are_left_alone(void **state)
{
	struct target *t = run("sleep 0.1");
	pid_t pid = start_child(nothing, NULL);
	int status;

	(void)state;
	wait_until(state_of(pid) == 'Z');
	refresh_until(t, facts_of(t).state == TARGET_ENDED);
	assert_null(process_of(t, pid));
	target_close(t);
	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_no_child_left();
}

/* ---- tach dies ---- */

static void start_and_die(void *let_it_run)
{
	struct target *t = start("echo $$; exec sleep 1000");
	struct err e;

	if (let_it_run)
		target_go(t, &e);
	kill(getpid(), SIGKILL);
}

static void the_command_outlives_a_killed_tach(void **state)
{
	pid_t tach = start_child(start_and_die, output), pid;

	(void)state;
	waitpid(tach, NULL, 0);
	wait_until((pid = pid_in_output()) != 0);
	pause_ms(20);
	assert_int_equal(state_of(pid), 'S');
	kill(pid, SIGKILL);
}

static void the_command_never_runs_when_tach_dies_first(void **state)
{
	pid_t tach = start_child(start_and_die, NULL);

	(void)state;
	waitpid(tach, NULL, 0);
	pause_ms(50);
	assert_string_equal(read_text(output), "");
}

/* ---- the terminal ---- */

/* In a session of its own, whose terminal the test holds: a command that reads from it must get what is typed. */
static void run_on_terminal(void *unused)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)"read x </dev/tty; exit $x", NULL };
	struct target_options o = quiet;
	struct err e;
	struct target *t;

	(void)unused;
	o.detached = false;
	t = target_spawn(argv, &o, &e);
	if (!t || target_go(t, &e) != 0)
		_exit(90);
	for (int i = 0; target_refresh(t) && i < 400; i++)
		pause_ms(5);
	_exit(tcgetpgrp(STDIN_FILENO) == getpgrp() ? facts_of(t).exit_status : 91);
}

static void a_command_may_read_from_the_terminal(void **state)
{
	int terminal, status;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		run_on_terminal(NULL);
	assert_int_equal(write(terminal, "17\n", 3), 3);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 17);
	close(terminal);
}

#define T(test) cmocka_unit_test_setup(test, fresh_output)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_waits_until_it_is_let_go),
		T(it_never_runs_when_closed_before),
		T(the_header_speaks_of_what_runs),
		T(a_command_killed_before_it_began_is_said),
		T(the_limit_of_open_files_is_as_before),
		T(exec_failure_is_said_as_a_shell_does),
		T(every_end_has_its_sentence),
		T(the_zombie_can_be_read_once),
		T(its_status_survives_ignored_children),
		T(it_gets_a_clean_start),
		T(output_is_appended_and_private),
		T(output_follows_no_link_and_waits_for_no_pipe),
		T(orphans_stay_and_are_waited_for),
		T(orphans_that_nobody_follows_are_waited_for),
		T(other_children_of_tach_are_left_alone),
		T(the_command_outlives_a_killed_tach),
		T(the_command_never_runs_when_tach_dies_first),
		T(a_command_may_read_from_the_terminal),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
