/*
 * What it costs to look at a program's sockets: CPU time of a tick, four a second, beside a run of ss -ti; and what it costs
 * who opens and closes a connection that somebody listens to its end, in pairs whose order alternates.
 */
#include "bench.h"

#include "../source/sockdiag/watch.h"
#include "source/sockdiag/endings.h"

#include <sys/resource.h>

#define TICKS 60
#define INTERVAL (250 * NSEC_PER_MSEC)
#define PAUSE_MS 20 /* for real; the rest of the interval is skipped */
#define SS_RUNS 20
#define PAIRS 21
#define CONNECTIONS 100

static int wanted; /* sockets of the next actor */

static void body(int line)
{
	int on = listen_at(AF_INET, "127.0.0.1");

	for (int i = 0; i < wanted / 2; i++) {
		int there = connect_to(AF_INET, "127.0.0.1", port_of(on)), here = accept(on, NULL, NULL);

		if (there < 0 || here < 0)
			_exit(1);
		move_bytes(there, here, 10);
	}
	order_done(line);
	while (order_next(line))
		order_done(line);
}

static double thread_us(void)
{
	return (double)clock_cpu_thread() / 1e3;
}

static double children_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double ss_us(void)
{
	double before = children_us();

	for (int i = 0; i < SS_RUNS; i++)
		if (system("exec ss -tinHO >/dev/null 2>&1") != 0)
			return 0;
	return (children_us() - before) / SS_RUNS;
}

static void look_at(int sockets)
{
	double us[TICKS], first, sum = 0, before;
	struct watch w;
	char done;
	struct actor a;

	wanted = sockets;
	a = actor_start(body);
	actor_hear(&a, &done, 1);
	watch_attach(&w, a.pid, false);
	before = thread_us();
	watch_read(&w);
	first = thread_us() - before;
	for (int i = 0; i < TICKS; i++) {
		sleep_ms(PAUSE_MS);
		*watch_skipped() += INTERVAL - PAUSE_MS * NSEC_PER_MSEC;
		before = thread_us();
		watch_read(&w);
		us[i] = thread_us() - before;
		sum += us[i];
	}
	printf("  %5d sockets   first tick %6.0f us, then mean %5.0f, p50 %5.0f, p90 %5.0f = %.3f %% of one CPU   ss -ti %6.0f us\n",
		sockets, first, sum / TICKS, bench_quantile(us, TICKS, 0.5), bench_quantile(us, TICKS, 0.9),
		sum / TICKS / (double)INTERVAL * 1e5, ss_us());
	watch_close(&w);
	actor_end(&a);
}

/* CPU time of a connection, both ends, from socket() to close(). */
static double connection_us(int on, bool heard)
{
	struct linger reset = { .l_onoff = 1 };
	struct endings e = { .fd = -1 };
	double before;

	if (heard)
		endings_open(&e);
	before = thread_us();
	for (int i = 0; i < CONNECTIONS; i++) {
		int there = connect_to(AF_INET, "127.0.0.1", port_of(on)), here = accept(on, NULL, NULL);

		setsockopt(there, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(there);
		close(here);
	}
	before = (thread_us() - before) / CONNECTIONS;
	endings_close(&e);
	return before;
}

static void compare_ends(void)
{
	double without[PAIRS], added[PAIRS];
	int on = listen_at(AF_INET, "127.0.0.1");

	for (int i = 0; i < PAIRS; i++) {
		double heard = i % 2 ? connection_us(on, true) : 0;

		without[i] = connection_us(on, false);
		added[i] = (i % 2 ? heard : connection_us(on, true)) - without[i];
	}
	close(on);
	printf("  a connection, both ends: %.1f us; while somebody listens to its end %+.1f [%+.1f %+.1f]\n",
		bench_quantile(without, PAIRS, 0.5), bench_quantile(added, PAIRS, 0.5), bench_quantile(added, PAIRS, 0.25),
		bench_quantile(added, PAIRS, 0.75));
}

void bench_sockets(void)
{
	struct rlimit limit;

	leave_namespace(); /* where it may: else others' sockets are looked at, too */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	printf("sockets: CPU time of a tick at four a second\n");
	look_at(10);
	look_at(200);
	look_at(2000);
	compare_ends();
}
