/* The probes under targets that make it hard: fork storms, thousands of threads, an end at any moment, also tach's own. */
#include "../lib/tick.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#include <cmocka.h>

#define NEEDS_PROBE() \
	do { \
		if (geteuid() != 0 || access("/sys/kernel/btf/vmlinux", R_OK)) { \
			printf("# skip: probes need root and a kernel with type information\n"); \
			skip(); \
		} \
	} while (0)

static struct child *start(const char *program, const char *mode, const char *n)
{
	const char *const argv[] = { program, mode, n, NULL };
	struct child *c = child_start(argv);

	if (!child_expect(c, "ready", 20000))
		fail_msg("%s %s is not ready", mode, n);
	return c;
}

static struct child *watch_pid(pid_t pid, const char *interval)
{
	char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", interval, "-p", number, NULL };

	snprintf(number, sizeof number, "%d", (int)pid);
	return child_start(argv);
}

/* The first tick in which the probe counts. */
static const char *first_counted(struct child *tach)
{
	const char *tick;

	while ((tick = tick_next(tach, 20000)))
		if (!isnan(tick_total(tick, "cpu.switches_exact")))
			return tick;
	fail_msg("the probe never counted");
	return NULL;
}

/* No place was missing, no mark failed. */
static void expect_no_loss(const char *tick)
{
	if (strstr(tick, "lost so far")) {
		printf("# %.300s\n", strstr(tick, "lost so far"));
		fail();
	}
}

static void counts_a_thousand_forks_a_second(void **state)
{
	struct child *c, *tach;
	const char *tick;
	double first, last;

	(void)state;
	NEEDS_PROBE();
	c = start(child_subject(), "forks", "1000");
	tach = watch_pid(child_pid(c), "500ms");
	tick = first_counted(tach);
	first = tick_total(tick, "cpu.switches_exact");
	for (int i = 0; i < 6; i++)
		assert_non_null(tick = tick_next(tach, 10000));
	last = tick_total(tick, "cpu.switches_exact");
	assert_true(last - first > 3000); /* each child is switched to and dies: twice at least with its parent */
	expect_no_loss(tick);
	child_free(tach);
	child_free(c);
}

static void times_five_thousand_threads(void **state)
{
	struct child *c, *tach;
	const char *tick;
	double before, slept;

	(void)state;
	NEEDS_PROBE();
	c = start(child_subject(), "threads", "5000");
	tach = watch_pid(child_pid(c), "1s");
	first_counted(tach);
	tick = tick_next(tach, 10000); /* two ticks that take equally long */
	assert_non_null(tick);
	before = tick_total(tick, "thr.sleep_seconds");
	tick = tick_next(tach, 10000);
	assert_non_null(tick);
	slept = (tick_total(tick, "thr.sleep_seconds") - before) / json_number(tick, "dt");
	printf("# %.1f threads slept\n", slept);
	assert_true(fabs(slept / 5001 - 1) < 0.05);
	expect_no_loss(tick);
	child_free(tach);
	child_free(c);
}

static void ends_with_a_target_that_ends_while_it_attaches(void **state)
{
	(void)state;
	NEEDS_PROBE();
	for (int ms = 0; ms < 200; ms += 20) {
		struct child *c = start(child_subject(), "work", "2"), *tach = watch_pid(child_pid(c), "100ms");
		int status = -1;

		usleep((useconds_t)ms * 1000);
		child_free(c);
		assert_true(child_wait(tach, 20000, &status));
		assert_true(status == 0 || status == 1); /* 1: it was gone before it could be opened */
		child_free(tach);
	}
}

/* ---- nothing is left behind ---- */

/* Ids of programs that a process holds, from its descriptors. */
static size_t programs_of(pid_t pid, __u32 *ids, size_t max)
{
	char path[300], line[128];
	size_t n = 0;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fdinfo", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((d = readdir(dir)) && n < max) {
		FILE *f;

		snprintf(path, sizeof path, "/proc/%d/fdinfo/%s", (int)pid, d->d_name);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof line, f))
			if (sscanf(line, "prog_id: %u", &ids[n]) == 1)
				n += n + 1 < max;
		if (f)
			fclose(f);
	}
	closedir(dir);
	return n;
}

static bool program_exists(__u32 id)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof attr);
	attr.prog_id = id;
	fd = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

static void leaves_nothing_in_the_kernel_when_it_is_killed(void **state)
{
	struct child *c, *tach;
	__u32 ids[256];
	size_t n, left = 1;

	(void)state;
	NEEDS_PROBE();
	c = start(child_waits(), "pairs", "2");
	tach = watch_pid(child_pid(c), "200ms");
	first_counted(tach);
	n = programs_of(child_pid(tach), ids, 256);
	assert_true(n >= 6);
	assert_true(program_exists(ids[0]));
	kill(child_pid(tach), SIGKILL);
	assert_true(child_wait(tach, 60000, NULL)); /* each hook that is let go waits for every CPU */
	for (int i = 0; i < 600 && left; i++) { /* the kernel frees them a little later */
		left = 0;
		for (size_t p = 0; p < n; p++)
			left += program_exists(ids[p]);
		usleep(100000);
	}
	assert_int_equal(left, 0);
	child_free(tach);
	child_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_a_thousand_forks_a_second),
		cmocka_unit_test(times_five_thousand_threads),
		cmocka_unit_test(ends_with_a_target_that_ends_while_it_attaches),
		cmocka_unit_test(leaves_nothing_in_the_kernel_when_it_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
