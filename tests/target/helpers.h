/* Children of the tests of this room, and waiting with a deadline instead of sleeping blindly. */
#ifndef TACH_TESTS_TARGET_HELPERS_H
#define TACH_TESTS_TARGET_HELPERS_H

#include "target/private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE (10 * NSEC_PER_SEC)

static inline void pause_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Forks a child that runs act and then sleeps until it is killed; it dies with the test in any case. */
static inline pid_t start_child(void (*act)(void *), void *argument)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (act)
		act(argument);
	for (;;)
		pause();
}

static inline void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static inline const struct process *process_of(const struct target *t, pid_t pid)
{
	size_t n;
	const struct process *p = target_processes(t, &n);

	for (size_t i = 0; i < n; i++)
		if (p[i].pid == pid)
			return &p[i];
	return NULL;
}

static inline size_t count_of(const struct target *t)
{
	size_t n;

	target_processes(t, &n);
	return n;
}

static inline size_t living(const struct target *t)
{
	size_t n, alive = 0;
	const struct process *p = target_processes(t, &n);

	for (size_t i = 0; i < n; i++)
		alive += !p[i].gone;
	return alive;
}

static inline struct target_facts facts_of(const struct target *t)
{
	struct target_facts f;

	target_facts(t, &f);
	return f;
}

/* Refreshes until the condition holds or patience ends. */
#define refresh_until(t, condition)                                                                                    \
	do {                                                                                                           \
		nsec_t until_ = clock_now() + PATIENCE;                                                                \
		target_refresh(t);                                                                                     \
		while (!(condition) && clock_now() < until_) {                                                         \
			pause_ms(5);                                                                                   \
			target_refresh(t);                                                                             \
		}                                                                                                      \
		assert_true(condition);                                                                                \
	} while (0)

#define wait_until(condition)                                                                                          \
	do {                                                                                                           \
		nsec_t until_ = clock_now() + PATIENCE;                                                                \
		while (!(condition) && clock_now() < until_)                                                           \
			pause_ms(5);                                                                                   \
		assert_true(condition);                                                                                \
	} while (0)

static inline char state_of(pid_t pid)
{
	struct proc_stat st;

	return process_peek(pid, &st) == 0 ? st.state : '-';
}

static inline const char *read_text(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

#endif
