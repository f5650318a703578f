/* What tach costs: against getrusage() and what the test itself sends and allocates. */
#include "source/self/self.h"

#include "../../lib/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <cmocka.h>

#define BLOCK (64u << 20)

static double read_metric(const struct source_env *env, void *state, const char *name)
{
	struct sample *s = sample_new(env->registry);
	metric_id id = registry_find(env->registry, name);
	double v;

	source_self.read(state, NULL, s);
	assert_true(id < s->nmetrics);
	assert_int_equal(s->points[id].state, POINT_OK);
	v = s->points[id].value;
	sample_free(s);
	return v;
}

static double cpu_by_getrusage(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void self_cost_is_what_the_kernel_says(void **unused)
{
	struct registry *r = registry_new();
	atomic_ullong terminal = 0;
	bool wanted[8] = { true, true, true };
	struct source_env env = { .registry = r, .wanted = wanted, .terminal_bytes = &terminal };
	void *state;
	double before;
	void *block;

	(void)unused;
	for (size_t i = 0; i < source_self.nmetrics; i++)
		registry_add(r, &source_self.metrics[i]);
	state = source_self.open(&env, NULL, NULL);
	assert_non_null(state);
	assert_near(read_metric(&env, state, "tach.cpu_seconds"), cpu_by_getrusage(), 0.05);

	before = read_metric(&env, state, "tach.rss_bytes");
	/* Not malloc() and memset(), which a compiler may leave out. */
	block = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_ptr_not_equal(block, MAP_FAILED);
	assert_near(read_metric(&env, state, "tach.rss_bytes") - before, BLOCK, 4 << 20);
	munmap(block, BLOCK);

	assert_near(read_metric(&env, state, "tach.terminal_bytes"), 0, 0);
	atomic_fetch_add(&terminal, 1234);
	assert_near(read_metric(&env, state, "tach.terminal_bytes"), 1234, 0);
	source_self.close(state);
	registry_free(r);
}

static void what_nobody_wants_is_not_read(void **unused)
{
	struct registry *r = registry_new();
	atomic_ullong terminal = 0;
	bool wanted[8] = { false };
	struct source_env env = { .registry = r, .wanted = wanted, .terminal_bytes = &terminal };
	struct sample *s;
	void *state;

	(void)unused;
	for (size_t i = 0; i < source_self.nmetrics; i++)
		registry_add(r, &source_self.metrics[i]);
	state = source_self.open(&env, NULL, NULL);
	s = sample_new(r);
	source_self.read(state, NULL, s);
	assert_int_equal(s->nmetrics, 0);
	sample_free(s);
	source_self.close(state);
	registry_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(self_cost_is_what_the_kernel_says),
		cmocka_unit_test(what_nobody_wants_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
