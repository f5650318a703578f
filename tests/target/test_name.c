/* Targets by name: none, one, several; never tach itself or its ancestors. The pids of this test make names unique. */
#include "helpers.h"

#include <ctype.h>

static const struct target_options alone = { .children = false };

static void take_name(void *name)
{
	prctl(PR_SET_NAME, name);
	for (;;)
		pause();
}

/* A child whose comm is the name, once it is. */
static pid_t start_named(const char *name)
{
	pid_t pid = start_child(take_name, (void *)name);
	struct proc_stat st = { 0 };

	wait_until(process_peek(pid, &st) == 0 && strcmp(st.comm, name) == 0);
	return pid;
}

static void make_name(char name[16], const char *prefix)
{
	snprintf(name, 16, "%s%d", prefix, (int)getpid() % 1000000);
}

static void assert_error(const char *pattern, const char *sentence)
{
	struct err e = { 0 };
	char *list = (char *)"";

	assert_null(target_open_name(pattern, &alone, &list, &e));
	assert_null(list);
	assert_string_equal(e.text, sentence);
}

static void nobody_matches(void **state)
{
	(void)state;
	assert_error("no such name at all, 31415", "no process matches 'no such name at all, 31415'");
}

static void patterns_that_are_none(void **state)
{
	(void)state;
	assert_error("", "the name to look for is empty");
	assert_error("a(b", "'a(b' is not a regular expression: Unmatched ( or \\(");
	assert_error("a\x1b(b", "'a?(b' is not a regular expression: Unmatched ( or \\(");
}

static void one_match_is_the_target(void **state)
{
	char name[16], pattern[20], *list;
	struct err e = { 0 };
	struct target *t;
	pid_t pid;

	(void)state;
	make_name(name, "tOne");
	pid = start_named(name);
	snprintf(pattern, sizeof pattern, "^%s$", name);
	t = target_open_name(pattern, &alone, &list, &e);
	assert_non_null(t);
	assert_null(list);
	assert_int_equal(facts_of(t).pid, pid);
	assert_string_equal(facts_of(t).name, name);
	assert_true(process_of(t, pid)->root);
	target_close(t);
	end_child(pid);
}

static void exec_sleep(void *name)
{
	execl("/bin/sleep", name, "1000", NULL);
}

/* The command line is looked through when comm does not match. */
static void several_are_listed_clean(void **state)
{
	char word[16], argv0[64], *list;
	pid_t pids[2];
	struct err e = { 0 };
	char expected[240];

	(void)state;
	make_name(word, "tTwo");
	snprintf(argv0, sizeof argv0, "\x1b[2J\n%s\xff", word);
	for (int i = 0; i < 2; i++) {
		struct proc_stat st = { 0 };

		pids[i] = start_child(exec_sleep, argv0);
		wait_until(process_peek(pids[i], &st) == 0 && strcmp(st.comm, "sleep") == 0);
	}
	assert_null(target_open_name(word, &alone, &list, &e));
	snprintf(expected, sizeof expected, "'%s' matches 2 processes; choose one with -p", word);
	assert_string_equal(e.text, expected);
	assert_non_null(list);
	snprintf(expected, sizeof expected, "%7d  root      ?[2J?%s? 1000\n%7d  root      ?[2J?%s? 1000\n",
		(int)pids[0], word, (int)pids[1], word);
	if (geteuid() == 0)
		assert_string_equal(list, expected);
	for (const char *c = list; *c; c++)
		assert_true(*c == '\n' || isprint((unsigned char)*c));
	free(list);
	end_child(pids[0]);
	end_child(pids[1]);
}

#define CROWD 53

static void a_crowd_is_cut_short(void **state)
{
	char name[16], *list, expected[80];
	pid_t pids[CROWD];
	struct err e = { 0 };
	size_t lines = 0;

	(void)state;
	make_name(name, "tAll");
	for (int i = 0; i < CROWD; i++)
		pids[i] = start_named(name);
	assert_null(target_open_name(name, &alone, &list, &e));
	snprintf(expected, sizeof expected, "'%s' matches 53 processes; choose one with -p", name);
	assert_string_equal(e.text, expected);
	for (const char *at = list; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 51);
	assert_non_null(strstr(list, "\n... and 3 more\n"));
	free(list);
	for (int i = 0; i < CROWD; i++)
		end_child(pids[i]);
}

static void have_workers(void *name)
{
	prctl(PR_SET_NAME, name);
	for (int i = 0; i < 2; i++)
		start_child(take_name, name);
}

static void a_server_and_its_workers_are_still_several(void **state)
{
	char name[16], *list = NULL, expected[120];
	struct err e = { 0 };
	pid_t pid;

	(void)state;
	make_name(name, "tSrv");
	pid = start_child(have_workers, name);
	snprintf(expected, sizeof expected,
		"'%s' matches 3 processes, %d and those that it started; choose one with -p", name, (int)pid);
	for (nsec_t end = clock_now() + PATIENCE; strcmp(e.text, expected) != 0 && clock_now() < end; pause_ms(5)) {
		struct target *t = target_open_name(name, &alone, &list, &e);

		target_close(t); /* the workers were not there yet */
		free(list);
	}
	assert_string_equal(e.text, expected);
	end_child(pid); /* its children die with it */
}

/* The child of a process of that name looks for the name. */
static void look_from_below(void *name)
{
	int status;
	pid_t pid;

	prctl(PR_SET_NAME, name);
	pid = fork();
	if (pid == 0) {
		struct err e = { 0 };
		char *list, expected[80];

		snprintf(expected, sizeof expected, "no process matches '%s'", (char *)name);
		_exit(!target_open_name(name, &alone, &list, &e) && strcmp(e.text, expected) == 0);
	}
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void tach_and_its_ancestors_never_match(void **state)
{
	char name[16];
	int status;
	pid_t pid;

	(void)state;
	make_name(name, "tOwn");
	pid = start_child(look_from_below, name);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_matches),
		cmocka_unit_test(patterns_that_are_none),
		cmocka_unit_test(one_match_is_the_target),
		cmocka_unit_test(several_are_listed_clean),
		cmocka_unit_test(a_crowd_is_cut_short),
		cmocka_unit_test(a_server_and_its_workers_are_still_several),
		cmocka_unit_test(tach_and_its_ancestors_never_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
