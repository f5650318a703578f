/* How roles look: files in INI form (tach-theme(5)), the default embedded; every value may be inherited. */
#ifndef TACH_UI_THEME_H
#define TACH_UI_THEME_H

#include "base/err.h"
#include "ui/role.h"

#include <stdbool.h>
#include <stdint.h>

#define THEME_BARS 8
#define THEME_HEATS 5
#define THEME_PARTS 9

enum theme_attribute { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8 };

/* Colour numbers of the terminal's palette; -1 is the terminal's own default, and in a theme only `text` has it: what the
 * other roles leave to the default is the colour of `text`. */
struct style {
	int fg, bg;
	unsigned attributes;
};

enum theme_depth { DEPTH_MONO, DEPTH_16, DEPTH_256, DEPTH_COUNT };

struct theme_glyphs {
	uint32_t bars[THEME_BARS];   /* eighth blocks, lowest first */
	uint32_t heats[THEME_HEATS]; /* least first */
	uint32_t parts[THEME_PARTS]; /* fills of the time bar: usr sys lock runq io net wait sleep idle */
	uint32_t rule, mark, bullet; /* line of a pane, event mark, state dot */
};

struct theme {
	char name[32];
	char about[80];        /* one line; "" where the file says nothing */
	struct style terminal; /* the terminal's own colours that it is made for; contrast is computed with them */
	struct style styles[ROLE_COUNT][DEPTH_COUNT];
	struct theme_glyphs glyphs; /* what is drawn; each is one cell wide */
	struct theme_glyphs ascii;  /* what theme_ascii() puts there */
};

void theme_ascii(struct theme *t);
void theme_default(struct theme *t);

/* A name is searched in the XDG config folder, /etc/tach, the data folder and ./themes; with a slash or a dot it is a
 * file; "default" is the embedded one. Returns 0, or -1 with file, line, what is wrong and the nearest valid name, and
 * *t as it was. */
int theme_read(struct theme *t, const char *name_or_file, struct err *e);
int theme_read_text(struct theme *t, const char *name_for_errors, const char *text, struct err *e);

extern const char theme_default_text[]; /* what --print-theme prints */

#endif
