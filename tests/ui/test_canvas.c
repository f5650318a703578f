/* The canvas as text: clipping, double-width and hostile characters; roles and actions have names. */
#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/width.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void expect(struct canvas *c, const char *want)
{
	char *text = canvas_print(c);

	assert_string_equal(text, want);
	free(text);
	canvas_clear(c);
}

static const struct canvas_cell *cell(const struct canvas *c, int row, int col)
{
	return &c->cells[row * c->cols + col];
}

static void test_text_and_clipping(void **state)
{
	struct canvas *c = canvas_new(2, 8);

	(void)state;
	expect(c, "\n\n");
	assert_int_equal(canvas_write(c, 0, 2, -1, ROLE_NOW, "abc"), 3);
	assert_int_equal(cell(c, 0, 2)->role, ROLE_NOW);
	assert_int_equal(cell(c, 0, 5)->role, ROLE_TEXT);
	expect(c, "  abc\n\n");
	assert_int_equal(canvas_write(c, 1, 5, -1, ROLE_TEXT, "abcdef"), 3);
	expect(c, "\n     abc\n");
	assert_int_equal(canvas_write(c, 0, 0, 4, ROLE_TEXT, "abcdef"), 4);
	expect(c, "abcd\n\n");
	assert_int_equal(canvas_write(c, 0, -2, -1, ROLE_TEXT, "abcd"), 4);
	expect(c, "cd\n\n");
	canvas_write(c, -1, 0, -1, ROLE_TEXT, "above");
	canvas_write(c, 2, 0, -1, ROLE_TEXT, "below");
	canvas_write(c, 0, 8, -1, ROLE_TEXT, "right");
	expect(c, "\n\n");
	assert_int_equal(canvas_text(c, 0, 0, ROLE_TEXT, "%d %s", 42, "x"), 4);
	assert_int_equal(canvas_right(c, 1, 0, 8, ROLE_TEXT, "end"), 3);
	expect(c, "42 x\n     end\n");
	canvas_right(c, 1, 2, 3, ROLE_TEXT, "abcdef");
	expect(c, "\n  abc\n");
	canvas_free(c);
}

static void test_fill(void **state)
{
	struct canvas *c = canvas_new(3, 5);

	(void)state;
	canvas_fill(c, (struct rect) { 1, 1, 9, 3 }, ROLE_RULE, 0x2500);
	assert_int_equal(cell(c, 1, 1)->role, ROLE_RULE);
	expect(c, "\n ───\n ───\n");
	canvas_fill(c, (struct rect) { -1, -1, 2, 3 }, ROLE_TEXT, '#');
	expect(c, "##\n\n\n");
	canvas_fill(c, (struct rect) { 0, 0, 1, 5 }, ROLE_TEXT, 0x4e2d);
	expect(c, "中中\n\n\n");
	canvas_free(c);
}

static void test_double_width(void **state)
{
	struct canvas *c = canvas_new(1, 6);

	(void)state;
	assert_int_equal(canvas_write(c, 0, 0, -1, ROLE_TEXT, "a中b"), 4);
	assert_int_equal(cell(c, 0, 2)->ch, 0);
	expect(c, "a中b\n");
	assert_int_equal(canvas_write(c, 0, 0, 4, ROLE_TEXT, "中中中"), 4);
	expect(c, "中中\n");
	assert_int_equal(canvas_write(c, 0, 0, 3, ROLE_TEXT, "中中"), 2);
	expect(c, "中\n");
	canvas_write(c, 0, 0, -1, ROLE_TEXT, "中中中");
	canvas_put(c, 0, 1, ROLE_TEXT, 'x'); /* right half */
	canvas_put(c, 0, 4, ROLE_TEXT, 'y'); /* left half */
	expect(c, " x中y\n");
	canvas_write(c, 0, 0, -1, ROLE_TEXT, "中中中");
	canvas_write(c, 0, 1, -1, ROLE_TEXT, "国");
	expect(c, " 国 中\n");
	canvas_write(c, 0, 0, -1, ROLE_TEXT, "中");
	canvas_write(c, 0, 0, -1, ROLE_TEXT, "国");
	expect(c, "国\n");
	canvas_put(c, 0, 5, ROLE_TEXT, 0x4e2d); /* does not fit */
	expect(c, "     ?\n");
	assert_int_equal(canvas_width("a中\xcc\x81z"), 4);
	canvas_free(c);
}

static void test_hostile_text(void **state)
{
	struct canvas *c = canvas_new(1, 20);

	(void)state;
	canvas_write(c, 0, 0, -1, ROLE_TEXT, "a\x1b[2Jb\xff\xc3(\xc2\x9b\x7f\n");
	expect(c, "a?[2Jb?" "?(???\n");
	canvas_write(c, 0, 0, -1, ROLE_TEXT, "e\xcc\x81\xe2\x80\x8b\xe2\x80\xae.");
	expect(c, "e.\n");
	canvas_put(c, 0, 0, ROLE_TEXT, 0x1b);
	canvas_put(c, 0, 1, ROLE_TEXT, 0);
	canvas_put(c, 0, 2, ROLE_TEXT, 0x7fffffff);
	expect(c, "???\n");
	canvas_free(c);
}

static void test_widths(void **state)
{
	static const struct {
		uint32_t ch;
		int width;
	} known[] = { { 0, -1 }, { 0x1f, -1 }, { ' ', 1 }, { '~', 1 }, { 0x7f, -1 }, { 0x9f, -1 }, { 0xa0, 1 },
		{ 0xe9, 1 }, { 0x301, 0 }, { 0x2588, 1 }, { 0x2500, 1 }, { 0x28ff, 1 }, { 0x200d, 0 }, { 0x1100, 2 },
		{ 0x115f, 2 }, { 0x4e00, 2 }, { 0xff21, 2 }, { 0x1f600, 2 }, { 0x231a, 2 }, { 0x3fffd, 2 },
		{ 0x40000, 1 }, { 0x10ffff, 1 }, { 0x110000, -1 }, { 0xd800, -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		assert_int_equal(width_of(known[i].ch), known[i].width);
}

/* Trigrams, hexagrams, counting rods and annotation marks, which Unicode 16 (glibc 2.41) made one wider. */
static int changed_in_unicode_16(uint32_t ch)
{
	return (ch >= 0x2630 && ch <= 0x2637) || (ch >= 0x268a && ch <= 0x268f) || (ch >= 0x4dc0 && ch <= 0x4dff) ||
		(ch >= 0xfff9 && ch <= 0xfffb) || (ch >= 0x1d300 && ch <= 0x1d376);
}

/* Against the C library: wherever it knows a character as wide or narrow the table must say the same. */
static void test_widths_agree_with_libc(void **state)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL), old;
	int differ = 0;

	(void)state;
	if (!utf8) {
		print_message("# skip: no C.UTF-8 locale here\n");
		skip();
	}
	old = uselocale(utf8);
	for (uint32_t ch = 0x20; ch < 0x110000; ch++) {
		int libc = wcwidth((wchar_t)ch);

		differ += libc > 0 && libc != width_of(ch) && ch != 0xad && !changed_in_unicode_16(ch);
	}
	uselocale(old);
	freelocale(utf8);
	assert_int_equal(differ, 0);
}

static void test_empty_canvas(void **state)
{
	struct canvas *c = canvas_new(0, -3);

	(void)state;
	canvas_write(c, 0, 0, -1, ROLE_TEXT, "x");
	canvas_fill(c, (struct rect) { 0, 0, 5, 5 }, ROLE_TEXT, 'x');
	expect(c, "");
	canvas_free(c);
	canvas_free(NULL);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(role_name(ROLE_TEXT), "text");
	assert_string_equal(role_name(ROLE_HEAT4), "heat4");
	assert_string_equal(role_meaning(ROLE_KEY), "keys in the footer and in help");
	assert_string_equal(action_name(ACTION_NONE), "none");
	assert_string_equal(action_name(ACTION_MEMORY_DETAIL), "memory-detail");
	assert_string_equal(action_group(ACTION_PAUSE), "time");
	for (int a = 0; a < ACTION_COUNT; a++) /* the help screen has 27 columns for it */
		assert_true(strlen(action_help((enum action)a)) <= 27);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_clipping),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_double_width),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_widths_agree_with_libc),
		cmocka_unit_test(test_empty_canvas),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
