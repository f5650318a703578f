/* Who is opened, who inherits, and what happens when there are too many. */
#include "watch.h"

#define CLOCK "cpu.task_clock_seconds"

static void test_threads_that_come_and_go_while_attaching(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "churn");
	watch_want(&w, CLOCK);
	watch_open_100(&w);
	assert_int_equal(replay_opened(w.replay, 100), 1);
	assert_int_equal(replay_opened(w.replay, 101), 0);
	assert_int_equal(replay_opened(w.replay, 102), 1);
	assert_int_equal(replay_opened(w.replay, 103), 1);
	assert_int_equal(replay_open_now(w.replay), 3);
	watch_tick(&w);
	assert_point(&w, CLOCK, POINT_OK, 0.005, 1);
	assert_status(&w, "perf software", STATUS_ON, "2 threads born while tach attached may be counted twice", "");
	watch_end(&w);
}

static void test_a_thread_that_forks_while_its_group_is_half_open(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "forking");
	watch_want(&w, CLOCK);
	watch_want(&w, "cpu.context_switches");
	watch_open_100(&w);
	assert_int_equal(replay_opened(w.replay, 100), 1 + 1 + 2 + 2);
	assert_int_equal(replay_open_now(w.replay), 2);
	watch_tick(&w);
	assert_point(&w, CLOCK, POINT_OK, 0.003, 1);
	assert_point(&w, "cpu.context_switches", POINT_OK, 7, 1);
	watch_end(&w);

	watch_begin(&w, "forking-ever");
	watch_want(&w, CLOCK);
	watch_open_100(&w);
	assert_int_equal(replay_open_now(w.replay), 0);
	watch_tick(&w);
	assert_missing(&w, CLOCK, POINT_ABSENT, "the thread forks too fast to be opened");
	watch_end(&w);
}

static void test_no_descriptor_left(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "files");
	watch_want(&w, CLOCK);
	watch_want(&w, "cpu.context_switches");
	watch_want(&w, "cpu.migrations");
	watch_want(&w, "mem.faults");
	watch_open_100(&w);
	assert_int_equal(replay_open_now(w.replay), 16);
	watch_tick(&w);
	assert_point(&w, CLOCK, POINT_PARTIAL, 0.004, 1);
	assert_point(&w, "cpu.context_switches", POINT_PARTIAL, 20, 1);
	assert_point(&w, "mem.faults", POINT_PARTIAL, 4, 1);
	assert_status(&w, "perf software", STATUS_PARTIAL, "attached to 4 of 6 threads: raise ulimit -n",
		"ulimit -n 65536");
	watch_end(&w);
}

static void test_a_reserve_of_descriptors_is_kept(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "reserve"); /* 32 in all: descriptors 10 to 15 are ours, 16 is not */
	watch_want(&w, CLOCK);
	watch_open_100(&w);
	assert_int_equal(replay_open_now(w.replay), 6);
	watch_tick(&w);
	assert_status(&w, "perf software", STATUS_PARTIAL, "attached to 6 of 8 threads: raise ulimit -n",
		"ulimit -n 65536");
	watch_end(&w);
}

/* Which groups are left when `threads` threads are to be opened. */
static void check_groups(const char *recording, size_t threads, const bool kept[PERF_GROUPS])
{
	struct process p = process_of(100, 1, 10);
	struct watch w;

	watch_begin(&w, recording);
	for (size_t i = 0; i < PERF_ROWS; i++)
		w.wanted[i] = true;
	watch_open(&w);
	p.nthreads = threads;
	perf_follow(w.perf, &p, 1);
	for (size_t i = 0; i < PERF_GROUPS; i++)
		if ((w.perf->groups[i].nunits > 0) != kept[i])
			fail_msg("with %zu threads group %zu has %zu units", threads, i, w.perf->groups[i].nunits);
	watch_end(&w);
}

static void test_groups_are_left_out_in_order(void **state)
{
	(void)state;
	check_groups("many", 292, (const bool[]){ true, true, true, true, true, true, true }); /* 7 x 292 = 2044 reads */
	check_groups("many", 293, (const bool[]){ true, true, true, true, true, true, false }); /* 7 x 293 = 2051 */
	check_groups("many", 600, (const bool[]){ true, true, true, false, false, false, false });
	check_groups("many", 1024, (const bool[]){ true, true, false, false, false, false, false });
	check_groups("many", 5000, (const bool[]){ true, false, false, false, false, false, false });
	/* 1744 descriptors, half of them ours: 23 for all groups of a thread, 20 without the last one */
	check_groups("few-files", 37, (const bool[]){ true, true, true, true, true, true, true }); /* 851 */
	check_groups("few-files", 38, (const bool[]){ true, true, true, true, true, true, false }); /* 874, then 760 */
	check_groups("few-files", 200, (const bool[]){ true, false, false, false, false, false, false });
}

static void test_what_is_left_out_is_said(void **state)
{
	struct process p = process_of(100, 1, 10);
	struct watch w;

	(void)state;
	watch_begin(&w, "many");
	watch_want(&w, CLOCK);
	watch_want(&w, "cpu.cycles");
	watch_open(&w);
	p.nthreads = 5000;
	perf_follow(w.perf, &p, 1);
	watch_tick(&w);
	assert_missing(&w, "cpu.cycles", POINT_ABSENT,
		"left out: 5000 threads are too many for every group of counters");
	assert_int_equal(watch_status(&w, "perf hardware")->state, STATUS_ABSENT);
	watch_end(&w);
}

/* A target of so many threads, and somebody who would take its counters. */
static void watch_many(struct watch *w, const char *recording, struct handover *h, size_t threads)
{
	struct process p = process_of(100, 1, 10);

	*h = (struct handover){ .taker = true };
	watch_begin(w, recording);
	for (size_t i = 0; i < PERF_ROWS; i++)
		w->wanted[i] = true;
	w->options.handover = h;
	watch_open(w);
	p.nthreads = threads;
	perf_follow(w->perf, &p, 1);
}

static void test_groups_of_many_threads_are_offered(void **state)
{
	struct handover h;
	struct watch w;

	(void)state;
	watch_many(&w, "many", &h, 256);
	assert_int_equal(h.state, HANDOVER_NONE);
	assert_int_equal(replay_open_now(w.replay), 2 * 23);
	watch_end(&w);

	watch_many(&w, "few-files", &h, 38); /* more than fit the descriptors */
	assert_int_equal(h.state, HANDOVER_ASKED);
	watch_end(&w);

	watch_many(&w, "many", &h, 257);
	assert_int_equal(h.state, HANDOVER_ASKED);
	assert_int_equal(h.threads, 257);
	assert_int_equal(h.nevents, 23);
	assert_int_equal(h.events[0].group, h.events[3].group);
	assert_int_not_equal(h.events[3].group, h.events[4].group);
	assert_int_equal(replay_open_now(w.replay), 0);
	assert_false(perf_settle(w.perf)); /* no answer yet */
	watch_tick(&w);
	assert_missing(&w, "cpu.cycles", POINT_GAP, "");
	h.state = HANDOVER_READY;
	assert_true(perf_settle(w.perf));
	assert_int_equal(h.state, HANDOVER_DONE);
	assert_false(perf_settle(w.perf));
	perf_follow(w.perf, &(struct process){ .pid = 100, .parent = 1, .start = 10, .dir = 100, .pidfd = -1,
		.nthreads = 300 }, 1);
	assert_int_equal(replay_open_now(w.replay), 0);
	watch_tick(&w);
	assert_missing(&w, "cpu.cycles", POINT_GAP, "");
	assert_status(&w, "perf software", STATUS_ON, "257 threads: counted once a CPU while they run there, by probes", "");
	watch_end(&w);
}

static void test_refused_groups_are_opened_after_all(void **state)
{
	struct process p = process_of(100, 1, 10);
	struct handover h;
	struct watch w;

	(void)state;
	p.nthreads = 1024;
	for (int taker = 0; taker < 2; taker++) {
		watch_many(&w, "many", &h, 1024);
		assert_int_equal(h.state, HANDOVER_ASKED);
		h.taker = taker;
		if (taker)
			h.state = HANDOVER_REFUSED;
		assert_true(perf_settle(w.perf));
		assert_int_equal(h.state, HANDOVER_REFUSED);
		perf_follow(w.perf, &p, 1);
		assert_int_equal(replay_open_now(w.replay), 2 * (4 + 4)); /* the first two groups of each of two threads */
		assert_false(perf_settle(w.perf));
		watch_end(&w);
	}
}

/* What was counted one by one until then goes along. */
static void test_totals_go_along(void **state)
{
	struct handover h = { .taker = true };
	struct process p = process_of(100, 1, 10);
	struct watch w;

	(void)state;
	watch_begin(&w, "members");
	watch_want(&w, CLOCK);
	w.options.handover = &h;
	watch_open(&w);
	perf_follow(w.perf, &p, 1);
	watch_tick(&w);
	assert_point(&w, CLOCK, POINT_OK, 0.001, 1);
	p.nthreads = 257;
	perf_follow(w.perf, &p, 1);
	assert_int_equal(h.state, HANDOVER_ASKED);
	assert_int_equal(replay_open_now(w.replay), 1); /* goes on until somebody else counts */
	h.state = HANDOVER_READY;
	assert_false(perf_settle(w.perf)); /* nothing to be followed anew */
	assert_int_equal(replay_open_now(w.replay), 0);
	assert_true(fabs(h.events[0].before - 2e6) < 1); /* 2 ms at the last look */
	assert_true(fabs(h.events[0].unit - 1e-9) < 1e-12);
	watch_end(&w);
}

static void test_a_hybrid_cpu_is_counted_here(void **state)
{
	struct handover h = { .taker = true };
	struct process p = process_of(100, 1, 10);
	struct watch w;

	(void)state;
	watch_begin(&w, "hybrid");
	watch_want(&w, CLOCK);
	watch_want(&w, "cpu.cycles");
	watch_want(&w, "cpu.instructions");
	w.options.handover = &h;
	watch_open(&w);
	p.nthreads = 257;
	perf_follow(w.perf, &p, 1);
	assert_int_equal(h.state, HANDOVER_ASKED);
	assert_int_equal(h.nevents, 1); /* the clock */
	h.state = HANDOVER_READY;
	assert_true(perf_settle(w.perf));
	perf_follow(w.perf, &p, 1);
	assert_int_equal(replay_open_now(w.replay), 4); /* two events on two kinds of cores */
	watch_end(&w);
}

static void test_children_inherit_and_joiners_are_opened(void **state)
{
	struct process list[] = {
		process_of(100, 1, 10),
		process_of(140, 150, 1006), /* child of the next */
		process_of(150, 100, 1005), /* born after 100 was opened at 1000 */
		process_of(200, 1, 500),    /* joined from outside */
		process_of(300, 200, 501),  /* its child from before it was opened */
	};
	struct watch w;

	(void)state;
	watch_begin(&w, "members");
	watch_want(&w, CLOCK);
	w.options.cgroup = true;
	watch_open(&w);
	perf_follow(w.perf, list, 1);
	assert_int_equal(replay_open_now(w.replay), 1);
	watch_tick(&w);
	assert_point(&w, CLOCK, POINT_OK, 0.001, 1);

	replay_set_uptime(w.replay, 1100);
	perf_follow(w.perf, list, 5);
	assert_int_equal(replay_opened(w.replay, 150), 0);
	assert_int_equal(replay_opened(w.replay, 140), 0);
	assert_int_equal(replay_opened(w.replay, 200), 1);
	assert_int_equal(replay_opened(w.replay, 300), 1);
	watch_tick(&w); /* 2 ms, 0, 0.5 ms */
	assert_point(&w, CLOCK, POINT_OK, 0.0025, 1);

	perf_follow(w.perf, list, 5); /* the same list: nobody is opened again */
	assert_int_equal(replay_open_now(w.replay), 3);

	list[0].gone = true;
	perf_follow(w.perf, list, 5);
	perf_follow(w.perf, list + 1, 3); /* 100 has left: 140 and 150 count by its descriptor. 300 has left */
	assert_int_equal(replay_open_now(w.replay), 2);
	watch_tick(&w); /* 3 ms, 0, and the last 0.2 ms of 300 */
	assert_point(&w, CLOCK, POINT_OK, 0.0037, 1);

	perf_follow(w.perf, list + 3, 1); /* the family of 100 has left */
	assert_int_equal(replay_open_now(w.replay), 1);
	watch_tick(&w); /* its last look was 4 ms */
	assert_point(&w, CLOCK, POINT_OK, 0.0047, 1);

	perf_follow(w.perf, NULL, 0); /* empty: the total stays */
	assert_int_equal(replay_open_now(w.replay), 0);
	watch_tick(&w);
	assert_point(&w, CLOCK, POINT_OK, 0.0047, 1);
	watch_end(&w);
}

static void test_a_reused_pid_is_another_process(void **state)
{
	struct process before = process_of(200, 1, 500), after = process_of(200, 1, 2000);
	struct watch w;

	(void)state;
	watch_begin(&w, "members");
	watch_want(&w, CLOCK);
	w.options.cgroup = true;
	watch_open(&w);
	perf_follow(w.perf, &before, 1);
	perf_follow(w.perf, &after, 1);
	assert_int_equal(replay_opened(w.replay, 200), 2);
	watch_end(&w);
}

static void test_outside_a_cgroup_descriptors_stay(void **state)
{
	struct process list[] = { process_of(100, 1, 10), process_of(200, 1, 500) };
	struct watch w;

	(void)state;
	watch_begin(&w, "members");
	watch_want(&w, CLOCK);
	watch_open(&w);
	perf_follow(w.perf, list, 2);
	perf_follow(w.perf, list, 1);
	assert_int_equal(replay_open_now(w.replay), 2);
	watch_end(&w);
}

static void test_a_child_forked_before_its_parent_was_opened(void **state)
{
	struct process list[] = { process_of(100, 1, 10), process_of(200, 100, 999), process_of(300, 100, 1000) };
	struct watch w;

	(void)state;
	watch_begin(&w, "members");
	watch_want(&w, CLOCK);
	watch_open(&w);
	perf_follow(w.perf, list, 1); /* opened in clock tick 1000 */
	perf_follow(w.perf, list, 3);
	assert_int_equal(replay_opened(w.replay, 200), 1);
	assert_int_equal(replay_opened(w.replay, 300), 0);
	watch_end(&w);
}

static void check_inheritance(const char *recording, bool children, bool cgroup, bool threads_only, const char *note)
{
	struct watch w;

	watch_begin(&w, recording);
	watch_want(&w, CLOCK);
	w.options.children = children;
	w.options.cgroup = cgroup;
	watch_open_100(&w);
	assert_int_equal(replay_last(w.replay, 100)->inherit, 1);
	assert_int_equal(replay_last(w.replay, 100)->inherit_thread, threads_only);
	watch_tick(&w);
	assert_status(&w, "perf software", STATUS_ON, note, "");
	watch_end(&w);
}

static void test_children_are_left_out_where_the_kernel_can(void **state)
{
	(void)state;
	check_inheritance("many", true, false, false, "");
	check_inheritance("many", false, false, true, "");
	check_inheritance("many", false, true, false, ""); /* a cgroup counts all its members */
	check_inheritance("old-kernel", false, false, false,
		"children are counted too (threads alone need Linux 5.13)");
}

static void test_only_wanted_groups_are_opened(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "multiplexed");
	watch_want(&w, "cache.misses");
	watch_want(&w, "cache.references");
	watch_want(&w, "cache.instructions");
	watch_open_100(&w);
	assert_int_equal(replay_opened(w.replay, 100), 3);
	watch_end(&w);

	watch_begin(&w, "multiplexed");
	watch_open_100(&w);
	assert_int_equal(replay_opened(w.replay, 100), 0);
	watch_tick(&w);
	assert_status(&w, "perf hardware", STATUS_OFF, "nothing shown needs it", "");
	watch_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_that_come_and_go_while_attaching),
		cmocka_unit_test(test_a_thread_that_forks_while_its_group_is_half_open),
		cmocka_unit_test(test_no_descriptor_left),
		cmocka_unit_test(test_a_reserve_of_descriptors_is_kept),
		cmocka_unit_test(test_groups_are_left_out_in_order),
		cmocka_unit_test(test_what_is_left_out_is_said),
		cmocka_unit_test(test_groups_of_many_threads_are_offered),
		cmocka_unit_test(test_refused_groups_are_opened_after_all),
		cmocka_unit_test(test_totals_go_along),
		cmocka_unit_test(test_a_hybrid_cpu_is_counted_here),
		cmocka_unit_test(test_children_inherit_and_joiners_are_opened),
		cmocka_unit_test(test_a_reused_pid_is_another_process),
		cmocka_unit_test(test_outside_a_cgroup_descriptors_stay),
		cmocka_unit_test(test_a_child_forked_before_its_parent_was_opened),
		cmocka_unit_test(test_children_are_left_out_where_the_kernel_can),
		cmocka_unit_test(test_only_wanted_groups_are_opened),
	};

	return cmocka_run_group_tests_name("perf following", tests, NULL, NULL);
}
