/* The XDG base directory rules, as far as tach needs them. */
#include "config/paths.h"

#include "base/alloc.h"

#include <stddef.h>
#include <stdlib.h>

char *paths_user(const char *leaf)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/') /* a relative path is to be ignored, says the standard */
		return xasprintf("%s/tach/%s", xdg, leaf);
	if (home && *home == '/')
		return xasprintf("%s/.config/tach/%s", home, leaf);
	return NULL;
}
