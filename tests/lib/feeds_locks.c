/*
 * The gateway's locks: conn_tbl is held ever longer by ctl once it rehashes, and the rx threads wait for it. Numbers are
 * means a second, before and in the trouble, with some noise; totals are sums of what each second added.
 */
#include "feeds_locks.h"

#include <tach/histogram.h>

#include <math.h>
#include <string.h>

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static double total(const struct feed_shape *s, int tick, double mean, double bad, int salt)
{
	double sum = 0;

	for (int second = 1; second <= tick; second++)
		sum += (feed_trouble(s, second) ? bad : mean) * (1 + 0.1 * feed_noise(second, salt));
	return sum;
}

/* Shares of a thread's waits, before and in the trouble; what is left is idle. */
static const struct {
	const char *name;
	double lock[2], disk[2], net[2], sleep[2], other[2];
	const char *waits_for[2];
} waits[] = {
	{ "rx0", { 0.05, 0.2 }, { 0, 0 }, { 0.9, 0.7 }, { 0, 0 }, { 0.01, 0.01 }, { "epoll_wait", "epoll_wait" } },
	{ "rx1", { 0.02, 0.8 }, { 0, 0 }, { 0.9, 0.15 }, { 0, 0 }, { 0.01, 0.01 }, { "epoll_wait", "conn_tbl" } },
	{ "rx2", { 0.02, 0.8 }, { 0, 0 }, { 0.9, 0.15 }, { 0, 0 }, { 0.01, 0.01 }, { "epoll_wait", "conn_tbl" } },
	{ "rx3", { 0.02, 0.8 }, { 0, 0 }, { 0.9, 0.15 }, { 0, 0 }, { 0.01, 0.01 }, { "epoll_wait", "conn_tbl" } },
	{ "ctl", { 0.1, 0.1 }, { 0, 0.2 }, { 0, 0 }, { 0.8, 0.1 }, { 0, 0.3 }, { "nanosleep", "-" } },
	{ "stat", { 0, 0.01 }, { 0.02, 0.02 }, { 0, 0 }, { 0.97, 0.9 }, { 0, 0 }, { "nanosleep", "nanosleep" } },
	{ "worker", { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, { "jobs", "jobs" } },
};

static double share(const double shares[2], const double off[2])
{
	return shares[0] * off[0] + shares[1] * off[1];
}

void feed_locks_thread(FILE *out, bool trouble, const char *name, const double off[2])
{
	int k = 0;
	double rest = off[0] + off[1];

	while (k < COUNT(waits) - 1 && strcmp(waits[k].name, name) != 0)
		k++;
	rest -= share(waits[k].lock, off) + share(waits[k].disk, off) + share(waits[k].net, off) + share(waits[k].sleep, off) +
		share(waits[k].other, off);
	fprintf(out, " %.4f %.4f %.4f %.4f %.4f %.4f %s", share(waits[k].lock, off), share(waits[k].disk, off),
		share(waits[k].net, off), share(waits[k].sleep, off), fmax(rest, 0), share(waits[k].other, off),
		waits[k].waits_for[trouble]);
}

struct lock {
	const char *lock, *hostile, *kind, *group, *addr;
	double wait[2], waits[2];                /* a second */
	double p50, p99[2], max[2];
	int now[2];
	const char *holder[2], *waits_at, *held_at;
};

static const struct lock locks[] = {
	{ "conn_tbl", "テーブル接続テーブル接続テーブル接続テーブル接続", "mutex", "lock", "0x5581f2a041c0", { 0.0133, 0.181 },
		{ 410, 5400 }, 31e-6, { 260e-6, 1.9e-3 }, { 690e-6, 3.9e-3 }, { 0, 3 }, { "-", "ctl/18236" }, "fwd.c:212",
		"fwd.c:340" },
	{ "pool", "std::__1::map<std::__1::basic_string<char>,std::__1::shared_ptr<Connection>>::node_allocator_lock", "mutex",
		"lock", "0x5581f2a04200", { 0.0058, 0.0115 }, { 600, 625 }, 6e-6, { 41e-6, 48e-6 }, { 180e-6, 210e-6 }, { 1, 1 },
		{ "rx2/18234", "rx2/18234" }, "mbuf.c:88", "mbuf.c:95" },
	{ "stats", "-", "rwlock", "lock", "0x5581f2a04240", { 0.0027, 0.0008 }, { 20, 2 }, 4e-6, { 31e-6, 31e-6 }, { 70e-6, 70e-6 },
		{ 0, 0 }, { "-", "-" }, "stats.c:41", "-" },
	{ "log ring", "log ring", "mutex", "lock", "0x5581f2a04280", { 0.0009, 0.0001 }, { 0.8, 0.8 }, 3e-6, { 12e-6, 12e-6 },
		{ 19e-6, 19e-6 }, { 0, 0 }, { "-", "-" }, "log.c:130", "-" },
	{ "0x7f3a91c8", "é́é́é́", "futex", "lock", "0x7f3a91c8", { 0.0001, 0.0001 }, { 0.3, 0.3 }, 2e-6, { 9e-6, 9e-6 },
		{ 9e-6, 9e-6 }, { 0, 0 }, { "~stat/18237", "~stat/18237" }, "-", "-" },
	{ "jobs", "jobs", "cond", "work", "0x5581f2a04300", { 0.91, 0.35 }, { 20, 8100 }, 40e-3, { 61e-3, 2e-3 },
		{ 0.1, 9e-3 }, { 1, 1 }, { "-", "-" }, "pool.c:31", "-" },
	{ "pktgate+0x1c", "pktgate+0x1c", "join", "work", "0x7f3a91c0", { 1, 1 }, { 0, 0 }, (double)NAN,
		{ (double)NAN, (double)NAN }, { (double)NAN, (double)NAN }, { 1, 1 }, { "-", "-" }, "main.c:77", "-" },
};

static void put_seconds(FILE *out, double v)
{
	if (isnan(v))
		fputs(" -", out);
	else
		fprintf(out, " %.9f", v);
}

static void put_locks(FILE *out, const struct feed_shape *s, int tick)
{
	int bad = feed_trouble(s, tick);

	for (int i = 0; i < COUNT(locks); i++) {
		const struct lock *l = &locks[i];
		double wait = total(s, tick, l->wait[0], l->wait[1], 500 + i);

		fprintf(out, "row locks %d \"%s\" %s %s %s 18231 %.0f %.6f %.6f", 100 + i,
			s->flags & FEED_HOSTILE ? l->hostile : l->lock, l->kind, l->group, l->addr,
			total(s, tick, l->waits[0], l->waits[1], 500 + i), wait, wait / 20);
		put_seconds(out, l->p50);
		put_seconds(out, l->p99[bad]);
		put_seconds(out, l->max[bad]);
		fprintf(out, " %d \"%s\" \"%s\" \"%s\"\n", l->now[bad], l->holder[bad], l->waits_at, l->held_at);
	}
}

/* addr, role, thread, tid, site, callers, samples a second before and in the trouble */
static const struct {
	const char *addr, *role, *thread;
	int tid;
	const char *site, *callers;
	double samples[2];
} sites[] = {
	{ "0x5581f2a041c0", "wait", "rx1", 18233, "fwd.c:212", "fwd_rx > ct_lookup", { 3, 22 } },
	{ "0x5581f2a041c0", "wait", "rx2", 18234, "fwd.c:212", "fwd_rx > ct_lookup", { 3, 20 } },
	{ "0x5581f2a041c0", "wait", "rx3", 18235, "fwd.c:212", "fwd_rx > ct_lookup", { 3, 20 } },
	{ "0x5581f2a041c0", "wait", "rx1", 18233, "fwd.c:251", "fwd_rx > ct_insert", { 1, 10 } },
	{ "0x5581f2a041c0", "wait", "rx2", 18234, "fwd.c:251", "fwd_rx > ct_insert", { 1, 11 } },
	{ "0x5581f2a041c0", "wait", "rx3", 18235, "fwd.c:251", "fwd_rx > ct_insert", { 1, 10 } },
	{ "0x5581f2a041c0", "wait", "rx0", 18232, "fwd.c:212", "fwd_rx > ct_lookup", { 1, 6 } },
	{ "0x5581f2a041c0", "wait", "stat", 18237, "stat.c:77", "st_walk", { 0, 1 } },
	{ "0x5581f2a041c0", "hold", "ctl", 18236, "fwd.c:340", "fwd_resize > ct_rehash", { 0, 91 } },
	{ "0x5581f2a041c0", "hold", "rx2", 18234, "fwd.c:255", "fwd_rx > ct_insert", { 40, 4 } },
	{ "0x5581f2a041c0", "hold", "rx1", 18233, "fwd.c:255", "fwd_rx > ct_insert", { 30, 3 } },
	{ "0x5581f2a041c0", "hold", "rx3", 18235, "fwd.c:216", "fwd_rx > ct_lookup", { 30, 2 } },
	{ "0x5581f2a04200", "wait", "rx1", 18233, "mbuf.c:88", "fwd_rx > mb_get", { 9, 9 } },
};

static void put_sites(FILE *out, const struct feed_shape *s, int tick)
{
	const char *deep = "a_function_whose_name_is_very_long > another_of_them > テーブル::検索 > and_on > and_on > and_on";

	for (int i = 0; i < COUNT(sites); i++)
		fprintf(out, "row lock_sites %d %s 18231 %s %s %d %s \"%s\" %.0f\n", 200 + i, sites[i].addr, sites[i].role,
			s->flags & FEED_HOSTILE ? "スレッドスレッド名" : sites[i].thread, sites[i].tid, sites[i].site,
			s->flags & FEED_HOSTILE ? deep : sites[i].callers,
			total(s, tick, sites[i].samples[0], sites[i].samples[1], 520 + i));
}

static const struct {
	const char *waiter, *owner;
	double ms[2];
} pairs[] = {
	{ "rx0/18232", "rx2/18234", { 0.2, 0.2 } }, { "rx0/18232", "ctl/18236", { 0.4, 9.1 } },
	{ "rx1/18233", "rx0/18232", { 0.1, 0.1 } }, { "rx1/18233", "rx2/18234", { 1.1, 1.1 } },
	{ "rx1/18233", "rx3/18235", { 0.9, 0.9 } }, { "rx1/18233", "ctl/18236", { 2, 58 } },
	{ "rx2/18234", "rx1/18233", { 0.8, 0.8 } }, { "rx2/18234", "rx3/18235", { 1, 1 } },
	{ "rx2/18234", "ctl/18236", { 2, 55 } }, { "rx3/18235", "rx0/18232", { 0.1, 0.1 } },
	{ "rx3/18235", "rx1/18233", { 0.9, 0.9 } }, { "rx3/18235", "rx2/18234", { 1.2, 1.2 } },
	{ "rx3/18235", "ctl/18236", { 2, 57 } },
};

static const struct {
	const char *chain, *lock;
	double seconds;
	const char *end;
} chains[] = {
	{ "rx1 > ctl", "conn_tbl", 2.1e-3, "ctl runs on cpu 3" }, { "rx2 > ctl", "conn_tbl", 1.7e-3, "ctl runs on cpu 3" },
	{ "rx3 > ctl", "conn_tbl", 0.4e-3, "ctl runs on cpu 3" },
};

static const struct {
	const char *lock, *kind, *site;
	double waits, wait, max;
} kernel_locks[] = {
	{ "mmap_lock", "rwsem", "do_user_addr_fault", 34, 0.0021, 310e-6 },
	{ "zone->lock", "spin", "rmqueue_bulk", 210, 0.0004, 12e-6 },
};

static void put_blocking(FILE *out, const struct feed_shape *s, int tick)
{
	for (int i = 0; i < COUNT(pairs); i++)
		fprintf(out, "row lock_pairs %d %s %s %.0f %.6f\n", 300 + i, pairs[i].waiter, pairs[i].owner,
			total(s, tick, 30, 900, 540 + i), total(s, tick, pairs[i].ms[0], pairs[i].ms[1], 540 + i) / 1e3);
	fputs("note lock_chains counted\n", out);
	for (int i = 0; feed_trouble(s, tick) && i < COUNT(chains); i++)
		fprintf(out, "row lock_chains %d \"%s\" %s %.4f \"%s\"\n", 400 + i, chains[i].chain, chains[i].lock,
			chains[i].seconds, chains[i].end);
	for (int i = 0; i < COUNT(kernel_locks); i++)
		fprintf(out, "row kernel_locks %d %s %s %s %.0f %.6f %.6f\n", 420 + i, kernel_locks[i].lock, kernel_locks[i].kind,
			kernel_locks[i].site, total(s, tick, kernel_locks[i].waits, kernel_locks[i].waits, 560 + i),
			total(s, tick, kernel_locks[i].wait, kernel_locks[i].wait, 560 + i), kernel_locks[i].max);
}

/* Single waits: around 30 us, in the trouble also around 300 us and more. */
static void put_waits(FILE *out, const struct feed_shape *s, int tick)
{
	static const double value[] = { 3.1e3, 9e3, 30e3, 90e3, 310e3, 950e3, 2.9e6 };
	static const double count[2][COUNT(value)] = { { 300, 500, 190, 10, 1, 0, 0 }, { 700, 900, 1500, 1900, 1300, 250, 12 } };
	uint64_t bins[TACH_HIST_BINS] = { 0 }, max = 0;
	double sum = 0;

	for (int second = 1; second <= tick; second++)
		for (int i = 0; i < COUNT(value); i++) {
			double v = value[i] * (1 + 0.1 * feed_noise(second, 580 + i));
			uint64_t n = (uint64_t)count[feed_trouble(s, second)][i];

			bins[tach_hist_bin((uint64_t)v)] += n;
			sum += v * (double)n;
			if (n && (uint64_t)v > max)
				max = (uint64_t)v;
		}
	fprintf(out, "h lat.offcpu_lock_seconds %.0f %llu", sum, (unsigned long long)max);
	for (unsigned i = 0; i < TACH_HIST_BINS; i++)
		if (bins[i])
			fprintf(out, " %u:%llu", i, (unsigned long long)bins[i]);
	fputc('\n', out);
}

/* Sums over the threads, before and in the trouble. */
static const struct {
	const char *name, *unit, *label;
	double mean[2];
} sums[] = {
	{ "thr.lock_seconds", "seconds", "lock", { 0.08, 1.03 } }, { "thr.disk_seconds", "seconds", "disk", { 0.02, 0.02 } },
	{ "thr.net_seconds", "seconds", "net", { 1.26, 0.5 } }, { "thr.sleep_seconds", "seconds", "sleep", { 0.9, 0.6 } },
	{ "thr.idle_seconds", "seconds", "idle", { 0.05, 0.05 } }, { "thr.other_seconds", "seconds", "other", { 0.02, 0.03 } },
	{ "lock.wait_seconds", "seconds", "all locks", { 0.08, 1.03 } }, { "lock.waits", "count", "waits", { 1031, 6028 } },
	{ "lock.kernel_waits", "count", "kern waits", { 244, 244 } },
	{ "lock.kernel_wait_seconds", "seconds", "kernel", { 0.0025, 0.0025 } },
};

void feed_locks_head(FILE *out)
{
	static const struct table_def *const tables[] = { &table_locks, &table_lock_sites, &table_lock_pairs,
		&table_lock_chains, &table_kernel_locks };

	for (int i = 0; i < COUNT(sums); i++)
		fprintf(out, "metric %s counter %s %s\n", sums[i].name, sums[i].unit, sums[i].label);
	fputs("metric lat.offcpu_lock_seconds histogram seconds lock wait\n", out);
	for (int i = 0; i < COUNT(tables); i++)
		feed_columns(out, tables[i], tables[i]->ncolumns);
}

void feed_locks_tick(FILE *out, const struct feed_shape *s, int tick)
{
	const char *coverage = s->flags & FEED_SAMPLED ? " 0.1" : "";

	for (int i = 0; i < COUNT(sums); i++)
		fprintf(out, "v %s %.4f%s\n", sums[i].name, total(s, tick, sums[i].mean[0], sums[i].mean[1], 600 + i), coverage);
	put_waits(out, s, tick);
	put_locks(out, s, tick);
	put_sites(out, s, tick);
	put_blocking(out, s, tick);
	if (s->flags & FEED_SAMPLED)
		fputs("note locks sampled sampled 50 Hz, no BPF: CAP_BPF missing\nnote threads sampled waits sampled 50 Hz\n"
			"note lock_sites sampled\nnote lock_pairs sampled\nnote lock_chains sampled\n", out);
}
