/* `make bench`: all of it, or the parts that the arguments name, as in the table below. Run from the top of the tree. */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = { { "publish", bench_publish }, { "screen", bench_screen }, { "watching", bench_watching },
	{ "symbol", bench_symbol }, { "sockets", bench_sockets }, { "probes", bench_probes } };

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(double *values, size_t count, double q)
{
	double at = q * (double)(count - 1);
	size_t low = (size_t)at;

	qsort(values, count, sizeof *values, ascending);
	return low + 1 < count ? values[low] + (at - (double)low) * (values[low + 1] - values[low]) : values[count - 1];
}

static int chosen(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return 1;
	return argc == 1;
}

static int words_argc;
static char **words_argv;

/* As a cmocka test, so that the helpers of the tests can fail with a sentence. */
static void run_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (chosen(parts[i].name, words_argc, words_argv)) {
			parts[i].run();
			fflush(stdout);
		}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest all[] = { cmocka_unit_test(run_parts) };

	words_argc = argc;
	words_argv = argv;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bench", all, NULL, NULL);
}
