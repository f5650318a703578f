/* Where theme files are. */
#ifndef TACH_UI_THEME_FILES_H
#define TACH_UI_THEME_FILES_H

#include "base/err.h"

/* The file of a theme: a name is searched in the user's config folder, /etc/tach/themes, the data folder and ./themes;
 * what has a slash or a dot is a file already. The caller frees; NULL with a sentence when there is none. */
char *theme_path(const char *name_or_file, struct err *e);

/* Names of the themes found there and of the embedded one, sorted, NULL-ended; the caller frees each and the list. */
char **theme_list(void);

#endif
