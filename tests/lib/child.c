/* Programs for tests; see the header. */
#include "child.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct child {
	pid_t pid;
	int fd; /* its stdout and stderr; -1 once they ended */
	bool exited;
	int status;
	char *text; /* what came and was not given out yet */
	size_t length, capacity, given;
};

static const char *built(char path[PATH_MAX], const char *name)
{
	const char *build = getenv("BUILD");
	char relative[PATH_MAX];

	snprintf(relative, sizeof relative, "%s/%s", build ? build : "build", name);
	if (!realpath(relative, path))
		fail_msg("no %s: run from the top of the tree, after make", relative);
	return path;
}

const char *child_tach(void)
{
	static char path[PATH_MAX];

	return *path ? path : built(path, "tach");
}

const char *child_subject(void)
{
	static char path[PATH_MAX];

	return *path ? path : built(path, "tests/e2e/subject");
}

const char *child_waits(void)
{
	static char path[PATH_MAX];

	return *path ? path : built(path, "tests/e2e/waits");
}

const char *child_serve(void)
{
	static char path[PATH_MAX];

	return *path ? path : built(path, "tests/e2e/serve");
}

bool have_program(const char *name)
{
	char command[256];

	snprintf(command, sizeof command, "command -v %s >/dev/null", name);
	return system(command) == 0;
}

static _Noreturn void become(const char *const argv[], int out)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (; *argv && strchr(*argv, '=') && (*argv)[0] != '-'; argv++)
		putenv((char *)*argv);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

struct child *child_start(const char *const argv[])
{
	struct child *c = xcalloc(1, sizeof *c);
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		fail_msg("pipe: %s", strerror(errno));
	fcntl(fds[0], F_SETPIPE_SZ, 1 << 20); /* whoever is not read for a while shall not wait */
	c->fd = fds[0];
	c->pid = fork();
	if (c->pid < 0)
		fail_msg("fork: %s", strerror(errno));
	if (c->pid == 0)
		become(argv, fds[1]);
	close(fds[1]);
	return c;
}

void child_free(struct child *c)
{
	if (!c)
		return;
	if (!c->exited) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	if (c->fd >= 0)
		close(c->fd);
	free(c->text);
	free(c);
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

/* Waits for output until `end`; false when none came or none will. */
static bool take_output(struct child *c, nsec_t end)
{
	nsec_t now = clock_now();
	struct pollfd fd = { .fd = c->fd, .events = POLLIN };
	ssize_t n;

	if (c->fd < 0 || poll(&fd, 1, now < end ? (int)((end - now) / NSEC_PER_MSEC) + 1 : 0) <= 0)
		return false;
	c->text = xgrow(c->text, &c->capacity, c->length + 65536, 1);
	n = read(c->fd, c->text + c->length, 65535);
	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		return false;
	}
	c->length += (size_t)n;
	c->text[c->length] = '\0';
	return true;
}

static nsec_t after(int ms)
{
	return clock_now() + (nsec_t)ms * NSEC_PER_MSEC;
}

const char *child_line(struct child *c, int ms)
{
	nsec_t end = after(ms);
	char *newline;

	if (c->given)
		memmove(c->text, c->text + c->given, c->length - c->given);
	c->length -= c->given;
	c->given = 0;
	while (!(newline = c->length ? memchr(c->text, '\n', c->length) : NULL))
		if (!take_output(c, end))
			return NULL;
	*newline = '\0';
	c->given = (size_t)(newline - c->text) + 1;
	return c->text;
}

bool child_expect(struct child *c, const char *text, int ms)
{
	nsec_t end = after(ms);
	const char *line;

	while (clock_now() < end && (line = child_line(c, (int)((end - clock_now()) / NSEC_PER_MSEC))))
		if (strstr(line, text))
			return true;
	return false;
}

bool child_wait(struct child *c, int ms, int *status)
{
	nsec_t end = after(ms);

	while (!c->exited && clock_now() < end) {
		if (waitpid(c->pid, &c->status, WNOHANG) == c->pid)
			c->exited = true;
		else if (c->fd >= 0)
			take_output(c, after(5));
		else
			usleep(2000);
	}
	if (c->exited && status)
		*status = WIFEXITED(c->status) ? WEXITSTATUS(c->status) : 128 + WTERMSIG(c->status);
	return c->exited;
}

const char *child_rest(struct child *c, int ms)
{
	nsec_t end = after(ms);

	while (take_output(c, end))
		;
	return c->length > c->given ? c->text + c->given : "";
}

static long long number_in(const char *path, const char *key)
{
	char text[16384];
	const char *at = text;

	if (file_read_at(AT_FDCWD, path, text, sizeof text) < 0)
		return -1;
	while (strncmp(at, key, strlen(key)) != 0) {
		at = strchr(at, '\n');
		if (!at)
			return -1;
		at++;
	}
	return strtoll(at + strlen(key), NULL, 10);
}

long long proc_number(pid_t pid, const char *file, const char *key)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	return number_in(path, key);
}

long long proc_sum(pid_t pid, const char *file, const char *key)
{
	char path[PATH_MAX];
	long long sum = -1, n;
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		snprintf(path, sizeof path, "task/%s/%s", entry->d_name, file);
		n = entry->d_name[0] == '.' ? -1 : proc_number(pid, path, key);
		if (n >= 0)
			sum = (sum < 0 ? 0 : sum) + n;
	}
	if (tasks)
		closedir(tasks);
	return sum;
}
