/*
 * The subcommands: one file and one row each. This room wires the others together, and with ui it is the only one that
 * prints. Results go to stdout, everything said about them to stderr, an error as one line "tach: SENTENCE".
 */
#ifndef TACH_CMD_CMD_H
#define TACH_CMD_CMD_H

#include "base/err.h"
#include "config/options.h"
#include "session/session.h"

#include <stdbool.h>

/* Exit statuses of tach itself. stat passes on a started command's own; after a signal it is 128 + n. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

/* What stood on the command line after the options. */
struct words {
	int count;
	char **word;  /* NULL-ended, as argv */
	bool command; /* they stood after "--": a command to start */
};

struct command {
	const char *name;    /* "" is the dashboard: no subcommand was given */
	const char *usage;   /* what follows the name */
	const char *summary; /* one line of help */
	enum option_scope scope;
	bool word_first;     /* options may follow the first word too */
	int (*run)(const struct options *o, const struct words *w); /* returns the exit status */
};

extern const struct command command_table[]; /* name NULL at the end; the first is the dashboard */

const struct command *command_find(const char *name); /* NULL: no such subcommand */

/* Loads the options of a subcommand (argv[0] is its name) and runs it. Returns the exit status. */
int command_run(const struct command *c, int argc, char **argv);

/* Prints "tach: SENTENCE" to stderr and returns status. */
int command_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
int command_unknown(const char *name); /* says so, with what was probably meant */

/* Sends stdout on its way. Returns 0, or -1 after saying what is wrong with it. */
int command_flush(void);

/* The run functions of the table. */
int cmd_watch(const struct options *o, const struct words *w);
int cmd_run(const struct options *o, const struct words *w);
int cmd_stat(const struct options *o, const struct words *w);
int cmd_list(const struct options *o, const struct words *w);
int cmd_help(const struct options *o, const struct words *w);
int cmd_version(const struct options *o, const struct words *w);

/*
 * The dashboard, in cmd/dash.c.
 *
 * dash_wants() gives the names of the metrics that its screen shows, for session_options.wants: NULL-ended, the caller
 * frees the array and not the names.
 *
 * cmd_dash() shows an open session until the user quits or a signal comes, and leaves the terminal as it was found.
 * It does not close the session. Returns the exit status after it has printed the reason of any other than 0.
 */
const char **dash_wants(void);
int cmd_dash(struct session *s, const struct options *o);

#endif
