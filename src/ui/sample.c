/* Themes on plain lines. Writes the sequences of ECMA-48 itself, since curses has whole screens only. */
#include "ui/sample.h"

#include "base/str.h"
#include "ui/color.h"

#include <string.h>

#define STYLE_SIZE 72

static const int widths[DEPTH_COUNT] = { [DEPTH_256] = 20, [DEPTH_16] = 28, [DEPTH_MONO] = 14 };

static const struct {
	const char *word;
	unsigned bit;
	int code;
} attributes[] = { { "bold", ATTR_BOLD, 1 }, { "dim", ATTR_DIM, 2 }, { "underline", ATTR_UNDERLINE, 4 },
	{ "reverse", ATTR_REVERSE, 7 } };

#define ATTRIBUTES (sizeof attributes / sizeof attributes[0])

double sample_contrast(const struct theme *t, enum role role, enum theme_depth depth)
{
	struct style s = t->styles[role][depth];

	return color_contrast(s.fg == -1 ? t->terminal.fg : s.fg, s.bg == -1 ? t->terminal.bg : s.bg);
}

/* As a theme file says it. */
static const char *style_text(char buf[STYLE_SIZE], const struct style *s)
{
	char fg[COLOR_NAME_SIZE], bg[COLOR_NAME_SIZE];
	bool plain = s->fg == -1 && s->bg == -1 && s->attributes; /* the attributes alone say it */
	size_t n = (size_t)snprintf(buf, STYLE_SIZE, "%s", plain ? "" : color_name(fg, s->fg));

	if (s->bg != -1)
		n += (size_t)snprintf(buf + n, STYLE_SIZE - n, " on %s", color_name(bg, s->bg));
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (s->attributes & attributes[i].bit)
			n += (size_t)snprintf(buf + n, STYLE_SIZE - n, "%s%s", n ? " " : "", attributes[i].word);
	return buf;
}

static void put_color(FILE *out, int color, int first)
{
	if (color >= 16)
		fprintf(out, ";%d;5;%d", first + 8, color);
	else if (color >= 0)
		fprintf(out, ";%d", color < 8 ? first + color : first + 60 + color - 8);
}

static void begin_style(FILE *out, const struct style *s)
{
	fputs("\033[0", out);
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (s->attributes & attributes[i].bit)
			fprintf(out, ";%d", attributes[i].code);
	put_color(out, s->fg, 30);
	put_color(out, s->bg, 40);
	fputc('m', out);
}

/* The text of the style, painted in it, and blanks up to the next column. */
static void put_style(FILE *out, const struct theme *t, enum role role, enum theme_depth depth, bool painted)
{
	const struct style *s = &t->styles[role][depth];
	char text[STYLE_SIZE];

	style_text(text, s);
	if (painted)
		begin_style(out, s);
	fputs(text, out);
	if (painted)
		fputs("\033[0m", out);
	fprintf(out, "%*s", widths[depth] > (int)strlen(text) ? widths[depth] - (int)strlen(text) : 1, "");
}

static bool is_poor(double contrast)
{
	return contrast < SAMPLE_CONTRAST;
}

static void put_contrast(FILE *out, const struct theme *t, enum role role, enum theme_depth depth)
{
	double contrast = sample_contrast(t, role, depth);

	fprintf(out, " %4.1f%c", contrast, is_poor(contrast) && role <= ROLE_LAST_TEXT ? '!' : ' ');
}

static void put_role(FILE *out, const struct theme *t, enum role role, enum theme_depth deepest)
{
	fprintf(out, "%-8s", role_name(role));
	for (int d = DEPTH_256; d >= DEPTH_MONO; d--)
		put_style(out, t, role, (enum theme_depth)d, d <= (int)deepest && deepest < DEPTH_COUNT);
	put_contrast(out, t, role, DEPTH_256);
	put_contrast(out, t, role, DEPTH_16);
	fputc('\n', out);
}

static void put_glyphs(FILE *out, const uint32_t *glyphs, size_t count, const char *end)
{
	char text[8];

	for (size_t i = 0; i < count; i++) {
		text[str_utf8_put(text, glyphs[i])] = '\0';
		fputs(text, out);
	}
	fputs(end, out);
}

static void put_glyph_row(FILE *out, const char *name, const struct theme_glyphs *g)
{
	fprintf(out, "%-8s", name);
	put_glyphs(out, g->bars, THEME_BARS, "  ");
	put_glyphs(out, g->heats, THEME_HEATS, "  ");
	put_glyphs(out, g->parts, THEME_PARTS, "  ");
	put_glyphs(out, (const uint32_t[]){ g->rule, g->mark, g->bullet }, 3, "\n");
}

/* The texts that are hard to read. */
static int count_poor(const struct theme *t)
{
	int count = 0;

	for (int role = 0; role <= ROLE_LAST_TEXT; role++)
		count += is_poor(sample_contrast(t, (enum role)role, DEPTH_256)) ||
			is_poor(sample_contrast(t, (enum role)role, DEPTH_16));
	return count;
}

void sample_print(FILE *out, const struct theme *t, enum theme_depth deepest)
{
	char fg[COLOR_NAME_SIZE], bg[COLOR_NAME_SIZE];
	int poor = count_poor(t);

	fprintf(out, "%-8s%-*s%-*s%-*s  256    16\n", "role", widths[DEPTH_256], "256 colours", widths[DEPTH_16], "16 colours",
		widths[DEPTH_MONO], "no colour");
	for (int role = 0; role < ROLE_COUNT; role++)
		put_role(out, t, (enum role)role, deepest);
	put_glyph_row(out, "glyphs", &t->glyphs);
	put_glyph_row(out, "ascii", &t->ascii);
	fprintf(out, "contrast on a terminal of %s on %s:", color_name(fg, t->terminal.fg), color_name(bg, t->terminal.bg));
	if (poor)
		fprintf(out, " ! %d of %d texts below %.1f, hard to read\n", poor, ROLE_LAST_TEXT + 1, SAMPLE_CONTRAST);
	else
		fprintf(out, " every text has %.1f or more\n", SAMPLE_CONTRAST);
}
