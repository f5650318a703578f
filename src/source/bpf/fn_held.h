/* The files that a command will have once it runs, found before its exec: so that not even its first call is missed. */
#ifndef TACH_SOURCE_BPF_FN_HELD_H
#define TACH_SOURCE_BPF_FN_HELD_H

#include <stdbool.h>
#include <stddef.h>

#define FN_HELD_FILES 128

struct fn_held {
	char *paths[FN_HELD_FILES]; /* the program first, then its libraries */
	size_t count;
};

/* program: argv[0], searched in PATH as exec does. Asks the program's own loader for the libraries, without running the
 * program. False: there is no such program. */
bool fn_held_find(struct fn_held *out, const char *program);
void fn_held_free(struct fn_held *h);

#endif
