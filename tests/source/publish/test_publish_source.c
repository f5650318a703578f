/* Reading what other processes publish: found, added up, kept when they end, and refused when it is not what it says. */
#include "fake_target.h"

#include "base/alloc.h"
#include "source/publish/publish_source.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <tach/publish.h>
#include <cmocka.h>

struct watch {
	struct registry *registry;
	struct source_env env;
	struct target target;
	void *state;
	struct sample *sample; /* of the newest tick */
};

static void watch_begin(struct watch *w)
{
	*w = (struct watch){ .registry = registry_new() };
	w->env.registry = w->registry;
	assert_true(source_publish.probe(NULL, NULL));
	w->state = source_publish.open(&w->env, &w->target, NULL);
	assert_non_null(w->state);
}

static void tick(struct watch *w)
{
	sample_free(w->sample);
	w->sample = sample_new(w->registry);
	source_publish.read(w->state, &w->target, w->sample);
}

static void ticks(struct watch *w, int n)
{
	while (n--)
		tick(w);
}

static void watch_end(struct watch *w)
{
	while (w->target.n)
		target_remove(&w->target, 0);
	source_publish.close(w->state);
	sample_free(w->sample);
	registry_free(w->registry);
}

static struct point point(const struct watch *w, const char *name)
{
	metric_id id = registry_find(w->registry, name);

	return id == METRIC_NONE || id >= w->sample->nmetrics ? point_missing(POINT_ABSENT, NULL) : w->sample->points[id];
}

static double value(const struct watch *w, const char *name)
{
	return point(w, name).value;
}

static const struct hist *hist(const struct watch *w, const char *name)
{
	return w->sample->hists[registry_find(w->registry, name)];
}

static const char *status(const struct watch *w, const char *name, enum status_state state)
{
	for (size_t i = 0; i < w->sample->nstatuses; i++)
		if (strcmp(w->sample->statuses[i].name, name) == 0 && w->sample->statuses[i].state == state)
			return w->sample->statuses[i].why;
	return "(no such status)";
}

/* ---- what the children do ---- */

static struct tach_publisher *pub;
static struct tach_writer *writer;
static struct tach_counter packets;

static void do_all_kinds(int n)
{
	if (n == 0) {
		pub = tach_publish_open();
		packets = tach_publish_counter(pub, "rx_packets", "packets");
		writer = tach_publish_writer(pub, "main");
		tach_add(writer, packets, 5);
		tach_set(pub, tach_publish_gauge(pub, "queue", "packets"), 2.5);
		tach_publish_gauge(pub, "unset", "ratio");
		tach_add(writer, tach_publish_counter(pub, "busy", "seconds"), 1500000000);
		tach_add(writer, tach_publish_counter(pub, "rx_bytes", "bytes"), 320);
		for (uint64_t ns = 1000; ns <= 3000; ns += 1000)
			tach_record(writer, tach_publish_histogram(pub, "rtt", "seconds"), ns);
	} else {
		tach_add(writer, packets, 10);
	}
}

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

static void do_kinds_clash(int n)
{
	if (n == 0)
		pub = tach_publish_open();
	if (n == 0)
		tach_set(pub, tach_publish_gauge(pub, "rx_packets", "packets"), 7);
}

static void do_many_names(int n)
{
	char name[16];

	for (int k = 0; n == 0 && k < 2; k++) {
		pub = tach_publish_open();
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof name, "n%d", k * 40 + i);
			tach_publish_counter(pub, name, "");
		}
	}
}

/* Memory that is wrong in one thing each. */
static void do_unsealed(int n)
{
	int fd = n ? -1 : memfd_create("tach-publish", MFD_ALLOW_SEALING);

	if (fd >= 0 && ftruncate(fd, sizeof(struct tach_publisher)) < 0)
		abort();
}

static void do_seal_shrink_only(int n)
{
	int fd = n ? -1 : memfd_create("tach-publish", MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, sizeof(struct tach_publisher)) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0))
		abort();
}

static void do_empty(int n)
{
	int fd = n ? -1 : memfd_create("tach-publish", MFD_ALLOW_SEALING);

	if (fd >= 0 && fcntl(fd, F_ADD_SEALS, TACH_SEALS) < 0)
		abort();
}

static void do_short(int n)
{
	int fd = n ? -1 : memfd_create("tach-publish", MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, 4096) < 0 || fcntl(fd, F_ADD_SEALS, TACH_SEALS) < 0))
		abort();
	if (fd >= 0 && pwrite(fd, "tpublsh1\1\0\0\0", 12, 0) != 12)
		abort();
}

static void do_bad_magic(int n)
{
	if (n == 0)
		(pub = tach_publish_open())->magic = 1;
}

static void do_bad_version(int n)
{
	if (n == 0)
		(pub = tach_publish_open())->version = 2;
}

static void do_bad_name(int n)
{
	do_all_kinds(n);
	if (n == 0)
		memcpy(pub->names[1].name, "\033[2J", 5);
}

/* Good at first, then it breaks what is already mapped and counts backwards. */
static void do_turns_bad(int n)
{
	do_all_kinds(n);
	if (n == 1)
		writer->counters[packets.cell] = 3;
	if (n == 2)
		pub->names_max = 0xffffffff;
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

static void bad_memory_is_refused_with_a_reason(void **unused)
{
	static const struct {
		void (*steps)(int);
		const char *why;
	} cases[] = {
		{ do_unsealed, "it is not sealed against shrinking and growing" },
		{ do_seal_shrink_only, "it is not sealed against shrinking and growing" },
		{ do_empty, "it has not the size of published memory" },
		{ do_short, "its size is not that of version 1" },
		{ do_bad_magic, "it does not begin as published memory does" },
		{ do_bad_version, "it has layout version 2, this tach reads version 1" },
		{ do_bad_name, "the name of its number 1 is malformed" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct child c = child_start(cases[i].steps);
		struct watch w;

		child_step(&c);
		watch_begin(&w);
		target_add(&w.target, c.pid, true);
		tick(&w);
		assert_non_null(strstr(status(&w, "published", STATUS_PARTIAL), cases[i].why));
		assert_int_equal(registry_count(w.registry), 0);
		ticks(&w, 12);
		assert_non_null(strstr(status(&w, "published", STATUS_PARTIAL), cases[i].why));
		child_end(&c);
		target_remove(&w.target, 0);
		tick(&w);
		assert_string_equal(status(&w, "published", STATUS_PARTIAL), "(no such status)");
		watch_end(&w);
	}
}

static void totals_never_go_back(void **unused)
{
	struct child c = child_start(do_turns_bad);
	struct watch w;

	(void)unused;
	child_step(&c);
	watch_begin(&w);
	target_add(&w.target, c.pid, true);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 5);
	child_step(&c);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 5);
	assert_int_equal(point(&w, "app.rx_packets").state, POINT_PARTIAL);
	child_step(&c);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 13);
	assert_non_null(strstr(status(&w, "published", STATUS_PARTIAL), "its number of names is not that of version 1"));
	child_end(&c);
	watch_end(&w);
}

/* A file that was only named so is never opened: it could be one whose open() never returns. */
static void a_name_is_not_enough(void **unused)
{
	int fd = open("/memfd:tach-publish", O_RDWR | O_CREAT | O_EXCL, 0600);
	struct watch w;

	(void)unused;
	if (fd < 0) {
		printf("# skip: cannot make a file in /\n");
		skip();
	}
	unlink("/memfd:tach-publish");
	watch_begin(&w);
	target_add(&w.target, getpid(), true);
	tick(&w);
	assert_non_null(strstr(status(&w, "published", STATUS_PARTIAL), "is no memfd"));
	close(fd);
	watch_end(&w);
}

static void one_name_has_one_kind(void **unused)
{
	struct child a = child_start(do_all_kinds), b = child_start(do_kinds_clash);
	struct watch w;

	(void)unused;
	child_step(&a);
	watch_begin(&w);
	target_add(&w.target, a.pid, true);
	tick(&w);
	child_step(&b);
	target_add(&w.target, b.pid, true);
	tick(&w);
	assert_true(value(&w, "app.rx_packets") == 5);
	assert_non_null(strstr(status(&w, "published", STATUS_PARTIAL), "already that of another counter in count"));
	child_end(&a);
	child_end(&b);
	watch_end(&w);
}

static void names_are_limited(void **unused)
{
	struct child c = child_start(do_many_names);
	struct watch w;

	(void)unused;
	child_step(&c);
	watch_begin(&w);
	target_add(&w.target, c.pid, true);
	ticks(&w, 15);
	assert_int_equal(registry_count(w.registry), 64);
	assert_non_null(strstr(status(&w, "published", STATUS_PARTIAL), "64 names are shown at most"));
	child_end(&c);
	watch_end(&w);
}

/* As another user, who may not look at this process. */
static void another_users_program_is_denied(void **unused)
{
	int status_of_child;
	struct watch w;
	pid_t pid;

	(void)unused;
	if (geteuid() != 0) {
		printf("# skip: only root can become another user\n");
		skip();
	}
	pid = fork();
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		watch_begin(&w);
		target_add(&w.target, getppid(), true);
		tick(&w);
		_exit(strcmp(status(&w, "publish", STATUS_DENIED), "the descriptors of the program may not be looked at") != 0);
	}
	waitpid(pid, &status_of_child, 0);
	assert_int_equal(status_of_child, 0);
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
		cmocka_unit_test(bad_memory_is_refused_with_a_reason),
		cmocka_unit_test(totals_never_go_back),
		cmocka_unit_test(a_name_is_not_enough),
		cmocka_unit_test(one_name_has_one_kind),
		cmocka_unit_test(names_are_limited),
		cmocka_unit_test(another_users_program_is_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
