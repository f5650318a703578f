/* Stopping ends the whole tree of what tach started, and nothing else; a storm of forks is survived. */
#include "helpers.h"

#include <sys/mman.h>

static char output[] = "/tmp/tach-test-stop-XXXXXX";

static const struct target_options quiet = { .children = true, .output = output, .detached = true };
static const struct target_options alone = { .children = false, .output = output, .detached = true };

static int make_output(void **state)
{
	int fd = mkstemp(output);

	(void)state;
	return fd >= 0 ? close(fd) : -1;
}

static int clear_output(void **state)
{
	(void)state;
	return truncate(output, 0);
}

static int remove_output(void **state)
{
	(void)state;
	return unlink(output);
}

/* Until the command has written that it is ready. */
static void await_ready(void)
{
	wait_until(strstr(read_text(output), "ready"));
}

static struct target *run_words(char *const argv[], const struct target_options *o)
{
	struct err e = { 0 };
	struct target *t = target_spawn(argv, o, &e);

	assert_non_null(t);
	assert_int_equal(target_go(t, &e), 0);
	return t;
}

static struct target *run(const char *script, const struct target_options *o)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };

	return run_words(argv, o);
}

static bool is_alive(pid_t pid)
{
	char state = state_of(pid);

	return state != '-' && state != 'Z';
}

static void stop_and_close(struct target *t)
{
	target_stop(t, PATIENCE);
	assert_int_equal(living(t), 0);
	assert_int_equal(facts_of(t).state, TARGET_ENDED);
	target_close(t);
}

static void assert_no_child_left(void)
{
	errno = 0;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A process in the command's group, one in a session of its own, and an orphan that left both. */
static const char tree[] = "sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &); echo ready; wait";

static void the_whole_tree_ends_and_bystanders_live(void **state)
{
	pid_t bystander = start_child(NULL, NULL), helper, pids[4];
	struct target *t;
	size_t n;

	(void)state;
	setpgid(bystander, bystander); /* older than the command, hence not its orphan */
	pause_ms(20);
	t = run(tree, &quiet);
	helper = start_child(NULL, NULL); /* younger, but in tach's own group */
	refresh_until(t, living(t) == 4);
	for (size_t i = 0; i < 4; i++)
		pids[i] = target_processes(t, &n)[i].pid;
	stop_and_close(t);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(state_of(pids[i]), '-');
	assert_true(is_alive(bystander));
	assert_true(is_alive(helper));
	end_child(bystander);
	end_child(helper);
	assert_no_child_left();
}

/* The status tells that SIGTERM came first. */
static void a_polite_command_ends_by_itself(void **state)
{
	struct target *t = run("trap 'exit 21' TERM; echo ready; while :; do sleep 0.01; done", &quiet);

	(void)state;
	await_ready();
	target_stop(t, PATIENCE);
	assert_int_equal(facts_of(t).exit_status, 21);
	stop_and_close(t);
	assert_no_child_left();
}

static void a_stubborn_command_is_killed(void **state)
{
	struct target *t = run("trap '' TERM; echo ready; sleep 1000", &quiet);
	nsec_t begin;

	(void)state;
	await_ready();
	begin = clock_now();
	target_stop(t, 200 * NSEC_PER_MSEC);
	assert_true(clock_now() - begin >= 200 * NSEC_PER_MSEC);
	assert_int_equal(facts_of(t).exit_status, 137);
	assert_string_equal(facts_of(t).ended, "killed by SIGKILL");
	target_close(t);
	assert_no_child_left();
}

static void a_stopped_command_ends(void **state)
{
	struct target *t = run("kill -STOP $$", &quiet);

	(void)state;
	wait_until(state_of(facts_of(t).pid) == 'T');
	target_stop(t, PATIENCE);
	assert_int_equal(facts_of(t).exit_status, 143);
	target_close(t);
	assert_no_child_left();
}

static void children_that_nobody_follows_end_too(void **state)
{
	struct target *t = run(tree, &alone);

	(void)state;
	await_ready();
	target_refresh(t);
	assert_int_equal(count_of(t), 1);
	stop_and_close(t);
	assert_no_child_left();
}

static void the_tree_ends_without_the_children_file(void **state)
{
	struct target *t = run(tree, &quiet);

	(void)state;
	t->scan_proc = true;
	await_ready();
	stop_and_close(t);
	assert_no_child_left();
}

/* As on a kernel without pidfds: no process is signalled by a pid that may be another's by now. */
static void the_tree_ends_without_pidfds(void **state)
{
	struct target *t = run(tree, &quiet);

	(void)state;
	await_ready();
	refresh_until(t, living(t) == 4);
	for (size_t i = 0; i < t->count; i++) {
		close(t->list[i].pidfd);
		t->list[i].pidfd = -1;
	}
	stop_and_close(t);
	assert_no_child_left();
}

static void an_orphan_ends_after_the_command(void **state)
{
	struct target *t = run("(setsid sleep 1000 &); exit 0", &quiet);

	(void)state;
	refresh_until(t, facts_of(t).exit_status == 0 && living(t) == 1);
	stop_and_close(t);
	assert_no_child_left();
}

static void closing_stops_nothing(void **state)
{
	struct target *t = run("exec sleep 1000", &quiet);
	pid_t pid = facts_of(t).pid;

	(void)state;
	target_close(t);
	assert_true(is_alive(pid));
	end_child(pid);
}

static void attached_processes_are_not_touched(void **state)
{
	pid_t pid = start_child(NULL, NULL);
	struct err e;
	struct target *t = target_open_pids(&pid, 1, &quiet, &e);

	(void)state;
	target_stop(t, 0);
	pause_ms(20);
	assert_true(is_alive(pid));
	target_close(t);
	end_child(pid);
}

/* ---- a storm ---- */

/* This program again, as a command that forks a thousand times a second; half of it leaves orphans behind. */
static int make_storm(void)
{
	for (int i = 0;; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (i % 2 && fork() == 0)
				pause_ms(i % 5);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
		pause_ms(1);
	}
}

static void a_storm_of_forks_is_survived(void **state)
{
	char *const argv[] = { (char *)"/proc/self/exe", (char *)"--storm", NULL };
	struct target *t = run_words(argv, &quiet);
	nsec_t end = clock_now() + NSEC_PER_SEC;
	pid_t pid = facts_of(t).pid;
	size_t found = 0;

	(void)state;
	while (clock_now() < end) {
		assert_true(target_refresh(t));
		assert_non_null(process_of(t, pid));
		assert_true(count_of(t) < 2000);
		found += count_of(t) > 1;
		pause_ms(7);
	}
	assert_true(found > 0);
	stop_and_close(t);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		fail_msg("an orphan was not waited for");
}

static void a_storm_of_forks_is_survived_without_the_children_file(void **state)
{
	char *const argv[] = { (char *)"/proc/self/exe", (char *)"--storm", NULL };
	struct target *t = run_words(argv, &quiet);

	(void)state;
	t->scan_proc = true;
	for (int i = 0; i < 20; i++) {
		t->scanned = 0;
		assert_true(target_refresh(t));
		pause_ms(7);
	}
	stop_and_close(t);
}

#define T(test) cmocka_unit_test_setup(test, clear_output)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(the_whole_tree_ends_and_bystanders_live),
		T(a_polite_command_ends_by_itself),
		T(a_stubborn_command_is_killed),
		T(a_stopped_command_ends),
		T(children_that_nobody_follows_end_too),
		T(the_tree_ends_without_the_children_file),
		T(the_tree_ends_without_pidfds),
		T(an_orphan_ends_after_the_command),
		T(closing_stops_nothing),
		T(attached_processes_are_not_touched),
		T(a_storm_of_forks_is_survived),
		T(a_storm_of_forks_is_survived_without_the_children_file),
	};

	if (argc > 1 && strcmp(argv[1], "--storm") == 0)
		return make_storm();
	return cmocka_run_group_tests(tests, make_output, remove_output);
}
