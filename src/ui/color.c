/* Colour names, xterm's palette, and the nearest colour as the eye sees it. */
#include "ui/color.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
	"bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
	"bright-white", "default" };

#define NAMES (sizeof names / sizeof names[0])

int color_parse(const char *word, int *out, struct err *e)
{
	uint64_t number;

	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(word, names[i]) == 0) {
			*out = i < 16 ? (int)i : -1;
			return 0;
		}
	if (*word == '#') {
		if (strlen(word) != 7 || strspn(word + 1, "0123456789abcdefABCDEF") != 6)
			return err_set(e, 0, "'%.20s' is no colour: six hex digits after the #, as in #5fafff", word);
		*out = COLOR_RGB | (int)strtol(word + 1, NULL, 16);
		return 0;
	}
	if (*word >= '0' && *word <= '9') {
		if (!str_to_u64(word, 255, &number))
			return err_set(e, 0, "'%.20s' is no colour: numbers go from 0 to 255", word);
		*out = (int)number;
		return 0;
	}
	return err_unknown(e, "colour", word, str_nearest(word, names, NAMES));
}

uint32_t color_rgb(int color)
{
	static const uint32_t first[16] = { 0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd,
		0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff };
	static const uint32_t steps[6] = { 0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff };
	uint32_t n = (uint32_t)color;

	if (color < 0 || color & COLOR_RGB)
		return n & 0xffffff;
	if (n < 16)
		return first[n];
	if (n >= 232)
		return (8 + (n - 232) * 10) * 0x010101;
	n -= 16;
	return steps[n / 36] << 16 | steps[n / 6 % 6] << 8 | steps[n % 6];
}

struct lab {
	double l, a, b;
};

/* sRGB (IEC 61966-2-1) to linear light, 0..1. */
static double linear(uint32_t channel)
{
	double v = (double)(channel & 0xff) / 255;

	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double lab_curve(double t)
{
	return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

static struct lab to_lab(uint32_t rgb)
{
	double r = linear(rgb >> 16), g = linear(rgb >> 8), b = linear(rgb);
	double x = lab_curve((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
	double y = lab_curve(0.2126 * r + 0.7152 * g + 0.0722 * b);
	double z = lab_curve((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.0890);

	return (struct lab) { 116 * y - 16, 500 * (x - y), 200 * (y - z) };
}

const char *color_name(char buf[COLOR_NAME_SIZE], int color)
{
	if (color & COLOR_RGB && color >= 0)
		snprintf(buf, COLOR_NAME_SIZE, "#%06x", color_rgb(color));
	else if (color < 16)
		str_copy(buf, COLOR_NAME_SIZE, names[color < 0 ? 16 : color]);
	else
		snprintf(buf, COLOR_NAME_SIZE, "%d", color);
	return buf;
}

double color_lightness(int color)
{
	return to_lab(color_rgb(color)).l;
}

/* Relative luminance of WCAG 2: to_lab()'s Y before the curve. */
static double luminance(int color)
{
	uint32_t rgb = color_rgb(color);

	return 0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8) + 0.0722 * linear(rgb);
}

double color_contrast(int one, int another)
{
	double a = luminance(one), b = luminance(another);

	return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

bool color_fits(int color, int palette)
{
	return color < palette;
}

int color_reduce(int color, int palette)
{
	struct lab want = to_lab(color_rgb(color));
	double best = INFINITY;
	int nearest = -1;

	if (color_fits(color, palette))
		return color;
	for (int i = palette > 16 ? 16 : 0; i < palette; i++) {
		struct lab have = to_lab(color_rgb(i));
		double l = have.l - want.l, a = have.a - want.a, b = have.b - want.b, distance = l * l + a * a + b * b;

		if (distance < best) {
			best = distance;
			nearest = i;
		}
	}
	return nearest;
}
