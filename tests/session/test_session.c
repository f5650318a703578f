/* Sessions: a feed through a pipe, a live target on a thread of its own, ends, failures, requests, closing at any time. */
#include "session/session.h"

#include "model/store.h"

#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* The next sample within five seconds, or NULL. */
static struct sample *wait_sample(struct session *s)
{
	struct pollfd p = { .fd = session_fd(s), .events = POLLIN };

	for (int i = 0; i < 50; i++) {
		struct sample *sample = session_next(s);

		if (sample)
			return sample;
		poll(&p, 1, 100);
	}
	return NULL;
}

static bool wait_end(struct session *s)
{
	for (int i = 0; i < 500 && !session_ended(s); i++)
		usleep(10000);
	return session_ended(s);
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void feed_plays_as_it_comes(void **state)
{
	int ends[2];
	struct session *s;
	struct sample *sample;
	struct err e = { .code = 0 };

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s = session_open_feed(ends[0], &e);
	assert_non_null(s);
	assert_null(session_next(s));
	say(ends[1], "tach-feed 1\nmetric a counter count\ntick 0\nv a 1\nend\ntick 1\nv");
	sample = wait_sample(s);
	assert_non_null(sample);
	assert_int_equal(sample->ndefs, 1);
	sample_free(sample);
	assert_false(session_ended(s));
	say(ends[1], " a 5\nend\n"); /* the rest of a line that came in two parts */
	sample = wait_sample(s);
	assert_non_null(sample);
	assert_true(sample->points[0].value == 5);
	sample_free(sample);
	close(ends[1]);
	assert_true(wait_end(s));
	assert_false(session_failure(s, &e));
	session_close(s);
}

static void bad_feed_is_a_sentence(void **state)
{
	int ends[2];
	struct session *s;
	struct err e = { .code = 0 };

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s = session_open_feed(ends[0], &e);
	say(ends[1], "tach-feed 1\nnonsense\n");
	assert_true(wait_end(s));
	assert_true(session_failure(s, &e));
	assert_string_equal(e.text, "line 2: unknown kind of line");
	session_close(s);
	close(ends[1]);
}

/* A feed that is bad from its first byte may end before session_open_feed() returns. */
static void a_feed_that_fails_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct err e = { .code = 0 };
		struct session *s;
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		say(ends[1], "nonsense\n");
		s = session_open_feed(ends[0], &e);
		assert_non_null(s);
		assert_true(wait_end(s));
		assert_true(session_failure(s, &e));
		session_close(s);
		close(ends[1]);
	}
}

static void cut_feed_is_a_failure(void **state)
{
	int ends[2];
	struct session *s;
	struct err e = { .code = 0 };

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s = session_open_feed(ends[0], &e);
	say(ends[1], "tach-feed 1\ntick 0");
	close(ends[1]);
	assert_true(wait_end(s));
	assert_true(session_failure(s, &e));
	assert_string_equal(e.text, "the feed ends in the middle of a line");
	session_close(s);
}

static void a_feed_that_stalls_closes_at_once(void **state)
{
	int ends[2];
	struct err e = { .code = 0 };
	struct session *s;
	nsec_t begin = clock_now();

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s = session_open_feed(ends[0], &e);
	say(ends[1], "tach-feed 1\ntick 0\nend\n");
	session_close(s); /* with a sample in the queue and the thread asleep in the pipe */
	assert_true(clock_now() - begin < 2 * NSEC_PER_SEC);
	close(ends[1]);
}

static struct session *watch_command(const char *const argv[], nsec_t interval, struct err *e)
{
	struct target_options to = { .children = true, .output = "/dev/null", .detached = true };
	struct session_options so = { .interval = interval, .children = true };
	struct target *t = target_spawn((char *const *)argv, &to, e);

	return t ? session_open(t, &so, e) : NULL;
}

static void live_ticks_and_exit_status(void **state)
{
	const char *argv[] = { "sh", "-c", "sleep 0.5; exit 3", NULL };
	struct err e = { .code = 0 };
	struct session *s = watch_command(argv, 100 * NSEC_PER_MSEC, &e);
	struct store *st = store_new(100);
	struct sample *sample;
	struct point rss;

	(void)state;
	assert_non_null(s);
	assert_true(wait_end(s));
	while ((sample = session_next(s)))
		store_take(st, sample);
	assert_in_range(store_ticks(st), 4, 9); /* one at the start, one each 100 ms, the last at the end */
	assert_int_equal(store_facts(st)->state, TARGET_ENDED);
	assert_int_equal(store_facts(st)->exit_status, 3);
	rss = store_value(st, store_find(st, "mem.rss_bytes"), (struct span){ 0, store_now(st) });
	assert_true(rss.state == POINT_OK && rss.value > 100000 && rss.value < 1e9);
	store_free(st);
	session_close(s);
}

static void a_command_that_cannot_run(void **state)
{
	const char *argv[] = { "tach-no-such-command", NULL };
	struct err e = { .code = 0 };

	(void)state;
	assert_null(watch_command(argv, NSEC_PER_SEC, &e));
	assert_non_null(strstr(e.text, "tach-no-such-command"));
}

static void closing_stops_what_was_started(void **state)
{
	const char *argv[] = { "sleep", "600", NULL };
	struct err e = { .code = 0 };
	struct session *s = watch_command(argv, NSEC_PER_SEC, &e);
	struct sample *sample;
	pid_t pid;

	(void)state;
	assert_non_null(s);
	sample = wait_sample(s);
	assert_non_null(sample);
	pid = sample->facts.pid;
	sample_free(sample);
	assert_int_equal(kill(pid, 0), 0);
	session_close(s);
	assert_int_equal(kill(pid, 0), -1);
}

static void memory_is_read_when_asked(void **state)
{
	const char *argv[] = { "sleep", "600", NULL };
	struct err e = { .code = 0 };
	struct session *s = watch_command(argv, NSEC_PER_SEC, &e);
	char answer[256] = "";

	(void)state;
	assert_non_null(s);
	session_ask(s, "proc", "memory");
	for (int i = 0; i < 300 && !session_take_answer(s, answer, sizeof answer); i++)
		usleep(10000);
	assert_non_null(strstr(answer, "PSS"));
	assert_false(session_take_answer(s, answer, sizeof answer)); /* one answer a question */
	session_close(s);
}

/* What cannot be answered is said at once: a key that does nothing would look broken. */
static void who_cannot_answer_says_so(void **state)
{
	const char *argv[] = { "sleep", "600", NULL };
	struct err e = { .code = 0 };
	struct session *s = watch_command(argv, NSEC_PER_SEC, &e);
	char answer[256] = "";

	(void)state;
	assert_non_null(s);
	session_ask(s, "nobody", "memory");
	assert_true(session_take_answer(s, answer, sizeof answer));
	assert_string_equal(answer, "nobody cannot be asked here: no such source");
	session_ask(s, "self", "on sys");
	assert_true(session_take_answer(s, answer, sizeof answer));
	assert_string_equal(answer, "self cannot be asked here: it takes no questions");
	session_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(feed_plays_as_it_comes),
		cmocka_unit_test(bad_feed_is_a_sentence), cmocka_unit_test(a_feed_that_fails_at_once), cmocka_unit_test(cut_feed_is_a_failure),
		cmocka_unit_test(a_feed_that_stalls_closes_at_once), cmocka_unit_test(live_ticks_and_exit_status),
		cmocka_unit_test(a_command_that_cannot_run), cmocka_unit_test(closing_stops_what_was_started),
		cmocka_unit_test(memory_is_read_when_asked), cmocka_unit_test(who_cannot_answer_says_so) };

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
