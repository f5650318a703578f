/* Limits, charges and throttling: trees of files as v1 and v2 have them, and a real cgroup where we may make one. */
#include "live.h"

#include "base/alloc.h"
#include "source/proc/cgroup.h"

#include <sys/stat.h>

#define MIB (1u << 20)

/* ---- trees of files ---- */

struct file {
	const char *path, *text;
};

struct tree {
	char dir[64];
	struct cgroup cgroup;
	struct registry *registry;
	bool wanted[PROC_METRIC_COUNT];
	struct source_env env;
	struct sample *sample;
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void plant(struct tree *t, enum cgroup_tree which, const char *root, const struct file *files)
{
	char path[256];

	*t = (struct tree){ .dir = "/tmp/tach-test-XXXXXX", .registry = registry_new() };
	assert_non_null(mkdtemp(t->dir));
	for (; files->path; files++) {
		snprintf(path, sizeof path, "%s/%s", t->dir, files->path);
		for (char *slash = path + strlen(t->dir) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
			*slash = '\0';
			mkdir(path, 0755);
		}
		if (files->text)
			write_file(path, files->text);
	}
	t->cgroup.places[which].point = xstrdup(t->dir);
	t->cgroup.places[which].root = xstrdup(root);
	for (size_t i = 0; i < PROC_METRIC_COUNT; i++) {
		registry_add(t->registry, &proc_rows[i]);
		t->wanted[i] = true;
	}
	t->env = (struct source_env){ .registry = t->registry, .wanted = t->wanted };
}

static void look(struct tree *t)
{
	struct proc_tick tick = { .env = &t->env };

	sample_free(t->sample);
	tick.out = t->sample = sample_new(t->registry);
	cgroup_read(&t->cgroup, &tick);
}

static void check(const struct tree *t, const char *name, double expected)
{
	const struct point *p = &t->sample->points[registry_find(t->registry, name)];

	if (p->state != POINT_OK)
		printf("# %s: %s\n", name, p->why);
	assert_int_equal(p->state, POINT_OK);
	assert_near(p->value, expected, 1e-9);
}

static void check_absent(const struct tree *t, const char *name, const char *why)
{
	const struct point *p = &t->sample->points[registry_find(t->registry, name)];

	assert_int_equal(p->state, POINT_ABSENT);
	assert_string_equal(p->why, why);
}

static void fell(struct tree *t)
{
	struct kept_budget b = { 10 };
	char command[128];

	sample_free(t->sample);
	cgroup_close(&t->cgroup, &b);
	registry_free(t->registry);
	snprintf(command, sizeof command, "rm -rf %s", t->dir);
	assert_int_equal(system(command), 0);
}

static const struct file v2[] = {
	{ "cgroup.controllers", "cpu memory\n" },
	{ "a/cpu.max", "150000 100000\n" },
	{ "a/cpu.stat", "usage_usec 9\nnr_periods 40\nnr_throttled 12\nthrottled_usec 3400000\n" },
	{ "a/memory.max", "1073741824\n" },
	{ "a/memory.current", "900000000\n" },
	{ "a/b/cpu.max", "max 100000\n" },
	{ "a/b/cpu.stat", "usage_usec 9\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n" },
	{ "a/b/memory.max", "max\n" },
	{ "a/b/memory.current", "500000000\n" },
	{ "a/b/c/cpu.max", "200000 100000\n" },
	{ "a/b/c/cpu.stat", "usage_usec 9\nnr_periods 5\nnr_throttled 1\nthrottled_usec 70\n" },
	{ "a/b/c/memory.max", "536870912\n" },
	{ "a/b/c/memory.current", "400000000\n" },
	{ "none/cpu.stat", "usage_usec 9\nuser_usec 5\nsystem_usec 4\n" }, /* controllers not handed down */
	{ "free/cpu.max", "max 100000\n" },
	{ "free/cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n" },
	{ "free/memory.max", "max\n" },
	{ "free/memory.current", "123456\n" },
	{ "bad/cpu.max", "many of them\n" },
	{ "bad/cpu.stat", "nr_throttled\n" },
	{ "bad/memory.max", "99999999999999999999999\n" },
	{ NULL, NULL },
};

static void the_tightest_limit_of_all_levels_counts(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, CGROUP_V2, "/", v2);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_V2], "/a/b/c"));
	assert_int_equal(t.cgroup.places[CGROUP_V2].count, 4);
	look(&t);
	check(&t, "cpu.limit", 1.5); /* of a */
	check(&t, "cpu.throttled_periods", 12);
	check(&t, "cpu.throttled_seconds", 3.4);
	check(&t, "mem.limit_bytes", 536870912); /* of c */
	check(&t, "mem.cgroup_bytes", 400000000);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_V2], "/a/b"));
	look(&t);
	check(&t, "cpu.limit", 1.5);
	check(&t, "mem.limit_bytes", 1073741824); /* of a, and so is what is charged to it */
	check(&t, "mem.cgroup_bytes", 900000000);
	fell(&t);
}

static void no_limit_is_said_not_zero(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, CGROUP_V2, "/", v2);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_V2], "/free"));
	look(&t);
	check_absent(&t, "cpu.limit", "no limit set");
	check_absent(&t, "mem.limit_bytes", "no limit set");
	check(&t, "cpu.throttled_periods", 0);
	check(&t, "mem.cgroup_bytes", 123456);
	fell(&t);
}

static void without_the_controllers_nothing_is_made_up(void **state)
{
	static const char *const places[] = { "/none", "/bad", "/", "/gone" };
	struct tree t;

	(void)state;
	plant(&t, CGROUP_V2, "/", v2);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		cgroup_enter(&t.cgroup.places[CGROUP_V2], places[i]);
		look(&t);
		check_absent(&t, "cpu.limit", "no limit set");
		check_absent(&t, "cpu.throttled_periods", "its cgroup has no CPU controller");
		check_absent(&t, "cpu.throttled_seconds", "its cgroup has no CPU controller");
		check_absent(&t, "mem.limit_bytes", "no limit set");
		check_absent(&t, "mem.cgroup_bytes", "it is in no cgroup with a memory controller, or in the root");
	}
	fell(&t);
}

static void version_one_has_its_own_files(void **state)
{
	static const struct file files[] = {
		{ "release_agent", "" },
		{ "cpu.cfs_quota_us", "-1\n" },
		{ "cpu.cfs_period_us", "100000\n" },
		{ "cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n" },
		{ "x/cpu.cfs_quota_us", "25000\n" },
		{ "x/cpu.cfs_period_us", "50000\n" },
		{ "x/cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_time 1500000000\nnr_bursts 0\nburst_time 0\n" },
		{ NULL, NULL },
	};
	struct tree t;

	(void)state;
	plant(&t, CGROUP_CPU, "/", files);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_CPU], "/x"));
	look(&t);
	check(&t, "cpu.limit", 0.5);
	check(&t, "cpu.throttled_periods", 3);
	check(&t, "cpu.throttled_seconds", 1.5);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_CPU], "/"));
	look(&t);
	check_absent(&t, "cpu.limit", "no limit set");
	check(&t, "cpu.throttled_periods", 0);
	fell(&t);
}

static void memory_of_version_one(void **state)
{
	static const struct file files[] = {
		{ "release_agent", "" },
		{ "memory.limit_in_bytes", "9223372036854771712\n" },
		{ "memory.usage_in_bytes", "8000000000\n" },
		{ "x/memory.limit_in_bytes", "9223372036854771712\n" },
		{ "x/memory.usage_in_bytes", "7000\n" },
		{ "x/y/memory.limit_in_bytes", "1048576\n" },
		{ "x/y/memory.usage_in_bytes", "4096\n" },
		{ NULL, NULL },
	};
	struct tree t;

	(void)state;
	plant(&t, CGROUP_MEMORY, "/", files);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_MEMORY], "/x/y"));
	look(&t);
	check(&t, "mem.limit_bytes", 1048576);
	check(&t, "mem.cgroup_bytes", 4096);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_MEMORY], "/x"));
	look(&t);
	check_absent(&t, "mem.limit_bytes", "no limit set");
	check(&t, "mem.cgroup_bytes", 7000);
	assert_true(cgroup_enter(&t.cgroup.places[CGROUP_MEMORY], "/"));
	look(&t);
	check_absent(&t, "mem.cgroup_bytes", "it is in no cgroup with a memory controller, or in the root");
	fell(&t);
}

static void a_part_of_the_tree_may_be_mounted(void **state)
{
	struct cgroup_place *p;
	struct tree t;

	(void)state;
	plant(&t, CGROUP_V2, "/docker/0123", v2);
	p = &t.cgroup.places[CGROUP_V2];
	assert_true(cgroup_enter(p, "/docker/0123/a/b"));
	assert_int_equal(p->count, 3);
	assert_true(cgroup_enter(p, "/docker/0123"));
	assert_int_equal(p->count, 1);
	assert_true(cgroup_enter(p, "/"));
	assert_int_equal(p->count, 1);
	assert_false(cgroup_enter(p, "/docker/01234/a"));
	assert_false(cgroup_enter(p, "/../other"));
	assert_false(cgroup_enter(p, "/.."));
	assert_int_equal(p->count, 0);
	fell(&t);
}

/* ---- a real one ---- */

static void burner(int line)
{
	while (order_next(line)) {
		burn(0.1);
		order_done(line);
	}
}

static bool put(const char *dir, const char *file, const char *text)
{
	char path[256];
	int fd;
	bool good;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	fd = open(path, O_WRONLY);
	good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return good;
}

/* outer allows a tenth of a CPU; inner, within it, has no limit of its own. */
struct nest {
	char outer[128], inner[256];
	struct actor actor;
};

static bool make_nest(struct nest *n)
{
	static const struct {
		const char *mount, *file, *limit;
	} trees[] = {
		{ "/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "10000" },
		{ "/sys/fs/cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "10000" },
		{ "/sys/fs/cgroup", "cpu.max", "10000 100000" },
	};

	for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
		put(trees[i].mount, "cgroup.subtree_control", "+cpu");
		snprintf(n->outer, sizeof n->outer, "%s/tach-test-%d", trees[i].mount, (int)getpid());
		snprintf(n->inner, sizeof n->inner, "%s/inner", n->outer);
		if (mkdir(n->outer, 0755) != 0)
			continue;
		if (put(n->outer, trees[i].file, trees[i].limit) && mkdir(n->inner, 0755) == 0)
			return true;
		rmdir(n->outer);
	}
	return false;
}

/* Also after a failure: a cgroup outlives the test. */
static int leave_nest(void **state)
{
	struct nest *n = *state;

	if (n && n->actor.pid)
		actor_end(&n->actor);
	for (int i = 0; n && n->inner[0] && i < 50 && rmdir(n->inner) != 0; i++)
		sleep_ms(10);
	if (n)
		rmdir(n->outer);
	free(n);
	return 0;
}

static void a_real_cgroup_stops_the_target(void **state)
{
	struct nest *n = *state = xcalloc(1, sizeof *n);
	struct target_options o = { .children = true };
	struct live l;
	char pid[16];
	double before;

	if (!make_nest(n))
		skip_because("needs the right to make a cgroup with a CPU limit (root)");
	n->actor = actor_start(burner);
	live_attach(&l, n->actor.pid, true, NULL);
	live_tick(&l);
	snprintf(pid, sizeof pid, "%d", (int)n->actor.pid);
	assert_true(put(n->inner, "cgroup.procs", pid)); /* moved while it is watched */
	live_tick(&l);
	assert_near(live_value(&l, "cpu.limit"), 0.1, 1e-9);
	before = live_value(&l, "cpu.throttled_periods");
	actor_do(&n->actor, 'b');
	live_tick(&l);
	assert_true(live_value(&l, "cpu.throttled_periods") - before >= 3); /* 100 ms of CPU take 10 periods of 100 */
	assert_true(live_value(&l, "cpu.throttled_seconds") > 0.1);
	live_close(&l);

	live_open(&l, target_open_cgroup(n->inner, &o, NULL), true, NULL);
	live_tick(&l);
	assert_near(live_value(&l, "cpu.limit"), 0.1, 1e-9);
	assert_near(live_value(&l, "cpu.processes"), 1, 0);
	assert_int_equal(live_status(&l, "cgroup")->state, STATUS_ON);
	live_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tightest_limit_of_all_levels_counts),
		cmocka_unit_test(no_limit_is_said_not_zero),
		cmocka_unit_test(without_the_controllers_nothing_is_made_up),
		cmocka_unit_test(version_one_has_its_own_files),
		cmocka_unit_test(memory_of_version_one),
		cmocka_unit_test(a_part_of_the_tree_may_be_mounted),
		cmocka_unit_test_teardown(a_real_cgroup_stops_the_target, leave_nest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
