/* A target that switches as fast as it can, under limits of which it passes the one or the other. */
#include "../../lib/near.h"
#include "../../lib/probe.h"

#include "source/source.h"

#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Throws a byte to and fro with a child on the same CPU, for n milliseconds. */
static void act(int what, long n)
{
	double end = now() + (double)n / 1000;
	int there[2], back[2];
	cpu_set_t one;
	char byte = 0;
	pid_t child;

	(void)what;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof one, &one);
	if (pipe(there) || pipe(back))
		return;
	child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	while (now() < end && write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
		;
	close(there[1]);
	waitpid(child, NULL, 0);
	close(there[0]);
	close(back[0]);
	close(back[1]);
}

static const char *const wants[] = { "lat.runqueue_seconds", "lat.offcpu_seconds", "thr.other_seconds", "cpu.switches_exact",
	"tach.target_cost_ratio", "tach.bystander_cost_seconds", NULL };

static void need_probe(void)
{
	if (!probe_refused())
		return;
	printf("# skip: %s\n", probe_refused());
	skip();
}

struct watch {
	struct puppet puppet;
	struct probe *probe;
};

/* The puppet plays for that long. */
static struct watch watch(bool force, double max_cost, long ms)
{
	struct source_env env = { .force = force, .max_cost = max_cost };
	struct watch w = { .puppet = puppet_start(act) };

	w.probe = probe_open_env(w.puppet.pid, wants, &env);
	puppet_order(&w.puppet, 0, ms);
	return w;
}

static void unwatch(struct watch *w)
{
	puppet_await(&w->puppet);
	probe_close(w->probe);
	puppet_end(&w->puppet);
}

static void look_for(struct watch *w, double seconds)
{
	for (double end = now() + seconds; now() < end;) {
		usleep(250000);
		probe_read(w->probe);
	}
}

/* What it costs in full: 260 ns a switch, of 1.5 to 5 us that the target needs for one on machines of all kinds. */
static double full_cost(void)
{
	struct watch w = watch(true, 0, 2500);
	double cost;

	look_for(&w, 2.2);
	cost = probe_value(w.probe, "tach.target_cost_ratio");
	assert_int_equal(probe_status(w.probe, "sched")->state, STATUS_ON);
	assert_int_equal(probe_status(w.probe, STATUS_PROBE_COST)->state, STATUS_ON);
	assert_true(probe_value(w.probe, "tach.bystander_cost_seconds") < 1);
	unwatch(&w);
	assert_true(cost > 0.02 && cost < 0.5);
	return cost;
}

static void samples_beyond_the_limit(void **state)
{
	double cost, switches, waits;
	struct watch w;

	(void)state;
	need_probe();
	cost = full_cost();
	w = watch(false, cost * 0.7, 4200);
	look_for(&w, 2.4);
	assert_int_equal(probe_status(w.probe, "sched")->state, STATUS_PARTIAL);
	assert_non_null(strstr(probe_status(w.probe, "sched")->why, "one event in 16"));
	assert_int_equal(probe_status(w.probe, STATUS_PROBE_COST)->state, STATUS_PARTIAL);
	assert_non_null(strstr(probe_status(w.probe, STATUS_PROBE_COST)->why, "sched sampled"));
	assert_int_equal(probe_state(w.probe, "lat.runqueue_seconds", NULL), POINT_SCALED);
	assert_int_equal(probe_state(w.probe, "cpu.switches_exact", NULL), POINT_OK);
	assert_true(probe_value(w.probe, "tach.target_cost_ratio") < cost);
	/* Each stands for sixteen: as many waits for a CPU as switches. */
	switches = probe_value(w.probe, "cpu.switches_exact");
	waits = (double)hist_count(probe_hist(w.probe, "lat.runqueue_seconds"));
	look_for(&w, 1.5);
	switches = probe_value(w.probe, "cpu.switches_exact") - switches;
	waits = (double)hist_count(probe_hist(w.probe, "lat.runqueue_seconds")) - waits;
	assert_true(switches > 20000);
	assert_near(waits / switches, 1, 0.1);
	unwatch(&w);
}

static void leaves_out_what_is_much_too_dear(void **state)
{
	const char *why;
	struct watch w;

	(void)state;
	need_probe();
	w = watch(false, 0.002, 6800);
	look_for(&w, 1.8);
	assert_int_equal(probe_status(w.probe, "sched")->state, STATUS_PARTIAL); /* first what is milder */
	look_for(&w, 4.4);
	assert_int_equal(probe_status(w.probe, "sched")->state, STATUS_OFF);
	assert_int_equal(probe_state(w.probe, "lat.offcpu_seconds", &why), POINT_ABSENT);
	assert_non_null(strstr(why, "--max-cost"));
	assert_non_null(strstr(probe_status(w.probe, STATUS_PROBE_COST)->why, "sched off"));
	assert_near(probe_value(w.probe, "tach.target_cost_ratio"), 0, 0.002);
	look_for(&w, 0.5);
	assert_int_equal(probe_status(w.probe, "sched")->state, STATUS_OFF);
	unwatch(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_beyond_the_limit),
		cmocka_unit_test(leaves_out_what_is_much_too_dear),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
