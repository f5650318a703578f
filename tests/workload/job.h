/* Workloads as child processes in a network namespace of the test's own, and their summaries. */
#ifndef TACH_TESTS_JOB_H
#define TACH_TESTS_JOB_H

#include "workload/workload.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOB_WORDS 16

struct job {
	pid_t pid;
	int out;         /* its stdout and stderr */
	char text[4096]; /* all of it, once it has ended */
	int status;      /* as a shell has it */
};

/* Starts `words`, separated by blanks: a workload and its options. */
static inline struct job job_start(const char *words)
{
	char copy[256], *argv[JOB_WORDS], *save = NULL;
	struct job j = { .status = -1 };
	int pipes[2], argc = 0;

	snprintf(copy, sizeof copy, "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w && argc < JOB_WORDS; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	fflush(stdout);
	if (pipe(pipes) < 0)
		abort();
	j.pid = fork();
	if (j.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		argc = workload_main(argc, argv);
		fflush(NULL);
		_exit(argc);
	}
	close(pipes[1]);
	j.out = pipes[0];
	return j;
}

static inline void job_wait(struct job *j)
{
	size_t have = 0;
	ssize_t n;
	int status;

	while ((n = read(j->out, j->text + have, sizeof j->text - 1 - have)) > 0)
		have += (size_t)n;
	j->text[have] = '\0';
	close(j->out);
	waitpid(j->pid, &status, 0);
	j->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline struct job job_run(const char *words)
{
	struct job j = job_start(words);

	job_wait(&j);
	return j;
}

/* The number behind "  label" in the summary; -1 where there is none. */
static inline long long job_number(const struct job *j, const char *label)
{
	char start[32];
	const char *at;

	snprintf(start, sizeof start, "\n  %s ", label);
	at = strstr(j->text, start);
	return at ? atoll(at + strlen(start)) : -1;
}

/* Moves the test into a network namespace where nobody else sends. False where it may not. */
static inline bool own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd, rc;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	rc = ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
	return rc == 0;
}

/* A Udp counter of the namespace, by its place in the line: 1 InDatagrams, 3 InErrors, 4 OutDatagrams. */
static inline long long udp_count(int place)
{
	long long v[8] = { 0 };
	FILE *f = fopen("/proc/self/net/snmp", "r");
	char line[512];

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Udp: %lld %lld %lld %lld", &v[1], &v[2], &v[3], &v[4]) == 4)
			break;
	if (f)
		fclose(f);
	return v[place];
}

#endif
