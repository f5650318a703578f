/*
 * The source on this machine's kernel, against what getrusage(2) says of the same work. Where the machine has no PMU
 * the hardware counters must say so; where it has one they must be plausible.
 */
#include "../../lib/near.h"
#include "source/perf/perf.h"
#include "source/perf/rows.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the program that is watched ---- */

/* One round of work, and what it cost by the kernel's other books. */
struct cost {
	double cpu_seconds, switches, faults;
};

struct worker {
	pid_t pid;
	int orders, costs; /* pipes to and from it */
};

static void touch_pages(size_t count)
{
	size_t size = count * 4096;
	volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	madvise((void *)p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	munmap((void *)p, size);
}

static void sleep_often(int times)
{
	const struct timespec nap = { .tv_nsec = 200000 };

	for (int i = 0; i < times; i++)
		nanosleep(&nap, NULL);
}

static void compute(void)
{
	for (volatile unsigned i = 0; i < 4000000; i++)
		;
}

static void *work_thread(void *arg)
{
	(void)arg;
	touch_pages(300);
	sleep_often(40);
	return NULL;
}

/* New threads, a new child, and the main thread itself. */
static void work_anew(void)
{
	pthread_t threads[3];
	pid_t child;

	for (size_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, work_thread, NULL);
	child = fork();
	if (child == 0) {
		touch_pages(500);
		sleep_often(30);
		_exit(0);
	}
	compute();
	touch_pages(200);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	waitpid(child, NULL, 0);
}

static pthread_barrier_t begin_barrier, end_barrier;

static void *stand_by(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_barrier_wait(&begin_barrier);
		work_thread(NULL);
		pthread_barrier_wait(&end_barrier);
	}
	return NULL;
}

#define STANDING 8

/* Threads that were there before. */
static void work_standing(void)
{
	pthread_barrier_wait(&begin_barrier);
	pthread_barrier_wait(&end_barrier);
}

static struct cost cost_now(void)
{
	struct cost c = { .cpu_seconds = 0 };

	for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
		struct rusage r;

		getrusage(who, &r);
		c.cpu_seconds += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
			1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
		c.switches += (double)(r.ru_nvcsw + r.ru_nivcsw);
		c.faults += (double)(r.ru_minflt + r.ru_majflt);
	}
	return c;
}

/* Works once for each byte that comes, until none does. */
static _Noreturn void worker_main(int orders, int costs, bool standing)
{
	pthread_t thread;
	char order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (standing) {
		pthread_barrier_init(&begin_barrier, NULL, STANDING + 1);
		pthread_barrier_init(&end_barrier, NULL, STANDING + 1);
		for (size_t i = 0; i < STANDING; i++)
			pthread_create(&thread, NULL, stand_by, NULL);
	}
	while (write(costs, &(struct cost){ 0 }, sizeof(struct cost)) > 0 && read(orders, &order, 1) == 1) {
		struct cost before = cost_now(), after;

		if (standing)
			work_standing();
		else
			work_anew();
		after = cost_now();
		after.cpu_seconds -= before.cpu_seconds;
		after.switches -= before.switches;
		after.faults -= before.faults;
		if (write(costs, &after, sizeof after) < 0 || read(orders, &order, 1) != 1)
			break;
	}
	_exit(0);
}

static struct worker worker_start(bool standing)
{
	int orders[2], costs[2];
	struct cost ready;
	struct worker w;

	if (pipe2(orders, O_CLOEXEC) || pipe2(costs, O_CLOEXEC) || (w.pid = fork()) < 0)
		exit(1);
	if (w.pid == 0) {
		close(orders[1]);
		close(costs[0]);
		worker_main(orders[0], costs[1], standing);
	}
	close(orders[0]);
	close(costs[1]);
	w.orders = orders[1];
	w.costs = costs[0];
	if (read(w.costs, &ready, sizeof ready) != sizeof ready)
		exit(1);
	return w;
}

static struct cost worker_work(const struct worker *w)
{
	struct cost c;

	if (write(w->orders, "x", 1) != 1 || read(w->costs, &c, sizeof c) != sizeof c)
		exit(1);
	return c;
}

static void worker_end(struct worker *w)
{
	close(w->orders);
	close(w->costs);
	waitpid(w->pid, NULL, 0);
}

/* ---- the source on it ---- */

struct live {
	struct target *target;
	struct registry *registry;
	bool wanted[PERF_ROWS];
	struct source_env env;
	void *state;
	struct sample *sample;
	struct err err;
};

static void live_begin(struct live *l, pid_t pid, const char *const *events)
{
	const struct target_options o = { .children = true };

	*l = (struct live){ .registry = registry_new() };
	for (size_t i = 0; i < PERF_ROWS; i++) {
		registry_add(l->registry, &perf_metrics[i]);
		l->wanted[i] = true;
	}
	l->target = target_open_pids(&pid, 1, &o, &l->err);
	if (!l->target)
		return;
	l->env = (struct source_env){ .registry = l->registry, .wanted = l->wanted, .events = events,
		.children = true };
	l->state = source_perf.open(&l->env, l->target, &l->err);
}

static void live_tick(struct live *l)
{
	sample_free(l->sample);
	l->sample = sample_new(l->registry);
	target_refresh(l->target);
	source_perf.read(l->state, l->target, l->sample);
}

static struct point live_point(const struct live *l, const char *name)
{
	return l->sample->points[registry_find(l->registry, name)];
}

static const struct status *live_status(const struct live *l, const char *name)
{
	for (size_t i = 0; i < l->sample->nstatuses; i++)
		if (strcmp(l->sample->statuses[i].name, name) == 0)
			return &l->sample->statuses[i];
	return NULL;
}

static void live_end(struct live *l)
{
	sample_free(l->sample);
	if (l->state)
		source_perf.close(l->state);
	if (l->target)
		target_close(l->target);
	registry_free(l->registry);
}

static bool can_count(void)
{
	struct err why, fix;

	if (geteuid() == 0 && source_perf.probe(&why, &fix))
		return true;
	printf("# skip: counting the kernel part needs root%s%s\n", geteuid() ? "" : ": ", geteuid() ? "" : why.text);
	return false;
}

/* Hardware counters are plausible, or say why there are none. */
static void check_hardware(const struct live *l)
{
	struct point cycles = live_point(l, "cpu.cycles"), instructions = live_point(l, "cpu.instructions");

	if (cycles.state == POINT_ABSENT) {
		printf("# hardware: %s\n", cycles.why);
		assert_true(strstr(cycles.why, "no PMU") || strstr(cycles.why, "does not count"));
		assert_string_equal(instructions.why, cycles.why);
		assert_string_equal(live_status(l, "perf hardware")->why, cycles.why);
		assert_int_equal(live_status(l, "perf hardware")->state, STATUS_ABSENT);
		return;
	}
	if (cycles.state == POINT_GAP) /* others hold the counters */
		return;
	assert_true(point_has_value(cycles) && point_has_value(instructions));
	assert_true(cycles.value > 1e6);
	assert_in_range((uintmax_t)(instructions.value / cycles.value * 100), 5, 1000);
}

/* Two rounds of work; the counts of each must be those of getrusage, but for the worker's last steps: it and each
 * thread that stands by go to sleep after it has looked. A thread missed or counted twice would be 300 faults and 40
 * switches. */
static void check_counts(bool standing)
{
	struct worker w = worker_start(standing);
	struct point before[3], after[3];
	struct live l;

	live_begin(&l, w.pid, NULL);
	assert_non_null(l.state);
	live_tick(&l);
	for (int round = 0; round < 2; round++) {
		static const char *const names[] = { "cpu.task_clock_seconds", "cpu.context_switches", "mem.faults" };
		struct cost c;

		for (size_t i = 0; i < 3; i++)
			before[i] = live_point(&l, names[i]);
		c = worker_work(&w);
		live_tick(&l);
		for (size_t i = 0; i < 3; i++) {
			after[i] = live_point(&l, names[i]);
			assert_int_equal(after[i].state, POINT_OK);
		}
		printf("# clock %.6f of %.6f, switches %g of %g, faults %g of %g\n", after[0].value - before[0].value,
			c.cpu_seconds, after[1].value - before[1].value, c.switches,
			after[2].value - before[2].value, c.faults);
		assert_true(c.switches > 100);
		assert_true(c.faults > 800);
		/* the clock of perf stands still while the kernel switches: some microseconds each time */
		assert_near(after[0].value - before[0].value, c.cpu_seconds,
			0.001 + 0.05 * c.cpu_seconds + 1e-5 * c.switches);
		assert_near(after[1].value - before[1].value, c.switches, 6 + 2 * STANDING);
		assert_near(after[2].value - before[2].value, c.faults, 50);
		if (write(w.orders, "x", 1) != 1 || read(w.costs, &c, sizeof c) != sizeof c)
			exit(1);
		live_tick(&l);
	}
	assert_int_equal(live_status(&l, "perf software")->state, STATUS_ON);
	check_hardware(&l);
	live_end(&l);
	worker_end(&w);
}

static void test_new_threads_and_children_are_counted(void **state)
{
	(void)state;
	if (!can_count())
		skip();
	check_counts(false);
}

static void test_standing_threads_are_counted(void **state)
{
	(void)state;
	if (!can_count())
		skip();
	check_counts(true);
}

static void test_counts_stay_when_the_target_ends(void **state)
{
	struct worker w;
	struct live l;
	struct cost c;

	(void)state;
	if (!can_count())
		skip();
	w = worker_start(false);
	live_begin(&l, w.pid, NULL);
	c = worker_work(&w);
	worker_end(&w);
	live_tick(&l);
	live_tick(&l);
	assert_true(live_point(&l, "mem.faults").value >= c.faults - 50);
	assert_int_equal(live_point(&l, "mem.faults").state, POINT_OK);
	live_end(&l);
}

static void *do_nothing(void *arg)
{
	return arg;
}

static _Noreturn void clone_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, do_nothing, NULL) == 0)
			pthread_join(thread, NULL);
		usleep(100);
	}
}

/* Between the events of one group its thread clones; the kernel then refuses or cannot read the half group. */
static void test_a_thread_that_clones_while_it_is_opened(void **state)
{
	(void)state;
	if (!can_count())
		skip();
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();
		struct live l;

		if (pid == 0)
			clone_for_ever();
		usleep(3000);
		live_begin(&l, pid, NULL);
		/* It may wait for a CPU longer than it runs; what was opened by halves is never counted, however long. */
		for (int tick = 0; tick < 1000; tick++) {
			usleep(3000);
			live_tick(&l);
			if (live_point(&l, "cpu.context_switches").value > 5)
				break;
		}
		assert_true(point_has_value(live_point(&l, "cpu.context_switches")));
		assert_true(live_point(&l, "cpu.context_switches").value > 5);
		live_end(&l);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void test_named_events(void **state)
{
	static const char *const events[] = { "minor-faults", "context-switches", "no-such-event", NULL };
	struct worker w;
	struct live l;

	(void)state;
	if (!can_count())
		skip();
	w = worker_start(false);
	live_begin(&l, w.pid, events);
	worker_work(&w);
	live_tick(&l);
	assert_near(live_point(&l, "event.minor_faults").value, live_point(&l, "mem.faults").value, 1);
	assert_near(live_point(&l, "event.context_switches").value, live_point(&l, "cpu.context_switches").value, 1);
	assert_int_equal(live_point(&l, "event.no_such_event").state, POINT_ABSENT);
	assert_int_equal(live_status(&l, "perf events")->state, STATUS_PARTIAL);
	live_end(&l);
	worker_end(&w);
}

/* ---- without rights: what fails in the child is said there, and its status makes the test fail ---- */

#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			printf("# line %d: not true: %s\n", __LINE__, #condition); \
			fflush(stdout); \
			_exit(1); \
		} \
	} while (0)

static void expect_own_child(long paranoid)
{
	struct worker w = worker_start(false);
	struct point switches;
	struct live l;

	live_begin(&l, w.pid, NULL);
	EXPECT(l.state);
	worker_work(&w);
	live_tick(&l);
	switches = live_point(&l, "cpu.context_switches");
	EXPECT(live_point(&l, "cpu.task_clock_seconds").state == POINT_OK);
	EXPECT(live_point(&l, "cpu.task_clock_seconds").value > 0.001);
	EXPECT(live_point(&l, "mem.faults").state == POINT_OK);
	EXPECT(live_point(&l, "mem.faults").value > 800);
	EXPECT(live_point(&l, "cpu.cycles").state != POINT_DENIED);
	if (paranoid >= 2) {
		EXPECT(switches.state == POINT_DENIED);
		EXPECT(strstr(switches.why, "kernel.perf_event_paranoid is"));
		EXPECT(strstr(switches.why, "setcap cap_perfmon"));
		EXPECT(live_status(&l, "perf software")->state == STATUS_PARTIAL);
		EXPECT(strstr(live_status(&l, "perf software")->why, "user part only"));
	} else
		EXPECT(switches.state == POINT_OK && switches.value > 100);
	live_end(&l);
	worker_end(&w);
}

static void expect_other_user(pid_t pid)
{
	struct live l;

	live_begin(&l, pid, NULL);
	EXPECT(l.state);
	live_tick(&l);
	EXPECT(live_point(&l, "cpu.task_clock_seconds").state == POINT_DENIED);
	EXPECT(strstr(live_point(&l, "cpu.task_clock_seconds").why, "belongs to another user"));
	EXPECT(live_status(&l, "perf software")->state == STATUS_DENIED);
	live_end(&l);
}

static _Noreturn void nobody_main(long paranoid)
{
	pid_t parent = getppid();
	struct err why, fix;

	EXPECT(setgid(65534) == 0 && setuid(65534) == 0);
	prctl(PR_SET_DUMPABLE, 1); /* else its own children would be as closed to it as anybody's */
	if (!source_perf.probe(&why, &fix)) {
		EXPECT(paranoid >= 3 && why.code == EACCES && fix.text[0]);
		_exit(0);
	}
	expect_own_child(paranoid);
	expect_other_user(parent);
	_exit(0);
}

static void test_without_rights(void **state)
{
	char text[16] = "";
	int status;
	pid_t pid;

	(void)state;
	if (!can_count())
		skip();
	assert_true(file_read_at(AT_FDCWD, "/proc/sys/kernel/perf_event_paranoid", text, sizeof text) > 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		nobody_main(strtol(text, NULL, 10));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_threads_and_children_are_counted),
		cmocka_unit_test(test_standing_threads_are_counted),
		cmocka_unit_test(test_counts_stay_when_the_target_ends),
		cmocka_unit_test(test_a_thread_that_clones_while_it_is_opened),
		cmocka_unit_test(test_named_events),
		cmocka_unit_test(test_without_rights),
	};

	return cmocka_run_group_tests_name("perf on this kernel", tests, NULL, NULL);
}
