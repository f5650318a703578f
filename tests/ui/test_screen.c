/* The dashboard as a value: what keys change, what stands still, and that nothing is drawn from stale memory. */
#include "ui/screen.h"

#include "base/alloc.h"
#include "../lib/played.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct feed_shape gateway = { .flags = FEED_PMU | FEED_PUBLISH, .ticks = 120, .threads = 6 };
static const struct feed_shape poor = { .flags = 0, .ticks = 20, .threads = 6 };

struct fixture {
	struct played *played;
	struct keymap *keys;
	struct screen *screen;
	char *text; /* what was drawn last */
};

static struct theme theme; /* the screens borrow it */

static struct screen *fresh_screen(struct fixture *f)
{
	struct screen_options o = { .interval = NSEC_PER_SEC, .span = 5 * NSEC_PER_SEC, .utc = true };

	return screen_new(&o, f->keys, &theme);
}

static struct fixture begin(const struct feed_shape *shape)
{
	struct fixture f = { .played = played_new(shape, 600), .keys = keymap_new() };

	theme_default(&theme);
	f.screen = fresh_screen(&f);
	return f;
}

static void end(struct fixture *f)
{
	screen_free(f->screen);
	keymap_free(f->keys);
	played_free(f->played);
	free(f->text);
}

static const char *draw(struct fixture *f, int rows, int cols)
{
	struct canvas *c = canvas_new(rows, cols);

	screen_draw(f->screen, played_store(f->played), c);
	free(f->text);
	f->text = canvas_print(c);
	canvas_free(c);
	return f->text;
}

static enum screen_effect press(struct fixture *f, ui_key key)
{
	return screen_key(f->screen, played_store(f->played), key);
}

/* cmocka cuts long messages, so screens are printed before the test fails. */
static void shows(struct fixture *f, const char *text)
{
	if (strstr(f->text, text))
		return;
	fputs(f->text, stderr);
	fail_msg("the screen does not show \"%s\"", text);
}

static void hides(struct fixture *f, const char *text)
{
	if (!strstr(f->text, text))
		return;
	fputs(f->text, stderr);
	fail_msg("the screen shows \"%s\"", text);
}

static void same(const char *expected, const char *text)
{
	if (strcmp(expected, text) == 0)
		return;
	fprintf(stderr, "expected:\n%s\nbut it is:\n%s\n", expected, text);
	fail_msg("the screens differ");
}

/* The rule that makes pause, zoom and the cache of columns safe: a screen that has followed every tick shows what one
 * that was just opened shows. */
static void a_screen_that_followed_shows_what_a_new_one_shows(void **state)
{
	struct fixture f = begin(&gateway);
	static const int sizes[][2] = { { 24, 80 }, { 40, 120 }, { 60, 200 }, { 10, 40 } };

	(void)state;
	for (int tick = 0; tick <= gateway.ticks; tick++) {
		const int *size = sizes[tick % 4];
		struct screen *followed = f.screen;
		char *text;

		played_until(f.played, tick);
		text = xstrdup(draw(&f, size[0], size[1]));
		f.screen = fresh_screen(&f);
		same(draw(&f, size[0], size[1]), text);
		screen_free(f.screen);
		f.screen = followed;
		free(text);
	}
	end(&f);
}

static void before_the_first_sample_nothing_is_claimed(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	draw(&f, 24, 80);
	shows(&f, "waiting for the first sample");
	hides(&f, "n/a");
	hides(&f, " 0");
	played_until(f.played, 0); /* no rate yet: a gap, never a zero */
	draw(&f, 24, 80);
	shows(&f, " rx pkt/s                                                                     -");
	shows(&f, "1.99G");
	end(&f);
}

static void pause_stands_still_while_the_store_goes_on(void **state)
{
	struct fixture f = begin(&gateway);
	char *before;

	(void)state;
	played_until(f.played, 100);
	assert_int_equal(press(&f, ' '), SCREEN_DRAW);
	before = xstrdup(draw(&f, 40, 120));
	shows(&f, "PAUSED");
	hides(&f, "behind");
	played_until(f.played, 112);
	draw(&f, 40, 120);
	shows(&f, "PAUSED, 12s behind");
	/* all but the first line is as it was */
	same(strchr(before, '\n'), strchr(f.text, '\n'));
	press(&f, ' ');
	draw(&f, 40, 120);
	hides(&f, "PAUSED");
	assert_string_not_equal(strchr(before, '\n'), strchr(f.text, '\n'));
	free(before);
	end(&f);
}

static void a_pause_ends_with_the_history(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_free(f.played);
	f.played = played_new(&gateway, 20);
	played_until(f.played, 30);
	press(&f, ' ');
	played_until(f.played, 49);
	draw(&f, 24, 80);
	shows(&f, "PAUSED");
	played_until(f.played, 50);
	draw(&f, 24, 80);
	hides(&f, "PAUSED");
	shows(&f, "that moment has left the history");
	end(&f);
}

static void digits_focus_and_then_zoom(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 60);
	press(&f, '5');
	draw(&f, 24, 80);
	shows(&f, "1 Rate");
	press(&f, '5');
	draw(&f, 24, 80);
	hides(&f, "1 Rate");
	shows(&f, "5 Memory");
	shows(&f, ">RSS");
	press(&f, 'j');
	draw(&f, 24, 80);
	shows(&f, ">anon");
	shows(&f, "mem.rss_anon_bytes");
	press(&f, UI_KEY_ESC);
	draw(&f, 24, 80);
	shows(&f, "1 Rate");
	end(&f);
}

static void the_selection_stays_inside_its_list(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 5);
	press(&f, '6');
	press(&f, '6');
	draw(&f, 24, 80);
	for (int i = 0; i < 50; i++)
		press(&f, UI_KEY_PGDN);
	draw(&f, 24, 80);
	shows(&f, ">   18237 stat");
	for (int i = 0; i < 50; i++)
		press(&f, UI_KEY_PGUP);
	draw(&f, 24, 80);
	shows(&f, ">   18232 rx0");
	end(&f);
}

static void units_divide_by_the_operation_that_they_name(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 60);
	draw(&f, 24, 80);
	shows(&f, "rx pkt/s");
	press(&f, 'u');
	draw(&f, 24, 80);
	shows(&f, "rx pkt/op");
	shows(&f, "per app.ops");
	shows(&f, "misses per operation");
	press(&f, 'u');
	draw(&f, 24, 80);
	shows(&f, "rx pkt/ki");
	shows(&f, "per 1k cpu.instructions");
	press(&f, 'u');
	draw(&f, 24, 80);
	shows(&f, "rx pkt/s");
	end(&f);
}

static void span_and_refresh_move_in_steps(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 60);
	press(&f, '-');
	draw(&f, 24, 80);
	shows(&f, "10s/col 8m20s");
	press(&f, '+');
	press(&f, '+');
	draw(&f, 24, 80);
	shows(&f, "2s/col 1m40s");
	assert_int_equal(press(&f, '<'), SCREEN_INTERVAL);
	assert_true(screen_interval(f.screen) == 2 * NSEC_PER_SEC);
	press(&f, '<'); /* 5 s: a column of 2 s would be empty, so it grows too */
	draw(&f, 24, 80);
	shows(&f, "  5s\n");
	shows(&f, "5s/col");
	for (int i = 0; i < 20; i++)
		press(&f, '>');
	assert_true(screen_interval(f.screen) == 100 * NSEC_PER_MSEC);
	for (int i = 0; i < 20; i++)
		press(&f, '<');
	assert_true(screen_interval(f.screen) == 60 * NSEC_PER_SEC);
	end(&f);
}

static void what_is_missing_has_its_reason(void **state)
{
	struct fixture f = begin(&poor);

	(void)state;
	played_until(f.played, 20);
	draw(&f, 24, 80);
	shows(&f, "1 of 5 off: !");
	shows(&f, "IPC         n/a   no PMU: this kernel sees none");
	shows(&f, "run queue delay (schedstat), not operations");
	shows(&f, "no hardware counters");
	shows(&f, "of the network namespace");
	press(&f, '!');
	draw(&f, 24, 80);
	shows(&f, "perf hardware     n/a     no PMU: this kernel sees");
	shows(&f, "build it with");
	shows(&f, "metrics that are not there");
	for (int i = 0; i < 10; i++)
		press(&f, UI_KEY_PGDN);
	draw(&f, 24, 80);
	shows(&f, "what tach costs");
	shows(&f, "tach.cpu_seconds");
	press(&f, UI_KEY_ESC);
	draw(&f, 24, 80);
	shows(&f, "1 Rate");
	end(&f);
}

static void help_has_every_action_with_its_keys(void **state)
{
	struct fixture f = begin(&gateway);
	char *pages = xcalloc(1, 1 << 16);

	(void)state;
	press(&f, '?');
	for (int page = 0; page < 4; page++) {
		strcat(pages, draw(&f, 24, 80));
		press(&f, UI_KEY_DOWN);
	}
	for (enum action a = 1; a < ACTION_COUNT; a++)
		if (!strstr(pages, action_help(a)))
			fail_msg("no help for %s", action_name(a));
	assert_non_null(strstr(pages, " q F10      quit, stop what was started"));
	free(pages);
	end(&f);
}

static void overdue_numbers_are_called_stale(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 60);
	screen_stale(f.screen, 3 * NSEC_PER_SEC);
	draw(&f, 24, 80);
	shows(&f, "(3s)");
	screen_stale(f.screen, 0);
	draw(&f, 24, 80);
	hides(&f, "(3s)");
	end(&f);
}

static void an_ended_target_keeps_its_last_numbers(void **state)
{
	struct feed_shape shape = gateway;
	struct fixture f;

	(void)state;
	shape.flags |= FEED_ENDS;
	f = begin(&shape);
	played_until(f.played, shape.ticks - 1);
	screen_before_end(f.screen, played_store(f.played));
	played_until(f.played, shape.ticks); /* RSS 0, no threads */
	draw(&f, 40, 120);
	shows(&f, "exited with status 3");
	shows(&f, "1.99G  1.99G  1.99G");
	shows(&f, "14:31:06");
	shows(&f, " ctl                18236");
	press(&f, ' ');
	draw(&f, 40, 120);
	shows(&f, "1.99G  1.99G  1.99G");
	shows(&f, " ctl                18236");
	press(&f, ' ');
	draw(&f, 40, 120);
	shows(&f, " ctl                18236");
	end(&f);
}

static void messages_stay_until_the_next_key(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 5);
	screen_message(f.screen, "PSS 1.2G, read in 3 ms\033[31m");
	draw(&f, 24, 80);
	shows(&f, "PSS 1.2G, read in 3 ms?[31m");
	draw(&f, 10, 40); /* no line of its own: it takes the footer's */
	shows(&f, "PSS 1.2G, read in 3 ms");
	press(&f, UI_KEY_TAB);
	draw(&f, 24, 80);
	hides(&f, "PSS 1.2G");
	end(&f);
}

/* Names and reasons from outside, as wide and as wild as they get. */
static void hostile_text_is_tamed(void **state)
{
	struct fixture f = begin(&poor);

	(void)state;
	played_line(f.played, "fact name \033]0;owned\007\xff\xfe\xe2\x80\xae" "evil");
	played_line(f.played, "fact host \x1b[2J");
	played_line(f.played, "metric app.x counter count \x1b[1m\xe5\xa4\xa7\xe5\xa4\xa7\xe5\xa4\xa7\xe5\xa4\xa7");
	played_until(f.played, 3);
	for (int cols = 1; cols < 130; cols += 3) {
		draw(&f, 24, cols);
		hides(&f, "\033");
		hides(&f, "\007");
		hides(&f, "\xe2\x80\xae");
	}
	end(&f);
}

/* What was asked for with -e is seen without a PMU and on a small screen. */
static void events_by_name_come_first(void **state)
{
	struct fixture f = begin(&poor);

	(void)state;
	played_line(f.played, "metric event.sw_faults counter count sw-faults");
	played_until(f.played, 3);
	draw(&f, 24, 80);
	shows(&f, "sw-fault/s");
	end(&f);
}

/* Everything that sources are to be asked now, "SOURCE TEXT, ...". */
static void expect_asks(struct fixture *f, const char *expected)
{
	char all[200] = "";
	struct ask ask;

	while (screen_take_ask(f->screen, &ask))
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s %s", *all ? ", " : "", ask.source, ask.text);
	assert_string_equal(all, expected);
}

static void a_kind_that_costs_others_is_asked_for_and_given_back(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 5);
	press(&f, '2');
	press(&f, '2');
	draw(&f, 40, 120);
	shows(&f, ">app:fwd");
	for (int i = 0; i < 40; i++)
		press(&f, 'j');
	draw(&f, 40, 120);
	shows(&f, ">syscall");
	shows(&f, "every process of this machine pays about 63 ns a call");
	shows(&f, "\n no source measures this here");
	shows(&f, "syscall is not measured; run queue delay (schedstat)");
	expect_asks(&f, "bpf on sys");
	press(&f, 'j'); /* it is the last: nothing new */
	expect_asks(&f, "");
	press(&f, 'x'); /* it is not measured (any more): once more */
	expect_asks(&f, "bpf on sys");
	press(&f, 'L'); /* and round to the first */
	draw(&f, 40, 120);
	shows(&f, ">app:fwd");
	expect_asks(&f, "bpf off sys");
	press(&f, 'x');
	expect_asks(&f, "");
	draw(&f, 40, 120);
	shows(&f, "nothing to switch on");
	press(&f, '5');
	press(&f, 's');
	expect_asks(&f, "proc memory");
	end(&f);
}

/* --latency syscall: the session was asked before there was a screen. */
static void what_was_asked_for_at_the_start_is_given_back_too(void **state)
{
	struct screen_options o = { .interval = NSEC_PER_SEC, .span = 5 * NSEC_PER_SEC, .utc = true, .latency = "syscall" };
	struct fixture f = begin(&gateway);

	(void)state;
	screen_free(f.screen);
	f.screen = screen_new(&o, f.keys, &theme);
	played_until(f.played, 5);
	draw(&f, 40, 120);
	shows(&f, "syscall is not measured");
	expect_asks(&f, "");
	press(&f, 'L');
	expect_asks(&f, "bpf off sys");
	end(&f);
}

/* By what it is, not by its place: histograms appear while the program runs. */
static void the_chosen_latency_stays_when_others_appear(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 60);
	draw(&f, 40, 120);
	shows(&f, "forward 1."); /* because nobody chose */
	press(&f, 'L');
	draw(&f, 40, 120);
	shows(&f, "rekey 1.");
	played_line(f.played, "metric app.early_seconds histogram seconds early");
	played_line(f.played, "metric lat.request_seconds histogram seconds request");
	played_until(f.played, 61);
	draw(&f, 40, 120);
	shows(&f, "rekey 1.");
	end(&f);
}

/* What stands there unasked would change with the first request; a paused screen does not. */
static void a_paused_screen_keeps_its_latency(void **state)
{
	struct fixture f = begin(&poor);

	(void)state;
	played_until(f.played, 10);
	draw(&f, 24, 80);
	shows(&f, "the program publishes nothing");
	press(&f, ' ');
	played_line(f.played, "metric lat.request_seconds histogram seconds request");
	played_line(f.played, "tick 10.5");
	played_line(f.played, "h lat.request_seconds 0 0 50:1");
	played_line(f.played, "end");
	played_until(f.played, 11);
	draw(&f, 24, 80);
	shows(&f, "the program publishes nothing");
	press(&f, ' ');
	draw(&f, 24, 80);
	shows(&f, "request -/s");
	end(&f);
}

/* Nothing is published, and a privilege would help: both are said. */
static void what_a_privilege_would_bring_is_said(void **state)
{
	struct fixture f = begin(&poor);

	(void)state;
	played_line(f.played, "metric lat.request_seconds histogram seconds request");
	played_line(f.played, "tick 0");
	played_line(f.played, "x lat.request_seconds denied loading probes needs CAP_BPF");
	played_line(f.played, "end");
	draw(&f, 24, 80);
	shows(&f, " op time     n/a ");
	shows(&f, " request     DENIED   loading probes needs CAP_BPF");
	end(&f);
}

static void every_size_and_every_screen_is_survived(void **state)
{
	static const ui_key keys[] = { 0, '2', '2', '2', '5', '5', UI_KEY_ESC, '6', '6', UI_KEY_ESC, '!', UI_KEY_PGDN, '?',
		UI_KEY_DOWN, UI_KEY_ESC, 'A', '1', '1' };
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 30);
	for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
		if (keys[k])
			press(&f, keys[k]);
		for (int rows = 1; rows <= 45; rows += rows < 18 ? 1 : 9)
			for (int cols = 1; cols <= 210; cols += cols < 30 ? 1 : 17)
				draw(&f, rows, cols);
	}
	end(&f);
}

static void ascii_screens_are_ascii(void **state)
{
	struct fixture f = begin(&gateway);

	(void)state;
	played_until(f.played, 90);
	press(&f, 'A');
	for (const char *keys = " 22 55 66 ?!"; *keys; keys++) {
		if (*keys != ' ')
			press(&f, (ui_key)*keys);
		draw(&f, 60, 200);
		for (const char *p = f.text; *p; p++)
			if ((unsigned char)*p >= 0x80) {
				fputs(f.text, stderr);
				fail_msg("not ASCII after '%c'", *keys);
			}
	}
	end(&f);
}

static void frames_do_not_gather_memory(void **state)
{
	struct fixture f = begin(&gateway);
	size_t before;

	(void)state;
	played_until(f.played, 60);
	for (int i = 0; i < 10; i++)
		draw(&f, 60, 200);
	before = mallinfo2().uordblks;
	for (int i = 0; i < 500; i++)
		draw(&f, 60, 200);
	assert_true(mallinfo2().uordblks <= before + 4096);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_screen_that_followed_shows_what_a_new_one_shows),
		cmocka_unit_test(before_the_first_sample_nothing_is_claimed),
		cmocka_unit_test(pause_stands_still_while_the_store_goes_on),
		cmocka_unit_test(a_pause_ends_with_the_history),
		cmocka_unit_test(digits_focus_and_then_zoom),
		cmocka_unit_test(the_selection_stays_inside_its_list),
		cmocka_unit_test(units_divide_by_the_operation_that_they_name),
		cmocka_unit_test(span_and_refresh_move_in_steps),
		cmocka_unit_test(what_is_missing_has_its_reason),
		cmocka_unit_test(help_has_every_action_with_its_keys),
		cmocka_unit_test(overdue_numbers_are_called_stale),
		cmocka_unit_test(an_ended_target_keeps_its_last_numbers),
		cmocka_unit_test(messages_stay_until_the_next_key),
		cmocka_unit_test(hostile_text_is_tamed),
		cmocka_unit_test(events_by_name_come_first),
		cmocka_unit_test(a_kind_that_costs_others_is_asked_for_and_given_back),
		cmocka_unit_test(what_was_asked_for_at_the_start_is_given_back_too),
		cmocka_unit_test(the_chosen_latency_stays_when_others_appear),
		cmocka_unit_test(a_paused_screen_keeps_its_latency),
		cmocka_unit_test(what_a_privilege_would_bring_is_said),
		cmocka_unit_test(every_size_and_every_screen_is_survived),
		cmocka_unit_test(ascii_screens_are_ascii),
		cmocka_unit_test(frames_do_not_gather_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
