/* What the engine makes of the kernel's numbers: scaling, turns, kinds of cores, answers that cannot be. */
#include "watch.h"

static void test_turns_are_scaled_by_what_was_added(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "multiplexed");
	watch_want(&w, "cpu.cycles");
	watch_want(&w, "cpu.instructions");
	watch_want(&w, "cache.misses");
	watch_want(&w, "cache.references");
	watch_want(&w, "cache.instructions");
	watch_open_100(&w);

	watch_tick(&w); /* thread 100: 1.5 M and 3 M in half of the time; thread 101: 1 M and 0.5 M in all of it */
	assert_point(&w, "cpu.cycles", POINT_SCALED, 4000000, 0.75);
	assert_point(&w, "cpu.instructions", POINT_SCALED, 6500000, 0.75);
	assert_point(&w, "cache.misses", POINT_SCALED, 40, 0.25);
	assert_point(&w, "cache.references", POINT_SCALED, 400, 0.25);
	assert_point(&w, "cache.instructions", POINT_SCALED, 4000, 0.25);

	watch_tick(&w); /* what was scaled before stays as it is */
	assert_point(&w, "cpu.cycles", POINT_OK, 8000000, 1);
	assert_point(&w, "cpu.instructions", POINT_OK, 8500000, 1);
	assert_point(&w, "cache.misses", POINT_OK, 60, 1);

	watch_tick(&w); /* one thread of two uncounted: a lower bound */
	assert_point(&w, "cpu.cycles", POINT_PARTIAL, 9000000, 0.5);
	assert_point(&w, "cpu.instructions", POINT_PARTIAL, 9000000, 0.5);
	assert_point(&w, "cache.misses", POINT_OK, 60, 1); /* nobody ran: nothing happened, and that is known */

	watch_tick(&w); /* both uncounted */
	assert_missing(&w, "cpu.cycles", POINT_GAP, "");
	assert_missing(&w, "cpu.instructions", POINT_GAP, "");

	watch_tick(&w); /* 1 M and 1 M; 1 M and 0.5 M from 99.8 % of the time */
	assert_point(&w, "cpu.cycles", POINT_OK, 9000000 + 1000000 + 1000000 / 0.998, 1);
	assert_point(&w, "cpu.instructions", POINT_OK, 9000000 + 1000000 + 500000 / 0.998, 1);
	assert_status(&w, "perf hardware", STATUS_ON, "the kernel's generic events", "");
	assert_status(&w, "perf software", STATUS_OFF, "nothing shown needs it", "");
	assert_null(watch_status(&w, "perf events"));
	watch_end(&w);
}

#define NEVER "the counter never ran (the NMI watchdog or another program holds what it needs)"

static void test_a_counter_that_never_ran_is_absent_after_three_ticks(void **state)
{
	static const char why[] = NEVER "; try sysctl kernel.nmi_watchdog=0";
	struct watch w;

	(void)state;
	watch_begin(&w, "never-ran");
	watch_want(&w, "cpu.cycles");
	watch_open_100(&w);
	for (int tick = 1; tick <= 3; tick++) { /* waits, sleeps, waits */
		watch_tick(&w);
		assert_missing(&w, "cpu.cycles", POINT_GAP, "");
	}
	watch_tick(&w);
	assert_missing(&w, "cpu.cycles", POINT_ABSENT, why);
	assert_status(&w, "perf hardware", STATUS_ABSENT, NEVER, "sysctl kernel.nmi_watchdog=0");
	watch_tick(&w); /* sleeps: still absent */
	assert_missing(&w, "cpu.cycles", POINT_ABSENT, why);
	watch_tick(&w);
	assert_point(&w, "cpu.cycles", POINT_OK, 2000, 1);
	assert_status(&w, "perf hardware", STATUS_ON, "the kernel's generic events", "");
	watch_end(&w);
}

static void test_kinds_of_cores_are_summed_and_not_taken_for_turns(void **state)
{
	static const char *const events[] = { "r1a8", NULL };
	struct watch w;

	(void)state;
	watch_begin(&w, "hybrid");
	watch_want(&w, "cpu.cycles");
	watch_want(&w, "cpu.instructions");
	watch_want(&w, "cache.dtlb_loads");
	w.options.events = events;
	watch_open_100(&w);

	watch_tick(&w); /* 0.6 ms there and 0.4 ms here are all of 1 ms */
	assert_point(&w, "cpu.cycles", POINT_OK, 1800000 + 400000, 1);
	assert_point(&w, "cpu.instructions", POINT_OK, 3600000 + 400000, 1);
	assert_missing(&w, "cache.dtlb_loads", POINT_ABSENT, "the cores of cpu_atom do not count cache.dtlb_loads");
	assert_point(&w, "event.r1a8", POINT_PARTIAL, 77, 0.6);
	assert_status(&w, "perf hardware", STATUS_PARTIAL,
		"1 of 3 not counted: the cores of cpu_atom do not count cache.dtlb_loads; hybrid CPU: cpu_atom and cpu_core "
		"are summed, so a ratio mixes unlike cores; the kernel's generic events", "");

	watch_tick(&w); /* 1.4 M and 2.4 M in four fifths of the time */
	assert_point(&w, "cpu.cycles", POINT_SCALED, 2200000 + 1750000, 0.8);
	assert_point(&w, "cpu.instructions", POINT_SCALED, 4000000 + 3000000, 0.8);
	watch_end(&w);
}

static void test_answers_that_cannot_be(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "backwards");
	watch_want(&w, "cpu.task_clock_seconds");
	watch_open_100(&w);
	watch_tick(&w);
	assert_point(&w, "cpu.task_clock_seconds", POINT_OK, 0.002, 1);
	watch_tick(&w); /* 100 fell: its step is dropped, a lower bound is left */
	assert_point(&w, "cpu.task_clock_seconds", POINT_PARTIAL, 0.003, 1);
	watch_tick(&w); /* 100 goes on from where it fell to */
	assert_point(&w, "cpu.task_clock_seconds", POINT_OK, 0.005, 1);
	watch_tick(&w); /* half an answer of 100 */
	assert_point(&w, "cpu.task_clock_seconds", POINT_PARTIAL, 0.006, 1);
	watch_tick(&w); /* no answer at all */
	assert_missing(&w, "cpu.task_clock_seconds", POINT_GAP, "");
	watch_tick(&w); /* 3 ms of 100, 2 ms of 101 came meanwhile */
	assert_point(&w, "cpu.task_clock_seconds", POINT_OK, 0.011, 1);
	watch_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns_are_scaled_by_what_was_added),
		cmocka_unit_test(test_a_counter_that_never_ran_is_absent_after_three_ticks),
		cmocka_unit_test(test_kinds_of_cores_are_summed_and_not_taken_for_turns),
		cmocka_unit_test(test_answers_that_cannot_be),
	};

	return cmocka_run_group_tests_name("perf scaling", tests, NULL, NULL);
}
