/* Who may see what: a program of somebody else, and a cgroup of one. As root; others have nobody whose sockets to look at. */
#include "base/file.h"
#include "watch.h"

#include <limits.h>
#include <sys/stat.h>

#define NOBODY 65534

/* An actor that listens and has a connection to itself; before, it joins the cgroup that it is told of (none: an empty line). */
static char joined[PATH_MAX];

static void join(void)
{
	int fd;

	if (!joined[0])
		return;
	fd = open(joined, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(1);
	close(fd);
}

static void body(int line)
{
	int on, there;

	join();
	on = listen_at(AF_INET, "127.0.0.1");
	there = connect_to(AF_INET, "127.0.0.1", port_of(on));
	if (there < 0 || accept(on, NULL, NULL) < 0)
		_exit(1);
	order_done(line);
	while (order_next(line))
		order_done(line);
}

static struct actor start(const char *cgroup)
{
	struct actor a;
	char done;

	joined[0] = '\0';
	if (cgroup)
		snprintf(joined, sizeof joined, "%s/cgroup.procs", cgroup);
	a = actor_start(body);
	actor_hear(&a, &done, 1);
	return a;
}

/* Runs a part of the test as nobody. It tells by printing and by its status, as cmocka is not there. */
static void as_nobody(bool part(const void *context), const void *context)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(2);
		status = !part(context);
		fflush(stdout);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip_because("needs root, to be somebody else");
}

static bool is_denied(const void *context)
{
	const struct actor *a = context;
	struct watch w;
	bool good = true;

	watch_attach(&w, a->pid, false);
	for (int i = 0; i < 2; i++) {
		watch_tick(&w);
		for (size_t m = 0; m < SOCKDIAG_METRIC_COUNT; m++) {
			struct point p = watch_point(&w, sockdiag_rows[m].name);

			good &= p.state == POINT_DENIED && strstr(p.why, "own user");
		}
		good &= !sample_find_table(w.sample, &table_sockets) && w.sample->statuses[0].state == STATUS_DENIED &&
			strstr(w.sample->statuses[0].fix, "cap_sys_ptrace,cap_dac_read_search");
	}
	watch_close(&w);
	return good;
}

static void of_somebody_else_nothing_is_seen(void **state)
{
	struct actor a;

	(void)state;
	need_root();
	a = start(NULL);
	as_nobody(is_denied, &a);
	actor_end(&a);
}

/* ---- a cgroup ---- */

static char cgroup[PATH_MAX];

/* Makes one in the version 2 hierarchy. */
static bool make_cgroup(void)
{
	char *mounts, *save = NULL, type[32], point[200];
	size_t length;
	bool made = false;

	if (file_read_all("/proc/self/mounts", 1 << 20, &mounts, &length) != 0)
		return false;
	for (char *line = strtok_r(mounts, "\n", &save); line && !made; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%*s %199s %31s", point, type) != 2 || strcmp(type, "cgroup2") != 0)
			continue;
		snprintf(cgroup, sizeof cgroup, "%s/tach-test-%d", point, (int)getpid());
		made = mkdir(cgroup, 0755) == 0;
	}
	free(mounts);
	return made;
}

static void drop_cgroup(void)
{
	for (int i = 0; i < 100 && rmdir(cgroup) != 0; i++)
		sleep_ms(10);
}

static void need_cgroup(void)
{
	need_root();
	if (!make_cgroup())
		skip_because("no cgroups of version 2 here that may be made");
}

static void watch_cgroup(struct watch *w)
{
	struct target_options o = { .children = true };

	watch_open(w, target_open_cgroup(cgroup, &o, NULL));
	watch_tick(w);
}

/* The kernel says in which cgroup a socket was made: no descriptor needs to be looked at. */
static bool cgroup_is_seen(const void *context)
{
	struct watch w;
	bool good;

	(void)context;
	watch_cgroup(&w);
	good = watch_point(&w, "tcp.sockets").value == 2 && watch_point(&w, "tcp.sockets").state == POINT_PARTIAL &&
		w.sample->statuses[0].state == STATUS_PARTIAL && sample_find_table(w.sample, &table_sockets)->nrows == 3;
	watch_close(&w);
	return good;
}

static void sockets_of_a_cgroup_anybody_may_see(void **state)
{
	struct actor a, outside;

	(void)state;
	need_cgroup();
	outside = start(NULL);
	a = start(cgroup);
	as_nobody(cgroup_is_seen, NULL);
	actor_end(&a);
	actor_end(&outside);
	drop_cgroup();
}

/* The same as root, who sees also what was made elsewhere: by a process that joined later. */
static void what_a_member_brought_along_is_seen_by_root(void **state)
{
	struct actor a, late;
	struct watch w;
	char path[sizeof cgroup + 16], pid[16];
	int fd;

	(void)state;
	need_cgroup();
	a = start(cgroup);
	watch_cgroup(&w);
	assert_near(watch_value(&w, "tcp.sockets"), 2, 0);
	assert_int_equal(watch_point(&w, "tcp.sockets").state, POINT_OK);
	late = start(NULL);
	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	snprintf(pid, sizeof pid, "%d", (int)late.pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, pid, strlen(pid)), strlen(pid));
	close(fd);
	for (int i = 0; i < 2; i++)
		watch_tick(&w);
	assert_near(watch_value(&w, "tcp.sockets"), 4, 0);
	watch_close(&w);
	actor_end(&a);
	actor_end(&late);
	drop_cgroup();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_somebody_else_nothing_is_seen),
		cmocka_unit_test(sockets_of_a_cgroup_anybody_may_see),
		cmocka_unit_test(what_a_member_brought_along_is_seen_by_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
