/* What the engine says when the kernel refuses: machines without a PMU, missing rights, events that a CPU has not. */
#include "watch.h"

#include <errno.h>

#define PARANOID_FIX "sysctl kernel.perf_event_paranoid=1 or setcap cap_perfmon+ep $(command -v tach)"

static void test_a_virtual_machine_without_pmu_counts_software(void **state)
{
	static const char why[] = "no PMU: this kernel sees none (virtual machine)";
	static const char *const events[] = { "r1a8", "faults", NULL };
	struct watch w;

	(void)state;
	watch_begin(&w, "no-pmu-vm");
	for (size_t i = 0; i < PERF_ROWS; i++)
		w.wanted[i] = true;
	w.options.events = events;
	watch_open_100(&w);
	watch_tick(&w);
	assert_point(&w, "cpu.task_clock_seconds", POINT_OK, 1.5, 1);
	assert_point(&w, "cpu.context_switches", POINT_OK, 7, 1);
	assert_point(&w, "cpu.migrations", POINT_OK, 1, 1);
	assert_point(&w, "mem.faults", POINT_OK, 42, 1);
	for (size_t i = 0; i < PERF_ROWS; i++)
		if (perf_rows[i].group != PERF_GROUP_SOFTWARE)
			assert_missing(&w, perf_metrics[i].name, POINT_ABSENT, why);
	assert_missing(&w, "event.r1a8", POINT_ABSENT, why);
	assert_point(&w, "event.faults", POINT_OK, 0, 1);
	assert_status(&w, "perf software", STATUS_ON, "", "");
	assert_status(&w, "perf hardware", STATUS_ABSENT, why, "");
	assert_int_equal(watch_status(&w, "perf events")->state, STATUS_PARTIAL);
	watch_end(&w);
}

static void test_a_machine_without_driver_is_not_called_virtual(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "no-pmu-metal");
	watch_want(&w, "cache.misses");
	watch_open_100(&w);
	watch_tick(&w);
	assert_missing(&w, "cache.misses", POINT_ABSENT, "no PMU driver: this kernel sees no hardware counters");
	watch_end(&w);
}

static void check_user_part_only(const char *recording, const char *switches)
{
	struct watch w;

	watch_begin(&w, recording);
	watch_want(&w, "cpu.cycles");
	watch_want(&w, "cpu.instructions");
	watch_want(&w, "cpu.task_clock_seconds");
	watch_want(&w, "cpu.context_switches");
	watch_want(&w, "cpu.migrations");
	watch_want(&w, "mem.faults");
	watch_open_100(&w);
	watch_tick(&w);
	assert_point(&w, "cpu.cycles", POINT_OK, 2000000, 1);
	assert_point(&w, "cpu.instructions", POINT_OK, 3000000, 1);
	assert_point(&w, "cpu.task_clock_seconds", POINT_OK, 0.005, 1);
	assert_point(&w, "mem.faults", POINT_OK, 9, 1);
	assert_missing(&w, "cpu.context_switches", POINT_DENIED, switches);
	assert_int_equal(watch_point(&w, "cpu.migrations").state, POINT_DENIED);
	assert_status(&w, "perf hardware", STATUS_PARTIAL,
		"user part only: kernel.perf_event_paranoid forbids the kernel part; the kernel's generic events",
		"sysctl kernel.perf_event_paranoid=1");
	assert_int_equal(watch_status(&w, "perf software")->state, STATUS_PARTIAL);
	assert_string_equal(watch_status(&w, "perf software")->fix, PARANOID_FIX);
	assert_int_equal(replay_last(w.replay, 100)->exclude_kernel, 1);
	watch_end(&w);
}

static void test_paranoid_2_leaves_the_user_part(void **state)
{
	(void)state;
	check_user_part_only("paranoid-2", "cpu.context_switches is counted in the kernel part and "
		"kernel.perf_event_paranoid is 2: without CAP_PERFMON only the user part may be counted; try " PARANOID_FIX);
}

static void test_paranoid_4_is_judged_by_what_opens(void **state)
{
	(void)state;
	check_user_part_only("paranoid-4", "cpu.context_switches is counted in the kernel part and "
		"kernel.perf_event_paranoid is 4: without CAP_PERFMON only the user part may be counted; try " PARANOID_FIX);
}

static void test_an_event_asked_for_in_the_kernel_part_is_not_counted_in_the_user_part(void **state)
{
	static const char *const events[] = { "page-faults:k", "page-faults", NULL };
	struct watch w;

	(void)state;
	watch_begin(&w, "paranoid-2");
	w.options.events = events;
	watch_open_100(&w);
	watch_tick(&w);
	assert_int_equal(watch_point(&w, "event.page_faults_k").state, POINT_DENIED);
	assert_point(&w, "event.page_faults", POINT_OK, 0, 1);
	watch_end(&w);
}

static void check_refused(const char *recording, int code, const char *why)
{
	struct watch w;

	watch_begin(&w, recording);
	watch_want(&w, "cpu.cycles");
	watch_open(&w);
	assert_null(w.perf);
	assert_int_equal(w.err.code, code);
	assert_string_equal(w.err.text, why);
	watch_end(&w);
}

static void test_nothing_at_all(void **state)
{
	(void)state;
	check_refused("paranoid-3", EACCES,
		"kernel.perf_event_paranoid is 3: without CAP_PERFMON nothing may be counted");
	check_refused("seccomp", EACCES, "perf_event_open is forbidden here (seccomp or LSM; a container?)");
	check_refused("no-perf", 0, "this kernel was built without perf events");
}

static void test_another_users_process(void **state)
{
	struct process both[] = { process_of(100, 1, 10), process_of(200, 1, 10) };
	struct watch w;

	(void)state;
	watch_begin(&w, "other-user");
	watch_want(&w, "cpu.task_clock_seconds");
	watch_open(&w);
	perf_follow(w.perf, both, 2);
	watch_tick(&w);
	assert_point(&w, "cpu.task_clock_seconds", POINT_PARTIAL, 0.005, 1);
	assert_status(&w, "perf software", STATUS_PARTIAL,
		"attached to 1 of 3 threads: the process belongs to another user, or has rights that tach has not",
		"setcap cap_perfmon+ep $(command -v tach)");
	watch_end(&w);

	watch_begin(&w, "other-user");
	watch_want(&w, "cpu.task_clock_seconds");
	watch_open(&w);
	perf_follow(w.perf, both + 1, 1);
	watch_tick(&w);
	assert_missing(&w, "cpu.task_clock_seconds", POINT_DENIED,
		"the process belongs to another user, or has rights that tach has not; try setcap cap_perfmon+ep $(command -v tach)");
	assert_int_equal(watch_status(&w, "perf software")->state, STATUS_DENIED);
	watch_end(&w);
}

static void test_events_that_this_cpu_has_not(void **state)
{
	struct watch w;

	(void)state;
	watch_begin(&w, "unsupported");
	watch_want(&w, "cpu.cycles");
	watch_want(&w, "cpu.instructions");
	watch_want(&w, "cpu.branches");
	watch_want(&w, "cpu.branch_misses");
	watch_want(&w, "cpu.stalled_backend");
	watch_want(&w, "cpu.stalled_frontend");
	watch_want(&w, "cache.llc_misses");
	watch_want(&w, "cache.llc_loads");
	watch_want(&w, "cache.llc_instructions");
	watch_want(&w, "cache.references");
	watch_open_100(&w);
	watch_tick(&w);
	assert_point(&w, "cpu.cycles", POINT_OK, 1000, 1);
	assert_point(&w, "cpu.instructions", POINT_OK, 2000, 1);
	assert_point(&w, "cpu.branches", POINT_OK, 300, 1);
	assert_missing(&w, "cpu.branch_misses", POINT_ABSENT,
		"this CPU has too few counters for cpu.branch_misses beside cpu.cycles");
	assert_missing(&w, "cpu.stalled_backend", POINT_ABSENT, "this CPU does not count cpu.stalled_backend");
	assert_missing(&w, "cpu.stalled_frontend", POINT_ABSENT, "this CPU does not count cpu.stalled_frontend");
	assert_point(&w, "cache.llc_misses", POINT_OK, 8, 1);
	assert_missing(&w, "cache.llc_loads", POINT_ABSENT, "this CPU does not count cache.llc_loads");
	assert_point(&w, "cache.llc_instructions", POINT_OK, 2000, 1);
	assert_missing(&w, "cache.references", POINT_ABSENT, "another program holds the counter for cache.references");
	assert_missing(&w, "cache.misses", POINT_GAP, ""); /* nobody wanted it */
	assert_status(&w, "perf hardware", STATUS_PARTIAL, "5 of 10 not counted: this CPU has too few counters for "
		"cpu.branch_misses beside cpu.cycles; the kernel's generic events", "");
	watch_end(&w);
}

static void check_idle_pmu(const char *recording)
{
	static const char why[] = "the PMU of this machine opens but does not count (hypervisor)";
	struct watch w;

	watch_begin(&w, recording);
	watch_want(&w, "cpu.cycles");
	watch_want(&w, "cache.llc_misses");
	watch_open_100(&w);
	assert_int_equal(replay_opened(w.replay, 100), 0);
	watch_tick(&w);
	assert_missing(&w, "cpu.cycles", POINT_ABSENT, why);
	assert_missing(&w, "cache.llc_misses", POINT_ABSENT, why);
	assert_status(&w, "perf hardware", STATUS_ABSENT, why, "");
	watch_end(&w);
}

static void test_a_pmu_that_opens_and_does_not_count(void **state)
{
	(void)state;
	check_idle_pmu("lying");
	check_idle_pmu("stopped");
}

static void test_a_name_that_is_no_event_is_an_absent_row(void **state)
{
	static const char *const events[] = { "cyclez", NULL };
	struct watch w;

	(void)state;
	watch_begin(&w, "many");
	w.options.events = events;
	watch_open_100(&w);
	watch_tick(&w);
	assert_missing(&w, "event.cyclez", POINT_ABSENT, "there is no event \"cyclez\"; did you mean cycles?");
	assert_int_equal(watch_status(&w, "perf events")->state, STATUS_ABSENT);
	watch_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_virtual_machine_without_pmu_counts_software),
		cmocka_unit_test(test_a_machine_without_driver_is_not_called_virtual),
		cmocka_unit_test(test_paranoid_2_leaves_the_user_part),
		cmocka_unit_test(test_paranoid_4_is_judged_by_what_opens),
		cmocka_unit_test(test_an_event_asked_for_in_the_kernel_part_is_not_counted_in_the_user_part),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_another_users_process),
		cmocka_unit_test(test_events_that_this_cpu_has_not),
		cmocka_unit_test(test_a_pmu_that_opens_and_does_not_count),
		cmocka_unit_test(test_a_name_that_is_no_event_is_an_absent_row),
	};

	return cmocka_run_group_tests_name("perf refusals", tests, NULL, NULL);
}
