/* What all workloads share: rows, command line, pacing, and what ends a run. */
#include "job.h"

#include "workload/options.h"
#include "workload/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void rows_are_whole(void **state)
{
	(void)state;
	assert_ptr_equal(workload_find("packet-udp"), workload_table[0]);
	assert_null(workload_find("packet"));
	for (const struct workload_ops *const *p = workload_table; *p; p++) {
		uint64_t own[WORKLOAD_OPTIONS_MAX], common[WORKLOAD_COMMON];
		const struct workload_ops *w = *p;
		struct err e;

		assert_true(w->noptions <= WORKLOAD_OPTIONS_MAX);
		assert_true(strlen(w->summary) > 10 && strlen(w->method) > 100);
		assert_true((w->run != NULL) == (w->missing == NULL));
		for (size_t i = 0; i < w->noptions; i++)
			assert_true(w->options[i].name && w->options[i].argument && strlen(w->options[i].help) > 10);
		assert_int_equal(workload_options(w, 0, NULL, own, common, &e), 0); /* every default is a good value */
		assert_int_equal(common[WORKLOAD_DURATION], 0);
	}
}

static void values(void **state)
{
	static char words[][24] = { "--size", "1k", "--batch=8", "--rate", "1.5M", "--duration=250ms", "--size=100B" };
	char *argv[7];
	uint64_t own[WORKLOAD_OPTIONS_MAX], common[WORKLOAD_COMMON];
	struct err e;

	(void)state;
	for (int i = 0; i < 7; i++)
		argv[i] = words[i];
	assert_int_equal(workload_options(workload_find("packet-udp"), 7, argv, own, common, &e), 0);
	assert_int_equal(own[0], 100); /* the last one given counts */
	assert_int_equal(own[1], 8);
	assert_int_equal(own[2], 1500000);
	assert_int_equal(own[3], 64);
	assert_int_equal(own[4], 1);
	assert_int_equal(common[WORKLOAD_DURATION], 250000000);
}

static void wrong_usage_is_one_sentence(void **state)
{
	static const struct {
		const char *words, *sentence;
	} cases[] = {
		{ "packet-upd", "tach: unknown workload 'packet-upd'; did you mean 'packet-udp'?\n" },
		{ "", "tach: unknown workload ''\n" },
		{ "packet-udp --sise 64", "tach: unknown option '--sise'; did you mean '--size'?\n" },
		{ "packet-udp --frobnicate", "tach: unknown option '--frobnicate'\n" },
		{ "packet-udp 64", "tach: unknown option '64'\n" },
		{ "packet-udp --", "tach: unknown option '--'\n" },
		{ "packet-udp --si\033ze 1", "tach: unknown option '--si?ze'; did you mean '--size'?\n" },
		{ "packet-udp --size", "tach: --size needs a value: BYTES\n" },
		{ "packet-udp --size 15", "tach: --size must lie between 16 and 65507\n" },
		{ "packet-udp --size=1M", "tach: --size must lie between 16 and 65507\n" },
		{ "packet-udp --threads 0", "tach: --threads must lie between 1 and 60\n" },
		{ "crypto-aead --tamper 1000000001", "tach: --tamper must lie between 0 and 1000000000\n" },
	};
	static const char *const unreadable[] = { "packet-udp --rate fast", "packet-udp --rate=", "packet-udp --duration 5",
		"packet-udp --size -1" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct job j = job_run(cases[i].words);

		assert_string_equal(j.text, cases[i].sentence);
		assert_int_equal(j.status, 2);
	}
	for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
		struct job j = job_run(unreadable[i]);

		assert_int_equal(j.status, 2);
		assert_memory_equal(j.text, "tach: --", 8);
		assert_ptr_equal(strchr(j.text, '\n'), j.text + strlen(j.text) - 1);
	}
}

static nsec_t fixed_now;

static nsec_t fixed_clock(void)
{
	return fixed_now;
}

static void pacing(void **state)
{
	struct pace p;

	(void)state;
	fixed_now = 1000 * NSEC_PER_SEC;
	clock_replace(fixed_clock, NULL);
	pace_begin(&p, 1000);
	clock_replace(NULL, NULL);
	assert_int_equal(pace_due(&p, 0, fixed_now, 32), 1); /* the first one at once */
	assert_int_equal(pace_due(&p, 1, fixed_now, 32), 0);
	assert_int_equal(pace_wait(&p, 1, fixed_now), NSEC_PER_MSEC);
	assert_int_equal(pace_wait(&p, 1, fixed_now + 400000), 600000);
	assert_int_equal(pace_wait(&p, 1, fixed_now + 999999), 100000); /* never shorter */
	assert_int_equal(pace_due(&p, 1, fixed_now + NSEC_PER_MSEC, 32), 1);
	assert_int_equal(pace_due(&p, 1, fixed_now + 10 * NSEC_PER_MSEC, 32), 10); /* what was late is caught up */
	assert_int_equal(pace_due(&p, 1, fixed_now + NSEC_PER_SEC, 32), 32);
	assert_int_equal(pace_due(&p, 3600000, fixed_now + 3600 * NSEC_PER_SEC, 32), 1); /* an hour later without error */
	assert_int_equal(pace_due(&p, 0, fixed_now - 1, 32), 0);
	pace_begin(&p, 0);
	assert_int_equal(pace_due(&p, 123456789, 0, 32), 32);
}

static void a_signal_ends_it_with_its_summary(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	(void)state;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct job j = job_start("packet-udp --rate 1000");

		usleep(100000);
		kill(j.pid, signals[i]);
		job_wait(&j);
		assert_int_equal(j.status, 0);
		assert_true(job_number(&j, "sent") > 0);
	}
}

static void duration_is_kept(void **state)
{
	nsec_t begin = clock_now(), took;
	struct job j = job_run("packet-udp --rate 100 --duration 300ms");

	(void)state;
	took = clock_now() - begin;
	assert_int_equal(j.status, 0);
	assert_in_range(took, 300 * NSEC_PER_MSEC, 1500 * NSEC_PER_MSEC);
}

static void a_stranger_is_no_parent(void **state)
{
	struct job j = job_run("packet-udp --with-parent 1 --duration 10s");

	(void)state;
	assert_string_equal(j.text, "tach: process 1 is not the parent, or has ended\n");
	assert_int_equal(j.status, 1);
}

/* The workload's parent is killed; the end of its output is the sign that the workload has ended, too. */
static void it_ends_with_its_parent(void **state)
{
	int pipes[2], status;
	char byte, name[] = "packet-udp", option[32], *argv[] = { name, option };
	pid_t parent;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	fflush(stdout);
	parent = fork();
	if (parent == 0) {
		snprintf(option, sizeof option, "--with-parent=%d", (int)getpid());
		if (fork() == 0) {
			alarm(20);
			dup2(pipes[1], STDOUT_FILENO);
			close(pipes[0]);
			close(pipes[1]);
			status = workload_main(2, argv);
			fflush(NULL);
			_exit(status);
		}
		usleep(200000);
		raise(SIGKILL);
	}
	close(pipes[1]);
	waitpid(parent, &status, 0);
	assert_true(WIFSIGNALED(status));
	alarm(10);
	assert_int_equal(read(pipes[0], &byte, 1), 1); /* its summary */
	while (read(pipes[0], &byte, 1) == 1)
		;
	alarm(0);
	close(pipes[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(values),
		cmocka_unit_test(wrong_usage_is_one_sentence),
		cmocka_unit_test(pacing),
		cmocka_unit_test(a_signal_ends_it_with_its_summary),
		cmocka_unit_test(duration_is_kept),
		cmocka_unit_test(a_stranger_is_no_parent),
		cmocka_unit_test(it_ends_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
