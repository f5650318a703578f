/*
 * What each probe costs: nanoseconds that it adds to an operation of the program that is watched, and to the same
 * operation of a program beside it that is not. In pairs, without and with, whose order alternates; medians and
 * quartiles. A probe is loaded alone, with the group that says who belongs to the target; bpftrace and strace are beside
 * it.
 */
#include "bench.h"
#include "load.h"

#include "../lib/probe.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PAIRS 15
#define PAIRS_OUTSIDE 5 /* with other programs, which are slow to start */
#define WINDOW_MS 100
#define WORDS 8

/* What watches: probes of tach's, or another program. */
struct observer {
	const char *name;
	const char *wants[WORDS]; /* metrics of the bpf source, NULL-ended: they decide what is loaded */
	const char *ask;          /* of the source; NULL: nothing */
	const char *argv[WORDS];  /* else a program, NULL-ended; "PID" in a word stands for the target's */
	const char *budget;       /* ns added: target / bystander */
};

struct watcher {
	struct probe *probe;
	struct child *child;
};

static void expand(char *out, size_t size, const char *word, pid_t pid)
{
	const char *at = strstr(word, "PID");

	if (at)
		snprintf(out, size, "%.*s%d%s", (int)(at - word), word, (int)pid, at + 3);
	else
		snprintf(out, size, "%s", word);
}

static struct watcher watch(const struct observer *o, pid_t pid)
{
	struct watcher w = { 0 };
	char text[WORDS][300];
	const char *argv[WORDS] = { 0 };

	if (o->argv[0]) {
		for (int i = 0; o->argv[i]; i++) {
			expand(text[i], sizeof text[i], o->argv[i], pid);
			argv[i] = text[i];
		}
		w.child = child_start(argv);
		usleep(2500000);
		return w;
	}
	w.probe = probe_open(pid, o->wants);
	for (int i = 0; o->ask && i < 30; i++) {
		if (i == 0)
			probe_ask(w.probe, o->ask);
		probe_read(w.probe);
		usleep(10000);
	}
	return w;
}

static void unwatch(struct watcher *w)
{
	probe_close(w->probe);
	if (w->child) {
		kill(child_pid(w->child), SIGINT);
		child_wait(w->child, 5000, NULL);
	}
	child_free(w->child);
}

struct cost {
	double alone, target, bystander;
};

/* One pair of windows; both programs are at work in each. */
static struct cost measure(const struct load *target, const struct load *bystander, const struct observer *o, bool first)
{
	double ns[2][2] = { { 0 } };

	for (int turn = 0; turn < 2; turn++) {
		bool with = (turn == 0) == first;
		struct watcher w = { 0 };
		double cpu[2], done[2];

		if (with)
			w = watch(o, target->pid);
		for (int i = 0; i < 2; i++) {
			cpu[i] = load_cpu_ns(i ? bystander->pid : target->pid);
			done[i] = load_operations(i ? bystander : target);
		}
		usleep(WINDOW_MS * 1000);
		for (int i = 0; i < 2; i++)
			ns[with][i] = (load_cpu_ns(i ? bystander->pid : target->pid) - cpu[i]) /
				(load_operations(i ? bystander : target) - done[i]);
		unwatch(&w);
	}
	return (struct cost){ ns[0][0], ns[1][0] - ns[0][0], ns[1][1] - ns[0][1] };
}

static void bench_observer(load_starter *start, const struct observer *o)
{
	double alone[PAIRS], target[PAIRS], bystander[PAIRS];
	size_t pairs = o->argv[0] ? PAIRS_OUTSIDE : PAIRS;
	struct load loads[2] = { { .fd = -1, .cpu = 1 }, { .fd = -1, .cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) } };

	if (o->argv[0] && !have_program(o->argv[0]))
		return;
	start(&loads[0]);
	start(&loads[1]);
	usleep(100000);
	for (size_t i = 0; i < pairs; i++) {
		struct cost c = measure(&loads[0], &loads[1], o, i % 2);

		alone[i] = c.alone;
		target[i] = c.target;
		bystander[i] = c.bystander;
	}
	load_stop(&loads[0]);
	load_stop(&loads[1]);
	printf("  %-26s %8.0f  %+8.0f (%+.0f .. %+.0f)", o->name, bench_quantile(alone, pairs, 0.5),
		bench_quantile(target, pairs, 0.5), bench_quantile(target, pairs, 0.25), bench_quantile(target, pairs, 0.75));
	printf("  %+6.0f (%+.0f .. %+.0f)  %s\n", bench_quantile(bystander, pairs, 0.5), bench_quantile(bystander, pairs, 0.25),
		bench_quantile(bystander, pairs, 0.75), o->budget ? o->budget : "");
	fflush(stdout);
}

static const struct {
	const char *name;
	load_starter *start;
	struct observer observers[WORDS];
} hooks[] = {
	{ "a system call (getppid)", load_getppid, {
		{ .name = "tach, default probes", .wants = { "lat.runqueue_seconds" }, .budget = "0 / 0" },
		{ .name = "tach, sys", .wants = { "lat.syscall_seconds" }, .ask = "on sys keep", .budget = "128 / 70" },
		{ .name = "bpftrace, count", .argv = { "bpftrace", "-e", "t:raw_syscalls:sys_enter /pid == PID/ { @ = count(); }" } },
		{ .name = "bpftrace, histogram", .argv = { "bpftrace", "-e", "t:raw_syscalls:sys_enter /pid == PID/ { @s[tid] = nsecs; } "
			"t:raw_syscalls:sys_exit /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s[tid]); }" } },
		{ .name = "strace -c", .argv = { "strace", "-c", "-f", "-p", "PID" } },
	} },
	{ "two switches and wake-ups", load_switches, {
		{ .name = "tach, sched", .wants = { "lat.runqueue_seconds" }, .budget = "420 / 180" },
	} },
	{ "a page fault", load_faults, {
		{ .name = "tach, sched", .wants = { "lat.runqueue_seconds" }, .budget = "0 / 0" },
	} },
	{ "a datagram to itself", load_datagrams, {
		{ .name = "tach, sched", .wants = { "lat.runqueue_seconds" }, .budget = "0 / 0" },
		{ .name = "tach, sock", .wants = { "sock.tx_messages" }, .budget = "60 / 60" },
		{ .name = "tach, sock and its times", .wants = { "lat.gap_seconds" }, .budget = "60 / 60" },
	} },
};

void bench_probes(void)
{
	const char *refused = probe_refused();

	if (refused) {
		printf("\nProbes: not measured: %s\n", refused);
		return;
	}
	for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
		printf("\nns added to %s: median of pairs (quartiles), beside the budget\n", hooks[i].name);
		printf("  %-26s %8s  %-26s  %-20s\n", "", "alone", "target", "bystander");
		for (const struct observer *o = hooks[i].observers; o->name; o++)
			bench_observer(hooks[i].start, o);
	}
}
