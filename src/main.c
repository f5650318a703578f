/* Which subcommand; nothing else. */
#include "cmd/cmd.h"

#include <locale.h>
#include <signal.h>

int main(int argc, char **argv)
{
	const struct command *c;

	setlocale(LC_CTYPE, ""); /* nothing else: numbers are read and written with a point */
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error, and is told as one */
	if (argc < 2 || argv[1][0] == '-')
		return command_run(command_find(""), argc, argv);
	c = command_find(argv[1]);
	if (!c)
		return command_unknown(argv[1]);
	return command_run(c, argc - 1, argv + 1);
}
