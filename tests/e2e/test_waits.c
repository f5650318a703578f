/*
 * The scheduler's probe on programs that know themselves how often and how long they waited. What tach says is compared
 * with that, with perf stat, and with the clock.
 */
#include "../lib/tick.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NEAR(value, truth, share) assert_true(fabs((double)(value) - (double)(truth)) <= (share) * (double)(truth))

struct run {
	char *ticks[64], *tick, *before; /* all; the last one; one in the middle, in which all threads ran */
	size_t count;
	double waits, blocked, switches;
};

static bool probe_works(void)
{
	if (geteuid() == 0 && access("/sys/kernel/btf/vmlinux", R_OK) == 0)
		return true;
	printf("# skip: probes need root and a kernel with type information\n");
	return false;
}

#define NEEDS_PROBE() \
	do { \
		if (!probe_works()) \
			skip(); \
	} while (0)

/* The program and tach write to one pipe: a line may have a piece of another in front. */
static void take_truth(const char *line, const char *name, double *value)
{
	const char *at = strstr(line, name);

	if (at)
		*value = strtod(at + strlen(name), NULL);
}

/* Runs it under tach to its end. */
static struct run run_waits(const char *const command[])
{
	const char *argv[24] = { child_tach(), "stat", "--json", "-i", "500ms", "--" };
	struct run r = { .waits = (double)NAN, .blocked = (double)NAN, .switches = (double)NAN };
	const char *line;
	struct child *tach;
	size_t n = 6;

	while (*command)
		argv[n++] = *command++;
	tach = child_start(argv);
	while ((line = child_line(tach, 30000))) {
		take_truth(line, "truth waits ", &r.waits);
		take_truth(line, "truth blocked ", &r.blocked);
		take_truth(line, "truth switches ", &r.switches);
		if (!json_valid(line) || !json_find(line, "t"))
			continue;
		if (r.count < sizeof r.ticks / sizeof r.ticks[0])
			r.ticks[r.count++] = strdup(line);
	}
	child_free(tach);
	assert_true(r.count > 1);
	r.tick = r.ticks[r.count - 1];
	r.before = r.ticks[r.count / 2];
	assert_non_null(r.before);
	return r;
}

static struct run run_mode(const char *mode, const char *seconds)
{
	const char *const command[] = { child_waits(), mode, seconds, NULL };

	return run_waits(command);
}

static void run_free(struct run *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->ticks[i]);
}

/* Index of the row of a table whose column has that text; -1: none. */
static int row_with(const char *tick, const char *table, const char *column, const char *text)
{
	char path[128];

	for (int i = 0; i < 10000; i++) {
		snprintf(path, sizeof path, "tables/%s/%d", table, i);
		if (!json_find(tick, path))
			return -1;
		snprintf(path, sizeof path, "tables/%s/%d/%s", table, i, column);
		if (json_string_is(tick, path, text))
			return i;
	}
	return -1;
}

static double cell(const char *tick, const char *table, int row, const char *column)
{
	char path[128];

	snprintf(path, sizeof path, "tables/%s/%d/%s", table, row, column);
	return json_number(tick, path);
}

static bool cell_starts(const char *tick, const char *table, int row, const char *column, const char *text)
{
	char path[128];
	const char *at;

	snprintf(path, sizeof path, "tables/%s/%d/%s", table, row, column);
	at = json_find(tick, path);
	return at && *at == '"' && strncmp(at + 1, text, strlen(text)) == 0;
}

/* ---- locks ---- */

/* The program's own clock also runs while it is awake already and waits for a CPU. */
static void expect_waits(const struct run *r, double share)
{
	double blocked = tick_total(r->tick, "lock.wait_seconds"), queued = tick_total(r->tick, "cpu.runqueue_seconds");

	printf("# waits %.0f of %.0f, blocked %.4f of %.4f s\n", tick_total(r->tick, "lock.waits"), r->waits, blocked,
		r->blocked);
	assert_true(r->waits > 20);
	NEAR(tick_total(r->tick, "lock.waits"), r->waits, share);
	assert_true(blocked < r->blocked * (1 + share));
	assert_true(blocked > (r->blocked - queued) * (1 - share));
}

/* Each of the two that want the lock is told by itself: milliseconds, more on a busy machine. */
static void expect_waits_of_both(const struct run *r)
{
	int seen[2] = { 0, 0 };

	for (int i = 0; cell(r->before, "latency_threads", i, "tid") > 0; i++) {
		double mean = cell(r->before, "latency_threads", i, "seconds") / cell(r->before, "latency_threads", i, "events");

		if (!cell_starts(r->before, "latency_threads", i, "metric", "lat.offcpu_lock_seconds"))
			continue;
		seen[0] += cell_starts(r->before, "latency_threads", i, "thread", "first/");
		seen[1] += cell_starts(r->before, "latency_threads", i, "thread", "second/");
		if (isnan(mean)) /* no wait of it ended in that tick */
			continue;
		assert_true(mean > 0.0005 && mean < 0.2);
		assert_true(cell(r->before, "latency_threads", i, "max") >= mean);
	}
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 1);
}

static void counts_the_waits_of_a_mutex_and_names_its_holder(void **state)
{
	struct run r;
	int row;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("locks", "3");
	expect_waits(&r, 0.02);
	row = row_with(r.before, "locks", "kind", "mutex");
	assert_true(row >= 0);
	assert_true(cell_starts(r.before, "locks", row, "holder", "holder/"));
	NEAR(cell(r.tick, "locks", row_with(r.tick, "locks", "kind", "mutex"), "p50"), r.blocked / r.waits, 0.3);
	assert_true(cell_starts(r.before, "locks", row, "lock", "conn_tbl\""));
	assert_true(cell_starts(r.before, "locks", row, "waits_at", "waits.c:"));
	assert_true(cell_starts(r.before, "locks", row, "held_at", "waits.c:"));
	row = row_with(r.before, "lock_pairs", "owner", "");
	assert_int_equal(row, -1);
	assert_true(cell_starts(r.before, "lock_pairs", 0, "owner", "holder/"));
	expect_waits_of_both(&r);
	run_free(&r);
}

static void counts_the_waits_of_a_mutex_with_priority_inheritance(void **state)
{
	struct run r;
	int row;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("pi", "2");
	expect_waits(&r, 0.03);
	row = row_with(r.before, "locks", "kind", "pi");
	assert_true(row >= 0);
	assert_true(cell_starts(r.before, "locks", row, "holder", "holder/"));
	run_free(&r);
}

/* Its futex words are waited for as those of condition variables are: who called tells. */
static void knows_a_read_write_lock_by_its_callers(void **state)
{
	struct run r;
	int row;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("rwlock", "3");
	row = row_with(r.before, "locks", "kind", "rwlock");
	assert_true(row >= 0);
	assert_true(cell_starts(r.before, "locks", row, "lock", "route_tbl\""));
	assert_true(cell_starts(r.before, "locks", row, "group", "lock"));
	assert_true(cell_starts(r.before, "locks", row, "waits_at", "waits.c:"));
	assert_true(cell_starts(r.before, "locks", row, "holder", "~holder/"));
	assert_true(tick_total(r.tick, "lock.waits") > r.waits / 2); /* until its first stack it was not known */
	run_free(&r);
}

/* Waiting for work is no contention: it is listed apart and not in lock.waits. */
static void keeps_condition_variables_apart(void **state)
{
	struct run r;
	int row;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("work", "2");
	row = row_with(r.before, "locks", "group", "work");
	assert_true(row >= 0);
	assert_true(cell(r.before, "locks", row, "waits") > 10); /* a second, and in turns on two words */
	assert_true(tick_total(r.tick, "lock.waits") < 5);
	assert_true(tick_total(r.tick, "thr.idle_seconds") > 1);
	run_free(&r);
}

static void follows_a_chain_of_waiters(void **state)
{
	struct run r;
	int row;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("chain", "2");
	assert_true(cell_starts(r.before, "lock_chains", 0, "chain", "third/"));
	assert_non_null(strstr(json_find(r.before, "tables/lock_chains/0/chain"), " > second/"));
	assert_non_null(strstr(json_find(r.before, "tables/lock_chains/0/chain"), " > first/"));
	assert_true(cell_starts(r.before, "lock_chains", 0, "end", "first/"));
	assert_null(json_find(r.before, "tables/lock_chains/1")); /* nobody is shown twice */
	row = row_with(r.before, "threads", "name", "second");
	NEAR(cell(r.before, "threads", row, "lock_seconds"), 1, 0.05);
	run_free(&r);
}

static void shows_a_deadlock_once(void **state)
{
	struct run r;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("deadlock", "2");
	assert_non_null(strstr(json_find(r.before, "tables/lock_chains/0/chain"), "first/"));
	assert_non_null(strstr(json_find(r.before, "tables/lock_chains/0/chain"), "second/"));
	assert_true(cell_starts(r.before, "lock_chains", 0, "end", "a circle"));
	assert_null(json_find(r.before, "tables/lock_chains/1"));
	run_free(&r);
}

/* ---- time ---- */

/* Of the time that a thread was off the CPU and not ready to run. */
static double share_of(const struct run *r, const char *thread, const char *column)
{
	int row = row_with(r->before, "threads", "name", thread);

	assert_true(row >= 0);
	return cell(r->before, "threads", row, column) / (1 - cell(r->before, "threads", row, "run_seconds") -
		cell(r->before, "threads", row, "runqueue_seconds"));
}

static void splits_the_time_of_each_thread_and_loses_none(void **state)
{
	static const char *const parts[] = { "user_seconds", "system_seconds", "runqueue_seconds", "lock_seconds",
		"disk_seconds", "net_seconds", "sleep_seconds", "idle_seconds", "other_seconds" };
	struct run r;
	double wall[2] = { 2, 0 };
	int rows = 0, row;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("split", "3");
	for (; cell(r.before, "threads", rows, "tid") > 0; rows++) {
		double sum = 0;

		for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
			sum += cell(r.before, "threads", rows, parts[i]);
		wall[0] = fmin(wall[0], sum);
		wall[1] = fmax(wall[1], sum);
	}
	assert_int_equal(rows, 8);
	printf("# the parts of a thread's second add up to %.4f to %.4f\n", wall[0], wall[1]);
	assert_true(wall[1] - wall[0] < 0.005);            /* all of them to the same */
	assert_true(wall[0] > 0.94 && wall[1] < 1.06);     /* a tick is not dated to the millisecond on a busy machine */
	row = row_with(r.before, "threads", "name", "burner");
	assert_true(cell(r.before, "threads", row, "run_seconds") + cell(r.before, "threads", row, "runqueue_seconds") > 0.9);
	assert_true(share_of(&r, "sleeper", "sleep_seconds") > 0.9);
	assert_true(share_of(&r, "piper", "other_seconds") > 0.9);
	assert_true(share_of(&r, "socketer", "net_seconds") > 0.9);
	assert_true(share_of(&r, "first", "lock_seconds") > 0.02);
	run_free(&r);
}

/* Those before the program ran, and its very last, are not in the program's own count. */
static void counts_every_context_switch(void **state)
{
	struct run r;

	(void)state;
	NEEDS_PROBE();
	r = run_mode("split", "2");
	printf("# switches %.0f of %.0f\n", tick_total(r.tick, "cpu.switches_exact"), r.switches);
	NEAR(tick_total(r.tick, "cpu.switches_exact"), r.switches, 0.02);
	run_free(&r);
}

/* ---- who belongs ---- */

static void keeps_its_target_when_a_thread_execs(void **state)
{
	const char *const command[] = { child_waits(), "exec", "locks", "2", NULL };
	struct run r;
	int row;

	(void)state;
	NEEDS_PROBE();
	r = run_waits(command);
	expect_waits(&r, 0.03);
	row = row_with(r.before, "threads", "name", "exe"); /* the thread that has become the first: what it waits for is known */
	assert_true(row >= 0);
	assert_int_equal(cell(r.before, "threads", row, "tid"), cell(r.before, "threads", row, "pid"));
	NEAR(cell(r.before, "threads", row, "sleep_seconds"), 1, 0.05);
	run_free(&r);
}

/* Owners are written in locks as tids of the program's own pid namespace. */
static void knows_the_holder_in_another_pid_namespace(void **state)
{
	const char *const command[] = { "unshare", "-pmnf", "--mount-proc", child_waits(), "locks", "2", NULL };
	struct run r;
	int row;

	(void)state;
	NEEDS_PROBE();
	r = run_waits(command);
	expect_waits(&r, 0.03);
	row = row_with(r.before, "locks", "kind", "mutex");
	assert_true(row >= 0);
	assert_true(cell_starts(r.before, "locks", row, "holder", "holder/"));
	run_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_the_waits_of_a_mutex_and_names_its_holder),
		cmocka_unit_test(counts_the_waits_of_a_mutex_with_priority_inheritance),
		cmocka_unit_test(knows_a_read_write_lock_by_its_callers),
		cmocka_unit_test(keeps_condition_variables_apart),
		cmocka_unit_test(follows_a_chain_of_waiters),
		cmocka_unit_test(shows_a_deadlock_once),
		cmocka_unit_test(splits_the_time_of_each_thread_and_loses_none),
		cmocka_unit_test(counts_every_context_switch),
		cmocka_unit_test(keeps_its_target_when_a_thread_execs),
		cmocka_unit_test(knows_the_holder_in_another_pid_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
