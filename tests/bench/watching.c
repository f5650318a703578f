/*
 * What being watched costs: a program's own CPU time an operation, with and without a watcher on it, in pairs whose order
 * alternates (ABBA), so that whatever else the machine does falls on both. The ratio comes with a 95 % interval
 * (Student's t over the logarithms of the pairs). The watchers are tach, reading ten times as often as by default, perf
 * stat with the same software events, and nobody: what the method itself makes of no difference.
 */
#include "bench.h"

#include "../lib/child.h"

#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PAIRS 8
#define T_95 2.365 /* Student's t, 7 degrees of freedom, two-sided */
#define WINDOW_MS 300

/* A program at work. */
struct load {
	pid_t pid;
	atomic_ullong *operations;     /* counted by a process of ours */
	struct child *redis, *clients; /* or asked of a redis-server */
	char folder[32], socket[64], program[64];
	int fd;
};

/* ---- the loads ---- */

static void run_getppid(atomic_ullong *operations)
{
	for (;;) {
		for (int i = 0; i < 1000; i++)
			syscall(SYS_getppid);
		atomic_fetch_add_explicit(operations, 1000, memory_order_relaxed);
	}
}

/* A byte to a second process and back, on one CPU: two switches an operation, and hardly anything else. */
static void run_ping_pong(atomic_ullong *operations)
{
	cpu_set_t one;
	int fds[2];
	char byte = 0;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		_exit(1);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(fds[1], &byte, 1) == 1 && write(fds[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	while (write(fds[0], &byte, 1) == 1 && read(fds[0], &byte, 1) == 1)
		atomic_fetch_add_explicit(operations, 1, memory_order_relaxed);
	_exit(1);
}

static void start_process(struct load *l, void (*run)(atomic_ullong *operations))
{
	l->operations = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	l->pid = fork();
	if (l->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(l->operations);
	}
}

static void start_getppid(struct load *l)
{
	start_process(l, run_getppid);
}

static void start_ping_pong(struct load *l)
{
	start_process(l, run_ping_pong);
}

static int dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	for (int i = 0; i < 100 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0; i++)
		usleep(50000);
	return fd;
}

/* GET by 16 connections, without pipelining: the server is busy all the time. */
static void start_redis(struct load *l)
{
	const char *const server[] = { l->program, "--port", "0", "--unixsocket", l->socket, "--dir", l->folder, "--save", "", NULL };
	const char *const clients[] = { "redis-benchmark", "-s", l->socket, "-t", "get", "-c", "16", "-n", "1000000000", "-q", NULL };

	snprintf(l->folder, sizeof l->folder, "/tmp/tach-bench-XXXXXX");
	if (!have_program("redis-benchmark") || !mkdtemp(l->folder))
		return;
	snprintf(l->program, sizeof l->program, "%s/redis-server", l->folder);
	snprintf(l->socket, sizeof l->socket, "%s/socket", l->folder);
	if (symlink("/usr/bin/redis-check-rdb", l->program) < 0) /* the same program; it looks at its name */
		return;
	l->redis = child_start(server);
	l->fd = dial(l->socket);
	l->clients = child_start(clients);
	l->pid = child_pid(l->redis);
}

static void stop(struct load *l)
{
	if (l->operations) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
		munmap((void *)l->operations, 4096);
	}
	child_free(l->clients);
	child_free(l->redis);
	if (l->redis) {
		close(l->fd);
		unlink(l->socket);
		unlink(l->program);
		rmdir(l->folder);
	}
}

/* ---- measuring ---- */

static double ask_redis(int fd)
{
	static const char question[] = "INFO stats\r\n", key[] = "total_commands_processed:";
	char answer[16384] = "";
	size_t length = 0;
	const char *at;
	ssize_t n;

	if (write(fd, question, sizeof question - 1) < 0)
		fail_msg("redis has gone");
	while (!(at = strstr(answer, key)) || !strchr(at, '\n')) {
		n = read(fd, answer + length, sizeof answer - 1 - length);
		if (n <= 0)
			fail_msg("redis has gone");
		length += (size_t)n;
		answer[length] = '\0';
	}
	while (length < 2 || strcmp(answer + length - 2, "\r\n") != 0) {
		n = read(fd, answer + length, sizeof answer - 1 - length);
		length += n > 0 ? (size_t)n : 0;
		answer[length] = '\0';
	}
	return strtod(at + sizeof key - 1, NULL);
}

static double operations(const struct load *l)
{
	return l->operations ? (double)atomic_load(l->operations) : ask_redis(l->fd);
}

static double cpu_ns(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &t))
		fail_msg("the load has ended");
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* CPU time an operation over one window. */
static double measure(const struct load *l)
{
	double cpu = cpu_ns(l->pid), before = operations(l);

	usleep(WINDOW_MS * 1000);
	return (cpu_ns(l->pid) - cpu) / (operations(l) - before);
}

enum watcher { TACH, PERF, NOBODY, WATCHERS };

static struct child *watch(enum watcher w, pid_t pid)
{
	char number[16];
	const char *const tach[] = { child_tach(), "stat", "--json", "-i", "100ms", "--no-children", "-p", number, NULL };
	const char *const perf[] = { "LC_ALL=C", "perf", "stat", "-I", "100", "-e",
		"{task-clock,context-switches,cpu-migrations,page-faults}", "-p", number, NULL };
	struct child *c;

	snprintf(number, sizeof number, "%d", (int)pid);
	c = child_start(w == TACH ? tach : perf);
	if (!child_expect(c, w == TACH ? "\"t\":" : "page-faults", 10000))
		fail_msg("the watcher says nothing: %s", child_rest(c, 1000));
	return c;
}

static double measure_watched(const struct load *l, enum watcher w)
{
	struct child *c = w == NOBODY ? NULL : watch(w, l->pid);
	double ns = measure(l);

	if (c) {
		kill(child_pid(c), SIGINT);
		child_wait(c, 5000, NULL);
	}
	child_free(c);
	return ns;
}

struct ratio {
	double mean, low, high, ns;
};

static struct ratio compare(const struct load *l, enum watcher w)
{
	double sum = 0, squares = 0, base = 0, half, mean;

	for (int i = 0; i < PAIRS; i++) {
		double a = 0, b = 0;

		for (int turn = 0; turn < 2; turn++) {
			if (turn == i % 2)
				a = measure(l);
			else
				b = measure_watched(l, w);
		}
		sum += log(b / a);
		squares += log(b / a) * log(b / a);
		base += a / PAIRS;
	}
	mean = sum / PAIRS;
	half = T_95 * sqrt((squares / PAIRS - mean * mean) / (PAIRS - 1));
	return (struct ratio) { exp(mean), exp(mean - half), exp(mean + half), base };
}

static void bench_load(const char *name, void (*start)(struct load *))
{
	struct load l = { .fd = -1 };

	start(&l);
	if (!l.pid) {
		printf("  %-22s not installed\n", name);
		return;
	}
	usleep(300000);
	for (int w = 0; w < WATCHERS; w++) {
		struct ratio r = { 0 };

		if (w == PERF && !have_program("perf"))
			continue;
		r = compare(&l, (enum watcher)w);
		if (w == 0)
			printf("  %-22s %8.0f", name, r.ns);
		printf("   %.3f (%.3f .. %.3f)", r.mean, r.low, r.high);
		fflush(stdout);
	}
	printf("\n");
	stop(&l);
}

void bench_watching(void)
{
	static const struct {
		const char *name;
		void (*start)(struct load *);
	} loads[] = { { "getppid", start_getppid }, { "redis GET, 16 clients", start_redis }, { "ping-pong", start_ping_pong } };

	printf("\nBeing watched: CPU time an operation, watched / alone (aim: not measurable; budget 1.02 on redis)\n");
	printf("  %-22s %8s   %-23s   %-23s   %s\n", "", "ns alone", "tach, every 100 ms", "perf stat, same events",
		"nobody");
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
		bench_load(loads[i].name, loads[i].start);
}
