/*
 * A target that is a cgroup v2: whoever is in it counts while it is, whoever was moved in later and whoever was born in it
 * too; of the same process nothing counts from before and from after.
 */
#include "../lib/actor.h"
#include "../lib/near.h"
#include "../lib/tick.h"

#include <errno.h>
#include <math.h>
#include <mntent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SENT 100

static char mount_point[128], cgroup[256];
static struct actor inside, mover;

/* Where cgroups v2 are mounted; "" nowhere. */
static void find_mount(void)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	while (f && (m = getmntent(f)) && !*mount_point)
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			snprintf(mount_point, sizeof mount_point, "%s", m->mnt_dir);
	if (f)
		endmntent(f);
}

static void move(pid_t pid, const char *to)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/cgroup.procs", to);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%d", (int)pid);
	assert_int_equal(fclose(f), 0);
}

/* Datagrams to a socket of its own. */
static void send_datagrams(int fd, const struct sockaddr_in *to)
{
	char byte = 0;

	for (int i = 0; i < SENT; i++)
		if (sendto(fd, &byte, 1, 0, (const struct sockaddr *)to, sizeof *to) == 1)
			(void)!recv(fd, &byte, 1, 0);
}

/* 's' sends; 'f' has a child send; each is answered. */
static void act(int line)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof to;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char order;

	if (bind(fd, (struct sockaddr *)&to, size) || getsockname(fd, (struct sockaddr *)&to, &size))
		_exit(1);
	while ((order = order_next(line))) {
		pid_t child = order == 'f' ? fork() : 0;

		if (child == 0)
			send_datagrams(fd, &to);
		if (child == 0 && order == 'f')
			_exit(0);
		if (child > 0)
			waitpid(child, NULL, 0);
		order_done(line);
	}
}

static int make_cgroup(void **state)
{
	(void)state;
	if (geteuid() != 0 || access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return 0;
	find_mount();
	if (!*mount_point)
		return 0;
	snprintf(cgroup, sizeof cgroup, "%s/tach-test-%d", mount_point, (int)getpid());
	if (mkdir(cgroup, 0755) != 0) {
		*cgroup = '\0';
		return 0;
	}
	inside = actor_start(act);
	mover = actor_start(act);
	move(inside.pid, cgroup);
	return 0;
}

static int remove_cgroup(void **state)
{
	(void)state;
	if (!*cgroup)
		return 0;
	actor_end(&inside);
	actor_end(&mover);
	for (int i = 0; i < 100 && rmdir(cgroup) != 0 && errno == EBUSY; i++)
		usleep(20000);
	return access(cgroup, F_OK) == 0 ? -1 : 0;
}

/* Some ticks later: once that much was counted, or two seconds. */
static double counted(struct child *tach, const char *metric, double expected)
{
	const char *tick = NULL;
	double n = (double)NAN;

	for (int i = 0; i < 10 && !(n >= expected && i > 1); i++) {
		assert_non_null(tick = tick_newest(tach, 10000));
		n = tick_total(tick, metric);
	}
	return n;
}

static double processes(struct child *tach)
{
	return tick_gauge(tick_newest(tach, 10000), "cpu.processes");
}

static void counts_who_is_in_it_while_it_is(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "200ms", "-g", cgroup, NULL };
	const char *const metric = "sock.udp_tx_messages";
	struct child *tach;
	const char *tick;

	(void)state;
	if (!*cgroup)
		skip_because("needs root, a kernel with type information, and leave to make a cgroup v2");
	tach = child_start(argv);
	while ((tick = tick_next(tach, 20000)) && isnan(tick_total(tick, metric)))
		;
	assert_non_null(tick);
	actor_do(&inside, 's');
	assert_near(counted(tach, metric, SENT), SENT, 0);
	actor_do(&mover, 's');
	actor_do(&mover, 'f');
	assert_near(counted(tach, metric, SENT), SENT, 0);
	assert_near(processes(tach), 1, 0);

	move(mover.pid, cgroup);
	actor_do(&mover, 's');
	assert_near(counted(tach, metric, 2 * SENT), 2 * SENT, 0);
	actor_do(&mover, 'f');
	assert_near(counted(tach, metric, 3 * SENT), 3 * SENT, 0);
	assert_near(processes(tach), 2, 0);

	move(mover.pid, mount_point);
	actor_do(&mover, 's');
	actor_do(&mover, 'f');
	assert_near(counted(tach, metric, 3 * SENT), 3 * SENT, 0);
	assert_near(processes(tach), 1, 0);
	actor_do(&inside, 'f');
	assert_near(counted(tach, metric, 4 * SENT), 4 * SENT, 0);
	child_free(tach);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_who_is_in_it_while_it_is),
	};

	return cmocka_run_group_tests(tests, make_cgroup, remove_cgroup);
}
