/* From words on the command line to a session: whose numbers, and what is watched of it. */
#ifndef TACH_CMD_OPEN_H
#define TACH_CMD_OPEN_H

#include "cmd/cmd.h"

#include <stddef.h>

struct opening {
	const char *const *wants;  /* metric names, NULL-ended; NULL: all */
	char *const *command;      /* a command to start instead of what the words say; NULL: the words say it */
	const char *label;         /* what the command is called in names of files; NULL: as its program */
	const char *output;        /* file for a started command's output; NULL: tach's stderr */
	bool detached;             /* a started command reads nothing */
	bool early;                /* session_options.early */
};

/* Options that name a target, and how each opens it. Ended by a row without open. */
struct target_word {
	size_t offset; /* of its text in struct options, and so of its row in option_table */
	struct session *(*open)(const char *value, const struct options *o, const struct opening *how, int *status);
};

extern const struct target_word target_words[];

const struct option_row *target_word_option(const struct target_word *t);

/* Whether the command line names exactly one target. Returns 0, or the exit status after the reason was printed. */
int open_check(const struct options *o, const struct words *w, const struct opening *how);

/* Opens the target of a command line that was checked. NULL after the reason was printed, with the exit status in
 * *status. */
struct session *open_session(const struct options *o, const struct words *w, const struct opening *how, int *status);

/* Whether the session's target was started by tach. */
bool open_starts_command(const struct options *o, const struct words *w, const struct opening *how);

#endif
