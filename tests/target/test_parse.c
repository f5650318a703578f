/* The small texts of /proc and cgroups from known bytes. */
#include "target/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_list_gives_its_pids(void **state)
{
	static const char text[] = "12 7 0 abc 99999999999999999999 -5 2147483648\n41\n";
	static const pid_t expected[] = { 12, 7, 5, 41 };
	const char *at = text, *end = text + strlen(text);
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(parse_pid(&at, end, &pid));
		assert_int_equal(pid, expected[i]);
	}
	assert_false(parse_pid(&at, end, &pid));
	at = text;
	assert_true(parse_pid(&at, text + 1, &pid)); /* nothing behind the end is read */
	assert_int_equal(pid, 1);
	assert_false(parse_pid(&at, text + 1, &pid));
}

static bool status(const char *text, struct proc_status *out)
{
	return parse_status(text, strlen(text), out);
}

static void status_gives_the_process_and_the_effective_user(void **state)
{
	struct proc_status s;

	(void)state;
	assert_true(status(
		"Name:\tUid:\\n\nTgid:\t1200\nNgid:\t0\nPid:\t1234\nUid:\t1\t4294967294\t3\t4\nGid:\t9\t9\n", &s));
	assert_int_equal(s.tgid, 1200);
	assert_true(s.uid == 4294967294u);
	assert_false(status("Tgid:\t1200\n", &s));
	assert_false(status("Uid:\t1\t2\t3\t4\n", &s));
	assert_false(status("Tgid:\tx\nUid:\t1\t2\n", &s));
	assert_false(status("", &s));
}

static const char cgroups[] =
	"9:name=systemd:/system.slice/a.service\n4:memory:/docker/1:2\n2:cpuacct,cpu:/\n0::/unified\n";

static void cgroup_file_gives_the_path_of_a_hierarchy(void **state)
{
	char path[64];
	size_t n = strlen(cgroups);

	(void)state;
	assert_true(parse_cgroup(cgroups, n, NULL, path, sizeof path));
	assert_string_equal(path, "/unified");
	assert_true(parse_cgroup(cgroups, n, "memory", path, sizeof path));
	assert_string_equal(path, "/docker/1:2");
	assert_true(parse_cgroup(cgroups, n, "cpu", path, sizeof path));
	assert_string_equal(path, "/");
	assert_true(parse_cgroup(cgroups, n, "name=systemd", path, sizeof path));
	assert_string_equal(path, "/system.slice/a.service");
	assert_false(parse_cgroup(cgroups, n, "mem", path, sizeof path));
	assert_false(parse_cgroup(cgroups, n, NULL, path, 8)); /* does not fit */
	assert_false(parse_cgroup("10::/not-v2\n", 12, NULL, path, sizeof path));
	assert_false(parse_cgroup("0:", 2, NULL, path, sizeof path));
	assert_false(parse_cgroup("", 0, NULL, path, sizeof path));
}

static void mountinfo_gives_whole_lines_only(void **state)
{
	static const char text[] = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
				   "35 31 0:32 /part\\040of /a\\040b\\134\\134 rw shared:1 master:2 - cgroup cgroup rw,memory\n"
				   "cut 31 0:33 / /x\n"
				   "36 31 0:33 / /y rw - cgroup2\n"
				   "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 - rw,nsdelegate";
	const char *at = text, *end = text + strlen(text);
	struct mount m;

	(void)state;
	assert_true(parse_mount(&at, end, &m));
	assert_string_equal(m.type, "tmpfs");
	assert_true(parse_mount(&at, end, &m));
	assert_string_equal(m.root, "/part of");
	assert_string_equal(m.point, "/a b\\\\");
	assert_string_equal(m.type, "cgroup");
	assert_string_equal(m.options, "rw,memory");
	assert_true(parse_mount(&at, end, &m));
	assert_string_equal(m.root, "/");
	assert_string_equal(m.point, "/sys/fs/cgroup/unified");
	assert_string_equal(m.type, "cgroup2");
	assert_string_equal(m.options, "rw,nsdelegate");
	assert_false(parse_mount(&at, end, &m));
}

static void a_word_of_a_list_is_whole(void **state)
{
	(void)state;
	assert_true(parse_has_word("rw,memory", "memory"));
	assert_true(parse_has_word("memory,rw", "memory"));
	assert_false(parse_has_word("rw,memory2", "memory"));
	assert_false(parse_has_word("xmemory", "memory"));
	assert_false(parse_has_word("", "memory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_gives_its_pids),
		cmocka_unit_test(status_gives_the_process_and_the_effective_user),
		cmocka_unit_test(cgroup_file_gives_the_path_of_a_hierarchy),
		cmocka_unit_test(mountinfo_gives_whole_lines_only),
		cmocka_unit_test(a_word_of_a_list_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
