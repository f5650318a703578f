/* What probes cost and what is left out, with numbers that can be worked out by hand. */
#include "../../lib/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#ifdef HAVE_LIBBPF
#include "model/latency.h"
#include "source/bpf/price.h"
#include "source/bpf/sys.h"

#include <string.h>

static const struct price_row switches = { .target = { 200, 100, 0 }, .bystander = 90 };
static const struct price_row messages = { .target = { 50, 40, 30 }, .bystander = 30 };
static const struct price_row blocks = { .target = { 400, 0, 0 }, .bystander = 100 };

#define SECOND NSEC_PER_SEC

static void costs(void **state)
{
	struct price_use u = { .row = &switches, .events = 50e3, .others = 10e3, .scale = 1 };

	(void)state;
	assert_near(price_target(&u, PRICE_FULL), 0.01, 1e-12);     /* 50,000 x 200 ns */
	assert_near(price_target(&u, PRICE_SAMPLED), 0.005, 1e-12);
	assert_near(price_target(&u, PRICE_OFF), 0, 0);
	assert_near(price_bystanders(&u, PRICE_SAMPLED), 0.0009, 1e-12);
	assert_near(price_bystanders(&u, PRICE_OFF), 0, 0);
	u.scale = 2.5;
	assert_near(price_target(&u, PRICE_FULL), 0.025, 1e-12);
}

static void nearest_stages(void **state)
{
	(void)state;
	assert_int_equal(price_nearest_stage(&switches, PRICE_SAMPLED), PRICE_SAMPLED);
	assert_int_equal(price_nearest_stage(&switches, PRICE_COUNTS), PRICE_OFF);
	assert_int_equal(price_nearest_stage(&messages, PRICE_COUNTS), PRICE_COUNTS);
	assert_int_equal(price_nearest_stage(&blocks, PRICE_SAMPLED), PRICE_OFF);
}

/* A target on one CPU at 2 %: the limit is 20 ms a second. */
static void decisions(void **state)
{
	static const struct {
		double switches, messages, blocks; /* a second */
		enum price_stage stage[3];
	} rows[] = {
		{ 50e3, 100e3, 0, { PRICE_FULL, PRICE_FULL, PRICE_FULL } },            /* 10 + 5 ms */
		{ 100e3, 0, 0, { PRICE_FULL, PRICE_FULL, PRICE_FULL } },               /* 20 ms: not beyond it */
		{ 120e3, 100e3, 0, { PRICE_SAMPLED, PRICE_FULL, PRICE_FULL } },        /* 24 + 5; sampled 12 + 5 */
		{ 50e3, 250e3, 0, { PRICE_SAMPLED, PRICE_FULL, PRICE_FULL } },         /* 10 + 12.5; sampling switches gains 5 ms */
		{ 150e3, 200e3, 0, { PRICE_SAMPLED, PRICE_SAMPLED, PRICE_FULL } },     /* 30 + 10; 15 + 10; 15 + 8 */
		{ 20e3, 1000e3, 0, { PRICE_OFF, PRICE_COUNTS, PRICE_FULL } },          /* 4 + 50 > 5 %: counts first, 4 + 30; then off */
		{ 300e3, 100e3, 0, { PRICE_OFF, PRICE_FULL, PRICE_FULL } },            /* 60 > 5 %: no counts of switches; 5 ms stay */
		{ 600e3, 300e3, 0, { PRICE_OFF, PRICE_FULL, PRICE_FULL } },            /* 120 > 10 %; 15 ms stay */
		{ 600e3, 500e3, 0, { PRICE_OFF, PRICE_OFF, PRICE_FULL } },             /* and 25 ms do not */
		{ 0, 0, 60e3, { PRICE_FULL, PRICE_FULL, PRICE_OFF } },                 /* 24 ms: it has no other stage */
	};
	enum price_stage out[3];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct price_use uses[3] = { { &switches, rows[i].switches, 0, 1 }, { &messages, rows[i].messages, 0, 1 },
			{ &blocks, rows[i].blocks, 0, 1 } };

		price_decide(uses, 3, 1, 0.02, out);
		for (int k = 0; k < 3; k++)
			if (out[k] != rows[i].stage[k])
				fail_msg("row %zu, group %d: stage %d", i, k, out[k]);
	}
}

/* Of a target that hardly runs everything is a large share, and nothing a burden. */
static void idle_targets_are_left_alone(void **state)
{
	const struct price_use u = { &switches, 4000, 0, 1 }; /* 0.8 ms a second, of 2 ms */
	enum price_stage out;

	(void)state;
	price_decide(&u, 1, 0.002, 0.02, &out);
	assert_int_equal(out, PRICE_FULL);
	price_decide(&(struct price_use){ &switches, 6000, 0, 1 }, 1, 0.002, 0.02, &out); /* 1.2 ms */
	assert_int_equal(out, PRICE_SAMPLED);
	price_decide(&(struct price_use){ &switches, 1e6, 0, 1 }, 1, 1, 1, &out); /* --max-cost 100% */
	assert_int_equal(out, PRICE_FULL);
}

/* Functions mind themselves; what they cost counts. */
static void what_was_asked_for_stays(void **state)
{
	static const struct price_row functions = { .target = { 1 }, .own = true };
	const struct price_use uses[2] = { { &functions, 15e6, 0, 1 }, { &switches, 50e3, 0, 1 } }; /* 15 + 10 ms */
	enum price_stage out[2];

	(void)state;
	price_decide(uses, 2, 1, 0.02, out);
	assert_int_equal(out[0], PRICE_FULL);
	assert_int_equal(out[1], PRICE_SAMPLED);
}

static enum price_stage step(struct price_guard *g, enum price_stage now, enum price_stage milder, unsigned second)
{
	const struct price_use u = { .row = &switches };

	price_guard_take(g, &u, &now, &milder, 1, second * SECOND);
	return g->stage[0];
}

static void harsher_at_once_milder_late(void **state)
{
	struct price_guard g = { .stage = { PRICE_FULL } };

	(void)state;
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 1), PRICE_FULL);
	assert_int_equal(step(&g, PRICE_SAMPLED, PRICE_SAMPLED, 2), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_SAMPLED, 100), PRICE_SAMPLED); /* too near the limit */
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 101), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 130), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_SAMPLED, PRICE_SAMPLED, 131), PRICE_SAMPLED); /* from the beginning again */
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 132), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 161), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 162), PRICE_FULL);
	assert_int_equal(step(&g, PRICE_SAMPLED, PRICE_SAMPLED, 163), PRICE_SAMPLED); /* the second time it takes 60 s */
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 164), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 223), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 224), PRICE_FULL);
}

static void off_only_when_it_lasts_and_then_for_good(void **state)
{
	struct price_guard g = { .stage = { PRICE_FULL } };

	(void)state;
	assert_int_equal(step(&g, PRICE_OFF, PRICE_OFF, 1), PRICE_SAMPLED); /* meanwhile */
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 2), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_OFF, PRICE_OFF, 3), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_OFF, PRICE_OFF, 5), PRICE_SAMPLED);
	assert_int_equal(step(&g, PRICE_OFF, PRICE_OFF, 6), PRICE_OFF);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 7), PRICE_OFF);
	assert_int_equal(step(&g, PRICE_FULL, PRICE_FULL, 100000), PRICE_OFF);
}

/* What --latency syscall says of itself is what the table has. */
static void a_price_that_is_told_is_the_tables(void **state)
{
	const struct latency_kind *kind = latency_kind_of_word("syscall", NULL);
	char price[16];

	(void)state;
	snprintf(price, sizeof price, " %.0f ns ", group_sys.price->bystander);
	assert_non_null(strstr(kind->misleads, price));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs),
		cmocka_unit_test(nearest_stages),
		cmocka_unit_test(decisions),
		cmocka_unit_test(idle_targets_are_left_alone),
		cmocka_unit_test(what_was_asked_for_stays),
		cmocka_unit_test(harsher_at_once_milder_late),
		cmocka_unit_test(a_price_that_is_told_is_the_tables),
		cmocka_unit_test(off_only_when_it_lasts_and_then_for_good),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	puts("1..1\n# skip: built without libbpf\nok 1 - prices of probes # SKIP");
	return 0;
}
#endif
