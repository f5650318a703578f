/* Where the user's files are; nothing here reads or makes them. */
#ifndef TACH_CONFIG_PATHS_H
#define TACH_CONFIG_PATHS_H

/* $XDG_CONFIG_HOME/tach/LEAF, or ~/.config/tach/LEAF; NULL when neither variable holds an absolute path. The caller
 * frees. */
char *paths_user(const char *leaf);

#endif
