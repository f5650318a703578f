/* What is selected stays selected, wherever it goes in its list. */
#include "ui/selection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *list; /* a letter an entry */

static int count(const struct view *v)
{
	(void)v;
	return (int)strlen(list);
}

static void identity(const struct view *v, int index, char *buf, size_t size)
{
	(void)v;
	snprintf(buf, size, "%c", list[index]);
}

static int find(const struct view *v, const char *id)
{
	const char *at = strchr(list, *id);

	(void)v;
	return *id && at ? (int)(at - list) : -1;
}

static const struct pane_ops by_identity = { .count = count, .identity = identity, .find = find };
static const struct pane_ops by_place = { .count = count };
static const struct view zoomed = { .zoomed = true };
static const struct view small = { .zoomed = false };

static void an_entry_is_followed(void **state)
{
	struct selection s = { .index = 0 };

	(void)state;
	list = "abcde";
	assert_int_equal(selection_index(&s, &by_identity, &zoomed), 0);
	list = "eabcd";
	assert_int_equal(selection_index(&s, &by_identity, &zoomed), 0); /* nothing was chosen: the first, whatever it is */
	selection_move(&s, &by_identity, &zoomed, 2);
	assert_string_equal(s.identity, "b");
	list = "bxyz";
	assert_int_equal(selection_index(&s, &by_identity, &zoomed), 0);
	list = "xyzab";
	assert_int_equal(selection_index(&s, &by_identity, &zoomed), 4);
	list = "xy"; /* gone: its place is kept as far as there is one */
	assert_int_equal(selection_index(&s, &by_identity, &zoomed), 1);
	list = "xyzwb"; /* and it is found again */
	assert_int_equal(selection_index(&s, &by_identity, &zoomed), 4);
}

static void the_ends_of_a_list_hold(void **state)
{
	struct selection s = { .index = 0 };

	(void)state;
	list = "abc";
	selection_move(&s, &by_identity, &zoomed, -1);
	assert_string_equal(s.identity, "a");
	selection_move(&s, &by_identity, &zoomed, 100);
	assert_string_equal(s.identity, "c");
	list = "";
	selection_move(&s, &by_identity, &zoomed, 1); /* there is nothing to take an identity from */
	assert_string_equal(s.identity, "c");
	assert_int_equal(selection_index(&s, &by_place, &zoomed), 0);
	selection_move(&s, &by_place, &zoomed, 1);
	assert_int_equal(s.index, 0);
}

/* A pane that is not zoomed has another list: what was selected in the long one waits. */
static void a_place_is_kept_while_the_pane_is_small(void **state)
{
	struct selection s = { .index = 0 };

	(void)state;
	list = "abcdef";
	selection_move(&s, &by_place, &zoomed, 5);
	list = "ab";
	assert_int_equal(selection_index(&s, &by_place, &small), 5);
	list = "abcdefg";
	assert_int_equal(selection_index(&s, &by_place, &zoomed), 5);
	list = "abc";
	assert_int_equal(selection_index(&s, &by_place, &zoomed), 2);
}

/* The list may have become shorter than the place that was chosen in it, and only a zoomed one is gone to its end for. */
static void nothing_is_held_beyond_the_end(void **state)
{
	struct selection s = { .index = 0 };

	(void)state;
	list = "abcdefghijk";
	selection_move(&s, &by_place, &zoomed, 10);
	list = "x";
	selection_hold(&s, &by_identity, &small);
	assert_string_equal(s.identity, "");
	assert_int_equal(s.index, 10);
	selection_release(&s);
	selection_hold(&s, &by_identity, &zoomed);
	assert_string_equal(s.identity, "x");
	selection_release(&s);
	list = "";
	selection_hold(&s, &by_identity, &small);
	assert_string_equal(s.identity, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_followed),
		cmocka_unit_test(the_ends_of_a_list_hold),
		cmocka_unit_test(a_place_is_kept_while_the_pane_is_small),
		cmocka_unit_test(nothing_is_held_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
