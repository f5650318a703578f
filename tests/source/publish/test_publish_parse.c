/* Published memory as a hostile program may write it: on a plain buffer, one field wrong at a time. */
#include "source/publish/publish_parse.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct tach_publisher *buffer;
static struct publish_view view;
static struct err why;

static void set_name(unsigned i, uint32_t kind, uint32_t cell, const char *name, const char *unit)
{
	struct tach_publish_name *n = &buffer->names[i];

	*n = (struct tach_publish_name){ .state = TACH_READY, .kind = kind, .cell = cell };
	memcpy(n->name, name, strnlen(name, sizeof n->name));
	memcpy(n->unit, unit, strnlen(unit, sizeof n->unit));
}

static int good_head(void **state)
{
	(void)state;
	buffer = calloc(1, sizeof *buffer);
	buffer->magic = 0x3168736c62757074;
	buffer->version = 1;
	buffer->size = 8921088;
	buffer->writer_size = 69632;
	buffer->names_max = 64;
	buffer->histograms_max = 16;
	buffer->writers_max = 128;
	buffer->bins = 528;
	memset(&view, 0, sizeof view);
	return 0;
}

static int release(void **state)
{
	(void)state;
	free(buffer);
	return 0;
}

static int parse(void)
{
	why.text[0] = '\0';
	return publish_parse(buffer, sizeof *buffer, &view, &why);
}

static void empty_is_good(void **state)
{
	(void)state;
	assert_int_equal(parse(), 0);
	assert_int_equal(view.nwriters, 0);
	for (unsigned i = 0; i < TACH_PUBLISH_NAMES; i++)
		assert_int_equal(view.names[i].kind, 0);
}

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(publish_parse(buffer, 0, &view, &why), -1);
	assert_int_equal(publish_parse(buffer, 63, &view, &why), -1);
	assert_string_equal(why.text, "it is too short to hold a head");
	assert_int_equal(publish_parse(buffer, 64, &view, &why), -1);
	assert_string_equal(why.text, "its size is not what it says");
	assert_int_equal(publish_parse(buffer, sizeof *buffer + 4096, &view, &why), -1);
}

static void every_field_of_the_head(void **state)
{
	uint32_t *fields[] = { &buffer->version, &buffer->size, &buffer->writer_size, &buffer->names_max,
		&buffer->histograms_max, &buffer->writers_max, &buffer->bins };

	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		uint32_t right = *fields[i];

		for (unsigned bit = 0; bit < 32; bit++) {
			*fields[i] = right ^ 1u << bit;
			assert_int_equal(parse(), -1);
			assert_true(why.text[0] != '\0');
		}
		*fields[i] = right;
	}
	buffer->magic ^= 1;
	assert_int_equal(parse(), -1);
	assert_string_equal(why.text, "it does not begin as published memory does");
}

static void bad_definitions(void **state)
{
	static const struct {
		uint32_t kind, cell;
		const char *name, *why;
	} cases[] = {
		{ TACH_COUNTER, 2, "", "the name of its number 2 is malformed" },
		{ TACH_COUNTER, 2, "a\033[2Jb", "the name of its number 2 is malformed" },
		{ TACH_COUNTER, 2, "Ops", "the name of its number 2 is malformed" },
		{ TACH_COUNTER, 2, "a123456789b123456789c123456789d123456789", "the name of its number 2 is malformed" },
		{ TACH_COUNTER, 3, "ops", "the definition of ops is malformed" },
		{ TACH_COUNTER, 64, "ops", "the definition of ops is malformed" },
		{ TACH_GAUGE, 0xffffffff, "ops", "the definition of ops is malformed" },
		{ TACH_HISTOGRAM, 0, "ops", "the definition of ops is malformed" },
		{ TACH_HISTOGRAM, 16, "ops", "the definition of ops is malformed" },
		{ 0, 2, "ops", "the definition of ops is malformed" },
		{ 4, 2, "ops", "the definition of ops is malformed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		set_name(2, cases[i].kind, cases[i].cell, cases[i].name, "");
		assert_int_equal(parse(), -1);
		assert_string_equal(why.text, cases[i].why);
		assert_int_equal(view.names[2].kind, 0);
	}
}

/* A writer that died while it defined a name leaves it half written: the name is passed over, the rest is read. */
static void half_written_names_are_passed_over(void **state)
{
	(void)state;
	set_name(1, TACH_COUNTER, 99, "\n\n\n", "");
	buffer->names[1].state = TACH_BUSY;
	set_name(2, TACH_COUNTER, 2, "ops", "\033evil");
	assert_int_equal(parse(), 0);
	assert_int_equal(view.names[1].kind, 0);
	assert_string_equal(view.names[2].name, "ops");
	assert_string_equal(view.names[2].unit, "?evil");
	set_name(1, TACH_HISTOGRAM, 1, "rtt", "seconds");
	assert_int_equal(parse(), 0);
	assert_string_equal(view.names[1].name, "rtt");
}

/* What was taken up once is not read again: a program cannot change a name under the reader. */
static void names_do_not_change(void **state)
{
	(void)state;
	set_name(1, TACH_COUNTER, 1, "ops", "");
	assert_int_equal(parse(), 0);
	set_name(1, TACH_HISTOGRAM, 15, "other", "");
	assert_int_equal(parse(), 0);
	assert_string_equal(view.names[1].name, "ops");
	assert_int_equal(view.names[1].kind, TACH_COUNTER);
	assert_int_equal(view.names[1].cell, 1);
}

static void totals_of_all_writers(void **state)
{
	struct hist h = { .sum = 0 };

	(void)state;
	set_name(1, TACH_COUNTER, 1, "ops", "");
	set_name(2, TACH_HISTOGRAM, 1, "rtt", "seconds");
	buffer->writer_states[0] = TACH_BUSY;
	buffer->writer_states[5] = TACH_READY;
	buffer->writer_states[127] = 0xffffffff; /* no state there is, so it was used */
	for (unsigned i = 0; i < 128; i++) {
		buffer->writers[i].counters[1] = 1000 + i; /* in those that were never used, too: not to be looked at */
		buffer->writers[i].tops[1] = 32;
		buffer->writers[i].sums[1] = 30;
		buffer->writers[i].bins[1][30] = 1;
		buffer->writers[i].bins[1][200] = 1; /* above the top: not to be looked at */
	}
	buffer->writers[5].tops[1] = 0; /* nothing was recorded */
	assert_int_equal(parse(), 0);
	assert_int_equal(view.nwriters, 3);
	assert_int_equal(publish_count(buffer, &view, &view.names[1]), 3000 + 5 + 127);
	publish_bins(buffer, &view, &view.names[2], &h);
	assert_int_equal(h.bins[30], 2);
	assert_int_equal(hist_count(&h), 2);
	assert_int_equal(h.sum, 60);
	assert_int_equal(h.max, 31);
	buffer->writers[0].tops[1] = UINT64_MAX;
	publish_bins(buffer, &view, &view.names[2], &h);
	assert_int_equal(h.bins[200], 1);
}

static void levels(void **state)
{
	static const struct {
		double level;
		bool known;
	} cases[] = { { 1.5, true }, { 0, true }, { -1e300, true }, { (double)NAN, false }, { (double)INFINITY, false } };

	(void)state;
	set_name(3, TACH_GAUGE, 3, "level", "");
	assert_int_equal(parse(), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memcpy(&buffer->gauges[3], &cases[i].level, sizeof cases[i].level);
		assert_int_equal(!isnan(publish_level(buffer, &view.names[3])), cases[i].known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty_is_good, good_head, release),
		cmocka_unit_test_setup_teardown(sizes, good_head, release),
		cmocka_unit_test_setup_teardown(every_field_of_the_head, good_head, release),
		cmocka_unit_test_setup_teardown(bad_definitions, good_head, release),
		cmocka_unit_test_setup_teardown(half_written_names_are_passed_over, good_head, release),
		cmocka_unit_test_setup_teardown(names_do_not_change, good_head, release),
		cmocka_unit_test_setup_teardown(totals_of_all_writers, good_head, release),
		cmocka_unit_test_setup_teardown(levels, good_head, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
