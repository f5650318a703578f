/*
 * What being watched costs: a program's own CPU time an operation, with and without a watcher on it, in pairs whose order
 * alternates (ABBA), so that whatever else the machine does falls on both. The ratio comes with a 95 % interval
 * (Student's t over the logarithms of the pairs). The watchers are tach, reading ten times as often as by default, perf
 * stat with the same software events, and nobody: what the method itself makes of no difference.
 */
#include "bench.h"

#include "load.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define PAIRS 8
#define T_95 2.365 /* Student's t, 7 degrees of freedom, two-sided */
#define WINDOW_MS 300

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
	double ns = load_measure(l, WINDOW_MS);

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
				a = load_measure(l, WINDOW_MS);
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

static void bench_load(const char *name, load_starter *start)
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
	load_stop(&l);
}

void bench_watching(void)
{
	static const struct {
		const char *name;
		load_starter *start;
	} loads[] = { { "getppid", load_getppid }, { "redis GET, 16 clients", load_redis }, { "ping-pong", load_ping_pong } };

	printf("\nBeing watched: CPU time an operation, watched / alone (aim: not measurable; budget 1.02 on redis)\n");
	printf("  %-22s %8s   %-23s   %-23s   %s\n", "", "ns alone", "tach, every 100 ms", "perf stat, same events",
		"nobody");
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
		bench_load(loads[i].name, loads[i].start);
}
