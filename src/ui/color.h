/* Colours as theme files name them, and what a terminal with fewer of them shows instead. */
#ifndef TACH_UI_COLOR_H
#define TACH_UI_COLOR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* -1: the terminal's own; 0..255: number in the palette of xterm; COLOR_RGB | 0xrrggbb. */
#define COLOR_RGB 0x1000000

/* "default", "blue", "bright-blue", "75", "#5fafff". */
int color_parse(const char *word, int *out, struct err *e);

bool color_fits(int color, int palette); /* palette: 16 or 256 */

/* The nearest colour of the palette by distance in CIE L*a*b* (CIE 1976, D65 white); what fits stays as it is. Of 256
 * the first 16 are left out, because every terminal shows them differently. */
int color_reduce(int color, int palette);

uint32_t color_rgb(int color); /* 0xrrggbb, of palette numbers as xterm has them */

#define COLOR_NAME_SIZE 16
const char *color_name(char buf[COLOR_NAME_SIZE], int color); /* as color_parse() takes it */

double color_lightness(int color);           /* CIE L*, 0 (black) to 100 (white) */
double color_contrast(int one, int another); /* of WCAG 2: 1 to 21, whichever is in front */

#endif
