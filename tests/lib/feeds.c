/*
 * A packet gateway whose control thread begins to rehash a table forty seconds before the end: drops, tail latency, last
 * level cache misses and switches go up together. Numbers come from closed formulas and a fixed generator of noise, so a
 * tick can be made alone and is the same each time. Totals are sums of what each second added.
 */
#include "feeds.h"

#include "feeds_locks.h"
#include "feeds_sockets.h"

#include <tach/histogram.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

#define WALL 1795271467.0 /* 2026-11-21 14:31:07 UTC at the last tick */
#define TROUBLE 40

double feed_noise(int second, int n)
{
	uint32_t x = (uint32_t)second * 2654435761u ^ (uint32_t)(n + 1) * 2246822519u;

	x ^= x >> 15;
	x *= 2654435769u;
	x ^= x >> 13;
	x *= 3266489917u;
	x ^= x >> 16;
	return (double)x / 2147483648.0 - 1;
}

bool feed_trouble(const struct feed_shape *s, int second)
{
	return second > s->ticks - TROUBLE;
}

/* What a counter adds in a second: mean, share of noise, mean in the trouble. */
struct rate {
	const char *name, *unit, *label;
	double mean, spread, bad;
};

static const struct rate kernel_rates[] = {
	{ "cpu.user_seconds", "seconds", "usr", 2.6, 0.06, 2.5 },
	{ "cpu.system_seconds", "seconds", "sys", 0.78, 0.06, 0.8 },
	{ "cpu.run_seconds", "seconds", "run", 3.38, 0.02, 3.3 },
	{ "cpu.runqueue_seconds", "seconds", "runq", 0.26, 0.2, 0.42 },
	{ "cpu.timeslices", "count", "turns", 8230, 0.1, 28900 },
	{ "cpu.switches_voluntary", "count", "vol", 8000, 0.1, 28100 },
	{ "cpu.switches_involuntary", "count", "invol", 230, 0.2, 800 },
	{ "thr.user_seconds", "seconds", "usr", 2.6, 0.06, 2.5 },
	{ "thr.system_seconds", "seconds", "sys", 0.78, 0.06, 0.8 },
	{ "thr.runqueue_seconds", "seconds", "runq", 0.26, 0.2, 0.42 },
	{ "thr.io_seconds", "seconds", "io", 0.03, 0.9, 0.03 },
	{ "thr.wait_seconds", "seconds", "wait", 2.33, 0.06, 2.25 },
	{ "mem.faults_minor", "count", "minor", 1180, 0.15, 1060 },
	{ "mem.faults_major", "count", "major", 0, 0, 0 },
	{ "netns.rx_packets", "count", "ns rx pkt", 1256000, 0.15, 1249000 },
	{ "netns.tx_packets", "count", "ns tx pkt", 1255000, 0.15, 1248000 },
	{ "netns.rx_bytes", "bytes", "ns rx", 935e6, 0.15, 929e6 },
	{ "netns.tx_bytes", "bytes", "ns tx", 934e6, 0.15, 928e6 },
	{ "netns.rx_drops", "count", "ns rx drop", 8.9, 0.15, 390 },
	{ "netns.udp_rcvbuf_errors", "count", "ns udp ovf", 0, 0, 12 },
	{ "io.read_bytes", "bytes", "read", 0, 0, 0 },
	{ "io.write_bytes", "bytes", "written", 81000, 0.2, 120000 },
	{ "cpu.task_clock_seconds", "seconds", "CPUs", 3.38, 0.02, 3.3 },
	{ "cpu.migrations", "count", "migr", 32, 0.6, 36 },
	{ "tach.cpu_seconds", "seconds", "tach cpu", 0.0021, 0.1, 0.0021 },
	{ "tach.terminal_bytes", "bytes", "tach tty", 710, 0.1, 760 },
};

static const struct rate published_rates[] = {
	{ "app.rx_packets", "count", "rx pkt", 1255000, 0.15, 1248000 },
	{ "app.tx_packets", "count", "tx pkt", 1254000, 0.15, 1247000 },
	{ "app.rx_bytes", "bytes", "rx byte", 933e6, 0.15, 927e6 },
	{ "app.tx_bytes", "bytes", "tx byte", 932e6, 0.15, 926e6 },
	{ "app.drops", "count", "drop", 8.9, 0.15, 387 },
	{ "app.ops", "count", "ops", 1254000, 0.15, 1247000 },
	{ "app.crypto", "count", "crypto", 408000, 0.2, 401000 },
};

static const struct rate operation_rates[] = {
	{ "app.ops", "count", "ops", 1254000, 0.15, 1247000 },
	{ "app.bytes", "bytes", "bytes", 1.78e9, 0.15, 1.77e9 },
	{ "app.auth_failures", "count", "auth fail", 0, 0, 0 },
};

static const struct rate processor_rates[] = {
	{ "cpu.cycles", "count", "cycles", 11.5e9, 0.01, 11.4e9 },
	{ "cpu.instructions", "count", "instr", 16.3e9, 0.06, 13.6e9 },
	{ "cpu.branches", "count", "branches", 3.2e9, 0.02, 2.7e9 },
	{ "cpu.branch_misses", "count", "br misses", 50.5e6, 0.12, 43.6e6 },
	{ "cache.l1d_misses", "count", "L1d misses", 354e6, 0.12, 321e6 },
	{ "cache.l1d_instructions", "count", "L1d instr", 16.3e9, 0.02, 13.6e9 },
	{ "cache.llc_misses", "count", "LLC misses", 22e6, 0.2, 42.7e6 },
	{ "cache.llc_instructions", "count", "LLC instr", 16.3e9, 0.02, 13.6e9 },
	{ "cache.dtlb_misses", "count", "TLB misses", 6.5e6, 0.2, 6.1e6 },
	{ "cache.dtlb_instructions", "count", "TLB instr", 16.3e9, 0.02, 13.6e9 },
	{ "cache.misses", "count", "misses", 23e6, 0.2, 44e6 },
	{ "cache.references", "count", "references", 410e6, 0.05, 420e6 },
	{ "cache.instructions", "count", "$ instr", 16.3e9, 0.02, 13.6e9 },
};

static const struct rate levels[] = {
	{ "mem.rss_bytes", "bytes", "RSS", 2.137e9, 0.001, 2.139e9 },
	{ "mem.rss_anon_bytes", "bytes", "anon", 1.836e9, 0.001, 1.838e9 },
	{ "mem.rss_file_bytes", "bytes", "file", 285e6, 0.001, 285e6 },
	{ "mem.rss_shared_bytes", "bytes", "shared", 16e6, 0, 16e6 },
	{ "mem.swap_bytes", "bytes", "swap", 0, 0, 0 },
	{ "mem.virtual_bytes", "bytes", "virt", 5.9e9, 0, 5.9e9 },
	{ "mem.limit_bytes", "bytes", "limit", 4294967296.0, 0, 4294967296.0 },
	{ "tach.rss_bytes", "bytes", "tach RSS", 6.1e6, 0, 6.1e6 },
};

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static double added(const struct feed_shape *s, const struct rate *r, int second, int n)
{
	double mean = feed_trouble(s, second) ? r->bad : r->mean;

	return mean * (1 + r->spread * feed_noise(second, n));
}

static void put_metrics(FILE *out, const struct rate *list, int count, const char *kind)
{
	for (int i = 0; i < count; i++)
		fprintf(out, "metric %s %s %s %s\n", list[i].name, kind, list[i].unit, list[i].label);
}

static void put_totals(FILE *out, const struct feed_shape *s, const struct rate *list, int count, int tick, int salt,
	const char *coverage)
{
	for (int i = 0; i < count; i++) {
		double total = 0;

		for (int second = 1; second <= tick; second++)
			total += added(s, &list[i], second, salt + i);
		if (strcmp(list[i].unit, "seconds") == 0)
			fprintf(out, "v %s %.4f%s\n", list[i].name, total, coverage);
		else
			fprintf(out, "v %s %.0f%s\n", list[i].name, total, coverage);
	}
}

/* Nobody is left at the tick that tells the end. */
static bool gone(const struct feed_shape *s, int tick)
{
	return s->flags & FEED_ENDS && tick == s->ticks;
}

static void put_levels(FILE *out, const struct feed_shape *s, int tick)
{
	for (int i = 0; i < COUNT(levels); i++) {
		double level = gone(s, tick) ? 0 : added(s, &levels[i], tick, 300 + i);

		fprintf(out, "v %s %.0f\n", levels[i].name, floor(level / 4096) * 4096);
	}
}

/* Adds a second of operations: most of them around 11 us, a share ten times slower, and a tail that grows. */
static void add_latencies(uint64_t bins[TACH_HIST_BINS], double *sum, uint64_t *max, const struct feed_shape *s,
	int second, double slow)
{
	static const double share[] = { 0.30, 0.30, 0.20, 0.10, 0.07, 0.02, 0.008, 0.0018, 0.00018, 0.00002 };
	static const double value[] = { 9.3e3, 10.8e3, 12.5e3, 16e3, 25e3, 38e3, 60e3, 130e3, 400e3, 700e3 };

	for (int i = 0; i < COUNT(share); i++) {
		double tail = feed_trouble(s, second) && i > 5 ? 1.6 + 0.7 * (i - 6) : 1;
		double v = value[i] * slow * tail * (1 + 0.04 * feed_noise(second, 200 + i));
		uint64_t n = (uint64_t)(1254000 * share[i] * (1 + 0.1 * feed_noise(second, 220 + i)));

		bins[tach_hist_bin((uint64_t)v)] += n;
		*sum += v * (double)n;
		if ((uint64_t)v > *max)
			*max = (uint64_t)v;
	}
}

static void put_latencies(FILE *out, const struct feed_shape *s, const char *name, int tick, double slow)
{
	uint64_t bins[TACH_HIST_BINS] = { 0 }, max = 0;
	double sum = 0;

	for (int second = 1; second <= tick; second++)
		add_latencies(bins, &sum, &max, s, second, slow);
	fprintf(out, "h %s %.0f %llu", name, sum, (unsigned long long)max);
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		if (bins[i])
			fprintf(out, " %u:%llu", i, (unsigned long long)bins[i]);
	fputc('\n', out);
}

/* usr, sys, run queue and voluntary switches of each thread; beyond the sixth they sleep. */
static void put_threads(FILE *out, const struct feed_shape *s, int tick)
{
	static const struct {
		const char *name, *state;
		double usr, sys, runq, switches;
	} threads[] = {
		{ "rx0", "R", 0.88, 0.08, 0.02, 212 }, { "rx1", "S", 0.41, 0.09, 0.04, 8100 },
		{ "rx2", "R", 0.44, 0.09, 0.05, 7900 }, { "rx3", "S", 0.39, 0.08, 0.05, 8400 },
		{ "ctl", "R", 0.62, 0.30, 0.06, 4100 }, { "stat", "S", 0.03, 0.04, 0.01, 20 },
		{ "worker", "S", 0, 0, 0, 0 },
	};

	for (int i = 0; i < s->threads; i++) {
		int k = i < COUNT(threads) ? i : COUNT(threads) - 1;
		double usr = 0, sys = 0, runq = 0, switches = 0, off[2] = { 0 };

		for (int second = 1; second <= tick; second++) {
			double f = 1 + 0.05 * feed_noise(second, 400 + k);

			usr += threads[k].usr * f;
			sys += threads[k].sys * f;
			runq += threads[k].runq * f;
			switches += threads[k].switches * f;
			off[feed_trouble(s, second)] += fmax(1 - (threads[k].usr + threads[k].sys + threads[k].runq) * f, 0);
		}
		fprintf(out, "row threads %d 18231 %d %s %s %d %.4f %.4f %.4f %.4f 0 %.0f %.0f", 18232 + i, 18232 + i,
			threads[k].name, threads[k].state, i % 4, usr, sys, usr + sys, runq, switches, switches / 30);
		if (s->flags & FEED_LOCKS)
			feed_locks_thread(out, feed_trouble(s, tick), threads[k].name, off);
		fputc('\n', out);
	}
}

static void put_missing(FILE *out, const char *name)
{
	fprintf(out, "x %s absent no PMU: this kernel sees none (virtual machine)\n", name);
}

static void put_statuses(FILE *out, const struct feed_shape *s, int tick)
{
	fputs("status on proc||\n", out);
	fputs("status on perf software||\n", out);
	if (s->flags & FEED_PMU)
		fputs("status on perf hardware||\n", out);
	else
		fputs("status absent perf hardware|no PMU: this kernel sees none (virtual machine)|a machine whose host passes the "
			"PMU through\n", out);
	if (s->flags & FEED_PUBLISH)
		fputs("status on publish||\n", out);
	else
		fputs("status off publish|the program publishes nothing|build it with tach/publish.h\n", out);
	fputs("status on tach||\n", out);
	if (s->flags & FEED_DEAR)
		fputs(feed_trouble(s, tick) ? "status partial " STATUS_PROBE_COST "|less is measured (sched sampled, sock only counts): "
			"all would cost more than 2.0% of its CPU time; now 1.9%|--max-cost\n" :
			"status on " STATUS_PROBE_COST "|about 0.8% of its CPU time, and 12us a second of all others'|\n", out);
}

void feed_columns(FILE *out, const struct table_def *def, size_t count)
{
	static const char *const kinds[] = { [COLUMN_TEXT] = "text", [COLUMN_GAUGE] = "gauge", [COLUMN_COUNTER] = "counter" };

	for (size_t i = 0; i < count; i++)
		fprintf(out, "column %s %s %s %s %s\n", def->name, def->columns[i].name, kinds[def->columns[i].kind],
			metric_unit_name(def->columns[i].unit), def->columns[i].label);
}

void feed_head(FILE *out, const struct feed_shape *s)
{
	fputs("tach-feed 1\n", out);
	put_metrics(out, kernel_rates, COUNT(kernel_rates), "counter");
	put_metrics(out, levels, COUNT(levels), "gauge");
	put_metrics(out, processor_rates, COUNT(processor_rates), "counter");
	if (s->flags & FEED_PUBLISH) {
		if (s->flags & FEED_NO_PACKETS)
			put_metrics(out, operation_rates, COUNT(operation_rates), "counter");
		else
			put_metrics(out, published_rates, COUNT(published_rates), "counter");
		fputs("metric app.fwd_seconds histogram seconds forward\nmetric app.rekey_seconds histogram seconds rekey\n", out);
	}
	feed_columns(out, &table_threads, s->flags & FEED_LOCKS ? table_threads_columns : THREADS_LOCK);
	if (s->flags & FEED_LOCKS)
		feed_locks_head(out);
	if (s->flags & FEED_SOCKETS)
		feed_sockets_head(out);
	if (s->flags & FEED_DEAR)
		fputs("metric tach.target_cost_ratio gauge ratio probe cost\nmetric tach.bystander_cost_seconds counter seconds others pay\n",
			out);
	fprintf(out, "fact pid 18231\nfact name pktgate\nfact cmdline pktgate -c /etc/pktgate/edge.toml\n"
		"fact cgroup /system.slice/pktgate.service\nfact host web-07\nfact processes 1\nfact threads %d\n"
		"fact started %.0f\n", s->threads, WALL - 8040);
}

void feed_tick(FILE *out, const struct feed_shape *s, int tick)
{
	const char *coverage = s->flags & FEED_MULTIPLEX ? " 0.5" : "";

	if (gone(s, tick))
		fputs("fact exit 3\nfact ended exited with status 3\n", out);
	fprintf(out, "tick %d %.0f\n", tick, WALL - s->ticks + tick);
	put_totals(out, s, kernel_rates, COUNT(kernel_rates), tick, 0, "");
	put_levels(out, s, tick);
	if (s->flags & FEED_PMU)
		put_totals(out, s, processor_rates, COUNT(processor_rates), tick, 100, coverage);
	for (int i = 0; !(s->flags & FEED_PMU) && i < COUNT(processor_rates); i++)
		put_missing(out, processor_rates[i].name);
	if (s->flags & FEED_PUBLISH) {
		if (s->flags & FEED_NO_PACKETS)
			put_totals(out, s, operation_rates, COUNT(operation_rates), tick, 150, "");
		else
			put_totals(out, s, published_rates, COUNT(published_rates), tick, 150, "");
		put_latencies(out, s, "app.fwd_seconds", tick, 1);
		put_latencies(out, s, "app.rekey_seconds", tick, 40);
	}
	if (!gone(s, tick))
		put_threads(out, s, tick);
	if (s->flags & FEED_LOCKS && !gone(s, tick))
		feed_locks_tick(out, s, tick);
	if (s->flags & FEED_SOCKETS && !gone(s, tick))
		feed_sockets_tick(out, s, tick, WALL - s->ticks + tick);
	if (s->flags & FEED_DEAR)
		fprintf(out, "v tach.target_cost_ratio %.3f\nv tach.bystander_cost_seconds %.6f\n", feed_trouble(s, tick) ? 0.019 : 0.008,
			tick * 12e-6);
	put_statuses(out, s, tick);
	fputs("end\n", out);
}

void feed_clock(char *buf, size_t size, const struct feed_shape *s, int tick)
{
	long second = ((long)WALL - s->ticks + tick) % 86400;

	snprintf(buf, size, "%02ld:%02ld:%02ld", second / 3600, second / 60 % 60, second % 60);
}

void feed_write(FILE *out, const struct feed_shape *s)
{
	feed_head(out, s);
	for (int tick = 0; tick <= s->ticks; tick++)
		feed_tick(out, s, tick);
}
