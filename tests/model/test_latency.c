/* Which latencies a run has, what they are called, and which one is shown when nobody asks. */
#include "model/latency.h"

#include "../lib/played.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct feed_shape bare = { .flags = 0, .ticks = 3, .threads = 0 };

static void lines(struct played *p, const char *const list[])
{
	for (; *list; list++)
		played_line(p, *list);
}

/* The word of the choice that a word means, "none" for none. */
static const char *means(const struct played *p, const char *word)
{
	static char buf[LATENCY_WORD_SIZE];
	struct latency_choice list[LATENCY_CHOICES];
	size_t n = latency_choices(played_store(p), list);
	int i = latency_find(played_store(p), list, n, word);

	return i < 0 ? "none" : latency_word(played_store(p), list[i], buf);
}

static void expect(const struct played *p, const char *word, const char *expected)
{
	assert_string_equal(means(p, word), expected);
}

static void every_kind_is_offered_and_says_what_it_means(void **state)
{
	struct played *p = played_new(&bare, 10);
	struct latency_choice list[LATENCY_CHOICES];
	char word[LATENCY_WORD_SIZE];
	size_t kinds = 0, n;

	(void)state;
	n = latency_choices(played_store(p), list);
	for (const struct latency_kind *k = latency_kinds; k->word; k++, kinds++) {
		assert_ptr_equal(list[kinds].kind, k);
		assert_int_equal(list[kinds].metric, METRIC_NONE);
		assert_string_equal(latency_word(played_store(p), list[kinds], word), k->word);
		assert_true(strlen(k->word) <= 12);
		assert_true(k->means[strlen(k->means) - 1] == '.' && k->misleads[strlen(k->misleads) - 1] == '.');
		assert_true(*k->title && *k->missing);
	}
	assert_int_equal(n, kinds);
	assert_int_equal(kinds, 18);
	assert_int_equal(latency_find(played_store(p), list, n, ""), 0);
	played_free(p);
}

static void the_default_is_what_says_most(void **state)
{
	static const char *const first[] = { "metric lat.runqueue_seconds histogram seconds",
		"metric lat.syscall_seconds histogram seconds", "metric lat.gap_seconds histogram seconds",
		"metric lat.request_seconds histogram seconds", "tick 1", "h lat.runqueue_seconds 0 0 50:1",
		"h lat.syscall_seconds 0 0 50:1", "h lat.request_seconds 0 0", "h lat.gap_seconds 0 0", "end", NULL };
	static const char *const waits[] = { "tick 2", "h lat.runqueue_seconds 0 0 50:2", "h lat.syscall_seconds 0 0 50:2",
		"h lat.request_seconds 0 0", "h lat.gap_seconds 0 0", "end", NULL };
	static const char *const gap[] = { "tick 3", "h lat.gap_seconds 0 0 50:1", "end", NULL };
	static const char *const request[] = { "tick 4", "h lat.request_seconds 0 0 50:1", "end", NULL };
	static const char *const published[] = { "metric app.size histogram bytes", "metric app.rtt_seconds histogram seconds",
		"tick 5", "end", NULL };
	struct played *p = played_new(&bare, 10);

	(void)state;
	lines(p, first);
	expect(p, "", "app"); /* nothing has been counted yet */
	lines(p, waits);
	expect(p, "", "runqueue"); /* never the system calls: they cost others something */
	lines(p, gap);
	expect(p, "", "gap");
	lines(p, request);
	expect(p, "", "request");
	lines(p, published);
	expect(p, "", "app:rtt"); /* times before sizes, and without an event */
	expect(p, "gap", "gap");
	expect(p, "block", "block"); /* there to say why it is not measured */
	played_free(p);
}

static void members_are_found_by_what_people_call_them(void **state)
{
	static const char *const text[] = { "metric app.rtt_seconds histogram seconds", "metric app.op histogram count",
		"metric app.op_seconds histogram seconds", "metric fn.libssl_ssl_read_seconds histogram seconds",
		"metric fn.read_seconds histogram seconds", "metric odd.one histogram count", "metric app.n counter count", NULL };
	struct played *p = played_new(&bare, 10);

	(void)state;
	lines(p, text);
	played_until(p, 0);
	expect(p, "app", "app:rtt");
	expect(p, "app:rtt", "app:rtt");
	expect(p, "app:rtt_seconds", "app:rtt");
	expect(p, "app:op", "app:op"); /* two that would be called the same keep their names */
	expect(p, "app:op_seconds", "app:op_seconds");
	expect(p, "fn:SSL_read", "fn:libssl_ssl_read");
	expect(p, "fn:libssl:SSL_read", "fn:libssl_ssl_read");
	expect(p, "fn:read", "fn:read");
	expect(p, "fn:SSL", "none");
	expect(p, "fn:", "none");
	expect(p, "app:n", "none"); /* no histogram */
	expect(p, "odd.one", "odd.one");
	expect(p, "requst", "none");
	played_free(p);
}

static void expect_refused(const char *word, const char *why)
{
	struct err e;

	assert_null(latency_kind_of_word(word, &e));
	assert_string_equal(e.text, why);
}

static void words_are_checked(void **state)
{
	struct err e;

	(void)state;
	assert_string_equal(latency_kind_of_word("syscall", &e)->ask, "sys");
	assert_string_equal(latency_kind_of_word("app", &e)->metric, "app.");
	assert_string_equal(latency_kind_of_word("app:x", &e)->metric, "app.");
	assert_string_equal(latency_kind_of_word("fn:a:b", &e)->metric, "fn.");
	expect_refused("requst", "unknown kind of latency 'requst'; did you mean 'request'?");
	expect_refused("request:x", "unknown kind of latency 'request:x'; did you mean 'request'?");
	expect_refused("fn:", "unknown kind of latency 'fn:'; did you mean 'fn'?");
	expect_refused("xyzzyx", "unknown kind of latency 'xyzzyx'");
	expect_refused("", "unknown kind of latency ''");
}

/* A program may publish more than can be offered: the rest is left out, never written behind the end. */
static void too_many_are_left_out(void **state)
{
	struct played *p = played_new(&bare, 10);
	struct latency_choice list[LATENCY_CHOICES + 1] = { 0 };
	char line[80];

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof line, "metric app.h%d_seconds histogram seconds", i);
		played_line(p, line);
	}
	played_until(p, 0);
	assert_int_equal(latency_choices(played_store(p), list), LATENCY_CHOICES);
	assert_null(list[LATENCY_CHOICES].kind);
	played_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_offered_and_says_what_it_means),
		cmocka_unit_test(the_default_is_what_says_most),
		cmocka_unit_test(members_are_found_by_what_people_call_them),
		cmocka_unit_test(words_are_checked),
		cmocka_unit_test(too_many_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
