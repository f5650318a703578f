/*
 * What each probe costs: nanoseconds that it adds to an operation of the program that is watched, and to the same
 * operation of a program beside it that is not. In pairs, without and with, whose order alternates; medians and
 * quartiles. A probe is loaded alone, with the group that says who belongs to the target; bpftrace and strace are beside
 * it.
 */
#include "bench.h"
#include "load.h"

#include "../lib/probe.h"
#include "../lib/tick.h"

#include "base/clock.h"
#include "source/source.h"

#include <linux/perf_event.h>
#include <math.h>
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
#define WORDS 12
#define REDIS_PAIRS 8
#define REDIS_WINDOW_MS 1000

/* What watches: probes of tach's, or another program. */
struct observer {
	const char *name;
	const char *wants[WORDS]; /* metrics of the bpf source, NULL-ended: they decide what is loaded */
	const char *ask;          /* of the source; NULL: nothing */
	const char *functions[2]; /* of --fn, by force, NULL-ended */
	size_t counters;          /* so many of these, once a CPU */
	const char *argv[WORDS];  /* else a program, NULL-ended; "PID" in a word stands for the target's */
	const char *budget;       /* ns added: target / bystander */
};

struct watcher {
	struct probe *probe;
	struct child *child;
	struct handover handover;
};

/* Counters of the kernel: reading one of the CPU's takes as long as the CPU, and a hypervisor, make it. */
static void offer(struct handover *h, size_t n)
{
	static const uint64_t events[] = { PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_TASK_CLOCK, PERF_COUNT_SW_CPU_CLOCK,
		PERF_COUNT_SW_ALIGNMENT_FAULTS };

	for (; h->nevents < n; h->nevents++)
		h->events[h->nevents] = (struct handover_event){ .type = PERF_TYPE_SOFTWARE, .config = events[h->nevents],
			.group = (unsigned)h->nevents, .unit = 1 };
	h->state = HANDOVER_ASKED;
}

/* Until they are taken. */
static void hand_over(struct watcher *w)
{
	for (int i = 0; i < 500 && w->handover.state == HANDOVER_ASKED; i++) {
		usleep(10000);
		probe_read(w->probe);
	}
	if (w->handover.state == HANDOVER_READY)
		w->handover.state = HANDOVER_DONE;
	probe_read(w->probe);
}

static void expand(char *out, size_t size, const char *word, pid_t pid)
{
	const char *at = strstr(word, "PID");

	if (at)
		snprintf(out, size, "%.*s%d%s", (int)(at - word), word, (int)pid, at + 3);
	else
		snprintf(out, size, "%s", word);
}

static void watch(struct watcher *w, const struct observer *o, pid_t pid)
{
	struct source_env env = { .functions = o->functions, .force = true };
	char text[WORDS][300];
	const char *argv[WORDS] = { 0 };

	if (o->argv[0]) {
		for (int i = 0; o->argv[i]; i++) {
			expand(text[i], sizeof text[i], o->argv[i], pid);
			argv[i] = text[i];
		}
		w->child = child_start(argv);
		usleep(2500000);
		return;
	}
	if (o->counters) {
		offer(&w->handover, o->counters);
		env.handover = &w->handover;
	}
	w->probe = probe_open_env(pid, o->wants, &env);
	if (o->functions[0])
		probe_await(w->probe, "fn bench_called", STATUS_ON);
	if (o->counters)
		hand_over(w);
	for (int i = 0; o->ask && i < 30; i++) {
		if (i == 0)
			probe_ask(w->probe, o->ask);
		probe_read(w->probe);
		usleep(10000);
	}
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
			watch(&w, o, target->pid);
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

		for (int again = 0; again < 5 && !isfinite(c.alone + c.target + c.bystander); again++) /* one never ran */
			c = measure(&loads[0], &loads[1], o, i % 2);
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

#define DEFAULT \
	{ "lat.runqueue_seconds", "lat.block_seconds", "lock.kernel_waits", "mem.faults_anon", "sock.tx_messages", NULL }

#define CALLS_HISTOGRAM \
	"t:raw_syscalls:sys_enter /pid == PID/ { @s[tid] = nsecs; } " \
	"t:raw_syscalls:sys_exit /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s[tid]); }"

static const struct {
	const char *name;
	load_starter *start;
	struct observer observers[WORDS];
} hooks[] = {
	{ "a system call (getppid)", load_getppid, {
		{ .name = "tach, default probes", .wants = DEFAULT, .budget = "0 / 0" },
		{ .name = "tach, sys", .wants = { "lat.syscall_seconds" }, .ask = "on sys keep", .budget = "128 / 70" },
		{ .name = "bpftrace, count", .argv = { "bpftrace", "-e", "t:raw_syscalls:sys_enter /pid == PID/ { @ = count(); }" } },
		{ .name = "bpftrace, histogram", .argv = { "bpftrace", "-e", CALLS_HISTOGRAM } },
		{ .name = "strace -c", .argv = { "strace", "-c", "-f", "-p", "PID" } },
	} },
	{ "a call of a function that begins with a push", load_calls, {
		{ .name = "tach, fn", .wants = { "none" }, .functions = { "bench_called" }, .budget = "883 / 0" },
		{ .name = "tach, fn, counted", .wants = { "none" }, .functions = { "uprobe:bench_called" } },
		{ .name = "bpftrace, histogram", .argv = { "bpftrace", "-p", "PID", "-e", "u:build/tests/bench/bench:bench_called "
			"{ @s[tid] = nsecs; } ur:build/tests/bench/bench:bench_called /@s[tid]/ { @ = hist(nsecs - @s[tid]); }" } },
	} },
	{ "two switches and two wake-ups", load_switches, {
		{ .name = "tach, sched", .wants = { "lat.runqueue_seconds" }, .budget = "420 / 180" },
		{ .name = "tach, id alone", .wants = { "none" } },
		{ .name = "tach, hw, 1 counter", .wants = { "none" }, .counters = 1 },
		{ .name = "tach, hw, 2 counters", .wants = { "none" }, .counters = 2 },
		{ .name = "tach, hw, 4 counters", .wants = { "none" }, .counters = 4 },
		{ .name = "tach, default probes", .wants = DEFAULT, .budget = "420 / 180" },
		{ .name = "bpftrace, count", .argv = { "bpftrace", "-e", "t:sched:sched_switch /args->prev_pid == PID/ { @ = count(); }" } },
	} },
	{ "a page fault", load_faults, {
		{ .name = "tach, mem", .wants = { "mem.faults_anon" }, .budget = "170 / 100" },
		{ .name = "tach, default probes", .wants = DEFAULT, .budget = "170 / 100" },
		{ .name = "bpftrace, count", .argv = { "bpftrace", "-e", "t:exceptions:page_fault_user /pid == PID/ { @ = count(); }" } },
	} },
	{ "a datagram to itself: two messages", load_datagrams, {
		{ .name = "tach, sock", .wants = { "sock.tx_messages" }, .budget = "60 / 60" },
		{ .name = "tach, default probes", .wants = DEFAULT, .budget = "60 / 60" },
	} },
	{ "a block read of 4 KiB", load_reads, {
		{ .name = "tach, blk", .wants = { "lat.block_seconds" } },
		{ .name = "bpftrace, histogram", .argv = { "bpftrace", "-e",
			"t:block:block_rq_issue /pid == PID/ { @s[args->sector] = nsecs; } t:block:block_rq_complete /@s[args->sector]/ "
			"{ @ = hist(nsecs - @s[args->sector]); delete(@s[args->sector]); }" } },
	} },
};

/* From opening the source until its programs are attached. */
static void bench_loading(void)
{
	const char *const argv[] = { "sleep", "600", NULL };
	struct child *sleeper = child_start(argv);
	double ms[7], cpu[7];

	for (size_t i = 0; i < 7; i++) {
		nsec_t began = clock_now(), used = clock_cpu_self();
		struct probe *p = probe_open(child_pid(sleeper), NULL);

		ms[i] = (double)(clock_now() - began) / 1e6;
		cpu[i] = (double)(clock_cpu_self() - used) / 1e6;
		probe_close(p);
	}
	child_free(sleeper);
	printf("\nLoading all default probes: %.0f ms (%.0f .. %.0f), %.0f ms of CPU (budget: 100 ms)\n",
		bench_quantile(ms, 7, 0.5), bench_quantile(ms, 7, 0.25), bench_quantile(ms, 7, 0.75), bench_quantile(cpu, 7, 0.5));
}

/* What tach says of itself while it watches a busy redis, four reads a second, once it has settled. */
static void bench_own(const struct load *redis)
{
	char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", "250ms", "-p", number, NULL };
	const char *tick = NULL;
	struct child *c;
	double cpu = 0, from = 0;

	snprintf(number, sizeof number, "%d", (int)redis->pid);
	c = child_start(argv);
	for (int i = 0; i < 160 && (tick = tick_next(c, 10000)); i++)
		if (i == 40) {
			cpu = tick_total(tick, "tach.cpu_seconds");
			from = json_number(tick, "t");
		}
	if (!tick)
		fail_msg("tach says nothing: %s", child_rest(c, 1000));
	printf("\nWatching a busy redis, four reads a second: %.2f %% of one CPU (budget 0.5 %%), RSS %.1f MB (budget 16)\n",
		100 * (tick_total(tick, "tach.cpu_seconds") - cpu) / (json_number(tick, "t") - from),
		tick_gauge(tick, "tach.rss_bytes") / 1048576);
	child_free(c);
}

static double rate(const struct load *l)
{
	double before = load_operations(l);
	nsec_t began = clock_now();

	usleep(REDIS_WINDOW_MS * 1000);
	return (load_operations(l) - before) / (double)(clock_now() - began);
}

/* Throughput with the observer on it, to without: in pairs whose order alternates. */
static void bench_share(const struct load *redis, const struct observer *o)
{
	double share[REDIS_PAIRS];

	for (int i = 0; i < REDIS_PAIRS; i++) {
		double of[2] = { 0 };

		for (int turn = 0; turn < 2; turn++) {
			bool with = (turn == 0) == (i % 2 == 0);
			struct watcher w = { 0 };

			if (with)
				watch(&w, o, redis->pid);
			of[with] = rate(redis);
			unwatch(&w);
		}
		share[i] = of[1] / of[0];
	}
	printf("  %-26s %.3f (%.3f .. %.3f)  %s\n", o->name, bench_quantile(share, REDIS_PAIRS, 0.5),
		bench_quantile(share, REDIS_PAIRS, 0.25), bench_quantile(share, REDIS_PAIRS, 0.75), o->budget ? o->budget : "");
	fflush(stdout);
}

static void bench_redis(void)
{
	const struct observer observers[] = {
		{ .name = "tach, default probes", .argv = { child_tach(), "stat", "-i", "250ms", "-p", "PID" }, .budget = "0.98" },
		{ .name = "tach, and every call", .argv = { child_tach(), "stat", "-i", "250ms", "--latency", "syscall", "-p", "PID" },
			.budget = "0.93" },
		{ .name = "the same at any cost", .argv = { child_tach(), "stat", "-i", "250ms", "--latency", "syscall", "--max-cost=100%",
			"-p", "PID" }, .budget = "0.93" },
		{ .name = "bpftrace, every call", .argv = { "bpftrace", "-e", CALLS_HISTOGRAM } },
		{ .name = "strace -c", .argv = { "strace", "-c", "-f", "-p", "PID" } },
		{ .name = "nobody", .argv = { "sleep", "60" } },
	};
	struct load redis = { .fd = -1 };

	load_redis(&redis);
	if (!redis.pid) {
		printf("\nredis: not installed\n");
		return;
	}
	usleep(1000000);
	bench_own(&redis);
	printf("\nredis GET, 16 clients: share of its throughput kept, median of %d pairs (quartiles), budget\n", REDIS_PAIRS);
	for (size_t i = 0; i < sizeof observers / sizeof *observers; i++)
		if (observers[i].argv[0][0] == '/' || have_program(observers[i].argv[0]))
			bench_share(&redis, &observers[i]);
	load_stop(&redis);
}

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
	bench_loading();
	bench_redis();
}
