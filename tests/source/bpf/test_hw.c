/*
 * Counters once a CPU, of a program with 300 threads, against what getrusage(2) and perf-stat(1) say of the same work.
 * A machine without a PMU has software counters only; they go the same way, but say nothing of multiplexing.
 */
#include "../../lib/child.h"
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "base/file.h"
#include "session/session.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 300
#define NAPS 20
#define PAGES 30
#define CLOCK "cpu.task_clock_seconds"
#define SWITCHES "cpu.context_switches"
#define FAULTS "mem.faults"
#define INSTRUCTIONS "cpu.instructions"

/* ---- the program that is watched ---- */

enum { CREATE, WORK, SPIN };

/* One round of work by the kernel's other books. */
struct cost {
	double cpu_seconds, switches, faults;
};

static struct cost *cost; /* shared with the puppet */
static pthread_barrier_t begin_barrier, end_barrier;
static int created;

static void touch_pages(void)
{
	size_t size = PAGES * 4096;
	volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	madvise((void *)p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	munmap((void *)p, size);
}

static void *stand_by(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_barrier_wait(&begin_barrier);
		touch_pages();
		for (int i = 0; i < NAPS; i++) {
			for (volatile unsigned n = 0; n < 40000; n++)
				;
			usleep(500);
		}
		pthread_barrier_wait(&end_barrier);
	}
	return NULL;
}

static void create(int n)
{
	pthread_attr_t small;
	pthread_t t;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&begin_barrier, NULL, (unsigned)n + 1);
	pthread_barrier_init(&end_barrier, NULL, (unsigned)n + 1);
	for (created = 0; created < n; created++)
		if (pthread_create(&t, &small, stand_by, NULL))
			_exit(1);
}

/* Threads that run or want to; the main one is. */
static int runnable(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(d))) {
		char path[300], stat[200];
		const char *name_end;

		snprintf(path, sizeof path, "/proc/self/task/%s/stat", entry->d_name);
		if (entry->d_name[0] != '.' && file_read_at(AT_FDCWD, path, stat, sizeof stat) > 0 &&
			(name_end = strrchr(stat, ')')))
			n += name_end[2] == 'R';
	}
	closedir(d);
	return n;
}

/* Once all have gone to sleep at a barrier. */
static struct cost cost_now(void)
{
	struct rusage r;

	while (usleep(10000) == 0 && runnable() > 1)
		;
	getrusage(RUSAGE_SELF, &r);
	return (struct cost){ (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec), (double)(r.ru_nvcsw + r.ru_nivcsw),
		(double)(r.ru_minflt + r.ru_majflt) };
}

static void work(long rounds)
{
	struct cost before = cost_now(), after;

	for (long i = 0; i < rounds; i++) {
		pthread_barrier_wait(&begin_barrier);
		pthread_barrier_wait(&end_barrier);
	}
	after = cost_now();
	*cost = (struct cost){ after.cpu_seconds - before.cpu_seconds, after.switches - before.switches,
		after.faults - before.faults };
}

static void act(int what, long n)
{
	if (what == CREATE) {
		create((int)n);
		cost_now();
	}
	if (what == WORK)
		work(n);
	while (what == SPIN)
		;
}

/* ---- what watches it ---- */

static const char *const wants[] = { CLOCK, SWITCHES, FAULTS, INSTRUCTIONS, NULL };

/* The same, with the probes loaded for something else. */
static const char *const wants_more[] = { CLOCK, SWITCHES, FAULTS, INSTRUCTIONS, "lat.runqueue_seconds", NULL };

struct watch {
	struct puppet puppet;
	struct session *session;
	struct sample *sample;
	char *names[METRIC_LIMIT];
};

/* The next tick. */
static void watch_tick(struct watch *w)
{
	struct pollfd p = { .fd = session_fd(w->session), .events = POLLIN };
	struct sample *s = NULL;

	for (int i = 0; i < 100 && !s; i++) {
		poll(&p, 1, 100);
		s = session_next(w->session);
	}
	if (!s)
		fail_msg("no sample came");
	for (size_t i = 0; i < s->ndefs; i++)
		w->names[s->first_def + i] = strdup(s->defs[i].name);
	sample_free(w->sample);
	w->sample = s;
}

/* A tick that began after now. */
static void watch_now(struct watch *w)
{
	nsec_t now = clock_now();

	do
		watch_tick(w);
	while (w->sample->time < now);
	watch_tick(w);
}

static struct point point_named(const struct watch *w, const char *name)
{
	for (size_t i = 0; i < w->sample->nmetrics; i++)
		if (w->names[i] && strcmp(w->names[i], name) == 0)
			return w->sample->points[i];
	return point_missing(POINT_GAP, NULL);
}

static const struct status *status_named(const struct watch *w, const char *name)
{
	for (size_t i = 0; w->sample && i < w->sample->nstatuses; i++)
		if (strcmp(w->sample->statuses[i].name, name) == 0)
			return &w->sample->statuses[i];
	return NULL;
}

static bool is_given(const struct watch *w)
{
	const struct status *s = status_named(w, "perf software");

	return s && strstr(s->why, "counted once a CPU") && point_has_value(point_named(w, CLOCK));
}

static bool await_given(struct watch *w)
{
	for (int i = 0; i < 100; i++) {
		watch_tick(w);
		if (is_given(w))
			return true;
	}
	return false;
}

static struct watch *watch_begin(int threads, const char *const *metrics)
{
	struct target_options o = { .children = true };
	struct session_options so = { .interval = 50 * NSEC_PER_MSEC, .wants = metrics, .children = true };
	struct target *t;
	struct watch *w;
	struct err e;

	if (probe_refused()) {
		printf("# skip: %s\n", probe_refused());
		skip();
	}
	w = calloc(1, sizeof *w);
	w->puppet = puppet_start(act);
	puppet_do(&w->puppet, CREATE, threads);
	t = target_open_pids(&w->puppet.pid, 1, &o, &e);
	w->session = t ? session_open(t, &so, &e) : NULL;
	if (!w->session)
		fail_msg("%s", e.text);
	return w;
}

static void watch_end(struct watch *w)
{
	session_close(w->session);
	sample_free(w->sample);
	for (size_t i = 0; i < METRIC_LIMIT; i++)
		free(w->names[i]);
	puppet_end(&w->puppet);
	free(w);
}

static struct cost cost_named(const struct watch *w)
{
	return (struct cost){ point_named(w, CLOCK).value, point_named(w, SWITCHES).value, point_named(w, FAULTS).value };
}

/* What a round of work adds; false: a tick has said that some of it was lost. */
static bool added(struct watch *w, struct cost *out)
{
	struct cost before, after;
	bool complete = true;
	nsec_t end;

	watch_now(w);
	before = cost_named(w);
	puppet_order(&w->puppet, WORK, 2);
	puppet_await(&w->puppet);
	end = clock_now();
	do {
		watch_tick(w);
		complete &= point_named(w, CLOCK).state == POINT_OK;
	} while (w->sample->time < end);
	watch_tick(w);
	complete &= point_named(w, CLOCK).state == POINT_OK;
	after = cost_named(w);
	*out = (struct cost){ after.cpu_seconds - before.cpu_seconds, after.switches - before.switches,
		after.faults - before.faults };
	return complete;
}

/*
 * The switches and faults of the main thread around its look at the kernel's books are not the work's. CPU time is by
 * another clock there, which leaves out what a hypervisor took and has the probes' own time in it. There are virtual machines whose kernel runs no programs
 * while that is a certain process of its own, and then not at the beginning of who is next: less is counted then, which
 * is said; so, up to ten times.
 */
static void check_work(struct watch *w)
{
	bool complete = false;
	struct cost got;

	for (int i = 0; i < 10 && !complete; i++) {
		complete = added(w, &got);
		assert_true(cost->switches > 2 * NAPS * created);
		assert_true(got.switches < 1.01 * cost->switches + 20);
		assert_true(got.faults < cost->faults + 20);
	}
	assert_true(complete);
	assert_near(got.switches, cost->switches, 0.01 * cost->switches + 20);
	assert_near(got.faults, cost->faults, 20);
	assert_in_range((uintmax_t)(got.cpu_seconds / cost->cpu_seconds * 100), 70, 130);
}

static void test_counts_of_many_threads(void **state)
{
	struct watch *w = watch_begin(THREADS, wants);

	(void)state;
	assert_true(await_given(w));
	assert_int_equal(status_named(w, "hw")->state, STATUS_ON);
	assert_int_equal(point_named(w, CLOCK).state, POINT_OK);
	created = THREADS;
	check_work(w);
	watch_end(w);
}

/* The program beside it does the same and is not counted; the target sleeps, and is switched only for the test's orders. */
static void test_others_are_not_counted(void **state)
{
	struct watch *w = watch_begin(THREADS, wants);
	struct puppet beside = puppet_start(act);
	struct cost before, after;

	(void)state;
	puppet_do(&beside, CREATE, THREADS);
	assert_true(await_given(w));
	watch_now(w);
	before = cost_named(w);
	puppet_do(&beside, WORK, 2);
	watch_now(w);
	after = cost_named(w);
	puppet_end(&beside);
	assert_near(after.cpu_seconds, before.cpu_seconds, 0);
	assert_near(after.switches, before.switches, 0);
	assert_near(after.faults, before.faults, 0);
	watch_end(w);
}

/* Few threads are counted one by one; when they have become many the totals go on where they were. */
static void test_becomes_many(void **state)
{
	struct watch *w = watch_begin(10, wants_more);
	struct cost before, after;

	(void)state;
	created = 10;
	while (!status_named(w, "hw")) /* the probes are being loaded */
		watch_tick(w);
	check_work(w);
	assert_false(is_given(w));
	assert_int_equal(status_named(w, "hw")->state, STATUS_OFF);
	before = cost_named(w);
	puppet_do(&w->puppet, CREATE, THREADS); /* besides the ten, whose barriers nobody comes to any more */
	assert_true(await_given(w));
	after = cost_named(w);
	assert_true(after.cpu_seconds > before.cpu_seconds);
	assert_in_range((uintmax_t)(after.switches - before.switches), THREADS, 10 * THREADS);
	created = THREADS;
	check_work(w);
	watch_end(w);
}

/* It is never switched, so its numbers come by the look at each tick; the time of a CPU is known. */
static void test_a_thread_that_is_not_switched(void **state)
{
	struct watch *w = watch_begin(THREADS, wants);
	double before = NAN;
	int some = 0;

	(void)state;
	assert_true(await_given(w));
	puppet_order(&w->puppet, SPIN, 0);
	watch_now(w);
	for (int i = 0; i < 10; i++) {
		double now;

		watch_tick(w);
		now = point_named(w, CLOCK).value;
		some += now - before > 0.001;
		before = now;
	}
	assert_true(some >= 8);
	watch_end(w);
}

/* What perf-stat(1) says of the event, while the puppet works; NaN: it does not count it. */
static double by_perf(struct watch *w, const char *event, const char *metric, double *ours)
{
	char pid[16];
	const char *argv[] = { "perf", "stat", "-x,", "-e", event, "-p", pid, "sleep", "1.5", NULL };
	const char *line;
	struct child *c;
	double before, theirs;

	snprintf(pid, sizeof pid, "%d", (int)w->puppet.pid);
	watch_now(w);
	before = point_named(w, metric).value;
	c = child_start(argv);
	usleep(500000);
	puppet_do(&w->puppet, WORK, 2);
	line = child_line(c, 5000);
	theirs = line && line[0] >= '0' && line[0] <= '9' ? strtod(line, NULL) : (double)NAN;
	child_free(c);
	watch_now(w);
	*ours = point_named(w, metric).value - before;
	return theirs;
}

/* Up to five times: perf may not have opened the last thread when the work begins. */
static void check_perf(struct watch *w, const char *event, const char *metric, double unit, double tolerance)
{
	double ours = 0, theirs = NAN;

	for (int i = 0; i < 5; i++) {
		theirs = unit * by_perf(w, event, metric, &ours);
		if (fabs(ours - theirs) <= tolerance * theirs)
			break;
	}
	assert_near(ours, theirs, tolerance * theirs);
}

static void test_agrees_with_perf(void **state)
{
	struct watch *w;

	(void)state;
	if (!have_program("perf")) {
		printf("# skip: no perf here\n");
		skip();
	}
	w = watch_begin(THREADS, wants);
	assert_true(await_given(w));
	created = THREADS;
	check_perf(w, "page-faults", FAULTS, 1, 0.01);
	check_perf(w, "task-clock", CLOCK, 1e-3, 0.1); /* it says milliseconds */
	if (point_has_value(point_named(w, INSTRUCTIONS))) {
		check_perf(w, "instructions", INSTRUCTIONS, 1, 0.1);
	} else {
		const char *why = point_named(w, INSTRUCTIONS).why;

		printf("# instructions are not compared: %s\n", why ? why : "no number");
	}
	watch_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_of_many_threads),
		cmocka_unit_test(test_others_are_not_counted),
		cmocka_unit_test(test_becomes_many),
		cmocka_unit_test(test_a_thread_that_is_not_switched),
		cmocka_unit_test(test_agrees_with_perf),
	};

	cost = mmap(NULL, sizeof *cost, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("counters once a CPU", tests, NULL, NULL);
}
