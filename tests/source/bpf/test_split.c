/* Latencies by thread, of threads that know how often and how long they waited. */
#include "../../lib/probe.h"

#include "base/clock.h"
#include "base/str.h"
#include "model/tables.h"

#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SLOW, QUICK, WAITERS, LONG = WAITERS, TALK, MANY, AGAIN };

#define MANY_THREADS 40
#define SHOWN 32 /* threads of a metric */

/* What the threads of the puppet say of themselves. */
static struct truth {
	double seconds, longest;
} *truth;

/* ---- in the puppet ---- */

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* As a mutex that is taken waits, which nobody lets go. */
static void wait_for_lock(long ms, struct truth *out)
{
	static _Alignas(64) uint32_t mutex[16] = { 2 };
	struct timespec most = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	double begin = seconds_now(), took;

	syscall(SYS_futex, mutex, FUTEX_WAIT_PRIVATE, 2, &most, NULL, 0);
	took = seconds_now() - begin;
	out->seconds += took;
	out->longest = took > out->longest ? took : out->longest;
}

static const struct {
	const char *name;
	long ms;
} waiters[WAITERS] = { { "slow", 5 }, { "quick", 1 } };

static int order_fds[WAITERS][2], done_fds[2];

/* Waits as often as it is told, as long as it is told or as long as is its own. */
static void *waiter(void *arg)
{
	long which = (long)arg, order[2];

	prctl(PR_SET_NAME, waiters[which].name);
	while (read(order_fds[which][0], order, sizeof order) == (ssize_t)sizeof order) {
		for (long i = 0; i < order[0]; i++)
			wait_for_lock(order[1] ? order[1] : waiters[which].ms, &truth[which]);
		if (write(done_fds[1], "", 1) != 1)
			break;
	}
	return NULL;
}

static void wait_as(long which, long times, long ms)
{
	static bool there;
	pthread_t thread;
	char byte;

	for (long i = 0; !there && i < WAITERS; i++)
		if (pipe(order_fds[i]) || pthread_create(&thread, NULL, waiter, (void *)i))
			_exit(1);
	if ((!there && pipe(done_fds)) || write(order_fds[which][1], (long[]){ times, ms }, 2 * sizeof(long)) < 0)
		_exit(1);
	there = true;
	if (read(done_fds[0], &byte, 1) != 1)
		_exit(1);
}

static int listener;
static struct sockaddr_in address = { .sin_family = AF_INET };

/* Answers after 2 ms; when nobody asks any more it waits for its end. */
static void *server(void *n)
{
	int s = accept(listener, NULL, NULL);
	struct timespec nap = { .tv_nsec = 2000000 };
	char byte;

	prctl(PR_SET_NAME, "server");
	for (long i = 0; i < *(long *)n && read(s, &byte, 1) == 1; i++) {
		nanosleep(&nap, NULL);
		if (write(s, "", 1) != 1)
			break;
	}
	*(long *)n = 0;
	pause();
	return NULL;
}

static void talk(long n)
{
	static long left;
	socklen_t size = sizeof address;
	pthread_t thread;
	char byte;
	int s = socket(AF_INET, SOCK_STREAM, 0);

	left = n;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listen(listener, 1) || getsockname(listener, (struct sockaddr *)&address, &size) ||
		pthread_create(&thread, NULL, server, &left) || connect(s, (struct sockaddr *)&address, size))
		_exit(1);
	prctl(PR_SET_NAME, "client");
	for (long i = 0; i < n; i++)
		if (write(s, "", 1) != 1 || read(s, &byte, 1) != 1)
			_exit(1);
}

static void *sleep_long(void *unused)
{
	struct timespec nap = { .tv_nsec = 300000000 };

	(void)unused;
	prctl(PR_SET_NAME, "sleeper");
	nanosleep(&nap, NULL);
	return NULL;
}

static void *wait_twice(void *unused)
{
	struct truth ignored = { 0 };

	(void)unused;
	prctl(PR_SET_NAME, "again");
	wait_for_lock(1, &ignored);
	wait_for_lock(1, &ignored);
	pause();
	return NULL;
}

static void act(int what, long n)
{
	pthread_t threads[MANY_THREADS];

	if (what < WAITERS)
		wait_as(what, n, 0);
	if (what == LONG)
		wait_as(SLOW, 1, n);
	if (what == TALK)
		talk(n);
	for (int i = 0; i < MANY_THREADS && what == MANY; i++)
		if (pthread_create(&threads[i], NULL, sleep_long, NULL))
			_exit(1);
	for (int i = 0; i < MANY_THREADS && what == MANY; i++)
		pthread_join(threads[i], NULL);
	if (what == AGAIN && pthread_create(&threads[0], NULL, wait_twice, NULL))
		_exit(1);
}

/* ---- outside ---- */

static const char *const wants[] = { "lat.offcpu_lock_seconds", "lat.offcpu_sleep_seconds", "lat.runqueue_seconds",
	"lat.request_seconds", "lat.upstream_seconds", NULL };
static struct puppet puppet;
static struct probe *probe;

static int set_up(void **state)
{
	(void)state;
	truth = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	puppet = puppet_start(act);
	if (!probe_refused())
		probe = probe_open(puppet.pid, wants);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	probe_close(probe);
	puppet_end(&puppet);
	return 0;
}

static void need_probe(void)
{
	if (probe)
		return;
	printf("# skip: %s\n", probe_refused());
	skip();
}

/* Rows of a metric; their events in *events. */
static size_t rows_of(const char *metric, double *events)
{
	const struct table *t = sample_find_table(probe_read(probe), &table_latency_threads);
	size_t n = 0;

	*events = 0;
	for (size_t i = 0; t && i < t->nrows; i++) {
		const union cell *row = t->cells + i * t->def->ncolumns;

		if (strcmp(row[SPLIT_METRIC].text, metric) != 0)
			continue;
		*events += row[SPLIT_EVENTS].number;
		n++;
	}
	return n;
}

/* Of the last reading; NULL: it is not there. */
static const union cell *row_of(const char *metric, const char *thread)
{
	const struct table *t = sample_find_table(probe_read(probe), &table_latency_threads);
	char start[32];

	snprintf(start, sizeof start, "%s/", thread);
	for (size_t i = 0; t && i < t->nrows; i++) {
		const union cell *row = t->cells + i * t->def->ncolumns;

		if (strcmp(row[SPLIT_METRIC].text, metric) == 0 && str_starts(row[SPLIT_THREAD].text, start))
			return row;
	}
	return NULL;
}

static void expect_waits(const char *thread, int times, double ms, const struct truth *t)
{
	const union cell *row = row_of("lat.offcpu_lock_seconds", thread);

	assert_non_null(row);
	printf("# %s: %.0f waits, %.4f s of %.4f, longest %.4f of %.4f\n", thread, row[SPLIT_EVENTS].number,
		row[SPLIT_SECONDS].number, t->seconds, row[SPLIT_MAX].number, t->longest);
	assert_int_equal((int)row[SPLIT_EVENTS].number, times);
	/* Its own clock runs on while it is awake already and waits for a CPU. */
	assert_true(row[SPLIT_SECONDS].number >= times * ms / 1000 && row[SPLIT_SECONDS].number <= t->seconds);
	assert_true(row[SPLIT_MAX].number >= ms / 1000 && row[SPLIT_MAX].number <= t->longest);
}

static void splits_waits_by_thread(void **state)
{
	const struct table *t;

	(void)state;
	need_probe();
	puppet_do(&puppet, QUICK, 40);
	puppet_do(&puppet, SLOW, 30);
	expect_waits("quick", 40, 1, &truth[QUICK]);
	expect_waits("slow", 30, 5, &truth[SLOW]);
	t = sample_find_table(probe_read(probe), &table_latency_threads);
	for (size_t i = 0, at = 0; i < t->nrows && at < 2; i++) {
		const union cell *row = t->cells + i * t->def->ncolumns;

		if (strcmp(row[SPLIT_METRIC].text, "lat.offcpu_lock_seconds") == 0)
			assert_true(str_starts(row[SPLIT_THREAD].text, at++ ? "quick/" : "slow/")); /* the most first */
	}
}

/* All threads are alive: their parts are the whole. */
static void loses_no_event(void **state)
{
	static const char *const metrics[] = { "lat.offcpu_lock_seconds", "lat.offcpu_sleep_seconds", "lat.runqueue_seconds" };
	double events, before;

	(void)state;
	need_probe();
	for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
		rows_of(metrics[i], &before);
		puppet_do(&puppet, QUICK, 25);
		assert_true(rows_of(metrics[i], &events) > 0 || i == 1);
		assert_int_equal((int)events, (int)hist_count(probe_hist(probe, metrics[i])));
		assert_true(events >= before + (i == 1 ? 0 : 25));
	}
}

static void sees_what_goes_on(void **state)
{
	const union cell *row;
	double events, seconds;

	(void)state;
	need_probe();
	puppet_do(&puppet, SLOW, 1);
	row = row_of("lat.offcpu_lock_seconds", "slow");
	events = row[SPLIT_EVENTS].number;
	seconds = row[SPLIT_SECONDS].number;
	puppet_order(&puppet, LONG, 400);
	usleep(200000);
	row = row_of("lat.offcpu_lock_seconds", "slow");
	assert_int_equal((int)(row[SPLIT_EVENTS].number - events), 0);
	assert_true(row[SPLIT_SECONDS].number - seconds > 0.15 && row[SPLIT_SECONDS].number - seconds < 0.4);
	assert_true(row[SPLIT_MAX].number > 0.15);
	puppet_await(&puppet);
	row = row_of("lat.offcpu_lock_seconds", "slow");
	assert_int_equal((int)(row[SPLIT_EVENTS].number - events), 1);
	assert_true(row[SPLIT_SECONDS].number - seconds >= 0.4);
}

static void splits_requests_by_who_answers(void **state)
{
	const union cell *row;

	(void)state;
	need_probe();
	if (probe_status(probe, "sock")->state != STATUS_ON) {
		printf("# skip: %s\n", probe_status(probe, "sock")->why);
		skip();
	}
	puppet_do(&puppet, TALK, 20);
	row = row_of("lat.request_seconds", "server");
	assert_non_null(row);
	assert_int_equal((int)row[SPLIT_EVENTS].number, 20);
	assert_true(row[SPLIT_SECONDS].number >= 20 * 0.002 && row[SPLIT_SECONDS].number < 20 * 0.02);
	assert_true(row[SPLIT_MAX].number >= 0.002);
	assert_null(row_of("lat.request_seconds", "client"));
	row = row_of("lat.upstream_seconds", "client");
	assert_non_null(row);
	assert_int_equal((int)row[SPLIT_EVENTS].number, 20);
}

static void shows_some_of_very_many(void **state)
{
	double events;

	(void)state;
	need_probe();
	puppet_order(&puppet, MANY, 0);
	usleep(150000);
	assert_int_equal((int)rows_of("lat.offcpu_sleep_seconds", &events), SHOWN);
	assert_true(sample_find_table(probe_read(probe), &table_latency_threads)->left_out >= MANY_THREADS - SHOWN);
	puppet_await(&puppet);
}

/* The places of the threads that have ended are given to others, who begin from nothing. */
static void begins_anew_with_a_new_thread(void **state)
{
	const union cell *row;

	(void)state;
	need_probe();
	puppet_do(&puppet, MANY, 0);
	probe_read(probe);
	puppet_do(&puppet, AGAIN, 0);
	usleep(100000);
	row = row_of("lat.offcpu_lock_seconds", "again");
	assert_non_null(row);
	assert_int_equal((int)row[SPLIT_EVENTS].number, 2);
	assert_true(row[SPLIT_MAX].number >= 0.001 && row[SPLIT_MAX].number < 0.2);
}

static nsec_t ahead; /* of the clock that the source reads */

static nsec_t later(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nsec_t)t.tv_sec * NSEC_PER_SEC + (nsec_t)t.tv_nsec + ahead;
}

/* After two windows without it the longest is no more. */
static void forgets_the_longest(void **state)
{
	(void)state;
	need_probe();
	puppet_do(&puppet, LONG, 100);
	assert_true(row_of("lat.offcpu_lock_seconds", "slow")[SPLIT_MAX].number >= 0.1);
	clock_replace(later, NULL);
	for (int i = 0; i < 3; i++) {
		ahead += 11 * NSEC_PER_SEC;
		probe_read(probe);
	}
	puppet_do(&puppet, SLOW, 1);
	assert_true(row_of("lat.offcpu_lock_seconds", "slow")[SPLIT_MAX].number < 0.1);
	clock_replace(NULL, NULL);
}

static void fills_nothing_that_nobody_wants(void **state)
{
	static const char *const other[] = { "lock.waits", NULL };
	struct probe *p;

	(void)state;
	need_probe();
	p = probe_open(puppet.pid, other);
	puppet_do(&puppet, QUICK, 5);
	assert_null(sample_find_table(probe_read(p), &table_latency_threads));
	assert_true(probe_value(p, "lock.waits") >= 5);
	probe_close(p);
	assert_null(row_of("lat.offcpu_seconds", "quick"));
	assert_non_null(row_of("lat.offcpu_lock_seconds", "quick"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_waits_by_thread),
		cmocka_unit_test(loses_no_event),
		cmocka_unit_test(sees_what_goes_on),
		cmocka_unit_test(splits_requests_by_who_answers),
		cmocka_unit_test(shows_some_of_very_many),
		cmocka_unit_test(begins_anew_with_a_new_thread),
		cmocka_unit_test(forgets_the_longest),
		cmocka_unit_test(fills_nothing_that_nobody_wants),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
