/* The dashboard as lines of text: --line and --plain. */
#ifndef TACH_CMD_LINES_H
#define TACH_CMD_LINES_H

#include "cmd/cmd.h"

bool lines_wanted(const struct options *o);

/* Prints what comes from an open session until it ends or a signal comes (signals_open()). Does not close either.
 * Returns the exit status after it has printed the reason of any other than 0. */
int cmd_lines(struct session *s, const struct options *o, int signals);

#endif
