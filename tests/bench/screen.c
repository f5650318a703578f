/*
 * What a screen costs: tach, htop and top in pseudo-terminals, all refreshed once a second, with 300 and with 5,000
 * processes on the machine (20 of them busy, the rest asleep). Bytes, CPU time (the process's own clock, all threads)
 * and RSS are those of the same ten refreshes; then each alone: from exec until nine tenths of the rows of its steady
 * screen are painted, and from a key to the first byte of its answer.
 */
#include "bench.h"

#include "../lib/child.h"
#include "../lib/pty.h"

#include "base/clock.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define REFRESHES 10
#define WARM_UP_MS 4000
#define STARTS 5
#define KEYS 40
#define BUSY 20
#define WORD_SIZE 16

static const int crowds[] = { 300, 5000 };

struct tool {
	const char *name;
	int rows, cols;
	const char *words[8]; /* "TACH" and "PID" stand for the tach under test and for the program that it watches */
	const char *key;
	bool timed;           /* first frame and keys are measured too */
	const char *budget;
};

static const struct tool tools[] = {
	{ "tach 120x40", 40, 120, { "TACH", "-p", "PID", NULL }, "\t", true, "1500 B, 1 ms, 6 MiB, 30 ms, 1/10/30 ms" },
	{ "tach 80x24", 24, 80, { "TACH", "-p", "PID", NULL }, "\t", false, "800 B" },
	{ "tach 80x24 --ascii", 24, 80, { "TACH", "--ascii", "-p", "PID", NULL }, "\t", false, "500 B" },
	{ "htop 120x40", 40, 120, { "htop", "-d", "10", NULL }, "\033[B", true, "" },
	{ "htop 80x24", 24, 80, { "htop", "-d", "10", NULL }, "\033[B", false, "" },
	{ "top 120x40", 40, 120, { "top", "-d", "1", NULL }, "c", true, "" },
	{ "top 80x24", 24, 80, { "top", "-d", "1", NULL }, "c", false, "" },
	{ "top -p PID 120x40", 40, 120, { "top", "-d", "1", "-p", "PID", NULL }, "c", false, "" },
};

#define TOOLS (sizeof tools / sizeof *tools)

struct cost {
	double bytes, cpu_ms, rss_mib, first_ms, key_ms[3];
};

/* ---- the other processes of the machine ---- */

static int count_processes(void)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int n = 0;

	while (proc && (entry = readdir(proc)))
		n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	if (proc)
		closedir(proc);
	return n;
}

/* A fraction of a millisecond up to four, every 200 ms. */
static _Noreturn void be_busy(int which)
{
	for (;;) {
		nsec_t end = clock_cpu_self() + (nsec_t)(which + 1) * 200 * NSEC_PER_USEC;

		while (clock_cpu_self() < end)
			;
		usleep(200000);
	}
}

static pid_t *gather(int wanted, int *count)
{
	int n = wanted - count_processes();
	pid_t *pids = calloc((size_t)(n > 0 ? n : 1), sizeof *pids);

	*count = 0;
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (i < BUSY)
				be_busy(i);
			for (;;)
				pause();
		}
		if (pid > 0)
			pids[(*count)++] = pid;
	}
	return pids;
}

static void disperse(pid_t *pids, int count)
{
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
	free(pids);
}

/* ---- one tool ---- */

static struct pty *start(const struct tool *tool, pid_t subject)
{
	const char *argv[9] = { NULL };
	char number[WORD_SIZE];

	snprintf(number, sizeof number, "%d", (int)subject);
	for (size_t i = 0; tool->words[i]; i++)
		argv[i] = strcmp(tool->words[i], "TACH") == 0 ? child_tach() :
			strcmp(tool->words[i], "PID") == 0      ? number :
								  tool->words[i];
	return pty_start(tool->rows, tool->cols, argv, NULL);
}

static void stop(struct pty *p)
{
	pty_send(p, "q");
	pty_wait_exit(p, 2000, NULL);
	pty_free(p);
}

static double cpu_ms(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &t))
		return NAN;
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int painted_rows(const struct pty *p)
{
	char *screen = pty_screen(p);
	int n = 0;

	for (const char *c = screen; *c; c++)
		n += *c == '\n' && c > screen && c[-1] != '\n';
	free(screen);
	return n;
}

static double first_frame(const struct tool *tool, pid_t subject, int rows)
{
	double ms[STARTS];

	for (int i = 0; i < STARTS; i++) {
		nsec_t before = clock_now();
		struct pty *p = start(tool, subject);

		while (pty_wait_output(p, 3000) && painted_rows(p) * 10 < rows * 9)
			;
		ms[i] = (double)(clock_now() - before) / NSEC_PER_MSEC;
		stop(p);
	}
	return bench_quantile(ms, STARTS, 0.5);
}

/* Keys at odd moments, so that they fall on every part of a refresh. */
static void key_to_screen(const struct tool *tool, pid_t subject, double out[3])
{
	struct pty *p = start(tool, subject);
	double ms[KEYS];

	pty_run(p, 2000);
	for (int i = 0; i < KEYS; i++) {
		nsec_t before;

		pty_run(p, 40 + i * 37 % 101);
		before = clock_now();
		pty_send(p, tool->key);
		ms[i] = pty_wait_output(p, 5000) ? (double)(clock_now() - before) / NSEC_PER_MSEC : (double)NAN;
	}
	stop(p);
	out[0] = bench_quantile(ms, KEYS, 0.5);
	out[1] = bench_quantile(ms, KEYS, 0.9);
	out[2] = bench_quantile(ms, KEYS, 1);
}

/* ---- all of them ---- */

static void run_all(struct pty *terminals[], int ms)
{
	nsec_t end = clock_now() + (nsec_t)ms * NSEC_PER_MSEC;

	while (clock_now() < end)
		for (size_t i = 0; i < TOOLS; i++)
			if (terminals[i])
				pty_run(terminals[i], 1);
}

static void measure_steady(struct pty *terminals[], struct cost costs[], int rows[])
{
	uint64_t bytes[TOOLS];
	double cpu[TOOLS];

	run_all(terminals, WARM_UP_MS);
	for (size_t i = 0; i < TOOLS; i++)
		if (terminals[i]) {
			bytes[i] = pty_bytes(terminals[i]);
			cpu[i] = cpu_ms(pty_pid(terminals[i]));
		}
	run_all(terminals, REFRESHES * 1000);
	for (size_t i = 0; i < TOOLS; i++)
		if (terminals[i]) {
			costs[i].bytes = (double)(pty_bytes(terminals[i]) - bytes[i]) / REFRESHES;
			costs[i].cpu_ms = (cpu_ms(pty_pid(terminals[i])) - cpu[i]) / REFRESHES;
			costs[i].rss_mib = (double)proc_number(pty_pid(terminals[i]), "status", "VmHWM:") / 1024;
			rows[i] = painted_rows(terminals[i]);
		}
}

static void measure(struct cost costs[], pid_t subject)
{
	struct pty *terminals[TOOLS] = { NULL };
	int rows[TOOLS] = { 0 };

	for (size_t i = 0; i < TOOLS; i++)
		if (strcmp(tools[i].words[0], "TACH") == 0 || have_program(tools[i].words[0]))
			terminals[i] = start(&tools[i], subject);
	measure_steady(terminals, costs, rows);
	for (size_t i = 0; i < TOOLS; i++)
		if (terminals[i])
			stop(terminals[i]);
	for (size_t i = 0; i < TOOLS; i++)
		if (terminals[i] && tools[i].timed) {
			costs[i].first_ms = first_frame(&tools[i], subject, rows[i]);
			key_to_screen(&tools[i], subject, costs[i].key_ms);
		}
}

static void print_costs(struct cost costs[][TOOLS])
{
	printf("  %-20s %9s %17s %15s %15s %26s\n", "", "bytes", "CPU ms a refresh", "peak RSS MiB", "first frame ms",
		"key p50/p90/max ms, 5000");
	printf("  %-20s %9s %9d %7d %7d %7d %7d %7d   budget\n", "processes", "", crowds[0], crowds[1], crowds[0], crowds[1],
		crowds[0], crowds[1]);
	for (size_t i = 0; i < TOOLS; i++) {
		const struct cost *few = &costs[0][i], *many = &costs[1][i];

		if (many->bytes == 0) {
			printf("  %-20s not installed\n", tools[i].name);
			continue;
		}
		printf("  %-20s %9.0f %9.2f %7.2f %7.1f %7.1f", tools[i].name, few->bytes, few->cpu_ms, many->cpu_ms,
			few->rss_mib, many->rss_mib);
		if (tools[i].timed)
			printf(" %7.1f %7.1f %8.1f/%.1f/%.1f", few->first_ms, many->first_ms, many->key_ms[0], many->key_ms[1],
				many->key_ms[2]);
		printf("   %s\n", tools[i].budget);
	}
}

/* The same figures as shares of tach's: above 1 the other costs more. */
static void print_ratios(struct cost costs[][TOOLS])
{
	const struct cost *tach = &costs[1][0];

	printf("  %-20s %9.2f  CPU of a refresh with %d processes / with %d (aim: 1)\n", "tach 120x40",
		tach->cpu_ms / costs[0][0].cpu_ms, crowds[1], crowds[0]);
	for (size_t i = 1; i < TOOLS; i++)
		if (tools[i].timed && costs[1][i].bytes > 0)
			printf("  %-20s x%.1f bytes, x%.1f CPU, x%.1f RSS, x%.1f first frame, x%.1f key p90 of tach's, %d processes\n",
				tools[i].name, costs[1][i].bytes / tach->bytes, costs[1][i].cpu_ms / tach->cpu_ms,
				costs[1][i].rss_mib / tach->rss_mib, costs[1][i].first_ms / tach->first_ms,
				costs[1][i].key_ms[1] / tach->key_ms[1], crowds[1]);
}

void bench_screen(void)
{
	static struct cost costs[2][TOOLS];
	const char *const argv[] = { child_subject(), "work", "10", NULL };
	struct child *subject;

	subject = child_start(argv);
	if (!child_expect(subject, "ready", 5000))
		fail_msg("%s does not start", argv[0]);
	for (size_t i = 0; i < 2; i++) {
		int count;
		pid_t *crowd = gather(crowds[i], &count);

		measure(costs[i], child_pid(subject));
		disperse(crowd, count);
	}
	printf("\nThe screen, refreshed once a second, on a program of ten threads\n");
	print_costs(costs);
	print_ratios(costs);
	child_free(subject);
}
