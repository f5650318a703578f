/* The parts of the bpf source that need no kernel: times of a thread, slow events, causes of calls, sites of stacks. */
#include "model/tables.h"
#include "source/bpf/sites.h"
#include "source/bpf/slots.h"
#include "source/bpf/slow.h"
#include "source/calls.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS NSEC_PER_MSEC

/* ---- times ---- */

static void what_goes_on_counts_for_the_state_that_it_is_in(void **state)
{
	struct thread_slot t = { .since = 100 * MS, .run = 5 * MS, .queue = 3 * MS, .state = SLOT_RUNNING };
	struct slot_times out;

	(void)state;
	slot_times_of(&t, 110 * MS, &out);
	assert_int_equal(out.run, 15 * MS);
	assert_int_equal(out.queue, 3 * MS);
	t.state = SLOT_RUNNABLE;
	slot_times_of(&t, 110 * MS, &out);
	assert_int_equal(out.run, 5 * MS);
	assert_int_equal(out.queue, 13 * MS);
	t.state = SLOT_BLOCKED;
	t.cause = CAUSE_NET;
	t.blocked[CAUSE_NET] = 7 * MS;
	slot_times_of(&t, 110 * MS, &out);
	assert_int_equal(out.blocked[CAUSE_NET], 17 * MS);
	assert_int_equal(out.queue, 3 * MS);
}

/* Woken but not yet on a CPU: the rest of the time it was ready to run. */
static void a_wait_ends_when_it_is_woken(void **state)
{
	struct thread_slot t = { .since = 100 * MS, .woken = 104 * MS, .state = SLOT_BLOCKED, .cause = CAUSE_LOCK };
	struct slot_times out;

	(void)state;
	slot_times_of(&t, 110 * MS, &out);
	assert_int_equal(out.blocked[CAUSE_LOCK], 4 * MS);
	assert_int_equal(out.queue, 6 * MS);
	t.woken = 90 * MS; /* of the wait before: not of this one */
	slot_times_of(&t, 110 * MS, &out);
	assert_int_equal(out.blocked[CAUSE_LOCK], 10 * MS);
}

/* What the kernel says must not index beyond the causes, and a clock that is behind adds nothing. */
static void nonsense_is_harmless(void **state)
{
	struct thread_slot t = { .since = 100 * MS, .state = SLOT_BLOCKED, .cause = 60000 };
	struct slot_times out;

	(void)state;
	slot_times_of(&t, 110 * MS, &out);
	assert_int_equal(out.blocked[CAUSE_OTHER], 10 * MS);
	slot_times_of(&t, 90 * MS, &out);
	assert_int_equal(out.blocked[CAUSE_OTHER], 0);
}

static void names_are_clean(void **state)
{
	struct thread_slot t = { .tid = 7, .comm = "a\033[2Jbcdefghijkl" }; /* 16 bytes, no NUL */
	char text[64];

	(void)state;
	slot_label(&t, text, sizeof text);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "/7"));
}

/* ---- slow events ---- */

static void the_slowest_of_each_kind_stay(void **state)
{
	struct slow *s = slow_new();
	struct registry *r = registry_new();
	struct sample *out = sample_new(r);
	struct table *t;

	(void)state;
	for (nsec_t i = 1; i <= 20; i++)
		slow_add(s, "lat.a_seconds", 1000 * MS + i, i * MS, "t/1", "x");
	slow_add(s, "lat.b_seconds", 1000 * MS, 2 * MS, "t/2", "y");
	assert_int_equal(slow_threshold(s, "lat.a_seconds"), 13 * MS); /* 8 are kept: 13 to 20 */
	slow_put(s, 2000 * MS, out);
	t = sample_find_table(out, &table_slow);
	assert_non_null(t);
	assert_int_equal(t->nrows, 9);
	assert_float_equal(t->cells[SLOW_SECONDS].number, 0.020, 1e-9);
	slow_forget(s, 1000 * MS + 61 * NSEC_PER_SEC);
	sample_free(out);
	out = sample_new(r);
	slow_put(s, 2000 * MS, out);
	assert_null(sample_find_table(out, &table_slow));
	sample_free(out);
	registry_free(r);
	slow_free(s);
}

/* ---- calls ---- */

static void calls_have_names_and_causes(void **state)
{
	u8 causes[CALLS];

	(void)state;
	calls_fill_causes(causes);
	assert_string_equal(calls_name(calls_number("epoll_wait")), "epoll_wait");
	assert_int_equal(causes[calls_number("epoll_wait")], CAUSE_NET);
	assert_int_equal(causes[calls_number("recvmmsg")], CAUSE_NET);
	assert_int_equal(causes[calls_number("fsync")], CAUSE_DISK);
	assert_int_equal(causes[calls_number("clock_nanosleep")], CAUSE_SLEEP);
	assert_int_equal(causes[calls_number("wait4")], CAUSE_IDLE);
	assert_int_equal(causes[calls_number("read")], CAUSE_BY_FD);
	assert_int_equal(causes[calls_number("getpid")], CAUSE_OTHER);
	assert_int_equal(calls_number("no_such_call"), CALL_NONE);
	assert_null(calls_name(509));
}

/* ---- sites ---- */

static void sites_are_counted_by_place_thread_and_lock(void **state)
{
	struct sites *s = sites_new();
	struct site_key key = { .addr = 0x1000, .pc = 0x400100, .tgid = 1, .tid = 2, .role = STACK_WAIT };
	struct symbol_name frames[2] = { { .kind = SYMBOL_FUNCTION, .name = "ct_lookup", .address = 0x400100, .offset = 28 },
		{ .kind = SYMBOL_FUNCTION, .name = "fwd_rx" } };
	const struct site *site;

	(void)state;
	sites_add(s, &key, 1, "rx1", frames, 2);
	site = sites_add(s, &key, 1, "rx1", frames, 2);
	assert_int_equal(site->samples, 2);
	assert_string_equal(site->where, "ct_lookup+0x1c");
	assert_string_equal(site->callers, "fwd_rx > ct_lookup");
	key.tid = 3;
	assert_int_equal(sites_add(s, &key, 1, "rx2", frames, 2)->samples, 1);
	for (u64 pc = 0; pc < 2000; pc++) { /* bounded: the least used give way */
		key.pc = pc;
		sites_add(s, &key, 1, "rx2", frames, 1);
	}
	key.tid = 2;
	key.pc = 0x400100;
	assert_int_equal(sites_add(s, &key, 1, "rx1", frames, 2)->samples, 3);
	sites_free(s);
}

static void a_line_is_for_all_sites_of_its_place(void **state)
{
	struct sites *s = sites_new();
	struct site_key key = { .addr = 0x1000, .pc = 0x400100, .tgid = 1, .role = STACK_WAIT };
	struct symbol_name frame = { .kind = SYMBOL_FUNCTION, .name = "ct_lookup", .address = 0x400100 };
	struct site *site = NULL;
	unsigned found = 0;

	(void)state;
	for (key.tid = 1; key.tid <= 64; key.tid++)
		sites_add(s, &key, 1, "rx", &frame, 1);
	key.tgid = 2;
	sites_add(s, &key, 1, "rx", &frame, 1);
	while ((site = sites_unlined_at(s, site, 1, 0x400100))) {
		site->lined = true;
		snprintf(site->where, sizeof site->where, "fwd.c:212");
		found++;
	}
	assert_int_equal(found, 64);
	assert_null(sites_unlined_at(s, NULL, 1, 0x400100));
	assert_non_null(sites_unlined_at(s, NULL, 2, 0x400100)); /* another program */
	key.tgid = 1;
	key.addr = 0x2000;
	assert_string_equal(sites_add(s, &key, 1, "rx", &frame, 1)->where, "fwd.c:212"); /* known already */
	assert_null(sites_unlined_at(s, NULL, 1, 0x400100));
	sites_free(s);
}

/* 3,000 threads at one lock: a row each for some, one for all others, and none of the stacks is forgotten. */
static void a_crowd_at_one_place_has_a_row_for_the_rest(void **state)
{
	struct sites *s = sites_new();
	struct site_key key = { .addr = 0x1000, .pc = 0x400100, .tgid = 1, .role = STACK_WAIT };
	struct symbol_name frame = { .kind = SYMBOL_FUNCTION, .name = "take" };
	struct registry *registry = registry_new();
	struct sample *out = sample_new(registry);
	const struct table *t;
	double samples = 0;
	size_t rest = 0;

	(void)state;
	for (key.tid = 1; key.tid <= 3000; key.tid++)
		sites_add(s, &key, 2, "worker", &frame, 1);
	sites_put(s, out);
	t = sample_find_table(out, &table_lock_sites);
	assert_int_equal(t->nrows, 385);
	for (size_t i = 0; i < t->nrows; i++) {
		const union cell *row = t->cells + i * t->def->ncolumns;

		samples += row[SITES_SAMPLES].number;
		if (!isnan(row[SITES_TID].number))
			continue;
		rest++;
		assert_string_equal(row[SITES_THREAD].text, "");
		assert_true(row[SITES_SAMPLES].number == 2 * (3000 - 384));
	}
	assert_int_equal(rest, 1);
	assert_true(samples == 6000);
	sample_free(out);
	registry_free(registry);
	sites_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_on_counts_for_the_state_that_it_is_in),
		cmocka_unit_test(a_wait_ends_when_it_is_woken),
		cmocka_unit_test(nonsense_is_harmless),
		cmocka_unit_test(names_are_clean),
		cmocka_unit_test(the_slowest_of_each_kind_stay),
		cmocka_unit_test(calls_have_names_and_causes),
		cmocka_unit_test(sites_are_counted_by_place_thread_and_lock),
		cmocka_unit_test(a_line_is_for_all_sites_of_its_place),
		cmocka_unit_test(a_crowd_at_one_place_has_a_row_for_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
