/* Which subcommand; nothing else. */
#include "cmd/cmd.h"

#include <locale.h>
#include <signal.h>

int main(int argc, char **argv)
{
	const struct command *c;

	setlocale(LC_CTYPE, ""); /* nothing else: numbers are read and written with a point */
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error, and is told as one */
	c = command_find(argc > 1 ? argv[1] : "");
	if (!c)
		return command_unknown(argc > 1 ? argv[1] : "");
	return command_run(c, argc - 1, argv + 1);
}
