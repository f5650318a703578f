/*
 * What being watched costs: operations per second of a program's own CPU time, with and without a tach on it, in pairs
 * whose order alternates (ABBA), so that whatever else the machine does falls on both. The ratio comes with a 95 %
 * interval (Student's t over the logarithms of the pairs); "same" pairs show what the method itself makes of no
 * difference.
 */
#include "bench.h"

#include "../lib/child.h"

#include "base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PAIRS 12
#define T_95 2.201 /* Student's t, 11 degrees of freedom, two-sided */
#define WINDOW_MS 400

struct load {
	const char *name;
	void (*run)(atomic_ullong *operations); /* in a process of its own, never returns */
};

static void run_getppid(atomic_ullong *operations)
{
	for (;;) {
		for (int i = 0; i < 1000; i++)
			syscall(SYS_getppid);
		atomic_fetch_add_explicit(operations, 1000, memory_order_relaxed);
	}
}

/* A byte to a second process and back: two switches an operation. */
static void run_ping_pong(atomic_ullong *operations)
{
	int fds[2];
	char byte = 0;

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

static void run_faults(atomic_ullong *operations)
{
	for (;;) {
		char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			_exit(1);
		madvise(memory, 1 << 20, MADV_NOHUGEPAGE);
		for (int i = 0; i < 1 << 20; i += 4096)
			memory[i] = 1;
		munmap(memory, 1 << 20);
		atomic_fetch_add_explicit(operations, 256, memory_order_relaxed);
	}
}

static double cpu_seconds(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &t))
		fail_msg("the load has ended");
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Nanoseconds of CPU time an operation over one window. */
static double measure(pid_t pid, atomic_ullong *operations)
{
	double cpu = cpu_seconds(pid);
	unsigned long long before = atomic_load(operations);

	usleep(WINDOW_MS * 1000);
	return 1e9 * (cpu_seconds(pid) - cpu) / (double)(atomic_load(operations) - before);
}

static double measure_watched(pid_t pid, atomic_ullong *operations)
{
	char number[16];
	const char *argv[] = { child_tach(), "stat", "--json", "-i", "100ms", "-p", number, NULL };
	struct child *tach;
	double ns;
	int status;

	snprintf(number, sizeof number, "%d", (int)pid);
	tach = child_start(argv);
	if (!child_expect(tach, "\"t\":", 10000))
		fail_msg("tach says nothing: %s", child_rest(tach, 1000));
	ns = measure(pid, operations);
	kill(child_pid(tach), SIGINT);
	child_wait(tach, 5000, &status);
	child_free(tach);
	return ns;
}

struct ratio {
	double mean, low, high;
};

static struct ratio compare(pid_t pid, atomic_ullong *operations, bool watched, double *ns)
{
	double sum = 0, squares = 0, base = 0, half, mean;

	for (int i = 0; i < PAIRS; i++) {
		double a = 0, b = 0;

		for (int turn = 0; turn < 2; turn++) {
			if (turn == i % 2)
				a = measure(pid, operations);
			else
				b = watched ? measure_watched(pid, operations) : measure(pid, operations);
		}
		sum += log(b / a);
		squares += log(b / a) * log(b / a);
		base += a / PAIRS;
	}
	mean = sum / PAIRS;
	half = T_95 * sqrt((squares / PAIRS - mean * mean) / (PAIRS - 1));
	*ns = base;
	return (struct ratio) { exp(mean), exp(mean - half), exp(mean + half) };
}

static void bench_load(const struct load *load)
{
	atomic_ullong *operations = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ratio same, watched;
	double ns;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		load->run(operations);
	}
	usleep(200000);
	same = compare(pid, operations, false, &ns);
	watched = compare(pid, operations, true, &ns);
	printf("  %-28s %8.1f   %6.4f (%6.4f .. %6.4f)   %6.4f (%6.4f .. %6.4f)\n", load->name, ns, watched.mean,
		watched.low, watched.high, same.mean, same.low, same.high);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap((void *)operations, 4096);
}

void bench_watching(void)
{
	static const struct load loads[] = { { "getppid", run_getppid }, { "ping-pong by socket pair", run_ping_pong },
		{ "page faults", run_faults } };

	printf("\nBeing watched: CPU time an operation, tach at 100 ms / alone (aim: not measurable; budget 1.02)\n");
	printf("  %-28s %8s   %-26s   %s\n", "", "ns alone", "watched", "same, for comparison");
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
		bench_load(&loads[i]);
		fflush(stdout);
	}
}
