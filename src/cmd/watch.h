/* The dashboard on a target, also for other subcommands. */
#ifndef TACH_CMD_WATCH_H
#define TACH_CMD_WATCH_H

#include "cmd/open.h"

/* Opens the target and shows it until the user quits. Returns the exit status. */
int watch_run(const struct options *o, const struct words *w, struct opening *how);

#endif
