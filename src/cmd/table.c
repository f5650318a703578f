/* The list of subcommands. */
#include "cmd/cmd.h"

const struct command command_table[] = {
	{ .name = "", .usage = "TARGET [options]", .scope = SCOPE_DASH, .run = cmd_watch,
		.summary = "the dashboard on a running program, or on one that it starts" },
	{ .name = "run", .usage = "[options] [WORKLOAD [its options]]", .scope = SCOPE_RUN, .run = cmd_run,
		.summary = "a built-in workload under the dashboard; without a name, the list of them" },
	{ .name = "stat", .usage = "TARGET [options]", .scope = SCOPE_STAT, .run = cmd_stat,
		.summary = "numbers without a terminal: text, JSON or CSV" },
	{ .name = "list", .usage = "[WHAT] [options]", .scope = SCOPE_LIST, .word_first = true, .run = cmd_list,
		.summary = "what tach knows: metrics, sources, workloads and so on; without a name, what can be listed" },
	{ .name = "help", .usage = "[SUBCOMMAND]", .scope = SCOPE_LIST, .word_first = true, .run = cmd_help,
		.summary = "this text, or that of a subcommand" },
	{ .name = "version", .usage = "", .scope = SCOPE_LIST, .run = cmd_version,
		.summary = "the version" },
	{ .name = NULL },
};
