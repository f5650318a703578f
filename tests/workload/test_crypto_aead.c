/* crypto-aead: every packet opens to what was sealed, exactly the damaged ones are rejected, and all of it is published. */
#include "job.h"

#include "../lib/near.h"
#include "../source/publish/fake_target.h"
#include "source/publish/publish_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static bool missing(void)
{
	struct job j;

	if (!workload_find("crypto-aead")->missing)
		return false;
	j = job_run("crypto-aead --duration 1s");
	assert_string_equal(j.text,
		"tach: crypto-aead needs libsodium: apt-get install libsodium-dev and build again\n");
	assert_int_equal(j.status, 1);
	printf("# skip: built without libsodium\n");
	return true;
}

static void exactly_the_damaged_are_rejected(void **state)
{
	static const struct {
		const char *words;
		long long every; /* 0: none is damaged */
	} cases[] = {
		{ "crypto-aead --duration 300ms", 0 },
		{ "crypto-aead --duration 300ms --tamper 7", 7 },
		{ "crypto-aead --duration 200ms --tamper 1 --size 8", 1 },
		{ "crypto-aead --duration 200ms --tamper 1000 --size 64k", 1000 },
	};

	(void)state;
	if (missing())
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct job j = job_run(cases[i].words);
		long long ops = job_number(&j, "operations"), damaged = cases[i].every ? ops / cases[i].every : 0;

		assert_int_equal(j.status, 0);
		assert_true(ops > 100);
		assert_int_equal(job_number(&j, "damaged"), damaged);
		assert_int_equal(job_number(&j, "rejected"), damaged);
	}
}

static void rate_is_kept(void **state)
{
	int tries = 4;
	struct job j;

	(void)state;
	if (missing())
		skip();
	do
		j = job_run("crypto-aead --duration 2s --rate 3000 --threads 2 --size 100");
	while (!is_near("operations", (double)job_number(&j, "operations"), 6000, 60) && --tries > 0);
	assert_true(tries > 0);
}

static void published_is_what_is_reported(void **state)
{
	struct target t = { .n = 0 };
	struct registry *r = registry_new();
	struct source_env env = { .registry = r };
	static const char *const histograms[] = { "app.op_seconds", "app.seal_seconds", "app.open_seconds" };
	struct sample *s;
	struct job j;
	void *source;
	long long ops;

	(void)state;
	if (missing())
		skip();
	source = source_publish.open(&env, &t, NULL);
	j = job_start("crypto-aead --duration 600ms --threads 2 --tamper 10");
	target_add(&t, j.pid, true);
	for (int tick = 0; tick < 5; tick++) {
		usleep(50000);
		s = sample_new(r);
		source_publish.read(source, &t, s);
		sample_free(s);
	}
	job_wait(&j);
	s = sample_new(r);
	source_publish.read(source, &t, s);
	ops = job_number(&j, "operations");
	assert_true(ops > 100);
	assert_int_equal((long long)s->points[registry_find(r, "app.ops")].value, ops);
	assert_int_equal((long long)s->points[registry_find(r, "app.bytes")].value, ops * 1420);
	assert_int_equal((long long)s->points[registry_find(r, "app.auth_failures")].value, job_number(&j, "rejected"));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(hist_count(s->hists[registry_find(r, histograms[i])]), ops);
	sample_free(s);
	source_publish.close(source);
	registry_free(r);
	target_remove(&t, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_the_damaged_are_rejected),
		cmocka_unit_test(rate_is_kept),
		cmocka_unit_test(published_is_what_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
