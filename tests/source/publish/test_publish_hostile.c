/* Published memory that is not what it says, of live processes: refused with its reason, and nothing worse. */
#include "watch.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

static void do_kinds_clash(int n)
{
	if (n)
		return;
	pub = tach_publish_open();
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

static void do_seal_all_but_shrinking(int n)
{
	int fd = n ? -1 : memfd_create("tach-publish", MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, sizeof(struct tach_publisher)) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW) < 0))
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

/* Writes random words all over its memory, as fast as it can; half of the time with a head that is right. */
static void *scribble(void *arg)
{
	static const size_t head = offsetof(struct tach_publisher, histograms) / 8, words = sizeof *pub / 8;
	uint64_t x = 88172645463325252u, good[8];

	memcpy(good, pub, sizeof good);
	for (unsigned i = 0;; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		((volatile uint64_t *)pub)[i % 4 ? x % 1024 : x % words] = x >> 40 & 1 ? x : x % 4;
		if (i % 2)
			memcpy(pub, good, head * 8);
	}
	return arg;
}

static void do_scribble(int n)
{
	pthread_t thread;

	do_all_kinds(n);
	if (n == 0)
		pthread_create(&thread, NULL, scribble, NULL);
}

/* ---- tests ---- */

static void bad_memory_is_refused_with_a_reason(void **unused)
{
	static const struct {
		void (*steps)(int);
		const char *why;
	} cases[] = {
		{ do_unsealed, "it is not sealed against shrinking and growing" },
		{ do_seal_all_but_shrinking, "it is not sealed against shrinking and growing" },
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

/* What it says is nonsense, but it is said without a crash, and within the limits. */
static void random_memory_is_survived(void **unused)
{
	(void)unused;
	for (int round = 0; round < 10; round++) {
		struct child c = child_start(do_scribble);
		struct watch w;

		child_step(&c);
		watch_begin(&w);
		target_add(&w.target, c.pid, true);
		ticks(&w, 100);
		assert_in_range(registry_count(w.registry), 0, 64);
		assert_in_range(w.sample->nstatuses, 1, 9);
		child_end(&c);
		watch_end(&w);
	}
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
		cmocka_unit_test(bad_memory_is_refused_with_a_reason),
		cmocka_unit_test(totals_never_go_back),
		cmocka_unit_test(random_memory_is_survived),
		cmocka_unit_test(a_name_is_not_enough),
		cmocka_unit_test(one_name_has_one_kind),
		cmocka_unit_test(names_are_limited),
		cmocka_unit_test(another_users_program_is_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
