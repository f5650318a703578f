/*
 * Theme files: every section is a row with a function that takes one `name = value` of it. A value replaces what was
 * inherited only where it is given, so reading a theme is reading its ancestors first. Knows nothing of terminals.
 */
#include "ui/theme.h"

#include "base/alloc.h"
#include "base/str.h"
#include "config/ini.h"
#include "ui/color.h"
#include "ui/theme_files.h"
#include "ui/width.h"

#include <stdlib.h>
#include <string.h>

#define ALTERNATIVES 4
#define GENERATIONS 8

const char theme_default_text[] =
#include "themes/default.theme.inc"
	;

/* Cuts text at a separator in place; the first word of it, or NULL when there is none. */
static char *next_word(char **text, const char *separators)
{
	char *word = *text + strspn(*text, separators), *end = word + strcspn(word, separators);

	*text = *end ? end + 1 : end;
	*end = '\0';
	return *word ? word : NULL;
}

static unsigned attribute(const char *word)
{
	static const char *const names[] = { "bold", "dim", "underline", "reverse" };

	for (unsigned i = 0; i < 4; i++)
		if (strcmp(word, names[i]) == 0)
			return 1u << i;
	return 0;
}

/* FG [on BG] [attributes]; the colours may still be RGB. */
static int parse_style(char *text, struct style *out, struct err *e)
{
	bool have_fg = false;
	char *word;

	*out = (struct style) { .fg = -1, .bg = -1 };
	while ((word = next_word(&text, " "))) {
		unsigned bit = attribute(word);
		int *slot = have_fg ? NULL : &out->fg;

		out->attributes |= bit;
		if (bit)
			continue;
		if (strcmp(word, "on") == 0) {
			slot = &out->bg;
			word = next_word(&text, " ");
		}
		if (!word)
			return err_set(e, 0, "a colour is missing after 'on'");
		if (!slot)
			return err_set(e, 0,
				"'%.40s' is one colour too many: FG [on BG] [bold] [dim] [underline] [reverse]", word);
		if (color_parse(word, slot, e))
			return -1;
		have_fg = true;
	}
	return 0;
}

/* The first alternative that the depth can show, else the last one in the nearest colours. */
static struct style pick(const struct style list[], size_t count, enum theme_depth depth)
{
	int palette = depth == DEPTH_256 ? 256 : 16;
	struct style s;
	size_t i = 0;

	while (i + 1 < count && !(color_fits(list[i].fg, palette) && color_fits(list[i].bg, palette)))
		i++;
	s = list[i];
	s.fg = color_reduce(s.fg, palette);
	s.bg = color_reduce(s.bg, palette);
	return s;
}

static void set_style(struct theme *t, enum role role, const struct style list[], size_t count)
{
	for (enum theme_depth d = DEPTH_16; d <= DEPTH_256; d++)
		t->styles[role][d] = pick(list, count, d);
}

static int parse_role(const char *name, enum role *out, struct err *e)
{
	const char *names[ROLE_COUNT];

	for (int r = 0; r < ROLE_COUNT; r++) {
		names[r] = role_name((enum role)r);
		if (strcmp(name, names[r]) == 0) {
			*out = (enum role)r;
			return 0;
		}
	}
	return err_unknown(e, "role", name, str_nearest(name, names, ROLE_COUNT));
}

/* Cuts "rich / 256 / 16" in place. Returns how many alternatives there are, or -1. */
static int split_alternatives(char *value, char *out[ALTERNATIVES], struct err *e)
{
	int count = 0;

	for (char *next = value; next; count++) {
		if (count == ALTERNATIVES) {
			err_set(e, 0, "more than %d alternatives", ALTERNATIVES);
			return -1;
		}
		out[count] = strsep(&next, "/");
		if (!out[count][strspn(out[count], " ")]) {
			err_set(e, 0, "an alternative is empty");
			return -1;
		}
	}
	return count;
}

static int set_color(struct theme *t, const char *name, char *value, struct err *e)
{
	struct style list[ALTERNATIVES];
	char *alternatives[ALTERNATIVES] = { NULL };
	enum role role;
	int count;

	if (parse_role(name, &role, e))
		return -1;
	count = split_alternatives(value, alternatives, e);
	for (int i = 0; i < count; i++)
		if (parse_style(alternatives[i], &list[i], e))
			return -1;
	if (count > 0)
		set_style(t, role, list, (size_t)count);
	return count > 0 ? 0 : -1;
}

static int parse_ramp(char *text, struct style out[THEME_HEATS], struct err *e)
{
	char *word;
	int count = 0;

	while ((word = next_word(&text, " "))) {
		if (count == THEME_HEATS)
			return err_set(e, 0, "a ramp has %d colours, not more", THEME_HEATS);
		out[count] = (struct style) { .fg = -1, .bg = -1 };
		if (color_parse(word, &out[count++].fg, e))
			return -1;
	}
	return count == THEME_HEATS ? 0 : err_set(e, 0, "a ramp has %d colours, not %d", THEME_HEATS, count);
}

static int set_heat(struct theme *t, const char *name, char *value, struct err *e)
{
	static const char *const names[] = { "ramp" };
	struct style ramps[ALTERNATIVES][THEME_HEATS], list[ALTERNATIVES];
	char *alternatives[ALTERNATIVES] = { NULL };
	int count;

	if (strcmp(name, names[0]) != 0)
		return err_unknown(e, "name", name, str_nearest(name, names, 1));
	count = split_alternatives(value, alternatives, e);
	for (int i = 0; i < count; i++)
		if (parse_ramp(alternatives[i], ramps[i], e))
			return -1;
	for (int heat = 0; count > 0 && heat < THEME_HEATS; heat++) {
		for (int i = 0; i < count; i++)
			list[i] = ramps[i][heat];
		set_style(t, (enum role)(ROLE_HEAT0 + heat), list, (size_t)count);
	}
	return count > 0 ? 0 : -1;
}

static int set_mono(struct theme *t, const char *name, char *value, struct err *e)
{
	struct style s;
	enum role role;

	if (parse_role(name, &role, e) || parse_style(value, &s, e))
		return -1;
	if (s.fg != -1 || s.bg != -1)
		return err_set(e, 0, "no colours in [mono]: bold, dim, underline, reverse, or default for none");
	t->styles[role][DEPTH_MONO] = s;
	return 0;
}

/* Exactly `want` characters, each one column wide and none above `highest`. */
static int parse_glyphs(const char *text, uint32_t *place, size_t want, uint32_t highest, struct err *e)
{
	size_t left = strlen(text), count = 0;
	uint32_t ch;

	for (size_t n; (n = str_utf8(text, left, &ch)) > 0; text += n, left -= n) {
		if (width_of(ch) != 1 || ch > highest)
			return err_set(e, 0, "'%.*s' is not a character %s", (int)n, text,
				highest < 0x80 ? "of ASCII" : "that is one column wide");
		if (count < want)
			place[count] = ch;
		count++;
	}
	return count == want ? 0 : err_set(e, 0, "%zu characters are wanted here, not %zu", want, count);
}

static int set_glyphs(struct theme_glyphs *g, const char *name, const char *value, uint32_t highest, struct err *e)
{
	const struct {
		const char *name;
		uint32_t *place;
		size_t count;
	} rows[] = { { "bars", g->bars, THEME_BARS }, { "heat", g->heats, THEME_HEATS },
		{ "parts", g->parts, THEME_PARTS }, { "rule", &g->rule, 1 }, { "mark", &g->mark, 1 },
		{ "bullet", &g->bullet, 1 } };
	const char *names[sizeof rows / sizeof rows[0]];
	const size_t count = sizeof rows / sizeof rows[0];

	for (size_t i = 0; i < count; i++) {
		names[i] = rows[i].name;
		if (strcmp(name, names[i]) == 0)
			return parse_glyphs(value, rows[i].place, rows[i].count, highest, e);
	}
	return err_unknown(e, "name", name, str_nearest(name, names, count));
}

static int set_blocks(struct theme *t, const char *name, char *value, struct err *e)
{
	return set_glyphs(&t->glyphs, name, value, 0x10ffff, e);
}

static int set_ascii(struct theme *t, const char *name, char *value, struct err *e)
{
	return set_glyphs(&t->ascii, name, value, 0x7e, e);
}

static int set_name(struct theme *t, char *value, struct err *e)
{
	(void)e;
	str_clean(t->name, sizeof t->name, value, strlen(value));
	return 0;
}

static int set_about(struct theme *t, char *value, struct err *e)
{
	(void)e;
	str_clean(t->about, sizeof t->about, value, strlen(value));
	return 0;
}

static int set_format(struct theme *t, char *value, struct err *e)
{
	(void)t;
	return strcmp(value, "1") == 0 ? 0 : err_set(e, 0, "this tach reads theme format 1, not '%.20s'", value);
}

/* What it inherits is known already. */
static int set_nothing(struct theme *t, char *value, struct err *e)
{
	(void)t, (void)value, (void)e;
	return 0;
}

static int set_terminal(struct theme *t, char *value, struct err *e)
{
	struct style s;

	if (parse_style(value, &s, e))
		return -1;
	if (s.fg == -1 || s.bg == -1 || s.attributes)
		return err_set(e, 0, "two colours are wanted here, as in white on black");
	t->terminal = s;
	return 0;
}

static int set_theme(struct theme *t, const char *name, char *value, struct err *e)
{
	static const struct {
		const char *name;
		int (*set)(struct theme *t, char *value, struct err *e);
	} rows[] = { { "name", set_name }, { "about", set_about }, { "format", set_format }, { "inherit", set_nothing },
		{ "terminal", set_terminal } };
	const char *names[sizeof rows / sizeof rows[0]];
	const size_t count = sizeof rows / sizeof rows[0];

	for (size_t i = 0; i < count; i++) {
		names[i] = rows[i].name;
		if (strcmp(name, names[i]) == 0)
			return rows[i].set(t, value, e);
	}
	return err_unknown(e, "name", name, str_nearest(name, names, count));
}

static int take_pair(void *context, const char *section, const char *name, const char *value, struct err *e)
{
	static const struct {
		const char *section;
		int (*set)(struct theme *t, const char *name, char *value, struct err *e);
	} sections[] = { { "theme", set_theme }, { "color", set_color }, { "heat", set_heat }, { "mono", set_mono },
		{ "glyphs", set_blocks }, { "ascii", set_ascii } };
	const char *names[sizeof sections / sizeof sections[0]];
	const size_t count = sizeof sections / sizeof sections[0];
	char copy[1024];

	str_copy(copy, sizeof copy, value);
	for (size_t i = 0; i < count; i++) {
		names[i] = sections[i].section;
		if (strcmp(section, names[i]) == 0)
			return *value ? sections[i].set(context, name, copy, e) : 0; /* empty: inherited */
	}
	return err_unknown(e, "section", section, str_nearest(section, names, count));
}

/* The default of a role is the colour of text, so that a theme's background is said once. */
static void settle(struct theme *t)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		for (int d = 0; d < DEPTH_COUNT; d++) {
			struct style *s = &t->styles[role][d];

			s->fg = s->fg == -1 ? t->styles[ROLE_TEXT][d].fg : s->fg;
			s->bg = s->bg == -1 ? t->styles[ROLE_TEXT][d].bg : s->bg;
		}
}

/* Not settled yet: its heirs may have another text. */
static void read_default(struct theme *t)
{
	struct err e;

	*t = (struct theme) { .name = "" };
	for (int role = 0; role < ROLE_COUNT; role++)
		for (int d = 0; d < DEPTH_COUNT; d++)
			t->styles[role][d].fg = t->styles[role][d].bg = -1;
	if (ini_read_text("default.theme", theme_default_text, take_pair, t, &e))
		fatal("%s", e.text);
}

void theme_default(struct theme *t)
{
	read_default(t);
	settle(t);
}

void theme_ascii(struct theme *t)
{
	t->glyphs = t->ascii;
}

static int find_parent(void *context, const char *section, const char *name, const char *value, struct err *e)
{
	char **parent = context;

	(void)e;
	if (strcmp(section, "theme") == 0 && strcmp(name, "inherit") == 0 && *value) {
		free(*parent);
		*parent = xstrdup(value);
	}
	return 0;
}

/* A file, or text in memory. */
struct source {
	const char *name, *text;
};

static int read_source(const struct source *s, ini_visit visit, void *context, struct err *e)
{
	if (s->text)
		return ini_read_text(s->name, s->text, visit, context, e);
	return ini_read_file(s->name, visit, context, e);
}

static int read_family(struct theme *t, const struct source *s, int generation, struct err *e);

static int read_named(struct theme *t, const char *name, int generation, struct err *e)
{
	char *path;
	int rc;

	if (strcmp(name, "default") == 0) {
		read_default(t);
		return 0;
	}
	path = theme_path(name, e);
	if (!path)
		return -1;
	rc = read_family(t, &(struct source) { .name = path }, generation, e);
	free(path);
	return rc;
}

/* The ancestors first, then the theme itself over them. */
static int read_family(struct theme *t, const struct source *s, int generation, struct err *e)
{
	const char *slash = strrchr(s->name, '/'), *base = slash ? slash + 1 : s->name;
	char *parent = xstrdup("default");
	int rc = read_source(s, find_parent, &parent, e);

	if (!rc && generation == GENERATIONS)
		rc = err_set(e, 0, "%.80s: inherits through more than %d themes: is this a circle?", s->name,
			GENERATIONS);
	rc = rc ? rc : read_named(t, parent, generation + 1, e);
	free(parent);
	str_clean(t->name, sizeof t->name, base, strcspn(base, "."));
	t->about[0] = '\0';
	return rc ? rc : read_source(s, take_pair, t, e);
}

int theme_read(struct theme *t, const char *name_or_file, struct err *e)
{
	struct theme new;

	if (read_named(&new, name_or_file, 0, e))
		return -1;
	settle(&new);
	*t = new;
	return 0;
}

int theme_read_text(struct theme *t, const char *name_for_errors, const char *text, struct err *e)
{
	struct theme new;

	if (read_family(&new, &(struct source) { name_for_errors, text }, 0, e))
		return -1;
	settle(&new);
	*t = new;
	return 0;
}
