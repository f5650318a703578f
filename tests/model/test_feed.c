/* Feeds are hostile: each bad line is a sentence with its number, and nothing leaks or crashes (run under ASan too). */
#include "model/feed.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Feeds all lines; returns the number of sealed samples, or -1 with e at the first bad line. */
static int play(const char *text, struct err *e)
{
	struct feed *f = feed_new();
	char *copy = xstrdup(text), *at = copy;
	int samples = 0, rc = 0;

	while (rc >= 0 && *at) {
		struct sample *s = NULL;
		size_t n = strcspn(at, "\n");
		bool last = at[n] == '\0';

		at[n] = '\0';
		rc = feed_line(f, at, &s, e);
		samples += s != NULL;
		sample_free(s);
		at += n + !last;
	}
	free(copy);
	feed_free(f);
	return rc < 0 ? -1 : samples;
}

static void good(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(play("tach-feed 1\n# comment\n\nfact name redis\nfact pid 12\nmetric a counter count\ntick 0 1700000000\n"
			      "v a 1\nend\ntick 1\nv a 2 0.5\nstatus denied perf|not allowed|sysctl x\nend\n", &e), 2);
}

/* The wall time of the last tick. */
static nsec_t last_wall(const char *text)
{
	struct feed *f = feed_new();
	char *copy = xstrdup(text), *rest = copy, *line;
	nsec_t wall = 0;
	struct err e;

	while ((line = strsep(&rest, "\n"))) {
		struct sample *s = NULL;

		feed_line(f, line, &s, &e);
		if (s)
			wall = s->wall;
		sample_free(s);
	}
	free(copy);
	feed_free(f);
	return wall;
}

static void wall_time_goes_on_and_is_never_made_up(void **state)
{
	(void)state;
	assert_true(last_wall("tach-feed 1\ntick 1 1700000000\nend\ntick 3.5\nend\n") == 1700000002500000000u);
	assert_true(last_wall("tach-feed 1\ntick 1\nend\ntick 3.5\nend\n") == 0);
}

static void bad(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "hello\n", "line 1: this is no feed: it must begin with 'tach-feed 1'" },
		{ "tach-feed 1\nwhat is this\n", "line 2: unknown kind of line" },
		{ "tach-feed 1\nv a 1\n", "line 2: v needs a known metric and a number, inside a tick" },
		{ "tach-feed 1\nmetric A counter count\n",
			"line 2: metric needs a name, counter|gauge|histogram and count|bytes|seconds|ratio" },
		{ "tach-feed 1\ntick 1\ntick 2\n", "line 3: tick inside a tick" },
		{ "tach-feed 1\ntick 1\nend\ntick 1\n", "line 4: ticks must go forward" },
		{ "tach-feed 1\ntick nan\n", "line 2: tick needs its time in seconds" },
		{ "tach-feed 1\nend\n", "line 2: end without a tick" },
		{ "tach-feed 1\nmetric h histogram seconds\ntick 1\nh h 0 0 528:1\n", "line 4: h needs SUM MAX BIN:COUNT..." },
		{ "tach-feed 1\nmetric h histogram seconds\ntick 1\nh h 0 0 5\n", "line 4: h needs SUM MAX BIN:COUNT..." },
		{ "tach-feed 1\nmetric g gauge count\ntick 1\nh g 0 0 5:1\n", "line 4: h needs a histogram, inside a tick" },
		{ "tach-feed 1\ntick 1\nend\ncolumn t a gauge count A\n", "line 4: columns come before the first tick" },
		{ "tach-feed 1\ncolumn t a gauge count A\ntick 1\nrow t 1 zz\n", "line 4: a cell is no number" },
		{ "tach-feed 1\ncolumn t a gauge count A\nnote t sampled\n",
			"line 3: note needs a known table and counted|sampled, inside a tick" },
		{ "tach-feed 1\ncolumn t a gauge count A\ntick 1\nnote t maybe\n",
			"line 4: note needs a known table and counted|sampled, inside a tick" },
		{ "tach-feed 1\ncolumn t a text count A\ncolumn t b gauge count B\ntick 1\nrow t 1 \"no end 5\nrow t 1 \"a\"b\n",
			"line 6: a cell is no number" },
		{ "tach-feed 1\nfact pid many\n", "line 2: fact needs a known name and its value" },
		{ "tach-feed 1\nmetric g gauge count\ntick 1\nx g ok\n",
			"line 4: x needs a known metric and gap|partial|denied|absent, inside a tick" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = { .code = 0 };

		assert_int_equal(play(cases[i].text, &e), -1);
		assert_string_equal(e.text, cases[i].sentence);
	}
}

static void control_characters_do_not_pass(void **state)
{
	struct feed *f = feed_new();
	char lines[][40] = { "tach-feed 1", "fact name a\033[2Jb", "tick 0", "end" };
	struct sample *s = NULL;
	struct err e;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_true(feed_line(f, lines[i], &s, &e) >= 0);
	assert_string_equal(s->facts.name, "a?[2Jb");
	sample_free(s);
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(wall_time_goes_on_and_is_never_made_up), cmocka_unit_test(bad),
		cmocka_unit_test(control_characters_do_not_pass) };

	return cmocka_run_group_tests_name("model/feed", tests, NULL, NULL);
}
