/* INI text with line numbers: the one reader of config, keys and theme files. The only file that includes libinih. */
#ifndef TACH_CONFIG_INI_H
#define TACH_CONFIG_INI_H

#include "base/err.h"

/* Called for each `name = value` (both trimmed, section "" before the first header). Returns 0, or -1 with e set to
 * what is wrong, without file and line: the reader puts them in front. */
typedef int (*ini_visit)(void *context, const char *section, const char *name, const char *value, struct err *e);

int ini_read_file(const char *path, ini_visit visit, void *context, struct err *e); /* e->code is errno, 0 for syntax */
int ini_read_text(const char *name_for_errors, const char *text, ini_visit visit, void *context, struct err *e);

#endif
