/*
 * The dashboard's loop: wires an open session to a screen and the terminal. It sleeps until a key, a sample or a signal
 * comes, and draws when one of them changed something. The sampler has a thread of its own, so that a key answers while
 * a read stalls; a line that is slow to take a frame gets the newest one later.
 */
#include "cmd/cmd.h"

#include "base/alloc.h"
#include "cmd/frames.h"
#include "ui/keymap.h"
#include "ui/pane.h"
#include "ui/screen.h"
#include "ui/term.h"
#include "ui/theme.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RETRY_MS 20                       /* after a frame that the line did not take */
#define STALE_INTERVALS 3                 /* without a sample for that many, numbers are called stale */
#define HISTORY (15 * 60 * NSEC_PER_SEC)
#define HISTORY_TICKS_LEAST 900u
#define HISTORY_TICKS_MOST 3600u          /* a short interval must not cost memory without limit */

struct dash {
	struct session *session;
	const struct options *options;
	struct store *store;
	struct keymap *keys;
	struct theme theme;
	struct screen *screen;
	struct canvas *canvas;
	nsec_t arrived;       /* the newest sample; 0 before the first */
	nsec_t shown_age;     /* whole seconds for which the numbers are called stale; 0: they are not */
	struct frames frames;
	bool dirty, quit;
	bool held;            /* the line did not take the last frame */
	bool ended, said_end;
};

const char **dash_wants(void)
{
	return pane_wants();
}

/* ---- opening ---- */

/* The user's keys: --keys FILE, or $XDG_CONFIG_HOME/tach/keys where there is one. */
static int read_keys(struct dash *d, struct err *e)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path;
	int rc = 0;

	if (d->options->keys)
		return keymap_read(d->keys, d->options->keys, e);
	if (config && *config)
		path = xasprintf("%s/tach/keys", config);
	else if (home && *home)
		path = xasprintf("%s/.config/tach/keys", home);
	else
		return 0;
	if (access(path, F_OK) == 0)
		rc = keymap_read(d->keys, path, e);
	free(path);
	return rc;
}

static void resize(struct dash *d)
{
	int rows, cols;

	term_size(&rows, &cols);
	canvas_free(d->canvas);
	d->canvas = canvas_new(rows, cols);
	d->dirty = true;
}

static size_t history_ticks(nsec_t interval)
{
	nsec_t ticks = HISTORY / interval;

	return ticks < HISTORY_TICKS_LEAST ? HISTORY_TICKS_LEAST : ticks > HISTORY_TICKS_MOST ? HISTORY_TICKS_MOST : ticks;
}

static int open_dash(struct dash *d, struct err *e)
{
	const struct options *o = d->options;
	struct screen_options so = { .interval = o->interval, .span = o->span, .utc = o->utc, .latency = o->latency };
	const char *no_color = getenv("NO_COLOR");
	char note[256];

	theme_default(&d->theme);
	if (o->theme && theme_read(&d->theme, o->theme, e) != 0)
		return -1;
	d->keys = keymap_new();
	if (read_keys(d, e) != 0 || term_open(&d->theme, !o->color || (no_color && *no_color), note, sizeof note, e) != 0)
		return -1;
	so.ascii = o->ascii || !term_utf8();
	so.span = so.span < so.interval ? so.interval : so.span;
	d->store = store_new(history_ticks(o->interval));
	d->screen = screen_new(&so, d->keys, &d->theme);
	if (note[0])
		screen_message(d->screen, note);
	resize(d);
	return 0;
}

static void close_dash(struct dash *d)
{
	canvas_free(d->canvas);
	screen_free(d->screen);
	store_free(d->store);
	keymap_free(d->keys);
}

/* ---- what comes in ---- */

static void take_samples(struct dash *d)
{
	bool ended = session_ended(d->session); /* asked first: its last sample is among those below */
	struct sample *s;
	char answer[256];

	while ((s = session_next(d->session))) {
		if (s->facts.state == TARGET_ENDED)
			screen_before_end(d->screen, d->store);
		store_take(d->store, s);
		d->frames.skipped += d->held; /* the one before will never be seen */
		d->held = false;
		d->arrived = clock_now();
		d->dirty = true;
	}
	while (session_take_answer(d->session, answer, sizeof answer)) {
		screen_message(d->screen, answer);
		d->dirty = true;
	}
	d->ended = ended;
}

/* The last numbers stay; only what the header cannot say is said here. */
static void say_end(struct dash *d)
{
	struct err e;

	if (!d->ended || d->said_end)
		return;
	d->said_end = true;
	if (session_failure(d->session, &e))
		screen_message(d->screen, e.text);
	else if (store_facts(d->store)->state != TARGET_ENDED)
		screen_message(d->screen, "the recorded ticks have come to their end");
	d->dirty = true;
}

static void take_key(struct dash *d, ui_key key)
{
	enum screen_effect effect;
	struct ask ask;

	if (key == UI_KEY_RESIZE) {
		resize(d);
		return;
	}
	effect = screen_key(d->screen, d->store, key);
	d->dirty = d->dirty || effect != SCREEN_NOTHING;
	if (effect == SCREEN_QUIT)
		d->quit = true;
	else if (effect == SCREEN_REDRAW)
		term_redraw();
	else if (effect == SCREEN_INTERVAL)
		session_set_interval(d->session, screen_interval(d->screen));
	else if (effect == SCREEN_ASK)
		while (screen_take_ask(d->screen, &ask))
			session_ask(d->session, ask.source, ask.text);
}

static void take_keys(struct dash *d)
{
	ui_key key;

	while (!d->quit && (key = term_key()) != UI_KEY_NONE)
		take_key(d, key);
}

/* ---- time ---- */

/* A feed has a time of its own, and who has ended cannot be late. */
static bool can_be_stale(const struct dash *d)
{
	return d->arrived && !d->ended && !d->options->feed;
}

static nsec_t overdue_at(const struct dash *d)
{
	return d->arrived + STALE_INTERVALS * screen_interval(d->screen);
}

static void look_at_age(struct dash *d)
{
	nsec_t now = clock_now(), age = 0;

	if (can_be_stale(d) && now >= overdue_at(d))
		age = (now - d->arrived) / NSEC_PER_SEC * NSEC_PER_SEC;
	if (age == d->shown_age)
		return;
	d->shown_age = age;
	screen_stale(d->screen, age);
	d->dirty = true;
}

/* Milliseconds until something is due by itself; -1: nothing is. */
static int patience(const struct dash *d)
{
	nsec_t now, due;

	if (d->dirty)
		return RETRY_MS;
	if (!can_be_stale(d))
		return -1;
	now = clock_now();
	due = d->shown_age ? d->arrived + d->shown_age + NSEC_PER_SEC : overdue_at(d);
	return due > now ? (int)((due - now) / NSEC_PER_MSEC) + 1 : RETRY_MS;
}

/* ---- the loop ---- */

static void draw(struct dash *d)
{
	screen_draw(d->screen, d->store, d->canvas);
	d->held = !term_show(d->canvas);
	d->dirty = d->held;
	if (!d->held)
		frames_add(&d->frames, term_frame_bytes());
	session_tell_terminal(d->session, term_bytes());
}

static void wait_for_something(struct dash *d)
{
	struct pollfd fds[2] = { { .fd = term_fd(), .events = POLLIN },
		{ .fd = d->ended ? -1 : session_fd(d->session), .events = POLLIN } };

	poll(fds, 2, patience(d)); /* EINTR is a signal: the loop looks at it */
}

static int run(struct dash *d)
{
	while (!d->quit && !term_signal()) {
		take_samples(d);
		take_keys(d);
		say_end(d);
		look_at_age(d);
		if (d->dirty && !d->quit)
			draw(d);
		if (!d->quit && !term_signal())
			wait_for_something(d);
	}
	return term_signal() ? 128 + term_signal() : EXIT_DONE;
}

int cmd_dash(struct session *s, const struct options *o)
{
	struct dash d = { .session = s, .options = o };
	struct err e = { .code = 0 };
	int status;

	if (open_dash(&d, &e) != 0) {
		close_dash(&d);
		return command_fail(EXIT_FAILED, "%s", e.text);
	}
	status = run(&d);
	term_close();
	close_dash(&d);
	if (o->print_frame_bytes)
		frames_print(&d.frames);
	if (status == EXIT_DONE && session_failure(s, &e))
		return command_fail(EXIT_FAILED, "%s", e.text);
	return status;
}
