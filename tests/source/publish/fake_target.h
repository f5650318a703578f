/* A target of processes that a test names itself, in place of src/target/, and children that do a step at a time. */
#ifndef TACH_TESTS_FAKE_TARGET_H
#define TACH_TESTS_FAKE_TARGET_H

#include "target/target.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct target {
	struct process processes[8];
	size_t n;
};

const struct process *target_processes(const struct target *t, size_t *count)
{
	*count = t->n;
	return t->processes;
}

static inline void target_add(struct target *t, pid_t pid, bool born)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	t->processes[t->n++] = (struct process){ .pid = pid, .start = (uint64_t)pid * 3, .born = born, .pidfd = -1,
		.dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
}

static inline void target_remove(struct target *t, size_t i)
{
	close(t->processes[i].dir);
	t->processes[i] = t->processes[--t->n];
}

struct child {
	pid_t pid;
	int ask, answer;
};

/* Starts a process that calls steps(n) for n = 0, 1, 2..., each time child_step() is called; it ends with the test. */
static inline struct child child_start(void (*steps)(int))
{
	int ask[2], answer[2];
	char c;

	if (pipe2(ask, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ask[1]);
		close(answer[0]);
		for (int n = 0; read(ask[0], &c, 1) == 1; n++) {
			steps(n);
			if (write(answer[1], "", 1) != 1)
				break;
		}
		_exit(0);
	}
	close(ask[0]);
	close(answer[1]);
	return (struct child){ pid, ask[1], answer[0] };
}

static inline void child_step(const struct child *c)
{
	char byte;

	if (write(c->ask, "", 1) != 1 || read(c->answer, &byte, 1) != 1)
		abort();
}

static inline void child_end(const struct child *c)
{
	kill(c->pid, SIGKILL); /* a later child may hold the other end of its pipe */
	close(c->ask);
	close(c->answer);
	waitpid(c->pid, NULL, 0);
}

#endif
