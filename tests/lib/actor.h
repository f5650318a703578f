/* Actors: processes of the test that do what they are told, one byte an order. */
#ifndef TACH_TESTS_LIB_ACTOR_H
#define TACH_TESTS_LIB_ACTOR_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

struct actor {
	pid_t pid;
	int line;
};

/* body gets a line on which orders come; it ends with the test. */
static inline struct actor actor_start(void (*body)(int line))
{
	int fds[2];
	struct actor a;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	fflush(stdout);
	a.pid = fork();
	assert_true(a.pid >= 0);
	if (a.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(110); /* a test has 120 seconds */
		close(fds[0]);
		body(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	a.line = fds[0];
	return a;
}

static inline void actor_tell(const struct actor *a, char order)
{
	assert_int_equal(write(a->line, &order, 1), 1);
}

/* What the actor answers; it must be of that size. */
static inline void actor_hear(const struct actor *a, void *answer, size_t size)
{
	assert_int_equal(read(a->line, answer, size), (ssize_t)size);
}

/* Tells and waits until it is done. */
static inline void actor_do(const struct actor *a, char order)
{
	char done;

	actor_tell(a, order);
	actor_hear(a, &done, 1);
}

/* Of the actor: the next order, 0 at the end. */
static inline char order_next(int line)
{
	char order;

	return read(line, &order, 1) == 1 ? order : 0;
}

static inline void order_done(int line)
{
	if (write(line, "", 1) != 1)
		_exit(1);
}

static inline void actor_end(struct actor *a)
{
	close(a->line);
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, 0);
}

static inline void sleep_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static inline void skip_because(const char *reason)
{
	printf("# skip: %s\n", reason);
	fflush(stdout);
	skip();
}

#endif
