/* tach run: a built-in workload, under the dashboard or alone. */
#include "cmd/builtin.h"
#include "cmd/lines.h"
#include "cmd/lists.h"
#include "cmd/stat.h"
#include "cmd/watch.h"
#include "workload/workload.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define REPORT_TIME (10 * NSEC_PER_SEC)

/* Takes "--no-dash" out of the words: it may stand among the workload's own options too. Returns how many are left. */
static int drop_no_dash(int count, char **words)
{
	int kept = 0;

	for (int i = 0; i < count; i++)
		if (strcmp(words[i], "--no-dash") != 0)
			words[kept++] = words[i];
	words[kept] = NULL;
	return kept;
}

static bool asks_for_help(char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0)
			return true;
	return false;
}

/* Without a terminal: ten seconds of numbers. */
static int report(const struct options *o, const struct words *none, const struct opening *how)
{
	struct options plain = *o;

	plain.time = plain.interval > REPORT_TIME ? plain.interval : REPORT_TIME;
	return stat_run(&plain, none, how);
}

static int run_watched(const struct options *o, int count, char **words)
{
	static const struct words none = { .count = 0 };
	char **argv = builtin_command(words[0], count - 1, words + 1);
	struct opening how = { .command = argv, .label = words[0], .output = o->output };
	bool watched = isatty(STDOUT_FILENO) || lines_wanted(o);
	int status = watched ? watch_run(o, &none, &how) : report(o, &none, &how);

	builtin_command_free(argv);
	return status;
}

int cmd_run(const struct options *o, const struct words *w)
{
	int count = drop_no_dash(w->count, w->word), status;
	bool alone = o->no_dash || count != w->count;

	if (!count) {
		list_print(list_find("workloads"), false);
		return EXIT_DONE;
	}
	if (workload_find(w->word[0]) && asks_for_help(w->word)) {
		builtin_help(w->word[0]);
		return EXIT_DONE;
	}
	status = builtin_check(w->word[0], count - 1, w->word + 1);
	if (status)
		return status;
	if (!alone)
		return run_watched(o, count, w->word);
	prctl(PR_SET_NAME, w->word[0]); /* what it is seen as */
	return workload_main(count, w->word);
}
