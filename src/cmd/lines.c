/*
 * --line and --plain: what the dashboard shows as text, for status bars, logs and screen readers. Nothing but text and
 * the ends of lines is written, and on a terminal the return to the beginning of the line, never an escape sequence.
 */
#include "cmd/lines.h"

#include "base/alloc.h"
#include "cmd/frames.h"
#include "cmd/signals.h"
#include "ui/header.h"
#include "ui/keymap.h"
#include "ui/plain.h"
#include "ui/screen.h"
#include "ui/term.h"
#include "ui/text.h"
#include "ui/theme.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LATE_INTERVALS 3                 /* without a sample for that many, it is told that none comes */
#define PIPE_COLS 400                    /* of a line that no terminal limits */
#define HISTORY (60 * NSEC_PER_SEC)      /* some formulas look back that far */

struct lines {
	const struct options *o;
	struct session *session;
	struct store *store;
	struct keymap *keys;
	struct theme theme;
	struct screen *screen;
	struct plain *plain;  /* NULL: --line */
	struct frames frames;
	bool terminal, ascii;
	int shown;            /* columns of the line that stands on the terminal */
	int signals, signal;  /* the descriptor; what has come */
	nsec_t arrived;       /* the newest sample; 0 before the first */
	bool late;            /* and it was told that none came since */
	bool over, failed;
};

bool lines_wanted(const struct options *o)
{
	return o->line || o->plain;
}

static void open_lines(struct lines *l)
{
	const struct options *o = l->o;
	struct screen_options so = { .interval = o->interval, .span = o->span, .utc = o->utc, .latency = o->latency,
		.ascii = true };
	nsec_t history = o->span * 2 > HISTORY ? o->span * 2 : HISTORY;

	so.span = so.span < so.interval ? so.interval : so.span;
	theme_default(&l->theme);
	l->keys = keymap_new();
	l->store = store_new((size_t)(history / o->interval) + 2);
	l->screen = screen_new(&so, l->keys, &l->theme);
	l->plain = o->line ? NULL : plain_new();
	l->ascii = !term_utf8() || o->ascii;
	l->terminal = isatty(STDOUT_FILENO);
}

static void close_lines(struct lines *l)
{
	plain_free(l->plain);
	screen_free(l->screen);
	store_free(l->store);
	keymap_free(l->keys);
}

/* ---- what is written ---- */

/* A '?' for each character that is not ASCII. */
static void make_ascii(char *text)
{
	char *to = text;

	for (; *text; text++)
		if ((*text & 0xc0) != 0x80)
			*to++ = (unsigned char)*text < 0x80 ? *text : '?';
	*to = '\0';
}

static void write_text(struct lines *l, char *text)
{
	if (l->ascii)
		make_ascii(text);
	frames_add(&l->frames, strlen(text));
	fputs(text, stdout);
	if (command_flush())
		l->over = l->failed = true;
}

static int columns(const struct lines *l)
{
	struct winsize size = { .ws_col = 0 };

	if (!l->terminal)
		return PIPE_COLS;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return size.ws_col > 1 ? size.ws_col - 1 : size.ws_col ? 1 : 79; /* a full line would wrap */
}

/* What follows goes below the line that stands on the terminal. */
static void end_line(struct lines *l)
{
	if (!l->terminal || !l->shown)
		return;
	l->shown = 0;
	fputc('\n', stdout);
	if (command_flush())
		l->over = l->failed = true;
}

/* On a terminal over the one before; what that had more is overwritten with blanks. */
static void write_line(struct lines *l, const char *line)
{
	int width = canvas_width(line), rest;
	char *text;

	if (columns(l) < l->shown) /* a window that became narrower has cut or wrapped it */
		end_line(l);
	rest = l->shown > width ? l->shown - width : 0;
	text = l->terminal ? xasprintf("\r%s%*s", line, rest, "") : xasprintf("%s\n", line);
	write_text(l, text);
	l->shown = width;
	free(text);
}

/* The dashboard in a window of one line, or a remark instead of it. */
static void say_line(struct lines *l, const char *remark)
{
	struct canvas *c = canvas_new(1, columns(l));
	char *text;

	if (remark)
		canvas_write(c, 0, 0, -1, ROLE_TEXT, remark);
	else
		screen_draw(l->screen, l->store, c);
	text = canvas_print(c);
	text[strcspn(text, "\n")] = '\0';
	write_line(l, text);
	free(text);
	canvas_free(c);
}

/* A terminal would break words. */
static void break_lines(char *text, int cols)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), fits;

		text[line] = '\0';
		fits = text_break(text, cols);
		text[line] = '\n';
		if (fits < line && text[fits] == ' ')
			text[fits] = '\n';
		text += fits < line ? fits : line;
		text += *text == '\n';
	}
}

static void say_sentences(struct lines *l)
{
	char *text = plain_say(l->plain, l->screen, l->store);

	if (text && l->terminal)
		break_lines(text, columns(l));
	if (text)
		write_text(l, text);
	free(text);
}

/* ---- what comes in ---- */

static void say_news(struct lines *l)
{
	bool ended = store_facts(l->store)->state == TARGET_ENDED;
	char end[160];

	if (l->plain)
		say_sentences(l);
	else
		say_line(l, ended ? plain_end(end, sizeof end, l->store) : NULL);
}

/* Numbers of a while ago must not pass for those of now. */
static void say_late(struct lines *l)
{
	char text[200], clock[16];

	header_clock(clock, sizeof clock, store_wall(l->store, store_now(l->store)), l->o->utc);
	snprintf(text, sizeof text, "%s: no numbers since %s%s", store_facts(l->store)->name, clock, l->plain ? ".\n" : "");
	l->late = true;
	if (l->plain)
		write_text(l, text);
	else
		say_line(l, text);
}

/* A line says it by being there. */
static void say_back(struct lines *l)
{
	char *text = xasprintf("%s: numbers come again.\n", store_facts(l->store)->name);

	if (l->late && l->plain)
		write_text(l, text);
	l->late = false;
	free(text);
}

/* Before the second sample there are no rates to tell. */
static void take_sample(struct lines *l, struct sample *s)
{
	nsec_t before = store_now(l->store);

	store_take(l->store, s);
	l->arrived = clock_now();
	say_back(l);
	if (before && store_now(l->store) != before)
		say_news(l);
}

static void take_samples(struct lines *l)
{
	bool ended = session_ended(l->session); /* asked first: what it queued before it ended is still taken */
	char answer[256];
	struct sample *s;

	while (session_take_answer(l->session, answer, sizeof answer)) {
		end_line(l);
		fprintf(stderr, "tach: %s\n", answer);
	}
	while (!l->over && (s = session_next(l->session)))
		take_sample(l, s);
	l->over = l->over || ended;
}

/* Milliseconds until the next sample is overdue; -1: it cannot be, or was told to be. A feed has a time of its own. */
static int patience(const struct lines *l)
{
	nsec_t due = l->arrived + LATE_INTERVALS * l->o->interval, now = clock_now();

	if (!l->arrived || l->late || l->o->feed)
		return -1;
	return due > now ? (int)((due - now) / NSEC_PER_MSEC) + 1 : 0;
}

static void wait_for_something(struct lines *l)
{
	struct pollfd fds[2] = { { .fd = session_fd(l->session), .events = POLLIN }, { .fd = l->signals, .events = POLLIN } };

	int n = poll(fds, 2, patience(l));

	if (n < 0 && errno != EINTR)
		fatal("poll: %s", strerror(errno));
	if (n == 0 && patience(l) == 0)
		say_late(l);
	l->signal = signals_take(l->signals);
}

int cmd_lines(struct session *s, const struct options *o, int signals)
{
	struct lines l = { .o = o, .session = s, .signals = signals };
	struct err e;
	int status = EXIT_DONE;

	open_lines(&l);
	while (!l.over && !l.signal) {
		wait_for_something(&l);
		if (!l.signal)
			take_samples(&l);
	}
	end_line(&l);
	if (l.signal)
		status = 128 + l.signal;
	else if (l.failed)
		status = EXIT_FAILED;
	else if (session_failure(s, &e))
		status = command_fail(EXIT_FAILED, "%s", e.text);
	if (o->print_frame_bytes)
		frames_print(&l.frames);
	close_lines(&l);
	return status;
}
