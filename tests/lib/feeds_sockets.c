/*
 * A server of 12,000 requests a second on eight connections, that asks a database for some of them. In the trouble it
 * writes to disk in between: its requests wait for fsync, and one peer's segments are lost. Numbers are means a second,
 * before and in the trouble, with some noise; totals are sums of what each second added.
 */
#include "feeds_sockets.h"

#include "feeds_locks.h"

#include <tach/histogram.h>

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static double total(const struct feed_shape *s, int tick, const double mean[2], int salt)
{
	double sum = 0;

	for (int second = 1; second <= tick; second++)
		sum += mean[feed_trouble(s, second)] * (1 + 0.1 * feed_noise(second, salt));
	return sum;
}

static const struct {
	const char *name, *unit, *label;
	double mean[2];
} counters[] = {
	{ "sock.rx_messages", "count", "rx msg", { 13200, 9400 } },
	{ "sock.tx_messages", "count", "tx msg", { 13200, 9400 } },
	{ "sock.rx_bytes", "bytes", "rx msg B", { 5.1e6, 3.6e6 } },
	{ "sock.tx_bytes", "bytes", "tx msg B", { 61e6, 43e6 } },
	{ "sock.tcp_rx_messages", "count", "tcp rx msg", { 13100, 9300 } },
	{ "sock.tcp_tx_messages", "count", "tcp tx msg", { 13100, 9300 } },
	{ "sock.tcp_rx_bytes", "bytes", "tcp rx B", { 5.1e6, 3.6e6 } },
	{ "sock.tcp_tx_bytes", "bytes", "tcp tx B", { 61e6, 43e6 } },
	{ "sock.udp_rx_messages", "count", "udp rx msg", { 0, 0 } },
	{ "sock.udp_tx_messages", "count", "udp tx msg", { 100, 100 } },
	{ "sock.udp_rx_bytes", "bytes", "udp rx B", { 0, 0 } },
	{ "sock.udp_tx_bytes", "bytes", "udp tx B", { 12000, 12000 } },
	{ "sock.unix_rx_messages", "count", "unix rx m", { 0, 0 } },
	{ "sock.unix_tx_messages", "count", "unix tx m", { 0, 0 } },
	{ "sock.tcp_rx_segments", "count", "tcp seg rx", { 14100, 10800 } },
	{ "sock.tcp_tx_segments", "count", "tcp seg tx", { 46000, 33000 } },
	{ "sock.tcp_retransmits", "count", "tcp resent", { 0, 85 } },
	{ "sock.rx_drops", "count", "sock drop", { 0, 0 } },
	{ "tcp.rx_segments", "count", "tcp rx", { 14000, 10700 } },
	{ "net.rx_packets", "count", "wire rx", { 14300, 11000 } },
	{ "net.tx_packets", "count", "wire tx", { 46400, 33200 } },
	{ "net.rx_bytes", "bytes", "wire rx B", { 6e6, 4.2e6 } },
	{ "net.tx_bytes", "bytes", "wire tx B", { 63e6, 45e6 } },
	{ "mem.faults_anon", "count", "anon flt", { 900, 800 } },
	{ "mem.faults_file", "count", "file flt", { 200, 180 } },
	{ "mem.faults_write", "count", "cow flt", { 80, 80 } },
};

/* Events a second, and the length of those in the middle. */
static const struct {
	const char *name, *label;
	double mean[2], length[2];
} timed[] = {
	{ "lat.request_seconds", "request", { 12000, 8600 }, { 240e3, 900e3 } },
	{ "lat.upstream_seconds", "upstream", { 1100, 800 }, { 400e3, 420e3 } },
	{ "lat.gap_seconds", "gap", { 0, 0 }, { 1, 1 } },
	{ "lat.offcpu_seconds", "off-CPU", { 14000, 12000 }, { 320e3, 700e3 } },
	{ "lat.offcpu_disk_seconds", "disk", { 3, 410 }, { 2.1e6, 3.4e6 } },
	{ "lat.offcpu_net_seconds", "net", { 13500, 11000 }, { 310e3, 300e3 } },
	{ "lat.runqueue_seconds", "run queue", { 14100, 12200 }, { 9e3, 11e3 } },
	{ "lat.rtt_seconds", "rtt", { 600, 590 }, { 210e3, 1.1e6 } },
};

/* What is measured only on request, and what is not permitted. */
static const char *const missing[][3] = {
	{ "lat.syscall_seconds", "absent", "off: it costs every process, so it is switched on by choosing it" },
	{ "lat.block_seconds", "denied", "block tracepoints need CAP_PERFMON: setcap cap_bpf,cap_perfmon+ep" },
	{ "netdev.tx_packets", "absent", "off: it sees every packet of the machine" },
};

static void put_hist(FILE *out, const struct feed_shape *s, int tick, int i)
{
	static const double share[] = { 0.3, 0.4, 0.2, 0.08, 0.015, 0.005 };
	static const double times[] = { 0.7, 1, 1.6, 3, 7, 12 };
	uint64_t bins[TACH_HIST_BINS] = { 0 }, max = 0;
	double sum = 0;

	for (int second = 1; second <= tick; second++)
		for (int k = 0; k < COUNT(share); k++) {
			bool bad = feed_trouble(s, second);
			uint64_t v = (uint64_t)(timed[i].length[bad] * times[k] * (1 + 0.05 * feed_noise(second, 600 + k)));
			uint64_t n = (uint64_t)(timed[i].mean[bad] * share[k] * (1 + 0.1 * feed_noise(second, 620 + i)));

			bins[tach_hist_bin(v)] += n;
			sum += (double)v * (double)n;
			if (n && v > max)
				max = v;
		}
	fprintf(out, "h %s %.0f %llu", timed[i].name, sum, (unsigned long long)max);
	for (unsigned b = 0; b < TACH_HIST_BINS; b++)
		if (bins[b])
			fprintf(out, " %u:%llu", b, (unsigned long long)bins[b]);
	fputc('\n', out);
}

static const struct {
	const char *protocol, *local, *peer, *role, *state;
	double rx, tx, messages, lost[2]; /* a second */
	double rtt[2];
} sockets[] = {
	{ "tcp", "0.0.0.0:443", "-", "listen", "LISTEN", 0, 0, 0, { 0, 0 }, { 0, 0 } },
	{ "tcp", "10.0.0.1:443", "10.0.3.17:40122", "server", "ESTAB", 1.3e6, 16e6, 3300, { 0, 0 }, { 210e-6, 220e-6 } },
	{ "tcp", "10.0.0.1:443", "10.0.3.18:51830", "server", "ESTAB", 0.9e6, 11e6, 2300, { 0, 0 }, { 250e-6, 260e-6 } },
	{ "tcp", "10.0.0.1:443", "192.0.2.77:60011", "server", "ESTAB", 0.8e6, 9e6, 2000, { 0, 85 }, { 21e-3, 48e-3 } },
	{ "tcp", "[2001:db8::1]:443", "[2001:db8::77]:40971", "server", "ESTAB", 0.5e6, 6e6, 1200, { 0, 0 }, { 4e-3, 4e-3 } },
	{ "tcp", "10.0.0.1:39944", "10.0.9.9:5432", "client", "ESTAB", 0.4e6, 0.1e6, 1100, { 0, 0 }, { 190e-6, 200e-6 } },
	{ "udp", "10.0.0.1:8125", "10.0.9.3:8125", "-", "ESTAB", 0, 12e3, 100, { 0, 0 }, { 0, 0 } },
};

static void put_number(FILE *out, double v, bool known)
{
	if (known)
		fprintf(out, " %.6g", v);
	else
		fputs(" -", out);
}

static void put_sockets(FILE *out, const struct feed_shape *s, int tick)
{
	for (int i = 0; i < COUNT(sockets); i++) {
		bool tcp = sockets[i].protocol[0] == 't', bad = feed_trouble(s, tick), moves = sockets[i].messages > 0;
		double f = total(s, tick, (const double[]){ 1, 0.7 }, 700 + i);
		double lost = total(s, tick, sockets[i].lost, 720 + i);

		fprintf(out, "row sockets %d %s %s %s %s %s %.0f %.0f", 9000 + i, sockets[i].protocol, sockets[i].local,
			sockets[i].peer, sockets[i].role, sockets[i].state, sockets[i].rx * f, sockets[i].tx * f);
		put_number(out, sockets[i].rx * f / 400, tcp);
		put_number(out, sockets[i].tx * f / 1400, tcp);
		fprintf(out, " %.0f %.0f", sockets[i].messages * f, sockets[i].messages * f);
		put_number(out, lost, tcp);
		put_number(out, sockets[i].rtt[bad], sockets[i].rtt[bad] > 0);
		fprintf(out, " 0 %d", moves && sockets[i].lost[bad] > 0 ? 184320 : 0);
		put_number(out, 0, !tcp);
		fputc('\n', out);
	}
}

static const struct {
	const char *name, *cause;
	double waits[2], wait[2], max[2];
} calls[] = {
	{ "epoll_wait", "net", { 13400, 10900 }, { 4.1, 2.8 }, { 0.0041, 0.0043 } },
	{ "futex", "idle", { 300, 310 }, { 0.9, 0.8 }, { 0.012, 0.013 } },
	{ "fsync", "disk", { 1, 400 }, { 0.002, 1.37 }, { 0.0025, 0.041 } },
	{ "pread64", "disk", { 2, 10 }, { 0.0041, 0.03 }, { 0.0031, 0.0052 } },
	{ "nanosleep", "sleep", { 10, 10 }, { 1, 1 }, { 0.1001, 0.1002 } },
};

static void put_calls(FILE *out, const struct feed_shape *s, int tick)
{
	for (int i = 0; i < COUNT(calls); i++)
		fprintf(out, "row syscalls %d %s %s %.0f %.6f %.6f - - -\n", 300 + i, calls[i].name, calls[i].cause,
			total(s, tick, calls[i].waits, 740 + i), total(s, tick, calls[i].wait, 750 + i),
			calls[i].max[feed_trouble(s, tick)]);
}

/* They happened so many seconds before the end, all in the trouble. */
static const struct {
	const char *metric;
	double before, seconds;
	const char *thread, *waited;
} slow[] = {
	{ "lat.request_seconds", 4.882, 0.0131, "rx1/18233", "fsync 12.6ms" },
	{ "lat.request_seconds", 11.598, 0.0122, "rx3/18235", "fsync 11.9ms" },
	{ "lat.request_seconds", 30.2, 0.0119, "rx2/18234", "conn_tbl 8.1ms, fsync 3.2ms" },
	{ "lat.request_seconds", 36.07, 0.0084, "rx1/18233", "run queue 1.2ms" },
	{ "lat.offcpu_seconds", 7.5, 0.041, "ctl/18236", "fsync 41.0ms" },
	{ "lat.offcpu_disk_seconds", 7.5, 0.041, "ctl/18236", "fsync 41.0ms" },
};

static void put_slow(FILE *out, const struct feed_shape *s, int tick, double wall)
{
	for (int i = 0; i < COUNT(slow); i++)
		if (tick > s->ticks - slow[i].before)
			fprintf(out, "row slow %d %s %.3f %.6f %s \"%s\"\n", i + 1, slow[i].metric,
				wall + s->ticks - tick - slow[i].before, slow[i].seconds, slow[i].thread, slow[i].waited);
}

/* Of whom the latencies are: events a second and how long each takes, before and in the trouble. */
static const struct {
	const char *metric, *thread;
	int tid;
	double events[2], each[2], max[2];
} by_thread[] = {
	{ "lat.request_seconds", "rx1/18233", 18233, { 4100, 3100 }, { 240e-6, 930e-6 }, { 0.0027, 0.0131 } },
	{ "lat.request_seconds", "rx3/18235", 18235, { 4000, 2800 }, { 240e-6, 900e-6 }, { 0.0026, 0.0122 } },
	{ "lat.request_seconds", "rx2/18234", 18234, { 3900, 2700 }, { 240e-6, 880e-6 }, { 0.0028, 0.0119 } },
	{ "lat.offcpu_seconds", "rx1/18233", 18233, { 4600, 3800 }, { 200e-6, 210e-6 }, { 0.0041, 0.0043 } },
	{ "lat.offcpu_seconds", "rx3/18235", 18235, { 4500, 3700 }, { 195e-6, 205e-6 }, { 0.0040, 0.0043 } },
	{ "lat.offcpu_seconds", "ctl/18236", 18236, { 310, 810 }, { 2.9e-3, 1.1e-3 }, { 0.0121, 0.0410 } },
	{ "lat.offcpu_disk_seconds", "ctl/18236", 18236, { 3, 240 }, { 2.1e-3, 3.4e-3 }, { 0.0031, 0.0410 } },
	{ "lat.offcpu_disk_seconds", "rx1/18233", 18233, { 0, 170 }, { 2.1e-3, 3.4e-3 }, { 0.0021, 0.0126 } },
};

static void put_by_thread(FILE *out, const struct feed_shape *s, int tick)
{
	for (int i = 0; i < COUNT(by_thread); i++) {
		const double *n = by_thread[i].events, *each = by_thread[i].each, time[2] = { n[0] * each[0], n[1] * each[1] };

		fprintf(out, "row latency_threads %d %s %s %d %.0f %.6f %.6f\n", 80 + i, by_thread[i].metric,
			by_thread[i].thread, by_thread[i].tid, total(s, tick, n, 790 + i), total(s, tick, time, 790 + i),
			by_thread[i].max[feed_trouble(s, tick)]);
	}
}

static void put_growth(FILE *out, const struct feed_shape *s, int tick)
{
	static const struct {
		const char *site, *callers, *cause;
		double faults[2];
	} places[] = {
		{ "fwd.c:340", "fwd_resize > ct_rehash", "anon", { 64, 640 } },
		{ "buf.c:88", "http_read > buf_grow", "anon", { 192, 192 } },
		{ "cache.c:120", "cache_map > cache_touch", "file", { 128, 128 } },
	};

	for (int i = 0; i < COUNT(places); i++) {
		double faults = total(s, tick, places[i].faults, 780 + i);

		fprintf(out, "row growth %d %s \"%s\" %s %.0f %.0f\n", 50 + i, places[i].site, places[i].callers,
			places[i].cause, faults, faults * 4096);
	}
	fputs("note growth sampled one fault in 64\n", out);
}

void feed_sockets_head(FILE *out)
{
	static const struct table_def *const tables[] = { &table_sockets, &table_syscalls, &table_slow, &table_growth,
		&table_latency_threads };

	for (int i = 0; i < COUNT(counters); i++)
		fprintf(out, "metric %s counter %s %s\n", counters[i].name, counters[i].unit, counters[i].label);
	for (int i = 0; i < COUNT(timed); i++)
		fprintf(out, "metric %s histogram seconds %s\n", timed[i].name, timed[i].label);
	for (int i = 0; i < COUNT(missing); i++)
		fprintf(out, "metric %s %s count %s\n", missing[i][0], i < 2 ? "histogram" : "counter", missing[i][0]);
	fputs("metric tcp.rtt_seconds gauge seconds tcp rtt\n", out);
	for (int i = 0; i < COUNT(tables); i++)
		feed_columns(out, tables[i], tables[i]->ncolumns);
}

void feed_sockets_tick(FILE *out, const struct feed_shape *s, int tick, double wall)
{
	for (int i = 0; i < COUNT(counters); i++)
		fprintf(out, "v %s %.0f\n", counters[i].name, total(s, tick, counters[i].mean, 500 + i));
	for (int i = 0; i < COUNT(timed); i++)
		put_hist(out, s, tick, i);
	for (int i = 0; i < COUNT(missing); i++)
		fprintf(out, "x %s %s %s\n", missing[i][0], missing[i][1], missing[i][2]);
	fprintf(out, "v tcp.rtt_seconds %.6f\n", feed_trouble(s, tick) ? 0.0077 : 0.0031);
	put_sockets(out, s, tick);
	put_calls(out, s, tick);
	put_slow(out, s, tick, wall);
	put_by_thread(out, s, tick);
	put_growth(out, s, tick);
}
