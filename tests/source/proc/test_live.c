/* One process that does known things: what the source says against getrusage() of the process and /proc read here. */
#include "live.h"

#include "source/proc/fds.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define MIB (1u << 20)
#define TICK 0.01 /* clock tick of /proc times */

/* Everything is done with memory and files that this process has already, so that what it adds is known. */
static void worker(int line)
{
	struct rusage u;
	char *shared = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *private = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char order, path[] = "/var/tmp/tach-test-XXXXXX";
	int file = mkstemp(path);

	madvise(private, 64 * MIB, MADV_NOHUGEPAGE); /* so that a page is a fault */
	unlink(path);
	while ((order = order_next(line))) {
		if (order == 'm')
			for (size_t i = 0; i < 64 * MIB; i += 4096)
				private[i] = 1;
		if (order == 's')
			memset(shared, 1, 16 * MIB);
		if (order == 'b')
			burn(0.3);
		if (order == 'w' && (pwrite(file, private, 8 * MIB, 0) != 8 * MIB || fsync(file) != 0))
			_exit(1);
		if (order == 'f')
			for (int i = 0; i < 20; i++)
				if (open("/dev/null", O_RDONLY) < 0)
					_exit(1);
		if (order == 'z')
			for (int i = 0; i < 100; i++)
				sleep_ms(1);
		if (order == 'u') {
			getrusage(RUSAGE_SELF, &u);
			if (write(line, &u, sizeof u) != sizeof u)
				_exit(1);
			continue;
		}
		order_done(line);
	}
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static struct rusage usage(const struct actor *a)
{
	struct rusage u;

	actor_tell(a, 'u');
	actor_hear(a, &u, sizeof u);
	return u;
}

static void memory_is_what_status_says(void **state)
{
	struct actor a = actor_start(worker);
	struct live l;
	double anon, shared, minor;

	(void)state;
	live_attach(&l, a.pid, true, NULL);
	usage(&a); /* it has begun */
	live_tick(&l);
	anon = live_value(&l, "mem.rss_anon_bytes");
	shared = live_value(&l, "mem.rss_shared_bytes");
	minor = live_value(&l, "mem.faults_minor");
	actor_do(&a, 'm');
	actor_do(&a, 's');
	live_tick(&l);
	/* The kernel sums resident pages up lazily, by up to 64 pages a CPU. */
	assert_near(live_value(&l, "mem.rss_anon_bytes") - anon, 64 * MIB, MIB);
	assert_near(live_value(&l, "mem.rss_shared_bytes") - shared, 16 * MIB, MIB);
	assert_true(live_value(&l, "mem.faults_minor") - minor >= 64 * MIB / 4096);
	assert_near(live_value(&l, "mem.rss_bytes"), 1024.0 * (double)proc_key(a.pid, "status", "VmRSS"), MIB);
	assert_near(live_value(&l, "mem.rss_anon_bytes"), 1024.0 * (double)proc_key(a.pid, "status", "RssAnon"), MIB);
	assert_near(live_value(&l, "mem.rss_file_bytes"), 1024.0 * (double)proc_key(a.pid, "status", "RssFile"), MIB);
	assert_near(live_value(&l, "mem.swap_bytes"), 1024.0 * (double)proc_key(a.pid, "status", "VmSwap"), 0);
	assert_near(live_value(&l, "mem.virtual_bytes"), 1024.0 * (double)proc_key(a.pid, "status", "VmSize"), 0);
	live_close(&l);
	actor_end(&a);
}

static void counters_are_what_getrusage_says(void **state)
{
	struct actor a = actor_start(worker);
	struct live l;
	struct rusage before, after;

	(void)state;
	usage(&a);
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	before = usage(&a);
	actor_do(&a, 'b');
	actor_do(&a, 'm');
	actor_do(&a, 'z');
	after = usage(&a);
	live_tick(&l);
	assert_near(live_value(&l, "cpu.user_seconds"), seconds(after.ru_utime) - seconds(before.ru_utime), 2 * TICK);
	assert_near(live_value(&l, "cpu.system_seconds"), seconds(after.ru_stime) - seconds(before.ru_stime), 2 * TICK);
	assert_near(live_value(&l, "cpu.run_seconds"), seconds(after.ru_utime) + seconds(after.ru_stime) -
			seconds(before.ru_utime) - seconds(before.ru_stime), 0.006);
	assert_true(live_value(&l, "cpu.run_seconds") >= 0.29);
	assert_near(live_value(&l, "mem.faults_minor"), (double)(after.ru_minflt - before.ru_minflt), 8);
	assert_near(live_value(&l, "mem.faults_major"), (double)(after.ru_majflt - before.ru_majflt), 0);
	assert_near(live_value(&l, "cpu.switches_voluntary"), (double)(after.ru_nvcsw - before.ru_nvcsw), 3);
	assert_true(live_value(&l, "cpu.switches_voluntary") >= 100);
	assert_near(live_value(&l, "cpu.switches_involuntary"), (double)(after.ru_nivcsw - before.ru_nivcsw), 3);
	live_close(&l);
	actor_end(&a);
}

static void storage_bytes_are_what_io_says(void **state)
{
	struct actor a = actor_start(worker);
	struct live l;
	double before;

	(void)state;
	usage(&a);
	before = (double)proc_key(a.pid, "io", "write_bytes");
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	assert_near(live_value(&l, "io.write_bytes"), 0, 0);
	actor_do(&a, 'w');
	live_tick(&l);
	assert_near(live_value(&l, "io.write_bytes"), (double)proc_key(a.pid, "io", "write_bytes") - before, 0);
	if (live_value(&l, "io.write_bytes") < 8 * MIB) {
		live_close(&l);
		actor_end(&a);
		skip_because("/var/tmp is not on storage");
	}
	live_close(&l);
	actor_end(&a);
}

static void descriptors_and_counts(void **state)
{
	struct actor a = actor_start(worker);
	struct live l;
	double before;

	(void)state;
	usage(&a);
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	before = live_value(&l, "io.fds");
	actor_do(&a, 'f');
	live_tick(&l);
	assert_near(live_value(&l, "io.fds") - before, 20, 0);
	fds_read(&(struct proc_tick){ &l.env, l.target, l.sample }, false); /* counted one by one, as before Linux 6.2 */
	assert_near(live_value(&l, "io.fds") - before, 20, 0);
	assert_near(live_value(&l, "cpu.processes"), 1, 0);
	assert_near(live_value(&l, "cpu.threads"), 1, 0);
	live_close(&l);
	actor_end(&a);
}

static void thread_time_is_complete(void **state)
{
	static const char *const parts[] = { "thr.user_seconds", "thr.system_seconds", "thr.runqueue_seconds",
		"thr.wait_seconds" };
	struct actor a = actor_start(worker);
	struct live l;
	double least, most, sum = 0, user;

	(void)state;
	usage(&a);
	live_attach(&l, a.pid, true, NULL);
	most = now_seconds();
	live_tick(&l);
	least = now_seconds();
	actor_do(&a, 'b');
	sleep_ms(200);
	least = now_seconds() - least;
	live_tick(&l);
	most = now_seconds() - most;
	for (size_t i = 0; i < 4; i++)
		sum += live_value(&l, parts[i]);
	if (live_point(&l, "thr.io_seconds").state == POINT_OK)
		sum += live_value(&l, "thr.io_seconds");
	printf("# %.4f s of %.4f to %.4f\n", sum, least, most);
	assert_true(sum > least - 0.005 && sum < most + 0.005);
	user = live_value(&l, "thr.user_seconds");
	assert_near(user + live_value(&l, "thr.system_seconds"), 0.3, 0.02);
	assert_true(user > 0.15); /* the kernel guesses user and system from 100 looks a second */
	assert_true(live_value(&l, "thr.wait_seconds") >= 0.19);
	live_close(&l);
	actor_end(&a);
}

static void what_ended_keeps_its_last_totals(void **state)
{
	struct actor a = actor_start(worker);
	struct live l;
	double run;

	(void)state;
	usage(&a);
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	actor_do(&a, 'b');
	live_tick(&l);
	run = live_value(&l, "cpu.run_seconds");
	actor_end(&a);
	live_read(&l); /* it ended after the target looked */
	assert_near(live_value(&l, "cpu.run_seconds"), run, 0);
	for (int i = 0; i < 3; i++) {
		assert_false(live_tick(&l));
		assert_near(live_value(&l, "cpu.run_seconds"), run, 0);
		assert_near(live_value(&l, "cpu.processes"), 0, 0);
	}
	live_close(&l);
}

/* Its parent, tach, waits for it: what it used is known to the end. */
static void a_started_command_counts_to_its_end(void **state)
{
	char sh[] = "sh", c[] = "-c", script[] = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
	char *const argv[] = { sh, c, script, NULL };
	struct target_options o = { .children = true, .detached = true };
	struct rusage before, after;
	struct err e = { .text = "" };
	struct live l;
	double cpu;

	(void)state;
	getrusage(RUSAGE_CHILDREN, &before);
	live_open(&l, target_spawn(argv, &o, &e), true, NULL);
	live_tick(&l);
	assert_int_equal(target_go(l.target, &e), 0);
	while (live_tick(&l))
		sleep_ms(500);
	live_tick(&l);
	getrusage(RUSAGE_CHILDREN, &after);
	cpu = seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) - seconds(before.ru_stime);
	assert_true(cpu > 0.02);
	assert_near(live_value(&l, "cpu.user_seconds") + live_value(&l, "cpu.system_seconds"), cpu, 3 * TICK);
	assert_near(live_value(&l, "mem.faults_minor"), (double)(after.ru_minflt - before.ru_minflt), 0);
	live_close(&l);
}

static void an_answer_about_pss(void **state)
{
	struct actor a = actor_start(worker);
	struct live l;
	char answer[256] = "";
	double pss, dirty;

	(void)state;
	usage(&a);
	actor_do(&a, 'm');
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	source_proc.ask(l.state, l.target, "memory", answer, sizeof answer);
	printf("# %s\n", answer);
	assert_int_equal(sscanf(answer, "PSS %lfM, dirty %lfM, anonymous huge pages", &pss, &dirty), 2);
	assert_near(pss, 76, 13); /* the 64 and what the test itself has, more under a sanitizer */
	assert_near(dirty, 76, 13);
	assert_non_null(strstr(answer, "; took "));
	assert_non_null(strstr(answer, "during which the target's memory map was locked"));
	assert_null(strchr(answer, '\n'));
	actor_end(&a);
	live_tick(&l);
	source_proc.ask(l.state, l.target, "memory", answer, sizeof answer);
	assert_string_equal(answer, "no process is left whose memory could be read");
	live_close(&l);
}

static void what_nobody_wants_is_not_there(void **state)
{
	static const char *const none[] = { NULL }, *const one[] = { "cpu.threads", NULL };
	struct actor a = actor_start(worker);
	struct live l;

	(void)state;
	live_attach(&l, a.pid, true, none);
	live_tick(&l);
	assert_int_equal(l.sample->nmetrics, 0);
	assert_int_equal(l.sample->ntables, 0);
	live_close(&l);
	live_attach(&l, a.pid, true, one);
	live_tick(&l);
	assert_near(live_value(&l, "cpu.threads"), 1, 0);
	for (size_t i = 0; i < PROC_METRIC_COUNT; i++)
		if (strcmp(proc_rows[i].name, "cpu.threads") != 0)
			assert_int_equal(live_point(&l, proc_rows[i].name).state, POINT_GAP);
	assert_int_equal(l.sample->ntables, 0);
	live_close(&l);
	actor_end(&a);
}

/* Every metric says something or why not; a gap would be a number that was forgotten. */
static void every_metric_that_is_wanted_is_put(void **state)
{
	struct actor a = actor_start(worker);
	struct live l;

	(void)state;
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	for (size_t i = 0; i < PROC_METRIC_COUNT; i++) {
		struct point p = live_point(&l, proc_rows[i].name);

		if (p.state == POINT_GAP)
			printf("# %s is a gap\n", proc_rows[i].name);
		assert_int_not_equal(p.state, POINT_GAP);
		assert_true(point_has_value(p) || (p.why && p.why[0]));
		assert_true(strlen(proc_rows[i].label) <= 10);
	}
	live_close(&l);
	actor_end(&a);
}

/* What another user sees of a process of root's. */
struct view {
	enum point_state io, rss, run, switches, packets;
	enum status_state status;
	char why[128], fix[128], answer[256];
};

static void watch_as_nobody(int line)
{
	struct view v = { .status = STATUS_OFF };
	const struct status *status;
	struct live l;

	if (setgid(65534) != 0 || setuid(65534) != 0)
		_exit(1);
	live_attach(&l, getppid(), false, NULL);
	live_tick(&l);
	v.io = live_point(&l, "io.read_bytes").state;
	v.rss = live_point(&l, "mem.rss_bytes").state;
	v.run = live_point(&l, "cpu.run_seconds").state;
	v.switches = live_point(&l, "cpu.switches_voluntary").state;
	v.packets = live_point(&l, "netns.rx_packets").state;
	status = live_status(&l, "storage bytes");
	if (status) {
		v.status = status->state;
		snprintf(v.why, sizeof v.why, "%s", status->why);
		snprintf(v.fix, sizeof v.fix, "%s", status->fix);
	}
	source_proc.ask(l.state, l.target, "memory", v.answer, sizeof v.answer);
	live_close(&l);
	if (write(line, &v, sizeof v) != sizeof v)
		_exit(1);
	order_next(line);
}

static void another_users_process_is_denied_not_zero(void **state)
{
	struct actor a;
	struct view v;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root to become another user");
	a = actor_start(watch_as_nobody);
	actor_hear(&a, &v, sizeof v);
	assert_int_equal(v.io, POINT_DENIED);
	assert_int_equal(v.status, STATUS_DENIED);
	assert_string_equal(v.why, "only root and the program's own user may see how much it reads and writes");
	assert_string_equal(v.fix, "run tach as root or as the same user");
	assert_non_null(strstr(v.answer, "run tach as root"));
	assert_int_equal(v.rss, POINT_OK);
	assert_int_equal(v.run, POINT_OK);
	assert_int_equal(v.switches, POINT_OK);
	assert_int_equal(v.packets, POINT_OK);
	actor_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_what_status_says),
		cmocka_unit_test(counters_are_what_getrusage_says),
		cmocka_unit_test(storage_bytes_are_what_io_says),
		cmocka_unit_test(descriptors_and_counts),
		cmocka_unit_test(thread_time_is_complete),
		cmocka_unit_test(what_ended_keeps_its_last_totals),
		cmocka_unit_test(a_started_command_counts_to_its_end),
		cmocka_unit_test(an_answer_about_pss),
		cmocka_unit_test(what_nobody_wants_is_not_there),
		cmocka_unit_test(every_metric_that_is_wanted_is_put),
		cmocka_unit_test(another_users_process_is_denied_not_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
