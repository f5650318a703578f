/* A theme shown on plain lines, for whoever writes one: tach --check-theme. */
#ifndef TACH_UI_SAMPLE_H
#define TACH_UI_SAMPLE_H

#include "ui/theme.h"

#include <stdio.h>

/* What text needs to be read easily: WCAG 2, success criterion 1.4.3. */
#define SAMPLE_CONTRAST 4.5

/* Contrast of a role against what it stands on, with the colours of the terminal that the theme is made for; in mono
 * that is the terminal's own text. */
double sample_contrast(const struct theme *t, enum role role, enum theme_depth depth);

/* Every role as 256 colours, 16 and none show it, its contrast with both, and the glyphs. The text says all of it; it is
 * painted as well as `deepest` allows, and DEPTH_COUNT is not at all. */
void sample_print(FILE *out, const struct theme *t, enum theme_depth deepest);

#endif
