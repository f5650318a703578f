/* Cgroups and units as targets, in cgroups that the test makes (as root) and removes again. */
#include "helpers.h"
#include "target/hierarchy.h"

#include <sys/stat.h>

static const struct target_options plain = { .children = false };

static char name[64];	  /* of the test's cgroup: a unit's */
static char folder[1200]; /* its directory */
static char below[1300];  /* a cgroup in it */
static struct hierarchies hierarchies;

static int find(void **state)
{
	(void)state;
	hierarchies = hierarchies_find();
	snprintf(name, sizeof name, "tach-test-%d.service", (int)getpid());
	return 0;
}

static int forget(void **state)
{
	(void)state;
	hierarchies_free(&hierarchies);
	return 0;
}

/* Makes the cgroup and one in it in a hierarchy of that rank, or skips the test. */
static void make_cgroup(int rank)
{
	const char *point = NULL;

	for (size_t i = 0; i < hierarchies.count && !point; i++)
		if (hierarchies.all[i].rank == rank)
			point = hierarchies.all[i].point;
	if (!point) {
		printf("# skip: no cgroup hierarchy of rank %d is mounted\n", rank);
		skip();
	}
	snprintf(folder, sizeof folder, "%s/%s", point, name);
	snprintf(below, sizeof below, "%s/below", folder);
	if (mkdir(folder, 0755) != 0 || mkdir(below, 0755) != 0) {
		printf("# skip: cannot make the cgroup %s: %s (needs root)\n", folder, strerror(errno));
		skip();
	}
}

/* A cgroup is removed when the last of its members is gone for good. */
static void remove_cgroup(void)
{
	wait_until(rmdir(below) == 0 || errno == ENOENT);
	wait_until(rmdir(folder) == 0 || errno == ENOENT);
}

static bool move(pid_t pid, const char *directory)
{
	char path[1400], text[16];
	int fd, n = snprintf(text, sizeof text, "%d", (int)pid);
	bool done;

	snprintf(path, sizeof path, "%s/cgroup.procs", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, text, (size_t)n) == n;
	if (fd >= 0)
		close(fd);
	return done;
}

static pid_t start_in(const char *directory)
{
	pid_t pid = start_child(NULL, NULL);

	assert_true(move(pid, directory));
	return pid;
}

static struct target *open_path(const char *path)
{
	struct err e = { 0 };
	struct target *t = target_open_cgroup(path, &plain, &e);

	if (!t)
		print_error("%s\n", e.text);
	assert_non_null(t);
	return t;
}

static void members_come_and_go(int rank)
{
	pid_t first, second, third;
	struct target *t;

	make_cgroup(rank);
	first = start_in(folder);
	second = start_in(below);
	t = open_path(folder);
	assert_int_equal(count_of(t), 2);
	assert_non_null(process_of(t, first));
	assert_non_null(process_of(t, second));
	assert_false(process_of(t, first)->root || process_of(t, first)->born);

	pause_ms(20);
	third = start_in(below);
	assert_true(target_refresh(t));
	assert_int_equal(count_of(t), 3);
	assert_true(process_of(t, third)->born);
	end_child(first);
	assert_true(target_refresh(t));
	assert_true(process_of(t, first)->gone);
	assert_true(target_refresh(t));
	assert_int_equal(count_of(t), 2);

	end_child(second);
	end_child(third);
	assert_false(target_refresh(t));
	assert_int_equal(facts_of(t).state, TARGET_ENDED);
	assert_int_equal(facts_of(t).exit_status, -1);
	assert_string_equal(facts_of(t).ended, "the last process of the cgroup has ended");
	remove_cgroup();
	assert_false(target_refresh(t));
	target_close(t);
}

static void members_come_and_go_in_v2(void **state)
{
	(void)state;
	members_come_and_go(0);
}

static void members_come_and_go_in_v1(void **state)
{
	(void)state;
	members_come_and_go(1);
}

static void who_leaves_the_cgroup_leaves_the_target(void **state)
{
	pid_t stays, leaves;
	struct target *t;

	(void)state;
	make_cgroup(0);
	stays = start_in(folder);
	leaves = start_in(below);
	t = open_path(folder);
	assert_true(move(leaves, hierarchies.all[0].point));
	assert_true(target_refresh(t));
	assert_true(process_of(t, leaves)->gone);
	assert_true(target_refresh(t));
	assert_null(process_of(t, leaves));
	assert_true(move(leaves, below)); /* and may come back */
	assert_true(target_refresh(t));
	assert_false(process_of(t, leaves)->gone);
	target_close(t);
	end_child(stays);
	end_child(leaves);
	remove_cgroup();
}

static void a_cgroup_has_several_names(void **state)
{
	char rooted[80], relative[80], unit[64];
	const char *paths[] = { folder, name, rooted, relative };
	struct err e = { 0 };
	struct target *t;
	pid_t pid;

	(void)state;
	make_cgroup(0);
	pid = start_in(folder);
	snprintf(rooted, sizeof rooted, "/%s", name);
	snprintf(relative, sizeof relative, "%s/below/..", name);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		t = open_path(paths[i]);
		assert_string_equal(target_cgroup_path(t), folder);
		assert_string_equal(facts_of(t).name, name);
		assert_string_equal(facts_of(t).cgroup, rooted);
		assert_int_equal(facts_of(t).pid, 0);
		assert_true(facts_of(t).started_wall != 0);
		target_close(t);
	}
	snprintf(unit, sizeof unit, "tach-test-%d", (int)getpid());
	t = target_open_unit(unit, &plain, &e);
	assert_non_null(t);
	assert_string_equal(target_cgroup_path(t), folder);
	target_close(t);
	t = target_open_unit(name, &plain, &e);
	assert_non_null(t);
	target_close(t);
	end_child(pid);
	remove_cgroup();
}

static void an_empty_cgroup_is_no_target(void **state)
{
	struct err e = { 0 };
	char expected[1300];

	(void)state;
	make_cgroup(0);
	assert_null(target_open_cgroup(name, &plain, &e));
	snprintf(expected, sizeof expected, "no process is in the cgroup %s", folder);
	assert_string_equal(e.text, expected);
	remove_cgroup();
}

static void assert_no_cgroup(struct target *t, const struct err *e, const char *begin)
{
	assert_null(t);
	if (strncmp(e->text, begin, strlen(begin)) != 0)
		print_error("%s\n", e->text);
	assert_int_equal(strncmp(e->text, begin, strlen(begin)), 0);
}

static void what_is_no_cgroup_is_said(void **state)
{
	struct err e = { 0 };
	const char *nowhere = hierarchies.count ? "no cgroup" : "no cgroup file system is mounted here";

	(void)state;
	assert_no_cgroup(target_open_cgroup("tach/no\x1b/such", &plain, &e), &e,
		hierarchies.count ? "no cgroup 'tach/no?/such' below /" : nowhere);
	assert_no_cgroup(target_open_cgroup("../../../../etc", &plain, &e), &e, nowhere);
	assert_no_cgroup(target_open_cgroup("/etc", &plain, &e), &e, nowhere);
	assert_no_cgroup(target_open_unit("tach-no-such", &plain, &e), &e,
		hierarchies.count ? "no cgroup of a unit 'tach-no-such' below /" : nowhere);
	assert_no_cgroup(target_open_cgroup("", &plain, &e), &e, "the path of the cgroup is empty; / is all of them");
	assert_no_cgroup(target_open_unit("a/b", &plain, &e), &e, "a unit is named without a path");
	assert_no_cgroup(target_open_unit("", &plain, &e), &e, "a unit is named without a path");
}

static void v2_is_asked_first(void **state)
{
	(void)state;
	for (size_t i = 1; i < hierarchies.count; i++)
		assert_true(hierarchies.all[i - 1].rank <= hierarchies.all[i].rank);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_and_go_in_v2),
		cmocka_unit_test(members_come_and_go_in_v1),
		cmocka_unit_test(who_leaves_the_cgroup_leaves_the_target),
		cmocka_unit_test(a_cgroup_has_several_names),
		cmocka_unit_test(an_empty_cgroup_is_no_target),
		cmocka_unit_test(what_is_no_cgroup_is_said),
		cmocka_unit_test(v2_is_asked_first),
	};

	return cmocka_run_group_tests(tests, find, forget);
}
