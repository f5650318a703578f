/* The formula language, how missing travels through it, and the table of derived metrics. */
#include "model/derive.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* a = 6, b = 2, zero = 0, half: scaled with coverage 0.5, no: absent, gone: gap, hidden: denied */
static struct point input(const void *context, int function, metric_id id, const char *name)
{
	struct point p = point_of(0);

	(void)context;
	(void)id;
	if (function >= FORMULA_FIGURE)
		return point_of(function - FORMULA_FIGURE + 100);
	if (strcmp(name, "a") == 0)
		p.value = 6;
	else if (strcmp(name, "b") == 0)
		p.value = 2;
	else if (strcmp(name, "half") == 0) {
		p.value = 4;
		p.coverage = 0.5f;
		p.state = POINT_SCALED;
	} else if (strcmp(name, "no") == 0)
		return point_missing(POINT_ABSENT, "no PMU");
	else if (strcmp(name, "hidden") == 0)
		return point_missing(POINT_DENIED, "no right");
	else if (strcmp(name, "gone") == 0)
		return point_missing(POINT_GAP, NULL);
	return p;
}

static struct point evaluate(const char *text)
{
	struct err e = { .code = 0 };
	struct formula *f = formula_parse(text, &e);
	struct point p;

	if (!f)
		fail_msg("%s", e.text);
	p = formula_evaluate(f, &(struct formula_inputs){ input, NULL });
	formula_free(f);
	return p;
}

static void what_overflows_is_a_gap(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(evaluate("a * 1e300 * 1e300").state, POINT_GAP);
	assert_int_equal(evaluate("a * 1e300 * 1e300 * 0").state, POINT_GAP);
	assert_null(formula_parse("1e999", &e));
}

static void arithmetic(void **state)
{
	(void)state;
	assert_true(evaluate("a + b * 3").value == 12);
	assert_true(evaluate("(a + b) * 3").value == 24);
	assert_true(evaluate("a - b - 1").value == 3); /* left to right */
	assert_true(evaluate("a / b / 3").value == 1);
	assert_true(evaluate("a / (b + 1) * 1000").value == 2000);
	assert_true(evaluate("1.5e3 * b").value == 3000);
	assert_true(evaluate("p50(a)").value == 100);
	assert_true(evaluate("mean(a) - p999(b)").value == 2); /* the order of histogram_figures */
}

/* Of n events that all took 1 us: which figures are there. */
static void expect_figures(uint64_t n, const char *there)
{
	struct hist h = { .sum = n * 1000, .max = 1000 };
	char found[64] = "";

	h.bins[tach_hist_bin(1000)] = n;
	for (const struct histogram_figure *f = histogram_figures; f->name; f++)
		if (!isnan(histogram_figure_value(f, &h)))
			strcat(strcat(found, " "), f->name);
	assert_string_equal(found, there);
}

static void percentiles_need_ten_events_beyond_them(void **state)
{
	(void)state;
	expect_figures(0, "");
	expect_figures(1, " max mean");
	expect_figures(19, " max mean");
	expect_figures(20, " p50 max mean");
	expect_figures(99, " p50 max mean");
	expect_figures(100, " p50 p90 max mean");
	expect_figures(999, " p50 p90 max mean");
	expect_figures(1000, " p50 p90 p99 max mean");
	expect_figures(9999, " p50 p90 p99 max mean");
	expect_figures(10000, " p50 p90 p99 p999 max mean");
	expect_figures(1000000000, " p50 p90 p99 p999 max mean");
}

static void missing_stays_missing(void **state)
{
	(void)state;
	assert_int_equal(evaluate("a / zero").state, POINT_GAP);
	assert_int_equal(evaluate("a + gone").state, POINT_GAP);
	assert_int_equal(evaluate("gone + no").state, POINT_ABSENT); /* the reason wins over the gap */
	assert_string_equal(evaluate("a / no * 1000").why, "no PMU");
	assert_int_equal(evaluate("1 + hidden").state, POINT_DENIED);
	assert_true(isnan(evaluate("a / no").value));
	assert_int_equal(evaluate("a * half").state, POINT_SCALED);
	assert_true(evaluate("a * half").coverage == 0.5f);
}

static void bad_formulas(void **state)
{
	static const char *const bad[] = { "", "a +", "a b", "(a", "a)", "foo(a)", "p50()", "p50(a", "p50(1)", "+a", "A",
		"a $ b", "((((((((((a))))))))))",
		"1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		e.text[0] = '\0';
		if (formula_parse(bad[i], &e))
			fail_msg("accepted: %s", bad[i]);
		assert_true(e.text[0]);
	}
	formula_parse("a + foo(b)", &e);
	assert_string_equal(e.text, "unknown function at column 5 of 'a + foo(b)'");
}

/* Every row of the table parses, names what it says and explains itself. */
static void the_table(void **state)
{
	struct registry *r = registry_new();

	(void)state;
	for (const struct metric *row = derived_table; row->name; row++) {
		struct err e = { .code = 0 };
		struct formula *f = formula_parse(row->formula, &e);

		if (!f)
			fail_msg("%s: %s", row->name, e.text);
		assert_non_null(formula_name(f, 0));
		assert_int_equal(registry_find(r, row->name), METRIC_NONE); /* no name twice */
		registry_add(r, row);
		assert_true(strlen(row->label) <= 10);
		assert_true(strlen(row->help) > 20 && row->help[strlen(row->help) - 1] == '.');
		formula_free(f);
	}
	registry_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_overflows_is_a_gap), cmocka_unit_test(arithmetic),
		cmocka_unit_test(missing_stays_missing), cmocka_unit_test(percentiles_need_ten_events_beyond_them),
		cmocka_unit_test(bad_formulas), cmocka_unit_test(the_table) };

	return cmocka_run_group_tests_name("model/derive", tests, NULL, NULL);
}
