/* Names of events. */
#include "source/perf/event.h"
#include "source/perf/perf.h"
#include "source/perf/pfm.h"
#include "source/perf/rows.h"

#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *name, uint32_t type, uint64_t config, bool exclude_user, bool exclude_kernel)
{
	struct perf_code code;
	struct err e;

	if (perf_code_parse(name, &code, &e))
		fail_msg("%s: %s", name, e.text);
	assert_int_equal(code.type, type);
	assert_int_equal(code.config, config);
	assert_int_equal(code.config1, 0);
	assert_int_equal(code.exclude_user, exclude_user);
	assert_int_equal(code.exclude_kernel, exclude_kernel);
	assert_int_equal(perf_event_check(name, &e), 0);
}

/* The numbers are those of perf_event_open(2). */
static void test_generic_names(void **state)
{
	(void)state;
	check("cycles", 0, 0, false, false);
	check("CPU-Cycles", 0, 0, false, false);
	check("instructions:u", 0, 1, false, true);
	check("cache-misses:k", 0, 3, true, false);
	check("branch-misses:u:k", 0, 5, false, false);
	check("stalled-cycles-backend:uk", 0, 8, false, false);
	check("page-faults", 1, 2, false, false);
	check("cs", 1, 3, false, false);
	check("L1-dcache-loads", 3, 0x000000, false, false);
	check("L1-dcache-load-misses", 3, 0x010000, false, false);
	check("LLC-store-misses", 3, 0x010102, false, false);
	check("dTLB-prefetches", 3, 0x000203, false, false);
	check("node-load-misses", 3, 0x010006, false, false);
}

static void test_raw_numbers(void **state)
{
	(void)state;
	check("r1a8", 4, 0x1a8, false, false);
	check("rC0:u", 4, 0xc0, false, true);
	check("rffffffffffffffff", 4, 0xffffffffffffffff, false, false);
}

static void refuse(const char *name, const char *expected)
{
	struct err e = { .text = "" };

	assert_int_equal(perf_event_check(name, &e), -1);
	if (!strstr(e.text, expected))
		fail_msg("\"%s\" gives: %s", name, e.text);
}

static void test_what_is_no_event(void **state)
{
	char lengthy[300];

	(void)state;
	refuse("", "-e needs the name of an event");
	refuse("cyclez", "there is no event \"cyclez\"; did you mean cycles?");
	refuse("LLC-load-mises", "did you mean LLC-load-misses?");
	refuse("rxyz", "\"rxyz\"");
	refuse("rfffffffffffffffff", "\"rfffffffffffffffff\"");
	refuse("cycles:z", "only :u (user part) and :k (kernel part) may follow");
	refuse("cycles:", "only :u");
	refuse("cycles:u::k", "only :u");
	refuse("no_such_pmu::EVENT", "no_such_pmu::EVENT");
	refuse("evil\033[2Jname", "\"evil?[2Jname\"");
	memset(lengthy, 'a', sizeof lengthy - 1);
	lengthy[sizeof lengthy - 1] = '\0';
	refuse(lengthy, "at most 119 characters");
}

static void test_events_of_the_kernel_part_have_no_user_part(void **state)
{
	(void)state;
	refuse("context-switches:u", "would always be 0");
	refuse("cpu-migrations:u", "would always be 0");
	check("context-switches:k", 1, 3, true, false);
	check("page-faults:u", 1, 2, false, true);
}

static void test_names_of_libpfm(void **state)
{
	(void)state;
#ifdef HAVE_LIBPFM
	check("perf::PERF_COUNT_HW_CPU_CYCLES:u", 0, 0, false, true);
	check("perf::CACHE-MISSES", 0, 3, false, false);
	refuse("perf::PERF_COUNT_HW_CPU_CYCLEZ", "did you mean PERF_COUNT_HW_CPU_CYCLES?");
	refuse("perf::CYCLES:period=1000", "not for counting");
	refuse("perf::CYCLES:precise=2", "not for counting");
	refuse("perf::CONTEXT-SWITCHES:u", "would always be 0");
	refuse("perf::CYCLES:nonsense", "invalid event attribute");
#else
	refuse("icl::INST_RETIRED:ANY", "apt-get install libpfm4-dev");
	assert_null(perf_pfm_cpu());
#endif
}

static void test_metric_names(void **state)
{
	char name[PERF_METRIC_NAME], lengthy[300];

	(void)state;
	perf_metric_name("icl::INST_RETIRED:ANY:u", name);
	assert_string_equal(name, "event.icl_inst_retired_any_u");
	perf_metric_name("L1-dcache-loads", name);
	assert_string_equal(name, "event.l1_dcache_loads");
	perf_metric_name("\xc3\xa4.b c", name);
	assert_string_equal(name, "event._.b_c");
	memset(lengthy, 'a', sizeof lengthy - 1);
	lengthy[sizeof lengthy - 1] = '\0';
	perf_metric_name(lengthy, name);
	assert_int_equal(strlen(name), PERF_METRIC_NAME - 1);
}

static void test_rows_fit_the_screen_and_their_groups(void **state)
{
	size_t members[PERF_GROUPS] = { 0 };

	(void)state;
	for (size_t i = 0; i < PERF_ROWS; i++) {
		members[perf_rows[i].group]++;
		if (strlen(perf_metrics[i].label) > 10)
			fail_msg("label \"%s\" is wider than 10 columns", perf_metrics[i].label);
		assert_int_equal(perf_code_is_software(&perf_rows[i].code), perf_rows[i].group == PERF_GROUP_SOFTWARE);
		assert_int_equal(perf_metrics[i].help[strlen(perf_metrics[i].help) - 1], '.');
	}
	for (size_t i = 0; i < PERF_GROUPS; i++)
		assert_in_range(members[i], 1, PERF_GROUP_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generic_names),
		cmocka_unit_test(test_raw_numbers),
		cmocka_unit_test(test_what_is_no_event),
		cmocka_unit_test(test_events_of_the_kernel_part_have_no_user_part),
		cmocka_unit_test(test_names_of_libpfm),
		cmocka_unit_test(test_metric_names),
		cmocka_unit_test(test_rows_fit_the_screen_and_their_groups),
	};

	return cmocka_run_group_tests_name("perf event names", tests, NULL, NULL);
}
