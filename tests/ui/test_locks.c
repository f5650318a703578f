/* The locks pane: what is contention and what is not, whose selection, what it says of a lock, and that nothing breaks. */
#include "ui/screen.h"

#include "../lib/feeds_locks.h"
#include "../lib/played.h"
#include "base/alloc.h"
#include "ui/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct feed_shape bare = { .flags = 0, .ticks = 5, .threads = 0 };

struct fixture {
	struct played *played;
	struct keymap *keys;
	struct screen *screen;
	int tick;
	char *text; /* what was drawn last */
};

static struct theme theme; /* the screens borrow it */

static void play_lines(struct fixture *f, char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		played_line(f->played, line);
}

static struct fixture begin(const struct feed_shape *shape)
{
	struct fixture f = { .played = played_new(shape, 600), .keys = keymap_new() };
	struct screen_options o = { .interval = NSEC_PER_SEC, .span = 5 * NSEC_PER_SEC, .utc = true };

	theme_default(&theme);
	f.screen = screen_new(&o, f.keys, &theme);
	return f;
}

/* A feed that has the tables of locks, and nothing in them yet. */
static struct fixture begin_locks(void)
{
	struct fixture f = begin(&bare);
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	feed_locks_head(out);
	fclose(out);
	play_lines(&f, text);
	free(text);
	played_line(f.played, "fact threads 4");
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

static void press(struct fixture *f, const char *keys)
{
	for (; *keys; keys++)
		screen_key(f->screen, played_store(f->played), (ui_key)*keys);
}

/* A tick with these lines in it; lock.wait_seconds goes on by 1 s a second. */
static void tick(struct fixture *f, const char *const rows[])
{
	char line[64];

	snprintf(line, sizeof line, "tick %d", ++f->tick);
	played_line(f->played, line);
	snprintf(line, sizeof line, "v lock.wait_seconds %d", f->tick);
	played_line(f->played, line);
	for (; *rows; rows++)
		played_line(f->played, *rows);
	played_line(f->played, "end");
}

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

static void in_order(struct fixture *f, const char *const texts[])
{
	const char *at = f->text;

	for (; *texts; texts++) {
		const char *next = strstr(at, *texts);

		if (!next) {
			fputs(f->text, stderr);
			fail_msg("\"%s\" is not there, or not in this order", *texts);
			return;
		}
		at = next;
	}
}

/* Two ticks: a waits 0.1, b 0.5 and c 0.02 s a second, jobs 3.0, which are no contention. */
static const char *const first[] = { "row locks 1 a mutex lock 0xa 7 100 10 0 1e-6 2e-6 3e-6 1 - - -",
	"row locks 2 b rwlock lock 0xb 7 10 10 0 1e-6 2e-6 3e-6 2 ctl/9 x.c:1 -",
	"row locks 3 c futex lock 0xc 7 10 10 0 - - - 0 ~old/8 - -",
	"row locks 4 jobs cond work 0xd 7 10 10 0 1e-3 2e-3 3e-3 3 - - -", NULL };
static const char *const second[] = { "row locks 1 a mutex lock 0xa 7 150 10.1 0 1e-6 2e-6 3e-6 1 - - -",
	"row locks 2 b rwlock lock 0xb 7 20 10.5 0 1e-6 2e-6 3e-6 2 ctl/9 x.c:1 -",
	"row locks 3 c futex lock 0xc 7 12 10.02 0 - - - 0 ~old/8 - -",
	"row locks 4 jobs cond work 0xd 7 20 13 0 1e-3 2e-3 3e-3 3 - - -", NULL };
/* a has overtaken b. */
static const char *const third[] = { "row locks 1 a mutex lock 0xa 7 150 11 0 1e-6 2e-6 3e-6 1 - - -",
	"row locks 2 b rwlock lock 0xb 7 20 10.6 0 1e-6 2e-6 3e-6 2 ctl/9 x.c:1 -",
	"row locks 3 c futex lock 0xc 7 12 10.02 0 - - - 0 ~old/8 - -",
	"row locks 4 jobs cond work 0xd 7 20 16 0 1e-3 2e-3 3e-3 3 - - -", NULL };

static struct fixture with_four(void)
{
	struct fixture f = begin_locks();

	tick(&f, first);
	tick(&f, second);
	return f;
}

static void waiting_for_work_is_no_contention(void **state)
{
	static const char *const order[] = { "\n>b ", "\n a ", "\n c ", "─ waiting for work, not contention ", "\n jobs ", NULL };
	struct fixture f = with_four();

	(void)state;
	draw(&f, 40, 120);
	shows(&f, "1 of 4 thread-seconds waited a second");
	shows(&f, "500ms/s");
	hides(&f, "jobs"); /* though its threads wait most */
	press(&f, "44");
	draw(&f, 40, 120);
	in_order(&f, order);
	shows(&f, "   3 locks ");
	end(&f);
}

static void columns_of_the_list(void **state)
{
	struct fixture f = with_four();

	(void)state;
	press(&f, "44");
	draw(&f, 40, 120);
	/* half a second a second of four threads */
	shows(&f, " rwlock     500ms   12.5 ");
	shows(&f, "█      10       -   1.0us   2.0us   3.0us    2 ctl/9\n"); /* the only column of the graph so far */
	/* nothing known is no zero, a guess is marked */
	shows(&f, "█       2       -       -       -       -    - ~old/8\n");
	draw(&f, 10, 40);
	shows(&f, "\n lock        wait/s v  now held by\n>b              500ms    2 ctl/9\n");
	end(&f);
}

static void the_selection_follows_its_lock(void **state)
{
	struct fixture f = with_four();

	(void)state;
	press(&f, "44j");
	draw(&f, 40, 120);
	shows(&f, "\n>a ");
	shows(&f, "─ a   mutex 0xa   of 7 ─");
	tick(&f, third);
	draw(&f, 40, 120);
	shows(&f, "\n>a ");
	shows(&f, "\n b ");
	press(&f, "jjj");
	draw(&f, 40, 120);
	shows(&f, "\n>jobs ");
	shows(&f, "─ jobs   cond 0xd   of 7 ─");
	draw(&f, 14, 80); /* too low for all: the part with the selected one stays */
	shows(&f, "\n>jobs ");
	end(&f);
}

static const char *const sites[] = { "row locks 1 a mutex lock 0xa 7 2 2 0 - - - 0 - - -",
	"row lock_sites 1 0xa 7 wait w1 1 x.c:1 \"run > get\" 20", "row lock_sites 2 0xa 7 wait w2 2 x.c:1 \"run > get\" 15",
	"row lock_sites 3 0xa 7 wait w1 3 x.c:1 \"run > get\" 10", "row lock_sites 4 0xa 7 wait w3 4 x.c:1 \"run > get\" 15",
	"row lock_sites 5 0xa 7 wait w4 5 x.c:1 \"run > get\" 15", "row lock_sites 6 0xa 7 wait w1 1 x.c:9 put 25",
	"row lock_sites 7 0xa 7 hold ctl 9 y.c:5 \"grow > move\" 5", "row lock_sites 8 0xa 8 wait other 1 z.c:7 - 90",
	"row lock_sites 9 0xb 7 wait other 1 z.c:8 - 90", NULL };
static const char *const untaken[] = { "row locks 1 a mutex lock 0xa 7 2 2 0 - - - 0 - - -",
	"row lock_sites 1 0xa 7 wait w1 1 x.c:1 \"run > get\" -", NULL };

/* 75 of 100 stacks at x.c:1, of four names, one of them twice; those of another process or lock are not there. */
static void sites_are_shares_and_name_a_thread_once(void **state)
{
	struct fixture f = begin_locks();

	(void)state;
	tick(&f, sites);
	tick(&f, sites);
	press(&f, "44");
	draw(&f, 40, 120);
	shows(&f, "  75% w1 w2 w3 +1 x.c:1 ");
	shows(&f, "  25% w1 ");
	shows(&f, " 100% ctl      y.c:5    grow > move");
	hides(&f, "z.c:");
	tick(&f, untaken); /* a share of nothing is not shown */
	draw(&f, 40, 120);
	shows(&f, "    - w1       x.c:1 ");
	end(&f);
}

static const char *const pairs_before[] = { "row locks 1 a mutex lock 0xa 7 1 1 0 - - - 0 - - -",
	"row lock_pairs 1 w/11 ctl/9 1 1", "row lock_pairs 2 w/12 ctl/9 1 1", "row lock_pairs 3 w/12 w/11 1 1",
	"row lock_pairs 4 log/13 ctl/9 1 1", "row lock_pairs 5 log/13 - 1 1", NULL };
static const char *const pairs_after[] = { "row locks 1 a mutex lock 0xa 7 2 2 0 - - - 0 - - -",
	"row lock_pairs 1 w/11 ctl/9 2 1.012", "row lock_pairs 2 w/12 ctl/9 2 1.3", "row lock_pairs 3 w/12 w/11 2 1.0018",
	"row lock_pairs 4 log/13 ctl/9 2 1.00047", "row lock_pairs 5 log/13 - 2 1.00001",
	"row lock_chains 1 \"w > w\" a 0.001 \"ctl runs on cpu 3\"", "row lock_chains 2 \"w > w > ctl\" a 0.005 \"ctl in fsync\"",
	NULL };

static void pairs_are_milliseconds_a_second(void **state)
{
	static const char *const order[] = { "who waits for whom", "   ctl     ", "\n          12      300     1.8 ", "\n          11       12 ",
		"\n         log       .5       ·     <.1", NULL };
	static const char *const chains[] = { "longest chain now", "w > w > ctl", "5.0ms", "ctl in fsync", "w > w ", "1.0ms",
		"ctl runs on cpu 3", NULL };
	struct fixture f = begin_locks();

	(void)state;
	tick(&f, pairs_before);
	tick(&f, pairs_after);
	press(&f, "44");
	draw(&f, 40, 120);
	in_order(&f, order);
	in_order(&f, chains);
	draw(&f, 40, 60);
	shows(&f, "who waits for whom");
	hides(&f, "longest chain");
	end(&f);
}

static void without_a_probe_the_rows_stay(void **state)
{
	static const struct feed_shape poor = { .flags = 0, .ticks = 20, .threads = 6 };
	static const char *const none[] = { NULL };
	struct fixture f = begin(&poor);

	(void)state;
	played_until(f.played, 10);
	draw(&f, 24, 80);
	shows(&f, "switches, thread-seconds in the run queue a second");
	shows(&f, "\n vol /s ");
	end(&f);
	f = begin_locks();
	tick(&f, none);
	played_line(f.played, "tick 2");
	played_line(f.played, "x lock.wait_seconds denied needs CAP_BPF and CAP_PERFMON: setcap");
	played_line(f.played, "end");
	press(&f, "44");
	draw(&f, 24, 80);
	shows(&f, "DENIED   needs CAP_BPF and CAP_PERFMON");
	end(&f);
}

static void no_lock_is_said(void **state)
{
	static const char *const none[] = { "note locks counted", NULL };
	struct fixture f = begin_locks();

	(void)state;
	tick(&f, none);
	tick(&f, none);
	press(&f, "44");
	draw(&f, 24, 80);
	shows(&f, "no thread has waited for a lock");
	press(&f, "jjk");
	draw(&f, 1, 80);
	draw(&f, 3, 20);
	end(&f);
}

static void estimates_are_marked(void **state)
{
	static const char *const before[] = { "note locks sampled sampled 50 Hz, no BPF",
		"row locks 1 a mutex lock 0xa 7 100 10 0 - - - 1 ~ctl/9 - -", NULL };
	static const char *const after[] = { "note locks sampled sampled 50 Hz, no BPF",
		"row locks 1 a mutex lock 0xa 7 150 10.1 0 - - 3e-3 1 ~ctl/9 - -", NULL };
	struct fixture f = begin_locks();

	(void)state;
	tick(&f, before);
	tick(&f, after);
	draw(&f, 40, 120);
	shows(&f, "sampled 50 Hz, no BPF   1 of 4 thread-seconds");
	shows(&f, "~100ms/s");
	press(&f, "44");
	draw(&f, 40, 120);
	shows(&f, " mutex     ~100ms   ~2.5 ");
	shows(&f, "     ~50       -       -       -  ~3.0ms   ~1 ~ctl/9\n");
	end(&f);
}

/* Names of any length and width, every size, every lock selected: nothing is wider than the screen or lost. */
static void hostile_names_and_every_size(void **state)
{
	static const struct feed_shape hostile = { .flags = FEED_PUBLISH | FEED_LOCKS | FEED_HOSTILE, .ticks = 60, .threads = 9 };
	struct fixture f = begin(&hostile);

	(void)state;
	played_until(f.played, 60);
	for (int zoomed = 0; zoomed < 2; zoomed++) {
		press(&f, "4");
		for (int rows = 1; rows <= 60; rows += rows < 26 ? 1 : 17)
			for (int cols = 1; cols <= 201; cols += cols < 30 ? 3 : 19) {
				struct canvas *c = canvas_new(rows, cols);

				press(&f, rows % 8 == 7 ? "kkkkkkk" : "j");
				screen_draw(f.screen, played_store(f.played), c);
				canvas_free(c);
			}
	}
	press(&f, "kkkkkkk");
	draw(&f, 40, 120);
	shows(&f, ">テーブル接続テー");
	shows(&f, "\n std::__1::map<s");
	shows(&f, "\n 0x5581f2a04240 "); /* without a name: by its address */
	end(&f);
}

static void parts_share_the_rows(void **state)
{
	struct block b[] = { { 5, 9, 0, 0 }, { 4, 6, 2, 0 }, { 3, 0, 1, 0 }, { 6, 12, 3, 0 }, { 1, 1, 4, 0 } };

	(void)state;
	blocks_share(b, 5, 40); /* more than all could fill */
	assert_int_equal(b[0].rows, 9);
	assert_int_equal(b[1].rows, 6);
	assert_int_equal(b[2].rows, 0); /* has nothing to show */
	assert_int_equal(b[3].rows, 12);
	blocks_share(b, 5, 19); /* 5 + 4 + 6 + 1, and three more for the first */
	assert_int_equal(b[0].rows, 8);
	assert_int_equal(b[1].rows, 4);
	assert_int_equal(b[3].rows, 6);
	blocks_share(b, 5, 14); /* the third one does not fit, the small one behind it does */
	assert_int_equal(b[0].rows, 9);
	assert_int_equal(b[1].rows, 4);
	assert_int_equal(b[3].rows, 0);
	assert_int_equal(b[4].rows, 1);
	blocks_share(b, 5, 3);
	assert_int_equal(b[0].rows, 3);
	assert_int_equal(b[1].rows, 0);
	blocks_share(b, 5, -2);
	assert_int_equal(b[0].rows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_for_work_is_no_contention),
		cmocka_unit_test(columns_of_the_list),
		cmocka_unit_test(the_selection_follows_its_lock),
		cmocka_unit_test(sites_are_shares_and_name_a_thread_once),
		cmocka_unit_test(pairs_are_milliseconds_a_second),
		cmocka_unit_test(without_a_probe_the_rows_stay),
		cmocka_unit_test(no_lock_is_said),
		cmocka_unit_test(estimates_are_marked),
		cmocka_unit_test(hostile_names_and_every_size),
		cmocka_unit_test(parts_share_the_rows),
	};

	return cmocka_run_group_tests_name("ui/locks", tests, NULL, NULL);
}
