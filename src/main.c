/* Which subcommand, and the few things that hold for the whole process. */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>

/* A standard descriptor that came closed would become that of the next file, and take what is printed. What is opened
 * here instead fails when it is used. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	const struct command *c;

	fill_standard_descriptors();
	setlocale(LC_CTYPE, "");  /* nothing else: numbers are read and written with a point */
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error, and is told as one */
	if (argc < 2 || argv[1][0] == '-')
		return command_run(command_find(""), argc, argv);
	c = command_find(argv[1]);
	if (!c)
		return command_unknown(argv[1]);
	return command_run(c, argc - 1, argv + 1);
}
