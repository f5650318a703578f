/* packet-udp against the kernel's own UDP counters, in a network namespace where nobody else sends. */
#include "job.h"

#include "../lib/near.h"
#include "../source/publish/fake_target.h"
#include "source/publish/publish_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Fails when the summary does not add up or the kernel counted otherwise since in, out and errors. */
static void check_counts(const struct job *j, long long in, long long errors, long long out)
{
	long long sent = job_number(j, "sent"), received = job_number(j, "received"), lost = job_number(j, "lost");
	long long back = job_number(j, "sent back");

	if (j->status != 0)
		printf("# %s\n", j->text);
	assert_int_equal(j->status, 0);
	assert_true(sent > 0);
	assert_int_equal(sent, received + lost);
	assert_int_equal(received, job_number(j, "operations"));
	assert_int_equal(udp_count(4) - out, sent + back);
	if (lost == 0) /* a datagram lost in the backlog is in none of the kernel's UDP counts */
		assert_int_equal(udp_count(3) - errors, 0);
	assert_true(udp_count(3) - errors <= lost + back);
	assert_in_range(udp_count(1) - in, received, received + back);
}

static void counts_are_the_kernels(void **state)
{
	static const char *const runs[] = {
		"packet-udp --duration 300ms",
		"packet-udp --duration 300ms --batch 1 --echo 1",
		"packet-udp --duration 300ms --size 1400 --batch 1024 --echo 0",
		"packet-udp --duration 300ms --threads 3 --size 16",
		"packet-udp --duration 300ms --size 65507 --batch 64",
		"packet-udp --duration 300ms --rate 5000 --threads 2 --echo 1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
		long long in = udp_count(1), errors = udp_count(3), out = udp_count(4);
		struct job j = job_run(runs[i]);

		check_counts(&j, in, errors, out);
	}
}

static void every_nth_packet_comes_back(void **state)
{
	struct job j = job_run("packet-udp --duration 500ms --rate 2000 --echo 10");
	long long sent = job_number(&j, "sent");

	(void)state;
	assert_int_equal(job_number(&j, "lost"), 0);
	assert_int_equal(job_number(&j, "sent back"), (sent + 9) / 10);
	assert_non_null(strstr(j.text, "p99.9"));
	j = job_run("packet-udp --duration 100ms --rate 2000 --echo 0");
	assert_int_equal(job_number(&j, "sent back"), 0);
	assert_non_null(strstr(j.text, "round trip      none was measured"));
}

/* Two seconds in the middle of a run, by the kernel's count and the test's own clock. A machine on which this process or
 * the sender waits for a CPU for 20 ms at one of the two looks gets another try. */
static bool rate_is_kept(double rate, const char *words)
{
	struct job j = job_start(words);
	long long first, last;
	nsec_t begin, end;

	usleep(300000);
	first = udp_count(4);
	begin = clock_now();
	usleep(2000000);
	last = udp_count(4);
	end = clock_now();
	job_wait(&j);
	assert_int_equal(job_number(&j, "sent"), job_number(&j, "received") + job_number(&j, "lost"));
	return is_near("rate", (double)(last - first) / nsec_to_seconds(end - begin), rate, rate / 100) &&
		is_near("own count", (double)job_number(&j, "sent"), rate * 2.4, rate * 2.4 / 100);
}

static void rate_is_within_one_percent(void **state)
{
	static const struct {
		double rate;
		const char *words;
	} cases[] = {
		{ 1000, "packet-udp --duration 2400ms --echo 0 --rate 1000" },
		{ 100000, "packet-udp --duration 2400ms --echo 0 --rate 100k" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int tries = 4;

		while (!rate_is_kept(cases[i].rate, cases[i].words))
			assert_true(--tries > 0);
	}
}

/* What tach reads is what the workload itself reports. */
static void published_is_what_is_reported(void **state)
{
	struct target t = { .n = 0 };
	struct registry *r = registry_new();
	struct source_env env = { .registry = r };
	void *source = source_publish.open(&env, &t, NULL);
	struct job j = job_start("packet-udp --duration 700ms --rate 50k --echo 3");
	static const struct {
		const char *metric, *label;
		long long factor;
	} same[] = { { "app.ops", "operations", 1 }, { "app.rx_packets", "received", 1 }, { "app.tx_packets", "sent", 1 },
		{ "app.rx_bytes", "received", 64 }, { "app.tx_bytes", "sent", 64 }, { "app.lost", "lost", 1 },
		{ "app.reordered", "reordered", 1 }, { "app.echoes", "sent back", 1 } };
	struct sample *s = NULL;

	(void)state;
	target_add(&t, j.pid, true);
	for (int tick = 0; tick < 5; tick++) { /* once found, its count can be read when it has ended */
		usleep(50000);
		sample_free(s);
		s = sample_new(r);
		source_publish.read(source, &t, s);
	}
	job_wait(&j);
	sample_free(s);
	s = sample_new(r);
	source_publish.read(source, &t, s);
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		metric_id id = registry_find(r, same[i].metric);

		assert_true(id < s->nmetrics);
		assert_int_equal((long long)s->points[id].value, job_number(&j, same[i].label) * same[i].factor);
	}
	assert_int_equal(hist_count(s->hists[registry_find(r, "app.rtt_seconds")]), job_number(&j, "sent back"));
	sample_free(s);
	source_publish.close(source);
	registry_free(r);
	target_remove(&t, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_the_kernels),
		cmocka_unit_test(every_nth_packet_comes_back),
		cmocka_unit_test(rate_is_within_one_percent),
		cmocka_unit_test(published_is_what_is_reported),
	};

	if (!own_network()) {
		printf("1..1\nok 1 - packet-udp # SKIP\n# skip: needs CAP_SYS_ADMIN or user namespaces for a network of its own\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
