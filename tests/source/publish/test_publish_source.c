/* Reading what other processes publish: found, added up, and kept when they end. */
#include "watch.h"

static void do_two_publishers(int n)
{
	do_all_kinds(n);
	if (n == 0)
		do_all_kinds(n);
}

static void do_threads(int n)
{
	do_all_kinds(n);
	for (int i = 0; i < 200; i++) { /* more writers than there are places: the last ones share one */
		struct tach_writer *w = tach_publish_writer(pub, "worker");

		tach_add(w, packets, 1);
		tach_record(w, tach_publish_histogram(pub, "rtt", "seconds"), 7);
	}
}

static void do_fork(int n)
{
	int fds[2];

	do_all_kinds(n);
	if (n == 0 && pipe(fds) == 0 && fork() == 0) { /* the grandchild counts 100 when its parent is gone */
		alarm(20);
		writer = tach_publish_writer(pub, "child");
		close(fds[1]);
		for (char c; read(fds[0], &c, 1) == 1;)
			;
		tach_add(writer, packets, 100);
		pause();
	}
}

static void do_reopen(int n)
{
	if (n == 1)
		tach_publish_close(pub);
	if (n <= 1)
		do_all_kinds(0);
}

/* ---- tests ---- */

static void nobody_publishes(void **unused)
{
	struct watch w;

	(void)unused;
	watch_begin(&w);
	target_add(&w.target, getppid(), false);
	tick(&w);
	assert_string_equal(status(&w, "publish", STATUS_OFF), "no program here publishes: see man 3 tach-publish");
	assert_int_equal(registry_count(w.registry), 0);
	watch_end(&w);
}

static void every_kind_is_read(void **unused)
{
	struct child c = child_start(do_all_kinds);
	struct watch w;

	(void)unused;
	watch_begin(&w);
	target_add(&w.target, c.pid, true);
	tick(&w);
	child_step(&c);
	tick(&w);
	assert_string_equal(status(&w, "publish", STATUS_ON), "");
	assert_true(value(&w, "app.rx_packets") == 5);
	assert_true(value(&w, "app.queue") == 2.5);
	assert_true(value(&w, "app.busy_seconds") == 1.5);
	assert_true(value(&w, "app.rx_bytes") == 320);
	assert_int_equal(point(&w, "app.unset_ratio").state, POINT_GAP);
	assert_int_equal(hist_count(hist(&w, "app.rtt_seconds")), 3);
	assert_int_equal(hist(&w, "app.rtt_seconds")->sum, 6000);
	assert_int_equal(hist(&w, "app.rtt_seconds")->max, 3000);
	assert_int_equal(registry_row(w.registry, registry_find(w.registry, "app.rtt_seconds"))->unit, UNIT_SECONDS);
	assert_string_equal(registry_row(w.registry, registry_find(w.registry, "app.rx_packets"))->label, "rx packets");
	child_step(&c);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 15);
	child_end(&c);
	watch_end(&w);
}

static void what_was_before_is_left_out(void **unused)
{
	struct child c = child_start(do_all_kinds);
	struct watch w;

	(void)unused;
	child_step(&c);
	watch_begin(&w);
	target_add(&w.target, c.pid, false);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 0);
	assert_int_equal(hist_count(hist(&w, "app.rtt_seconds")), 0);
	assert_true(value(&w, "app.queue") == 2.5);
	child_step(&c);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 10);
	child_end(&c);
	watch_end(&w);
}

static void all_is_added_up(void **unused)
{
	struct child a = child_start(do_two_publishers), b = child_start(do_threads);
	struct watch w;

	(void)unused;
	child_step(&a);
	child_step(&b);
	watch_begin(&w);
	target_add(&w.target, a.pid, true);
	target_add(&w.target, b.pid, true);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 5 + 5 + 5 + 200);
	assert_int_equal(hist_count(hist(&w, "app.rtt_seconds")), 3 + 3 + 3 + 200);
	assert_true(value(&w, "app.queue") == 7.5);
	child_end(&a);
	child_end(&b);
	watch_end(&w);
}

static void totals_outlive_the_program(void **unused)
{
	struct child a = child_start(do_all_kinds), b = child_start(do_all_kinds);
	struct watch w;

	(void)unused;
	child_step(&a);
	child_step(&b);
	watch_begin(&w);
	target_add(&w.target, a.pid, true);
	target_add(&w.target, b.pid, true);
	tick(&w);
	child_step(&a);
	child_end(&a); /* counted 10 more after the last tick */
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 20);
	assert_true(value(&w, "app.queue") == 2.5);
	target_remove(&w.target, 0);
	ticks(&w, 3);
	child_step(&b);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 30);
	assert_int_equal(hist_count(hist(&w, "app.rtt_seconds")), 6);
	child_end(&b);
	target_remove(&w.target, 0);
	ticks(&w, 4);
	assert_true(value(&w, "app.rx_packets") == 30);
	assert_int_equal(point(&w, "app.queue").state, POINT_GAP);
	assert_string_equal(status(&w, "publish", STATUS_OFF), "the program that published has ended");
	watch_end(&w);
}

/* The only child of a process, from /proc. */
static pid_t child_of(pid_t pid)
{
	char path[64], text[32] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	if (f && !fgets(text, sizeof text, f))
		text[0] = '\0';
	if (f)
		fclose(f);
	return atoi(text);
}

static void inherited_memory_counts_once(void **unused)
{
	struct child c = child_start(do_fork);
	struct watch w;
	pid_t grandchild;

	(void)unused;
	child_step(&c);
	grandchild = child_of(c.pid);
	assert_true(grandchild > 0);
	watch_begin(&w);
	target_add(&w.target, c.pid, true);
	target_add(&w.target, grandchild, true);
	ticks(&w, 2);
	assert_true(value(&w, "app.rx_packets") == 5);
	child_end(&c);
	target_remove(&w.target, 0);
	for (int i = 0; i < 200 && value(&w, "app.rx_packets") < 105; i++) {
		usleep(10000);
		tick(&w);
	}
	assert_true(value(&w, "app.rx_packets") == 105);
	ticks(&w, 20);
	assert_true(value(&w, "app.rx_packets") == 105);
	assert_true(value(&w, "app.queue") == 2.5); /* it has a new holder, so its level counts again */
	kill(grandchild, SIGKILL);
	watch_end(&w);
}

static void closed_and_opened_again(void **unused)
{
	struct child c = child_start(do_reopen);
	struct watch w;

	(void)unused;
	child_step(&c);
	watch_begin(&w);
	target_add(&w.target, c.pid, true);
	tick(&w);
	child_step(&c); /* the new memfd has the number of the old one */
	ticks(&w, 12);
	assert_true(value(&w, "app.rx_packets") == 10);
	assert_true(value(&w, "app.queue") == 2.5);
	assert_int_equal(hist_count(hist(&w, "app.rtt_seconds")), 6);
	child_end(&c);
	watch_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_publishes),
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(what_was_before_is_left_out),
		cmocka_unit_test(all_is_added_up),
		cmocka_unit_test(totals_outlive_the_program),
		cmocka_unit_test(inherited_memory_counts_once),
		cmocka_unit_test(closed_and_opened_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
