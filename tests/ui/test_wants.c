/* What panes show is what sources are opened for: a number that no pane wants is not measured under the dashboard. */
#include "base/str.h"
#include "model/derive.h"
#include "source/source.h"
#include "ui/pane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_listed(const char *const *wants, const char *name)
{
	for (; *wants; wants++)
		if (strcmp(*wants, name) == 0)
			return true;
	return false;
}

/* By itself, or as what a derived number is computed from. */
static bool is_wanted(const char *const *wants, const char *name)
{
	for (const struct metric *row = derived_table; row->name; row++)
		if (strstr(row->formula, name) && is_listed(wants, row->name))
			return true;
	return is_listed(wants, name);
}

/* All that the kernel's probes and sockets tell. */
static void every_number_of_the_probes_is_wanted(void **state)
{
	static const char *const groups[] = { "lat.", "sock.", "net.", "netdev.", "tcp.", "udp.", "thr.", "lock.",
		"mem.faults_anon", "mem.faults_file", "mem.faults_write", NULL };
	const char **wants = pane_wants();
	size_t missing = 0;

	(void)state;
	for (size_t s = 0; source_table[s]; s++)
		for (size_t i = 0; i < source_table[s]->nmetrics; i++)
			for (const char *const *g = groups; *g; g++) {
				const char *name = source_table[s]->metrics[i].name;

				if (!str_starts(name, *g) || is_wanted(wants, name))
					continue;
				printf("# no pane wants %s\n", name);
				missing++;
			}
	free(wants);
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_of_the_probes_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
