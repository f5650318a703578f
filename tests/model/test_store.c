/* The store: rates from measured intervals, gaps, spans, derived values, the ring, tables. All by way of feeds, as every
 * sample comes in by the same door. */
#include "model/store.h"

#include "base/alloc.h"
#include "model/feed.h"
#include "model/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SECOND NSEC_PER_SEC
/* Feed times are shifted by one nanosecond (0 means never). */
#define AT(seconds) ((nsec_t)((seconds) * 1e9) + 1)

struct fixture {
	struct store *st;
	struct feed *feed;
};

static void feed_text(struct fixture *x, const char *text)
{
	char *copy = xstrdup(text), *save = NULL;
	struct err e;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct sample *s = NULL;

		if (feed_line(x->feed, line, &s, &e) < 0)
			fail_msg("%s", e.text);
		if (s)
			store_take(x->st, s);
	}
	free(copy);
}

static struct fixture begin(size_t ticks, const char *text)
{
	struct fixture x = { store_new(ticks), feed_new() };

	feed_text(&x, "tach-feed 1");
	feed_text(&x, text);
	return x;
}

static void finish(struct fixture *x)
{
	store_free(x->st);
	feed_free(x->feed);
}

static struct point value(const struct fixture *x, const char *name, double from, double to)
{
	return store_value(x->st, store_find(x->st, name), (struct span){ AT(from), AT(to) });
}

static void near(double a, double b)
{
	if (!(fabs(a - b) <= 1e-6 * fabs(b)))
		fail_msg("%.9g is not %.9g", a, b);
}

static void counters_become_rates(void **state)
{
	struct fixture x = begin(100, "metric net.rx_packets counter count rx\n"
				      "tick 0\nv net.rx_packets 1000\nend\n"
				      "tick 1\nv net.rx_packets 1500\nend\n"
				      "tick 1.5\nv net.rx_packets 2500\nend\n"
				      "tick 3\nv net.rx_packets 2500\nend\n");

	(void)state;
	assert_int_equal(value(&x, "net.rx_packets", -1e-9, 0).state, POINT_GAP); /* no interval yet */
	near(value(&x, "net.rx_packets", 0, 1).value, 500);
	near(value(&x, "net.rx_packets", 1, 1.5).value, 2000); /* by the measured half second */
	assert_true(value(&x, "net.rx_packets", 1.5, 3).value == 0);
	assert_int_equal(value(&x, "net.rx_packets", 1.5, 3).state, POINT_OK); /* zero was measured */
	near(value(&x, "net.rx_packets", 0, 3).value, 500); /* 1500 in 3 s: not the mean of the three rates */
	near(store_total(x.st, store_find(x.st, "net.rx_packets")), 1500);
	assert_int_equal(value(&x, "net.rx_packets", 3, 9).state, POINT_GAP);
	finish(&x);
}

static void backwards_and_gaps(void **state)
{
	struct fixture x = begin(100, "metric c counter count\nmetric g gauge bytes\n"
				      "tick 0\nv c 100\nv g 5\nend\n"
				      "tick 1\nv c 200\nx g denied needs root\nend\n"
				      "tick 2\nend\n"
				      "tick 3\nv c 500\nv g 7\nend\n"
				      "tick 4\nv c 50\nv g 9\nend\n"
				      "tick 5\nv c 60\nend\n");

	(void)state;
	assert_int_equal(value(&x, "c", 1, 2).state, POINT_GAP);
	near(value(&x, "c", 2, 3).value, 150); /* 300 over the two seconds since it was last seen */
	assert_int_equal(value(&x, "c", 3, 4).state, POINT_GAP); /* went backwards */
	near(value(&x, "c", 4, 5).value, 10);
	near(store_total(x.st, store_find(x.st, "c")), 410);
	assert_int_equal(value(&x, "g", 0, 1).state, POINT_DENIED);
	assert_true(isnan(value(&x, "g", 0, 1).value));
	near(value(&x, "g", 2, 4).value, 9); /* the largest level of the span */
	near(value(&x, "g", 0, 3).value, 7);
	assert_int_equal(value(&x, "g", 4, 5).state, POINT_GAP);
	finish(&x);
}

static void reasons_are_kept(void **state)
{
	struct fixture x = begin(10, "metric cpu.cycles counter count\nmetric cpu.instructions counter count\n"
				     "tick 0\nx cpu.cycles absent no PMU here\nv cpu.instructions 5\nend\n"
				     "tick 1\nx cpu.cycles absent no PMU here\nv cpu.instructions 9\nend\n");

	(void)state;
	assert_string_equal(value(&x, "cpu.cycles", 0, 1).why, "no PMU here");
	assert_int_equal(value(&x, "cpu.ipc", 0, 1).state, POINT_ABSENT);
	assert_string_equal(value(&x, "cpu.ipc", 0, 1).why, "no PMU here");
	assert_string_equal(value(&x, "cache.llc_mpki", 0, 1).why, "not measured in this run");
	finish(&x);
}

static void ratios_of_sums(void **state)
{
	struct fixture x = begin(10, "metric cpu.cycles counter count\nmetric cpu.instructions counter count\n"
				     "tick 0\nv cpu.cycles 0\nv cpu.instructions 0\nend\n"
				     "tick 1\nv cpu.cycles 1000\nv cpu.instructions 3000 0.5\nend\n"
				     "tick 2\nv cpu.cycles 10000\nv cpu.instructions 3900\nend\n");
	struct point p = value(&x, "cpu.ipc", 0, 1);

	(void)state;
	near(p.value, 3);
	assert_int_equal(p.state, POINT_SCALED);
	assert_true(fabsf(p.coverage - 0.5f) < 0.02f);
	near(value(&x, "cpu.ipc", 1, 2).value, 0.1);
	near(value(&x, "cpu.ipc", 0, 2).value, 0.39); /* 3900 / 10000, not the mean of 3 and 0.1 */
	finish(&x);
}

/* Of 50 events in two seconds, one in four of all that were there. */
static void events_of_which_a_part_was_timed_are_estimated(void **state)
{
	struct point p = { .value = 50, .coverage = 0.25f, .state = POINT_SCALED };
	struct hist *h = hist_new();
	struct series s;

	(void)state;
	h->bins[100] = 50;
	series_init(&s, METRIC_HISTOGRAM, 4, 0, AT(0));
	series_write(&s, METRIC_HISTOGRAM, 1, AT(2), &p, h);
	near(series_read(&s, 1).value, 100);
	assert_int_equal(series_read(&s, 1).state, POINT_SCALED);
	series_free(&s);
	free(h);
}

static void histograms(void **state)
{
	/* bin 20 is [20, 21), bin 100 is [640, 672) */
	struct fixture x = begin(10, "metric lat.request_seconds histogram seconds\n"
				     "tick 0\nh lat.request_seconds 0 0 20:100\nend\n"
				     "tick 1\nh lat.request_seconds 0 650 20:190 100:10\nend\n"
				     "tick 2\nh lat.request_seconds 0 650 20:190 100:10\nend\n"
				     "tick 3\nh lat.request_seconds 0 650 20:190 100:310\nend\n");
	metric_id id = store_find(x.st, "lat.request_seconds");
	struct hist h;

	(void)state;
	assert_false(store_hist(x.st, id, (struct span){ 0, AT(0) }, &h)); /* the first is where counting begins */
	assert_true(store_hist(x.st, id, (struct span){ AT(0), AT(1) }, &h));
	assert_int_equal(hist_count(&h), 100);
	assert_int_equal(h.bins[20], 90);
	assert_int_equal(h.max, 650);
	assert_false(store_hist(x.st, id, (struct span){ AT(1), AT(2) }, &h));
	near(value(&x, "lat.request_seconds", 0, 1).value, 100); /* events a second */
	assert_true(store_hist(x.st, id, (struct span){ AT(0), AT(3) }, &h));
	assert_int_equal(hist_count(&h), 400);
	finish(&x);
}

static void growth_over_a_minute(void **state)
{
	struct fixture x = begin(200, "metric mem.rss_bytes gauge bytes\n");
	char line[64];

	(void)state;
	for (int t = 0; t <= 100; t++) { /* flat for 40 s, then 1,000 bytes a second */
		snprintf(line, sizeof line, "tick %d\nv mem.rss_bytes %d\nend\n", t, 50000 + (t > 40 ? (t - 40) * 1000 : 0));
		feed_text(&x, line);
	}
	assert_int_equal(value(&x, "mem.rss_growth_bytes", 4, 5).state, POINT_GAP); /* five seconds say nothing */
	assert_true(value(&x, "mem.rss_growth_bytes", 29, 30).value == 0);
	near(value(&x, "mem.rss_growth_bytes", 99, 100).value, 60000);
	near(value(&x, "mem.rss_growth_bytes", 69, 70).value, 30000); /* 30 s of growth in the 60 before */
	finish(&x);
}

static void the_ring(void **state)
{
	struct fixture x = begin(3, "metric c counter count\n"
				    "tick 0\nv c 0\nend\ntick 1\nv c 1\nend\ntick 2\nv c 3\nend\n"
				    "tick 3\nv c 6\nend\ntick 4\nv c 10\nend\n");

	(void)state;
	assert_int_equal(store_ticks(x.st), 3);
	assert_true(store_first(x.st) == AT(0));
	assert_true(store_now(x.st) == AT(4));
	assert_int_equal(value(&x, "c", 0, 1).state, POINT_GAP); /* forgotten */
	near(value(&x, "c", 3, 4).value, 4);
	assert_true(store_tick_at(x.st, AT(3.5)) == AT(3));
	assert_true(store_tick_before(x.st, AT(3)) == AT(2));
	assert_true(store_tick_at(x.st, AT(1.5)) == 0);
	assert_true(store_last(x.st, AT(9)).from == AT(3));
	near(store_total(x.st, store_find(x.st, "c")), 10);
	finish(&x);
}

static void late_metrics_and_old_samples(void **state)
{
	struct fixture x = begin(10, "tick 0\nend\ntick 1\nend\n");
	struct hist h;

	(void)state;
	assert_int_equal(store_find(x.st, "app.ops"), METRIC_NONE);
	feed_text(&x, "metric app.ops counter count\nmetric app.op_seconds histogram seconds\n"
		      "tick 2\nv app.ops 10\nh app.op_seconds 0 0 20:4\nend\ntick 3\nv app.ops 30\nend\n");
	near(value(&x, "app.ops", 1, 2).value, 10); /* it appeared since tick 1, so all of it is of this interval */
	near(store_total(x.st, store_find(x.st, "app.ops")), 30);
	assert_true(store_hist(x.st, store_find(x.st, "app.op_seconds"), (struct span){ AT(1), AT(2) }, &h));
	assert_int_equal(hist_count(&h), 4);
	near(value(&x, "app.ops", 2, 3).value, 20);
	assert_int_equal(value(&x, "app.ops", 0, 1).state, POINT_GAP); /* before its time */
	assert_int_equal(store_value(x.st, METRIC_NONE, store_last(x.st, AT(3))).state, POINT_ABSENT);
	feed_text(&x, "metric fn.f_calls counter count\ntick 4\nx fn.f_calls absent it is being looked for\nend\n");
	assert_int_equal(value(&x, "fn.f_calls", 3, 4).state, POINT_ABSENT);
	assert_true(isnan(store_total(x.st, store_find(x.st, "fn.f_calls")))); /* unknown, not 0 */
	finish(&x);
}

static void tables_by_key(void **state)
{
	struct fixture x = begin(10, "column threads tid gauge count tid\ncolumn threads name text count name\n"
				     "column threads run_seconds counter seconds run\n"
				     "tick 0\nrow threads 7 107 b 10\nrow threads 5 105 a 1\nend\n"
				     "tick 2\nrow threads 9 109 c 3\nrow threads 5 105 a 2\nrow threads 7 107 b 10.5\nend\n");
	const struct table *t = store_table(x.st, "threads");

	(void)state;
	assert_non_null(t);
	assert_int_equal(t->nrows, 3);
	assert_true(t->keys[0] == 5 && t->keys[1] == 7 && t->keys[2] == 9);
	near(t->cells[2].number, 0.5);
	near(t->cells[3 + 2].number, 0.25);
	assert_string_equal(t->cells[3 + 1].text, "b");
	assert_true(isnan(t->cells[6 + 2].number)); /* new: no rate yet */
	feed_text(&x, "tick 3\nrow threads 9 109 c 4\nend\n");
	t = store_table(x.st, "threads");
	assert_int_equal(t->nrows, 1);
	near(t->cells[2].number, 1);
	feed_text(&x, "tick 4\nend\n");
	assert_null(store_table(x.st, "threads"));
	finish(&x);
}

static void expect_rates(const struct fixture *x, double a, double b)
{
	const struct table *t = store_table(x->st, "sockets");

	for (int c = 0; c < 2; c++) {
		double wanted = c ? b : a;

		if (isnan(wanted))
			assert_true(isnan(t->cells[c].number));
		else
			near(t->cells[c].number, wanted);
	}
}

/* Not every source reads at every tick: what grew meanwhile is of all the time since, and the last rate stands until then,
 * but not for ever. */
static void each_counter_of_a_row_has_its_own_time(void **state)
{
	struct fixture x = begin(20, "column sockets rx_bytes counter bytes rx\ncolumn sockets rx_messages counter count rx\n"
				     "tick 0\nrow sockets 1 10 100\nend\n");

	(void)state;
	expect_rates(&x, (double)NAN, (double)NAN);
	feed_text(&x, "tick 1\nrow sockets 1 - 150\nend");
	expect_rates(&x, (double)NAN, 50);
	feed_text(&x, "tick 2\nrow sockets 1 30 200\nend");
	expect_rates(&x, 10, 50);
	feed_text(&x, "tick 3\nrow sockets 1 - 250\nend");
	expect_rates(&x, 10, 50);
	feed_text(&x, "tick 4\nrow sockets 1 - -\nend");
	expect_rates(&x, 10, 50);
	feed_text(&x, "tick 5.9\nrow sockets 1 - -\nend");
	expect_rates(&x, 10, (double)NAN);
	feed_text(&x, "tick 7\nrow sockets 1 - -\nend");
	expect_rates(&x, (double)NAN, (double)NAN);
	feed_text(&x, "tick 8\nrow sockets 1 150 650\nend");
	expect_rates(&x, 20, 80);
	feed_text(&x, "tick 9\nrow sockets 1 140 650\nend"); /* backwards: nobody knows */
	expect_rates(&x, (double)NAN, 0);
	finish(&x);
}

static void tables_say_how_they_were_obtained(void **state)
{
	struct fixture x = begin(10, "column locks lock text count lock\ncolumn locks waits counter count waits\n"
				     "tick 0\nrow locks 1 \"big table\" 10\nrow locks 2 - 1\nend\n");
	const struct table *t = store_table(x.st, "locks");

	(void)state;
	assert_string_equal(t->cells[0].text, "big table");
	assert_string_equal(t->cells[2].text, "");
	assert_false(t->sampled);
	assert_string_equal(t->note, "");
	feed_text(&x, "tick 1\nnote locks sampled 50 Hz, no BPF\nrow locks 1 \"big table\" 12\nend\n");
	t = store_table(x.st, "locks");
	assert_true(t->sampled);
	assert_string_equal(t->note, "50 Hz, no BPF");
	near(t->cells[1].number, 2);
	feed_text(&x, "tick 2\nnote locks counted\nend\n"); /* there, and nobody waits */
	t = store_table(x.st, "locks");
	assert_int_equal(t->nrows, 0);
	assert_false(t->sampled);
	finish(&x);
}

static struct point row(const struct fixture *x, uint64_t key, double from, double to)
{
	return store_row(x->st, "locks", key, (struct span){ AT(from), AT(to) });
}

static void rows_have_a_history(void **state)
{
	struct fixture x = begin(4, "column locks lock text count lock\ncolumn locks wait_seconds counter seconds wait\n"
				    "tick 0\nrow locks 1 a 10\nrow locks 2 b 1\nend\ntick 1\nrow locks 1 a 10.5\nrow locks 2 b 1\nend\n"
				    "tick 3\nrow locks 1 a 11\nrow locks 2 b 1\nend\n");

	(void)state;
	near(row(&x, 1, 0, 1).value, 0.5);
	near(row(&x, 1, 1, 3).value, 0.25);
	near(row(&x, 1, 0, 3).value, 1.0 / 3); /* weighted by the lengths of the ticks */
	assert_int_equal(row(&x, 2, 0, 3).state, POINT_GAP); /* nothing was ever waited for there */
	assert_int_equal(row(&x, 9, 0, 3).state, POINT_GAP);
	assert_int_equal(store_row(x.st, "threads", 1, (struct span){ 0, AT(3) }).state, POINT_GAP);
	feed_text(&x, "tick 4\nrow locks 2 b 3\nend\ntick 5\nrow locks 1 a 20\nrow locks 2 b 3\nend\n");
	assert_int_equal(row(&x, 1, 3, 5).state, POINT_GAP); /* it was away, so it has no rate yet */
	near(row(&x, 2, 3, 4).value, 2);
	near(row(&x, 2, 3, 5).value, 1);
	feed_text(&x, "tick 6\nend\n");
	assert_int_equal(row(&x, 1, 0, 1).state, POINT_GAP); /* left the ring */
	near(row(&x, 1, 1, 3).value, 0.25);
	finish(&x);
}

static void feed_locks(struct fixture *x, int tick, int first, int count, int busy)
{
	char line[64];

	snprintf(line, sizeof line, "tick %d", tick);
	feed_text(x, line);
	for (int i = first; i < first + count; i++) {
		snprintf(line, sizeof line, "row locks %d %d", i, i < first + busy ? tick : 1);
		feed_text(x, line);
	}
	feed_text(x, "end");
}

/* 64 rows have one; then whoever has waited longest ago makes room, but nobody who still waits. */
static void histories_of_rows_are_bounded(void **state)
{
	struct fixture x = begin(10, "column locks wait_seconds counter seconds wait\n");

	(void)state;
	feed_locks(&x, 1, 1, 70, 70);
	feed_locks(&x, 2, 1, 70, 70);
	near(row(&x, 64, 1, 2).value, 1);
	assert_int_equal(row(&x, 65, 1, 2).state, POINT_GAP);
	feed_locks(&x, 3, 2, 69, 69); /* the first one waits no more */
	feed_locks(&x, 4, 2, 69, 69);
	assert_int_equal(row(&x, 1, 1, 2).state, POINT_GAP);
	near(row(&x, 65, 3, 4).value, 1);
	assert_int_equal(row(&x, 65, 1, 2).state, POINT_GAP);
	assert_int_equal(row(&x, 66, 3, 4).state, POINT_GAP);
	near(row(&x, 64, 1, 2).value, 1);
	finish(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(counters_become_rates), cmocka_unit_test(backwards_and_gaps),
		cmocka_unit_test(reasons_are_kept), cmocka_unit_test(ratios_of_sums), cmocka_unit_test(histograms),
		cmocka_unit_test(events_of_which_a_part_was_timed_are_estimated),
		cmocka_unit_test(growth_over_a_minute), cmocka_unit_test(the_ring),
		cmocka_unit_test(late_metrics_and_old_samples), cmocka_unit_test(tables_by_key),
		cmocka_unit_test(each_counter_of_a_row_has_its_own_time),
		cmocka_unit_test(tables_say_how_they_were_obtained), cmocka_unit_test(rows_have_a_history),
		cmocka_unit_test(histories_of_rows_are_bounded) };

	return cmocka_run_group_tests_name("model/store", tests, NULL, NULL);
}
