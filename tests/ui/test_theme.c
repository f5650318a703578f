/* Themes: the embedded one, values with alternatives, inheritance, the search path, and refusals. */
#include "ui/color.h"
#include "ui/theme.h"
#include "ui/theme_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_style(const struct theme *t, enum role role, enum theme_depth depth, int fg, int bg,
	unsigned attributes)
{
	const struct style *s = &t->styles[role][depth];

	assert_int_equal(s->fg, fg);
	assert_int_equal(s->bg, bg);
	assert_int_equal(s->attributes, attributes);
}

static void read_text(struct theme *t, const char *text)
{
	struct err e = { 0 };

	if (theme_read_text(t, "t", text, &e))
		fail_msg("%s", e.text);
}

static void test_default(void **state)
{
	struct theme t;

	(void)state;
	theme_default(&t);
	assert_string_equal(t.name, "default");
	expect_style(&t, ROLE_TEXT, DEPTH_256, -1, -1, 0);
	expect_style(&t, ROLE_DIM, DEPTH_256, 244, -1, 0);
	expect_style(&t, ROLE_DIM, DEPTH_16, 8, -1, 0);
	expect_style(&t, ROLE_DIM, DEPTH_MONO, -1, -1, 0);
	expect_style(&t, ROLE_BAD, DEPTH_16, 9, -1, ATTR_BOLD);
	expect_style(&t, ROLE_BAD, DEPTH_MONO, -1, -1, ATTR_REVERSE);
	expect_style(&t, ROLE_HEAT0, DEPTH_256, 240, -1, 0);
	expect_style(&t, ROLE_HEAT4, DEPTH_256, 214, -1, 0);
	expect_style(&t, ROLE_HEAT4, DEPTH_16, 15, -1, 0);
	assert_int_equal(t.glyphs.bars[7], 0x2588);
	assert_int_equal(t.glyphs.rule, 0x2500);
	theme_ascii(&t);
	assert_int_equal(t.glyphs.bars[7], '@');
	assert_int_equal(t.glyphs.heats[0], '.');
	assert_int_equal(t.glyphs.parts[8], '.');
	assert_int_equal(t.glyphs.rule, '-');
}

static void test_values(void **state)
{
	struct theme t;

	(void)state;
	read_text(&t, "[color]\n"
		"text = #5fafff / 75 / blue\n"
		"dim = #5fafff\n"
		"title = 202 / red bold on white underline\n"
		"key = #000000 on #87afd7 / 16 on 110 / black on cyan\n"
		"rule = bold\n"
		"graph =\n"
		"bad = default on bright-black\n"
		"base = #123456 reverse / default dim\n"
		"[heat]\nramp = 1 2 3 4 5\n"
		"[mono]\nwarn = bold reverse\nbad = default\n");
	expect_style(&t, ROLE_TEXT, DEPTH_256, 75, -1, 0);
	expect_style(&t, ROLE_TEXT, DEPTH_16, 4, -1, 0);
	expect_style(&t, ROLE_DIM, DEPTH_256, 75, -1, 0);
	expect_style(&t, ROLE_TITLE, DEPTH_256, 202, -1, 0);
	expect_style(&t, ROLE_TITLE, DEPTH_16, 1, 7, ATTR_BOLD | ATTR_UNDERLINE);
	expect_style(&t, ROLE_KEY, DEPTH_256, 16, 110, 0);
	expect_style(&t, ROLE_KEY, DEPTH_16, 0, 6, 0);
	expect_style(&t, ROLE_RULE, DEPTH_256, 75, -1, ATTR_BOLD); /* the default is the colour of text */
	expect_style(&t, ROLE_GRAPH, DEPTH_256, 74, -1, 0); /* inherited */
	expect_style(&t, ROLE_BAD, DEPTH_256, 75, 8, 0);
	expect_style(&t, ROLE_BASE, DEPTH_256, 75, -1, ATTR_DIM);
	expect_style(&t, ROLE_HEAT2, DEPTH_256, 3, -1, 0);
	expect_style(&t, ROLE_HEAT2, DEPTH_16, 3, -1, 0);
	expect_style(&t, ROLE_WARN, DEPTH_MONO, -1, -1, ATTR_BOLD | ATTR_REVERSE);
	expect_style(&t, ROLE_BAD, DEPTH_MONO, -1, -1, 0);
	expect_style(&t, ROLE_BASE, DEPTH_MONO, -1, -1, 0);
}

/* A background is said once; a terminal that cannot show it keeps its own. */
static void test_background(void **state)
{
	struct theme t;

	(void)state;
	read_text(&t, "[theme]\nabout = night\nterminal = 7 on #001020\n"
		"[color]\ntext = 252 on 17 / default\nwarn = 214\nselect = 16 on 110 / reverse\n");
	assert_string_equal(t.name, "t");
	assert_string_equal(t.about, "night");
	assert_int_equal(t.terminal.fg, 7);
	assert_int_equal(t.terminal.bg, COLOR_RGB | 0x001020);
	expect_style(&t, ROLE_TEXT, DEPTH_256, 252, 17, 0);
	expect_style(&t, ROLE_TEXT, DEPTH_16, -1, -1, 0);
	expect_style(&t, ROLE_WARN, DEPTH_256, 214, 17, 0);
	expect_style(&t, ROLE_WARN, DEPTH_16, 3, -1, 0); /* #cdcd00 is nearer to #ffaf00 than #ffff00 is */
	expect_style(&t, ROLE_NOW, DEPTH_256, 252, 17, 0);
	expect_style(&t, ROLE_HEAT0, DEPTH_256, 240, 17, 0);
	expect_style(&t, ROLE_SELECT, DEPTH_256, 16, 110, 0);
	expect_style(&t, ROLE_SELECT, DEPTH_16, -1, -1, ATTR_REVERSE);
	expect_style(&t, ROLE_WARN, DEPTH_MONO, -1, -1, ATTR_BOLD);
}

/* The last three differ from the nearest by distance in RGB, which are 97, 130 and 35. */
static void test_nearest_colours(void **state)
{
	(void)state;
	assert_int_equal(color_rgb(1), 0xcd0000);
	assert_int_equal(color_rgb(16), 0x000000);
	assert_int_equal(color_rgb(75), 0x5fafff);
	assert_int_equal(color_rgb(196), 0xff0000);
	assert_int_equal(color_rgb(231), 0xffffff);
	assert_int_equal(color_rgb(232), 0x080808);
	assert_int_equal(color_rgb(255), 0xeeeeee);
	for (int i = 16; i < 256; i++) /* every colour of the cube and the ramp is nearest to itself */
		assert_int_equal(color_rgb(color_reduce(COLOR_RGB | (int)color_rgb(i), 256)), color_rgb(i));
	assert_int_equal(color_reduce(COLOR_RGB | 0x5fb0fe, 256), 75);
	assert_int_equal(color_reduce(COLOR_RGB | 0xfe0101, 256), 196);
	assert_int_equal(color_reduce(COLOR_RGB | 0x7a7a7a, 256), 243); /* #767676 rather than #808080 */
	assert_int_equal(color_reduce(COLOR_RGB | 0xff0000, 16), 9);
	assert_int_equal(color_reduce(21, 16), 4);
	assert_int_equal(color_reduce(46, 16), 10);
	assert_int_equal(color_reduce(75, 256), 75);
	assert_int_equal(color_reduce(-1, 16), -1);
	assert_int_equal(color_reduce(COLOR_RGB | 0x7942bd, 256), 98);
	assert_int_equal(color_reduce(COLOR_RGB | 0xbb3112, 256), 124);
	assert_int_equal(color_reduce(COLOR_RGB | 0x0ac044, 256), 41);
}

static void test_glyphs(void **state)
{
	struct theme t;

	(void)state;
	read_text(&t, "[glyphs]\nbars = 12345678\nmark = é\n[ascii]\nbars = abcdefgh\n");
	assert_int_equal(t.glyphs.bars[0], '1');
	assert_int_equal(t.glyphs.mark, 0xe9);
	assert_int_equal(t.glyphs.bullet, 0x25cf);
	theme_ascii(&t);
	assert_int_equal(t.glyphs.bars[0], 'a');
	assert_int_equal(t.glyphs.mark, '!');
}

static void expect_error(const char *text, const char *want)
{
	struct theme t;
	struct err e = { 0 };

	theme_default(&t);
	t.glyphs.rule = 'x';
	assert_int_equal(theme_read_text(&t, "t", text, &e), -1);
	assert_string_equal(e.text, want);
	assert_int_equal(t.glyphs.rule, 'x'); /* untouched */
}

static void test_errors(void **state)
{
	(void)state;
	expect_error("[color]\n\nwarm = red\n", "t:3: unknown role 'warm'; did you mean 'warn'?");
	expect_error("[colour]\nwarn = red\n", "t:2: unknown section 'colour'; did you mean 'color'?");
	expect_error("warn = red\n", "t:1: unknown section ''");
	expect_error("[color]\nwarn = rad\n", "t:2: unknown colour 'rad'; did you mean 'red'?");
	expect_error("[color]\nwarn = blod red\n", "t:2: unknown colour 'blod'; did you mean 'blue'?");
	expect_error(
		"[color]\nwarn = #12345\n", "t:2: '#12345' is no colour: six hex digits after the #, as in #5fafff");
	expect_error("[color]\nwarn = 256\n", "t:2: '256' is no colour: numbers go from 0 to 255");
	expect_error("[color]\nwarn = red on\n", "t:2: a colour is missing after 'on'");
	expect_error("[color]\nwarn = red blue\n",
		"t:2: 'blue' is one colour too many: FG [on BG] [bold] [dim] [underline] [reverse]");
	expect_error("[color]\nwarn = red / / blue\n", "t:2: an alternative is empty");
	expect_error("[color]\nwarn = 1/2/3/4/5\n", "t:2: more than 4 alternatives");
	expect_error("[heat]\nramp = 1 2 3\n", "t:2: a ramp has 5 colours, not 3");
	expect_error("[heat]\nramp = 1 2 3 4 5 6\n", "t:2: a ramp has 5 colours, not more");
	expect_error("[heat]\nrmap = 1 2 3 4 5\n", "t:2: unknown name 'rmap'; did you mean 'ramp'?");
	expect_error("[mono]\nwarn = red\n",
		"t:2: no colours in [mono]: bold, dim, underline, reverse, or default for none");
	expect_error("[glyphs]\nbars = 1234567\n", "t:2: 8 characters are wanted here, not 7");
	expect_error("[glyphs]\nbars = 1234567中\n", "t:2: '中' is not a character that is one column wide");
	expect_error("[ascii]\nmark = é\n", "t:2: 'é' is not a character of ASCII");
	expect_error("[glyphs]\nbullets = x\n", "t:2: unknown name 'bullets'; did you mean 'bullet'?");
	expect_error("[theme]\nformat = 2\n", "t:2: this tach reads theme format 1, not '2'");
	expect_error("[theme]\nterminal = white\n", "t:2: two colours are wanted here, as in white on black");
	expect_error("[theme]\nterminal = default on black\n", "t:2: two colours are wanted here, as in white on black");
	expect_error("[theme]\nterminal = white on black bold\n", "t:2: two colours are wanted here, as in white on black");
	expect_error("[theme]\nabuot = x\n", "t:2: unknown name 'abuot'; did you mean 'about'?");
	expect_error("[theme]\ninherit = no-such-theme\n", "unknown theme 'no-such-theme'");
}

static char folder[64];

static void write_theme(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/tach/themes/%s.theme", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_folder(void **state)
{
	char path[200];

	(void)state;
	strcpy(folder, "/tmp/tach-test-theme-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/tach", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/tach/themes", folder);
	mkdir(path, 0700);
	setenv("XDG_CONFIG_HOME", folder, 1);
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "/tach/themes/ember.theme", "/tach/themes/child.theme",
		"/tach/themes/a.theme", "/tach/themes/b.theme", "/tach/themes", "/tach", "" };
	char path[200];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s%s", folder, names[i]);
		remove(path);
	}
	return 0;
}

static void test_search_and_inherit(void **state)
{
	struct theme t;
	struct err e = { 0 };
	char path[200], **list;

	(void)state;
	write_theme("ember", "[theme]\nname = Ember\nabout = glows\n[color]\nwarn = 214\ngood = 73\ntext = 7 on 17\n");
	write_theme("child", "[color]\nwarn = 99\ntext = 15 on 18\n[theme]\ninherit = ember\n");
	assert_int_equal(theme_read(&t, "child", &e), 0);
	assert_string_equal(t.name, "child");
	assert_string_equal(t.about, ""); /* that of the parent is not true of it */
	expect_style(&t, ROLE_WARN, DEPTH_256, 99, 18, 0);
	expect_style(&t, ROLE_GOOD, DEPTH_256, 73, 18, 0);
	expect_style(&t, ROLE_DIM, DEPTH_256, 244, 18, 0);
	snprintf(path, sizeof path, "%s/tach/themes/ember.theme", folder);
	assert_int_equal(theme_read(&t, path, &e), 0);
	assert_string_equal(t.name, "Ember");
	assert_int_equal(theme_read(&t, "embr", &e), -1);
	assert_string_equal(e.text, "unknown theme 'embr'; did you mean 'ember'?");
	assert_int_equal(theme_read(&t, "default", &e), 0);
	assert_int_equal(theme_read(&t, "./no-such.theme", &e), -1);
	assert_string_equal(e.text, "cannot read ./no-such.theme: No such file or directory");
	list = theme_list();
	for (size_t i = 1; list[i]; i++)
		assert_true(strcmp(list[i - 1], list[i]) < 0);
	for (size_t i = 0; list[i]; i++)
		free(list[i]);
	free(list);
}

static void test_circle(void **state)
{
	struct theme t;
	struct err e = { 0 };

	(void)state;
	write_theme("a", "[theme]\ninherit = b\n");
	write_theme("b", "[theme]\ninherit = a\n");
	assert_int_equal(theme_read(&t, "a", &e), -1);
	assert_non_null(strstr(e.text, "is this a circle?"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_background),
		cmocka_unit_test(test_nearest_colours),
		cmocka_unit_test(test_glyphs),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_search_and_inherit),
		cmocka_unit_test(test_circle),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
