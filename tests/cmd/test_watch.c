/* tach -- COMMAND in a terminal: where the command's output goes, and what is left when the dashboard ends. */
#include "../lib/child.h"
#include "../lib/pty.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT 5000

struct place {
	char folder[32], variable[48];
	const char *env[2];
};

static int make_folder(void **state)
{
	static struct place p;

	strcpy(p.folder, "/tmp/tach-test-XXXXXX");
	if (!mkdtemp(p.folder))
		return -1;
	snprintf(p.variable, sizeof p.variable, "TMPDIR=%s", p.folder);
	p.env[0] = p.variable;
	*state = &p;
	return 0;
}

/* The path of the one file in the folder, or "". */
static const char *only_file(const struct place *p)
{
	static char path[400];
	DIR *d = opendir(p->folder);
	struct dirent *entry;

	*path = '\0';
	assert_non_null(d);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			snprintf(path, sizeof path, "%s/%s", p->folder, entry->d_name);
	closedir(d);
	return path;
}

static int drop_folder(void **state)
{
	struct place *p = *state;

	unlink(only_file(p));
	return rmdir(p->folder);
}

static struct pty *start(const struct place *p, const char *const words[])
{
	const char *argv[16] = { child_tach() };

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	return pty_start(24, 100, argv, p->env);
}

#define START(p, ...) start(p, (const char *const[]){ __VA_ARGS__, NULL })

static int status_of(struct pty *p)
{
	int status;

	assert_true(pty_wait_exit(p, WAIT, &status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits until the command's file holds what was expected of it; the test fails when it does not in time. */
static void expect_output(const struct place *place, const char *expected)
{
	char text[64] = "";

	for (int i = 0; i < 100 * WAIT / 1000 && strcmp(text, expected) != 0; i++) {
		int fd = open(only_file(place), O_RDONLY);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

		text[n > 0 ? n : 0] = '\0';
		if (fd >= 0)
			close(fd);
		usleep(10000);
	}
	assert_string_equal(text, expected);
}

static void output_goes_to_a_file_that_is_named(void **state)
{
	const struct place *place = *state;
	struct pty *p = START(place, "--", "sh", "-c", "echo hello; echo oops >&2; exec sleep 60");
	char *screen;

	pty_expect(p, "1 Rate", WAIT);
	expect_output(place, "hello\noops\n");
	pty_send(p, "q");
	assert_int_equal(status_of(p), 0);
	screen = pty_screen(p);
	assert_non_null(strstr(screen, "tach: the output of the command is in "));
	assert_non_null(strstr(only_file(place), "/tach-sh-"));
	assert_non_null(strstr(screen, only_file(place)));
	assert_null(strstr(screen, "hello"));
	free(screen);
	pty_free(p);
}

static void an_empty_file_goes(void **state)
{
	const struct place *place = *state;
	struct pty *p = START(place, "--", "sleep", "60");
	char *screen;

	pty_expect(p, "1 Rate", WAIT);
	assert_string_not_equal(only_file(place), "");
	pty_send(p, "q");
	assert_int_equal(status_of(p), 0);
	assert_string_equal(only_file(place), "");
	screen = pty_screen(p);
	assert_null(strstr(screen, "tach:"));
	free(screen);
	pty_free(p);
}

static void a_command_that_does_not_run_is_told(void **state)
{
	struct pty *p = START(*state, "--", "no-such-program-anywhere");
	char *screen;

	assert_int_equal(status_of(p), 127);
	screen = pty_screen(p);
	assert_non_null(strstr(screen, "tach: cannot run 'no-such-program-anywhere': No such file"));
	assert_string_equal(only_file(*state), "");
	free(screen);
	pty_free(p);
}

static void a_signal_ends_the_command_too(void **state)
{
	struct pty *p = START(*state, "--", "sh", "-c", "echo $$; exec sleep 60");
	char text[16] = "";
	struct stat st = { 0 };
	int fd;

	pty_expect(p, "1 Rate", WAIT);
	for (int i = 0; i < WAIT && (stat(only_file(*state), &st) < 0 || st.st_size == 0); i++)
		usleep(1000);
	kill(pty_pid(p), SIGTERM);
	assert_int_equal(status_of(p), 128 + SIGTERM);
	fd = open(only_file(*state), O_RDONLY);
	assert_true(read(fd, text, sizeof text - 1) > 0);
	close(fd);
	assert_int_equal(kill(atoi(text), 0), -1);
	assert_int_equal(errno, ESRCH);
	pty_free(p);
}

/* The second one comes while tach waits for a command that does not want to end. */
static void a_second_signal_leaves_no_command_behind(void **state)
{
	struct pty *p = START(*state, "--", "sh", "-c", "trap '' TERM; echo $$; for i in $(seq 100); do sleep 0.1; done");
	char text[16] = "";
	int fd;

	pty_expect(p, "1 Rate", WAIT);
	kill(pty_pid(p), SIGTERM);
	pty_run(p, 500);
	kill(pty_pid(p), SIGHUP);
	kill(pty_pid(p), SIGTERM);
	assert_int_equal(status_of(p), 128 + SIGTERM);
	fd = open(only_file(*state), O_RDONLY);
	assert_true(read(fd, text, sizeof text - 1) > 0);
	close(fd);
	assert_int_equal(kill(atoi(text), 0), -1);
	assert_int_equal(errno, ESRCH);
	pty_free(p);
}

/* Of the thread beside the front's: the sampler. */
static pid_t other_thread(pid_t pid)
{
	char path[40];
	struct dirent *entry;
	pid_t found = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d)))
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != pid)
			found = atoi(entry->d_name);
	closedir(d);
	return found;
}

/* A sanitizer ends the program in its own way, so the status is not looked at. */
static void a_crash_of_the_sampler_gives_the_terminal_back(void **state)
{
	struct pty *p = START(*state, "--", "sleep", "1");
	int status;

	pty_expect(p, "1 Rate", WAIT);
	assert_int_equal(tgkill(pty_pid(p), other_thread(pty_pid(p)), SIGSEGV), 0);
	assert_true(pty_wait_exit(p, WAIT, &status));
	assert_true(pty_restored(p));
	assert_false(pty_alternate(p));
	pty_free(p);
}

static void a_wrong_theme_is_told(void **state)
{
	struct pty *p = START(*state, "--theme", "nosuch", "--", "sleep", "60");
	char *screen;

	assert_int_equal(status_of(p), 1);
	screen = pty_screen(p);
	assert_non_null(strstr(screen, "tach: unknown theme 'nosuch'"));
	free(screen);
	pty_free(p);
}

/* On the screen while it is there, and behind it for whoever starts tach. */
static void a_feed_that_is_none_is_told(void **state)
{
	struct pty *p = START(*state, "--feed", "/dev/null");
	char *screen;

	pty_expect(p, "the feed is empty", WAIT);
	pty_send(p, "q");
	assert_int_equal(status_of(p), 1);
	screen = pty_screen(p);
	assert_non_null(strstr(screen, "tach: the feed is empty"));
	free(screen);
	pty_free(p);
}

static void a_workload_is_watched(void **state)
{
	struct pty *p = START(*state, "run", "-i", "100ms", "packet-udp", "--rate", "1000");

	pty_expect(p, "packet-udp", WAIT);
	pty_expect(p, "rx pkt/s", WAIT);
	pty_send(p, "q");
	assert_int_equal(status_of(p), 0);
	assert_non_null(strstr(only_file(*state), "/tach-packet-udp-"));
	pty_free(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(output_goes_to_a_file_that_is_named), TEST(an_empty_file_goes), TEST(a_command_that_does_not_run_is_told),
		TEST(a_signal_ends_the_command_too), TEST(a_second_signal_leaves_no_command_behind),
		TEST(a_crash_of_the_sampler_gives_the_terminal_back),
		TEST(a_wrong_theme_is_told),
		TEST(a_feed_that_is_none_is_told), TEST(a_workload_is_watched),
	};

	return cmocka_run_group_tests_name("cmd/watch", tests, NULL, NULL);
}
