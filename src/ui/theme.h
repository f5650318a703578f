/* How roles look: files in INI form (screens.md 3.2), the default embedded; every value may be inherited. */
#ifndef TACH_UI_THEME_H
#define TACH_UI_THEME_H

#include "base/err.h"
#include "ui/role.h"

#include <stdbool.h>
#include <stdint.h>

#define THEME_BARS 8
#define THEME_HEATS 5

enum theme_attribute { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8 };

/* Colour numbers of the terminal's palette; -1 is the terminal's own default. */
struct style {
	int fg, bg;
	unsigned attributes;
};

enum theme_depth { DEPTH_MONO, DEPTH_16, DEPTH_256 };

struct theme {
	char name[32];
	struct style styles[ROLE_COUNT][3];  /* by role and enum theme_depth */
	uint32_t bars[THEME_BARS];           /* eighth blocks, lowest first */
	uint32_t heats[THEME_HEATS];         /* least first */
	uint32_t parts[7];                   /* fills of the time bar: usr sys lock runq io wait idle */
	uint32_t rule, mark, bullet;         /* line of a pane, event mark, state dot */
};

/* Glyphs of --ascii stand in the same file, section [ascii]; theme_ascii() puts them in place of the others. */
void theme_ascii(struct theme *t);

void theme_default(struct theme *t);

/* A name is searched in the XDG config folder, /etc/tach, the data folder and ./themes; with a slash or a dot it is a
 * file. Returns 0, or -1 with file, line, what is wrong and the nearest valid name. */
int theme_read(struct theme *t, const char *name_or_file, struct err *e);

extern const char theme_default_text[]; /* what --print-theme prints */

#endif
