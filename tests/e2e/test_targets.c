/* Programs that make it hard to be watched: fork storms, thousands of threads, short lives, a pid that comes
 * again. tach survives them and tells the truth. */
#include "../lib/near.h"
#include "../lib/tick.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct child *start_subject(const char *mode, const char *n)
{
	const char *const argv[] = { child_subject(), mode, n, NULL };
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

/* Children that live for less than a tick are counted all the same: their faults by perf or by their parent's sums. */
static void survives_a_thousand_forks_a_second(void **state)
{
	struct child *c = start_subject("forks", "1000"), *tach = watch_pid(child_pid(c), "100ms");
	const char *tick = NULL;
	double first = (double)NAN, last = (double)NAN;

	(void)state;
	for (int i = 0; i < 20; i++) {
		tick = tick_next(tach, 10000);
		assert_non_null(tick);
		last = tick_total(tick, "mem.faults_minor");
		if (i == 0)
			first = last;
		assert_true(tick_gauge(tick, "cpu.processes") >= 1);
		assert_true(json_number(tick, "dt") < 1);
	}
	assert_true(last - first > 1000 * 1.5); /* each fork copies some pages */
	child_free(tach);
	child_free(c);
}

static void survives_five_thousand_threads(void **state)
{
	struct child *c = start_subject("threads", "5000"), *tach = watch_pid(child_pid(c), "500ms");
	long long threads = proc_number(child_pid(c), "status", "Threads:");

	(void)state;
	for (int i = 0; i < 4; i++) {
		const char *tick = tick_next(tach, 20000);

		assert_non_null(tick);
		assert_int_equal(tick_gauge(tick, "cpu.threads"), threads);
		assert_false(isnan(tick_gauge(tick, "mem.rss_bytes")));
		assert_true(json_number(tick, "dt") < 2);
	}
	child_free(tach);
	child_free(c);
}

/* A target that is gone when tach looks again: the end says so, and nothing was made up. */
static void says_when_an_attached_target_ends(void **state)
{
	struct child *c = start_subject("work", "1"), *tach = watch_pid(child_pid(c), "200ms");
	int status = -1;

	(void)state;
	assert_non_null(tick_next(tach, 10000));
	kill(child_pid(c), SIGKILL);
	assert_true(child_wait(c, 5000, &status));
	assert_true(child_expect(tach, "\"end\"", 5000));
	assert_true(child_wait(tach, 5000, &status));
	assert_int_equal(status, 0);
	child_free(tach);
	child_free(c);
}

static void passes_on_the_status_of_what_it_started(void **state)
{
	const char *const quick[] = { child_tach(), "stat", "--json", "--", "sh", "-c", "exit 3", NULL };
	const char *const killed[] = { child_tach(), "stat", "--json", "--", "sh", "-c", "kill -9 $$", NULL };
	struct child *tach = child_start(quick);
	int status = -1;

	(void)state;
	assert_true(child_wait(tach, 10000, &status));
	assert_int_equal(status, 3);
	child_free(tach);
	tach = child_start(killed);
	assert_true(child_wait(tach, 10000, &status));
	assert_int_equal(status, 128 + 9);
	child_free(tach);
}

/* Asks the kernel for that very pid; false when somebody else took it. */
static bool fork_as(pid_t pid, pid_t *got)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	char text[16];
	ssize_t n;

	snprintf(text, sizeof text, "%d", (int)pid - 1);
	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	*got = fork();
	if (*got == 0) {
		alarm(30);
		for (;;)
			pause();
	}
	return *got == pid;
}

static void does_not_take_a_reused_pid_for_its_target(void **state)
{
	struct child *c = start_subject("work", "1"), *tach = watch_pid(child_pid(c), "1s");
	pid_t pid = child_pid(c), got = -1;
	bool reused = false;
	int status = -1;

	(void)state;
	assert_non_null(tick_next(tach, 10000));
	kill(pid, SIGKILL);
	assert_true(child_wait(c, 5000, &status));
	for (int i = 0; i < 20 && !reused; i++) {
		reused = fork_as(pid, &got);
		if (!reused && got > 0) {
			kill(got, SIGKILL);
			waitpid(got, NULL, 0);
		}
	}
	if (reused) {
		assert_true(child_expect(tach, "\"end\"", 5000)); /* and no tick of the other one */
		assert_true(child_wait(tach, 5000, &status));
		kill(got, SIGKILL);
		waitpid(got, NULL, 0);
	}
	child_free(tach);
	child_free(c);
	if (!reused) {
		printf("# skip: the kernel gives no pid on request here (needs CAP_CHECKPOINT_RESTORE)\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_a_thousand_forks_a_second),
		cmocka_unit_test(survives_five_thousand_threads),
		cmocka_unit_test(says_when_an_attached_target_ends),
		cmocka_unit_test(passes_on_the_status_of_what_it_started),
		cmocka_unit_test(does_not_take_a_reused_pid_for_its_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
