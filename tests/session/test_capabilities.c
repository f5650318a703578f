/* What tach may still do once it watches: as root the thread that reads has given up all that it does not need, and what
 * tach starts has not. */
#include "../lib/child.h"
#include "../lib/json.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SYS_MODULE (1ull << 16)
#define SYS_PTRACE (1ull << 19)

/* CapEff of a thread; 0 where it has none, or has ended. */
static unsigned long long capabilities(pid_t pid, const char *tid)
{
	char path[64], line[256];
	unsigned long long value = 0;
	FILE *in;

	snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pid, tid);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof line, in))
		if (sscanf(line, "CapEff: %llx", &value) == 1)
			break;
	if (in)
		fclose(in);
	return value;
}

static void need_root(void)
{
	char self[16];

	snprintf(self, sizeof self, "%d", (int)getpid());
	if (capabilities(getpid(), self) & SYS_MODULE)
		return;
	printf("# skip: only root has capabilities to give up\n");
	skip();
}

static unsigned threads_without(pid_t pid, unsigned long long capability, unsigned *all)
{
	char path[64];
	struct dirent *d;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	*all = 0;
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		(*all)++;
		n += !(capabilities(pid, d->d_name) & capability);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void the_reading_thread_keeps_what_it_needs(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "100ms", "--", "sleep", "20", NULL };
	struct child *c;
	const char *line;
	unsigned all, without = 0;
	pid_t child = 0;
	char tid[16];

	(void)state;
	need_root();
	c = child_start(argv);
	while (!child && (line = child_line(c, 10000)))
		if (json_valid(line) && json_find(line, "target"))
			child = (pid_t)json_number(line, "target/pid");
	assert_true(child > 0);
	for (int i = 0; i < 200 && !without; i++) {
		usleep(20000);
		without = threads_without(child_pid(c), SYS_MODULE, &all);
	}
	assert_true(without > 0 && without < all); /* the reader; not the one that ends what was started */
	assert_int_equal(threads_without(child_pid(c), SYS_PTRACE, &all), 0);
	snprintf(tid, sizeof tid, "%d", (int)child);
	assert_true(capabilities(child, tid) & SYS_MODULE);
	child_free(c);
}

/* It belongs to another user by then. */
static void ends_what_it_started(void **state)
{
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "100ms", "-t", "600ms", "--", "setpriv", "--reuid=65534",
		"--regid=65534", "--clear-groups", "sleep", "20", NULL };
	struct child *c;
	const char *line;
	pid_t child = 0;
	int status;

	(void)state;
	need_root();
	if (!have_program("setpriv")) {
		printf("# skip: no setpriv\n");
		skip();
	}
	c = child_start(argv);
	while ((line = child_line(c, 10000)))
		if (!child && json_valid(line) && json_find(line, "target"))
			child = (pid_t)json_number(line, "target/pid");
	assert_true(child > 0);
	assert_true(child_wait(c, 5000, &status));
	assert_int_equal(kill(child, 0), -1);
	child_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reading_thread_keeps_what_it_needs),
		cmocka_unit_test(ends_what_it_started),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
