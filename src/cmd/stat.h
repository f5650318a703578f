/* tach stat, also as the plain form of other subcommands. */
#ifndef TACH_CMD_STAT_H
#define TACH_CMD_STAT_H

#include "cmd/open.h"

/* Prints numbers until the target ends, the time is up or a signal comes. Returns the exit status. */
int stat_run(const struct options *o, const struct words *w, const struct opening *how);

#endif
