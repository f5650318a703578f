/* Runs tach with its output in two files without names. */
#include "outcome.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000
#define WORDS_LIMIT 64

static _Noreturn void become(const char *const words[], const char *const env[], int out, int err)
{
	const char *argv[WORDS_LIMIT] = { child_tach() };
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; words[i] && i + 2 < WORDS_LIMIT; i++)
		argv[i + 1] = words[i];
	setenv("XDG_CONFIG_HOME", "/dev/null/none", 1);
	for (; env && *env; env++)
		putenv((char *)*env);
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static char *read_back(int fd, size_t *size)
{
	off_t length = lseek(fd, 0, SEEK_END);
	char *text = xcalloc((size_t)length + 1, 1);

	*size = (size_t)pread(fd, text, (size_t)length, 0);
	close(fd);
	return text;
}

/* Looks every few milliseconds, so that nothing can hang. */
static int wait_for(pid_t pid, int signal, int after)
{
	nsec_t start = clock_now();
	bool sent = false;
	int status;

	for (;;) {
		int ms = (int)((clock_now() - start) / NSEC_PER_MSEC);

		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (signal && !sent && ms >= after)
			sent = kill(pid, signal) == 0;
		if (ms >= PATIENCE_MS)
			break;
		usleep(2000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static struct outcome run(const char *const words[], const char *const env[], int signal, int ms)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	struct outcome o;
	pid_t pid = fork();

	if (out < 0 || err < 0 || pid < 0)
		fail_msg("cannot start tach: %s", strerror(errno));
	if (pid == 0)
		become(words, env, out, err);
	o.status = wait_for(pid, signal, ms);
	o.out = read_back(out, &o.out_size);
	o.err = read_back(err, &o.err_size);
	return o;
}

struct outcome outcome_of(const char *const words[], const char *const env[])
{
	return run(words, env, 0, 0);
}

struct outcome outcome_of_signal(const char *const words[], int signal, int ms)
{
	return run(words, NULL, signal, ms);
}

void outcome_free(struct outcome *o)
{
	free(o->out);
	free(o->err);
}
