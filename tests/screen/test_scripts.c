/*
 * Every tests/screen/NAME.keys: what a user does with the real tach, and after each `screen LABEL` what a person has
 * approved as NAME-LABEL.screen beside it. UPDATE=1 writes these files anew: read the difference before it is committed.
 *
 *   feed NAME [TICKS]  what is played, see feeds below; default gateway 400
 *   size COLSxROWS     args WORD...     env NAME=VALUE...        before start
 *   start              play TICK        end        keys TEXT (\e \r \b \\)        resize COLSxROWS
 *   screen LABEL       ascii (all bytes so far are)        colorless (no colour was set so far)        quit
 *   escapeless (no escape sequence was written so far)
 *
 * On every screen there is a cursor, on the row that a list has selected if one has, and nothing ever blinks.
 */
#include "../lib/play.h"

#include "base/alloc.h"
#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "tests/screen"
#define SCRIPTS_MAX 64
#define WORDS_MAX 12
#define PATIENCE_MS 10000
#define ESCAPE_MS 100
#define SETTLE_MS 500 /* in UPDATE mode there is nothing to compare with */

struct script {
	const char *name; /* of the file, without .keys */
	struct feed_shape shape;
	int rows, cols;
	char *args[WORDS_MAX + 1], *env[WORDS_MAX + 1];
	struct play *play;
	size_t line;
};

static const struct {
	const char *name;
	unsigned flags;
} feeds[] = {
	{ "gateway", FEED_PMU | FEED_PUBLISH },
	{ "poor", 0 },
	{ "multiplexed", FEED_PMU | FEED_PUBLISH | FEED_MULTIPLEX },
	{ "operations", FEED_PUBLISH | FEED_NO_PACKETS },
	{ "ends", FEED_PMU | FEED_PUBLISH | FEED_ENDS },
	{ "locks", FEED_PMU | FEED_PUBLISH | FEED_LOCKS },
	{ "sampled", FEED_PUBLISH | FEED_LOCKS | FEED_SAMPLED },
	{ "server", FEED_SOCKETS },
	{ "dear", FEED_PUBLISH | FEED_DEAR },
	{ "hostile", FEED_PUBLISH | FEED_LOCKS | FEED_HOSTILE },
};

static void wrong(const struct script *s, const char *what)
{
	fail_msg(FOLDER "/%s.keys:%zu: %s", s->name, s->line, what);
}

static void set_feed(struct script *s, char *rest)
{
	char name[32] = "";
	int ticks = 400;

	sscanf(rest, "%31s %d", name, &ticks);
	for (size_t i = 0; i < sizeof feeds / sizeof feeds[0]; i++)
		if (strcmp(feeds[i].name, name) == 0) {
			s->shape = (struct feed_shape){ .flags = feeds[i].flags, .ticks = ticks, .threads = 6 };
			return;
		}
	wrong(s, "unknown feed");
}

static void set_size(struct script *s, char *rest)
{
	if (sscanf(rest, "%dx%d", &s->cols, &s->rows) != 2)
		wrong(s, "a size is COLSxROWS");
}

static void set_words(char **out, char *rest)
{
	char *save = NULL;
	int n = 0;

	for (char *w = strtok_r(rest, " ", &save); w && n < WORDS_MAX; w = strtok_r(NULL, " ", &save))
		out[n++] = xstrdup(w);
}

static void set_args(struct script *s, char *rest)
{
	set_words(s->args, rest);
}

static void set_env(struct script *s, char *rest)
{
	set_words(s->env, rest);
}

static void do_start(struct script *s, char *rest)
{
	(void)rest;
	s->play = play_start(&s->shape, s->rows, s->cols, (const char *const *)s->args, (const char *const *)s->env);
}

static void do_play(struct script *s, char *rest)
{
	play_until(s->play, atoi(rest));
}

static void do_end(struct script *s, char *rest)
{
	(void)rest;
	play_end(s->play);
}

/* What a character means after a backslash; '\0': nothing. */
static char escaped(char c)
{
	static const char escapes[][2] = { { 'e', '\033' }, { 'r', '\r' }, { 'b', '\177' }, { '\\', '\\' } };

	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
		if (escapes[i][0] == c)
			return escapes[i][1];
	return '\0';
}

static void do_keys(struct script *s, char *rest)
{
	char *out = rest;

	for (const char *p = rest; *p; p++) {
		char c = *p == '\\' ? escaped(p[1]) : '\0';

		p += c != '\0';
		*out++ = c ? c : *p;
	}
	*out = '\0';
	pty_send(play_pty(s->play), rest);
	if (out > rest && out[-1] == '\033') /* with a key right behind it, it would be Alt */
		pty_run(play_pty(s->play), ESCAPE_MS);
}

static void do_resize(struct script *s, char *rest)
{
	set_size(s, rest);
	pty_resize(play_pty(s->play), s->rows, s->cols);
}

/* The screen once it has not changed for a while: on a busy machine a frame takes its time. */
static char *settled_screen(struct script *s)
{
	char *text = pty_screen(play_pty(s->play));
	bool same = false;

	for (int waited = 0; !same && waited < PATIENCE_MS; waited += SETTLE_MS) {
		char *before = text;

		pty_run(play_pty(s->play), SETTLE_MS);
		text = pty_screen(play_pty(s->play));
		same = strcmp(before, text) == 0;
		free(before);
	}
	return text;
}

static void write_screen(struct script *s, const char *path)
{
	char *text = settled_screen(s);
	FILE *out = fopen(path, "w");

	if (!out || fputs(text, out) < 0 || fclose(out) != 0)
		wrong(s, "cannot write the screen");
	free(text);
}

/* The first row that begins with that; -1: none. */
static int row_with(const char *text, const char *begin)
{
	for (int row = 0; text && *text; row++) {
		if (strncmp(text, begin, strlen(begin)) == 0)
			return row;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return -1;
}

/* Speech and braille follow the cursor, so it is never hidden: in the text that is being typed, else at the mark of the
 * selected row. */
static bool cursor_follows(const struct script *s, const char *text)
{
	int find = row_with(text, " find: "), typed = find >= 0 ? find : row_with(text, " filter: "), row, col;
	int selected = row_with(text, ">");

	if (!pty_cursor(play_pty(s->play), &row, &col))
		return false;
	if (typed >= 0)
		return row == typed && col >= (int)strlen(" find: ");
	return selected < 0 || (row == selected && col == 0);
}

/* Waits for the screen instead of for a while: a slow machine is no failure. */
static void do_screen(struct script *s, char *rest)
{
	char path[256], *expected, *text = NULL;
	size_t length;

	snprintf(path, sizeof path, FOLDER "/%s-%s.screen", s->name, rest);
	if (getenv("UPDATE")) {
		write_screen(s, path);
		return;
	}
	if (file_read_all(path, 1 << 20, &expected, &length) != 0)
		wrong(s, "no such approved screen (UPDATE=1 writes it)");
	for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
		free(text);
		text = pty_screen(play_pty(s->play));
		if (strcmp(text, expected) == 0 && cursor_follows(s, text))
			break;
		pty_run(play_pty(s->play), 20);
	}
	if (strcmp(text, expected) != 0) {
		fprintf(stderr, "%s\napproved:\n%s\nshown:\n%s\n", path, expected, text);
		wrong(s, "another screen than the approved one");
	}
	if (!cursor_follows(s, text))
		wrong(s, "the cursor is hidden, or not on the selected row");
	free(text);
	free(expected);
}

static void do_ascii(struct script *s, char *rest)
{
	const char *out = pty_output(play_pty(s->play));

	(void)rest;
	for (; *out; out++)
		if ((unsigned char)*out >= 0x80)
			wrong(s, "a byte above 0x7f was written");
}

static void do_escapeless(struct script *s, char *rest)
{
	(void)rest;
	if (strchr(pty_output(play_pty(s->play)), '\033'))
		wrong(s, "an escape sequence was written");
}

/* SGR 5 and 6 outside of a colour (38;5;N), and the cursor that blinks. */
static void expect_no_blinking(const struct script *s)
{
	const char *out = pty_output(play_pty(s->play));

	if (strstr(out, "\033[?12h") || strstr(out, "\033[?12;25h"))
		wrong(s, "the cursor was made to blink");
	for (const char *p = strstr(out, "\033["); p; p = strstr(p, "\033[")) {
		const char *end = p + 2 + strspn(p + 2, "0123456789;");

		for (p += 2; *end == 'm' && p < end; p += strcspn(p, ";m") + 1) {
			int n = atoi(p);

			if (n == 38 || n == 48)
				p += strlen("38;5;");
			else if (n == 5 || n == 6)
				wrong(s, "something was made to blink");
		}
	}
}

/* Select Graphic Rendition with a colour in it: ESC [ ... 30..49 or 90..107 ... m. */
static void do_colorless(struct script *s, char *rest)
{
	(void)rest;
	for (const char *p = strstr(pty_output(play_pty(s->play)), "\033["); p; p = strstr(p, "\033[")) {
		const char *end = p + 2 + strspn(p + 2, "0123456789;");

		p += 2;
		while (*end == 'm' && p < end) {
			int n = atoi(p);

			if ((n >= 30 && n <= 38) || (n >= 40 && n <= 48) || (n >= 90 && n <= 107))
				wrong(s, "a colour was set");
			p += strcspn(p, ";m") + 1;
		}
	}
}

static void do_quit(struct script *s, char *rest)
{
	int status = -1;

	(void)rest;
	pty_send(play_pty(s->play), "q");
	if (!pty_wait_exit(play_pty(s->play), PATIENCE_MS, &status) || status != 0)
		wrong(s, "q did not end tach with status 0");
	if (pty_alternate(play_pty(s->play)))
		wrong(s, "the alternate screen was left on");
}

static const struct {
	const char *name;
	void (*run)(struct script *s, char *rest);
	bool before_start;
} commands[] = {
	{ "feed", set_feed, true }, { "size", set_size, true }, { "args", set_args, true }, { "env", set_env, true },
	{ "start", do_start, true }, { "play", do_play, false }, { "end", do_end, false }, { "keys", do_keys, false },
	{ "resize", do_resize, false }, { "screen", do_screen, false }, { "ascii", do_ascii, false },
	{ "colorless", do_colorless, false }, { "escapeless", do_escapeless, false }, { "quit", do_quit, false },
};

static void run_line(struct script *s, char *line)
{
	size_t n = strcspn(line, " ");
	char *rest = line + n + (line[n] != '\0');

	s->line++;
	if (!*line || *line == '#')
		return;
	line[n] = '\0';
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, line) == 0) {
			if (commands[i].before_start == (s->play != NULL))
				wrong(s, "this does not go here");
			commands[i].run(s, rest);
			return;
		}
	wrong(s, "unknown command");
}

static void run_script(void **state)
{
	struct script s = { .name = *state, .shape = { feeds[0].flags, 400, 6 }, .rows = 24, .cols = 80 };
	char path[256], *text, *next;
	size_t length;

	snprintf(path, sizeof path, FOLDER "/%s.keys", s.name);
	if (file_read_all(path, 1 << 16, &text, &length) != 0)
		fail_msg("cannot read %s", path);
	for (char *line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		run_line(&s, line);
	}
	expect_no_blinking(&s);
	play_free(s.play);
	for (int i = 0; i < WORDS_MAX; i++) {
		free(s.args[i]);
		free(s.env[i]);
	}
	free(text);
}

static int is_script(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && strcmp(d->d_name + n - 5, ".keys") == 0;
}

int main(void)
{
	struct CMUnitTest tests[SCRIPTS_MAX];
	struct dirent **list;
	int n = scandir(FOLDER, &list, is_script, alphasort), rc;

	if (n < 1 || n > SCRIPTS_MAX) {
		fprintf(stderr, "found %d scripts in " FOLDER ": run from the top of the tree\n", n);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		list[i]->d_name[strlen(list[i]->d_name) - 5] = '\0';
		tests[i] = (struct CMUnitTest){ .name = list[i]->d_name, .test_func = run_script,
			.initial_state = list[i]->d_name };
	}
	rc = _cmocka_run_group_tests("screens", tests, (size_t)n, NULL, NULL);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return rc;
}
