/* The help texts, made from the tables of subcommands and options. */
#ifndef TACH_CMD_HELP_H
#define TACH_CMD_HELP_H

#include "cmd/cmd.h"

#include <stddef.h>

void help_print(const struct command *c); /* to stdout */

/* "-i, --interval TIME" of an option row. */
const char *help_option(const struct option_row *row, char *buf, size_t size);

#endif
