/*
 * The terminal, in a real pseudo-terminal read through libvterm: what is on the screen is the canvas, and the terminal
 * is given back whatever happens. This program is also the program in the terminal: "--screen" draws, "--shell" runs it
 * as a shell with job control would.
 */
#include "ui/term.h"

#include "../lib/pty.h"
#include "base/alloc.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 5000

static char self[256];

/* ---- the program in the terminal ---- */

/* Frame n, the same for both sides: text of all widths in all roles, much of it as in frame n - 1. */
static void draw_frame(struct canvas *c, unsigned n)
{
	static const char *const words[] = { "now", "1.25M", "▁▂▃▄▅▆▇█", "中文字", "é", "░▒▓", "          ", "x", "12us", "😀" };
	unsigned state = 12345;

	canvas_clear(c);
	for (unsigned frame = n > 6 ? n - 6 : 0; frame <= n; frame++)
		for (int i = 0; i < 30; i++) {
			state = state * 1103515245u + 12345u + frame;
			canvas_write(c, (int)(state >> 16) % (c->rows > 1 ? c->rows - 1 : 1), (int)(state >> 8) % c->cols, -1,
				(enum role)((state >> 20) % ROLE_COUNT), words[(state >> 12) % 10]);
		}
	canvas_fill(c, (struct rect) { c->rows - 1, 0, 1, c->cols }, ROLE_TEXT, ' ');
	canvas_text(c, c->rows - 1, 0, ROLE_TEXT, "frame %u", n);
}

static volatile sig_atomic_t zero;

/* Frames of a kilobyte, until there is no more room. */
static int recurse(volatile char *above)
{
	volatile char here[1024];

	here[0] = *above;
	return zero ? 0 : recurse(here) + here[0];
}

struct drawing {
	struct canvas *canvas;
	struct theme theme;
	unsigned frame;
	bool quit;
};

static void new_canvas(struct drawing *d)
{
	int rows, cols;

	term_size(&rows, &cols);
	canvas_free(d->canvas);
	d->canvas = canvas_new(rows, cols);
}

static void obey(struct drawing *d, ui_key key)
{
	char name[UI_KEY_NAME_SIZE] = "";

	switch (key) {
	case 'n':
		draw_frame(d->canvas, ++d->frame);
		return;
	case 's': /* the same again */
		draw_frame(d->canvas, d->frame);
		return;
	case 'L':
		term_redraw();
		return;
	case 'T':
		d->theme.styles[ROLE_TEXT][DEPTH_256].fg = 99;
		term_set_theme(&d->theme);
		return;
	case 'c':
		d->canvas->cursor_row = 1;
		d->canvas->cursor_col = 7;
		return;
	case 'e':
		fputs("a library says \033[31mthis\n", stderr);
		return;
	case 'x':
		*(volatile char *)(intptr_t)zero = 1;
		return;
	case 'o':
		zero = recurse(name) ? 0 : 1;
		return;
	case 'a':
		abort();
	case 'f':
		fatal("the impossible");
	case 'X':
		exit(7);
	case 'd':
		canvas_text(d->canvas, 0, 0, ROLE_TEXT, "I am deaf");
		term_show(d->canvas);
		for (;;)
			pause();
	case 'F': /* a child that ends without having had the terminal */
		if (fork() == 0)
			exit(0);
		wait(NULL);
		return;
	case 'q':
		d->quit = true;
		return;
	case UI_KEY_RESIZE:
		new_canvas(d);
		canvas_text(d->canvas, 0, 0, ROLE_TEXT, "size %dx%d", d->canvas->rows, d->canvas->cols);
		return;
	default:
		canvas_text(d->canvas, 0, 0, ROLE_TEXT, "key %s.", key_print(name, key));
	}
}

/* Keys and signals until told to end. Returns the signal, or 0. */
static int run_screen(struct drawing *d)
{
	term_show(d->canvas);
	while (!d->quit && !term_signal()) {
		struct pollfd p = { .fd = term_fd(), .events = POLLIN };
		ui_key key;

		poll(&p, 1, -1);
		while (!d->quit && (key = term_key()) != UI_KEY_NONE)
			obey(d, key);
		term_show(d->canvas);
	}
	return term_signal();
}

static int screen_main(bool mono)
{
	struct rlimit no_core = { 0, 0 };
	struct drawing d = { .frame = 0 };
	char note[200];
	struct err e;
	int stopped;

	setrlimit(RLIMIT_CORE, &no_core);
	theme_default(&d.theme);
	if (term_open(&d.theme, mono, note, sizeof note, &e)) {
		printf("error: %s\n", e.text);
		return 1;
	}
	new_canvas(&d);
	canvas_text(d.canvas, 0, 0, ROLE_BAD, "ready %dx%d %s", d.canvas->rows, d.canvas->cols, note);
	stopped = run_screen(&d);
	term_close();
	printf("closed after %llu bytes, signal %d\n", (unsigned long long)term_bytes(), stopped);
	canvas_free(d.canvas);
	return 0;
}

/* Starts the screen in a process group of its own, says when it stopped and continues it when told. */
static int shell_main(void)
{
	struct termios before = { 0 }, now = { 0 }; /* with their padding */
	int status, answer;
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	tcgetattr(0, &before);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		_exit(screen_main(false));
	}
	setpgid(pid, pid);
	while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
		tcsetpgrp(0, getpgrp());
		tcgetattr(0, &now);
		printf("stopped, terminal %s\n", memcmp(&before, &now, sizeof now) ? "different" : "the same");
		fflush(stdout);
		answer = getchar();
		if (answer == 'k') {
			kill(pid, SIGKILL);
			continue;
		}
		tcsetpgrp(0, pid);
		kill(-pid, SIGCONT);
	}
	tcsetpgrp(0, getpgrp());
	printf("ended %d\n", WEXITSTATUS(status));
	return 0;
}

/* ---- the tests ---- */

static struct pty *start(const char *mode, int rows, int cols, const char *variable)
{
	const char *env[] = { variable, NULL };

	return pty_start(rows, cols, (const char *const[]) { self, mode, NULL }, env);
}

static void expect_frame(struct pty *p, int rows, int cols, unsigned n)
{
	struct canvas *c = canvas_new(rows, cols);
	char *want, *have, marker[32];

	snprintf(marker, sizeof marker, "\nframe %u\n", n);
	pty_expect(p, marker, WAIT_MS);
	draw_frame(c, n);
	want = canvas_print(c);
	have = pty_screen(p);
	assert_string_equal(have, want);
	free(want);
	free(have);
	canvas_free(c);
}

static void expect_first_row(struct pty *p, const char *want)
{
	for (int tries = 0; tries < WAIT_MS / 20; tries++) {
		char *screen = pty_screen(p);
		bool same = strncmp(screen, want, strlen(want)) == 0 && screen[strlen(want)] == '\n';

		free(screen);
		if (same)
			return;
		pty_run(p, 20);
	}
	fail_msg("'%s' did not come to the first row", want);
}

static void expect_exit(struct pty *p, int want)
{
	int status = -1;

	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	assert_int_equal(status, want);
}

static void expect_restored(struct pty *p)
{
	int row, col;

	assert_true(pty_restored(p));
	assert_false(pty_alternate(p));
	assert_true(pty_cursor(p, &row, &col));
}

static void test_screen_is_the_canvas(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready 24x80", WAIT_MS);
	assert_true(pty_alternate(p));
	for (unsigned n = 1; n <= 60; n++) {
		pty_send(p, "n");
		expect_frame(p, 24, 80, n);
	}
	pty_send(p, "q");
	expect_exit(p, 0);
	pty_free(p);
}

static void test_colors_are_the_theme(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	struct canvas *c = canvas_new(24, 80);
	struct theme t;

	(void)state;
	theme_default(&t);
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "nnn");
	expect_frame(p, 24, 80, 3);
	draw_frame(c, 3);
	for (int i = 0; i < 24 * 80; i++) {
		const struct style *s = &t.styles[c->cells[i].role][DEPTH_256];
		struct pty_cell have = pty_cell(p, i / 80, i % 80);

		if (c->cells[i].ch == ' ' || c->cells[i].ch == 0)
			continue;
		assert_int_equal(have.fg, s->fg);
		assert_int_equal(have.bg, s->bg);
		assert_int_equal(have.bold, (s->attributes & ATTR_BOLD) != 0);
		assert_int_equal(have.reverse, (s->attributes & ATTR_REVERSE) != 0);
	}
	pty_send(p, "T");
	for (int tries = 0; tries < WAIT_MS / 20 && pty_cell(p, 23, 0).fg != 99; tries++)
		pty_run(p, 20);
	assert_int_equal(pty_cell(p, 23, 0).fg, 99);
	canvas_free(c);
	pty_free(p);
}

static void test_only_changes_are_sent(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	uint64_t before;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "n");
	expect_frame(p, 24, 80, 1);
	pty_run(p, 100);
	before = pty_bytes(p);
	pty_send(p, "ssssssssz"); /* the same canvas eight times, then a word: a move, perhaps colours, and itself */
	pty_expect(p, "key z.", WAIT_MS);
	pty_run(p, 100);
	assert_true(pty_bytes(p) - before < 60);
	before = pty_bytes(p);
	pty_send(p, "L"); /* asked for: everything */
	for (int tries = 0; tries < WAIT_MS / 20 && pty_bytes(p) - before < 1000; tries++)
		pty_run(p, 20);
	assert_true(pty_bytes(p) - before > 1000);
	pty_send(p, "q");
	pty_wait_exit(p, WAIT_MS, NULL);
	pty_free(p);
}

static void test_counts_its_bytes(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	unsigned long long said = 0;
	const char *words;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "nn");
	expect_frame(p, 24, 80, 2);
	pty_send(p, "q");
	expect_exit(p, 0);
	words = strstr(pty_output(p), "\x18"); /* with which leaving begins */
	assert_non_null(words);
	assert_int_equal(sscanf(strstr(words, "closed after"), "closed after %llu", &said), 1);
	assert_int_equal(said, words - pty_output(p));
	pty_free(p);
}

static void test_every_size(void **state)
{
	static const int sizes[][2] = { { 24, 80 }, { 60, 200 }, { 40, 120 }, { 10, 40 }, { 4, 20 }, { 1, 12 }, { 1, 1 },
		{ 24, 80 }, { 2, 300 }, { 300, 12 } };
	struct pty *p = start("--screen", 24, 80, NULL);
	unsigned frame = 0;
	char text[32];

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	for (size_t i = 1; i < sizeof sizes / sizeof sizes[0]; i++) {
		pty_resize(p, sizes[i][0], sizes[i][1]);
		snprintf(text, sizeof text, "size %dx%d", sizes[i][0], sizes[i][1]);
		text[sizes[i][1] < 31 ? sizes[i][1] : 31] = '\0';
		expect_first_row(p, text);
		if (sizes[i][1] < 12 || sizes[i][0] < 2)
			continue;
		pty_send(p, "n");
		expect_frame(p, sizes[i][0], sizes[i][1], ++frame);
	}
	pty_send(p, "q");
	expect_exit(p, 0);
	pty_free(p);
}

static void test_keys(void **state)
{
	static const char *const keys[][2] = { { "z", "key z." }, { "\033[A", "key Up." }, { "\033OB", "key Down." },
		{ "\033", "key Esc." }, { "\033[1;5C", "key C-Right." }, { "\xc3\xa9", "key é." }, { "\x0c", "key C-l." },
		{ "\r", "key Enter." }, { "\x11", "key C-q." }, { "\x16", "key C-v." } };
	struct pty *p = start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		pty_send(p, keys[i][0]);
		pty_expect(p, keys[i][1], WAIT_MS);
	}
	pty_free(p);
}

static void test_cursor(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	int row, col;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	assert_false(pty_cursor(p, &row, &col));
	pty_send(p, "c");
	for (int tries = 0; tries < WAIT_MS / 20 && !pty_cursor(p, &row, &col); tries++)
		pty_run(p, 20);
	assert_true(pty_cursor(p, &row, &col));
	assert_int_equal(row, 1);
	assert_int_equal(col, 7);
	pty_send(p, "z");
	pty_expect(p, "key z.", WAIT_MS);
	pty_run(p, 100);
	pty_cursor(p, &row, &col);
	assert_int_equal(row, 1);
	pty_free(p);
}

static void end_by_key(struct pty *p, const char *key)
{
	pty_send(p, key);
}

static void end_by_signal(struct pty *p, int number)
{
	kill(pty_pid(p), number);
}

/* Ends the program by a key or a signal and looks at what is left. `how` is the wait status, -1: whatever. */
static void check_end(const char *key, int number, int how, const char *last_words)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	int status = 0;

	pty_expect(p, "ready", WAIT_MS);
	if (key)
		end_by_key(p, key);
	else
		end_by_signal(p, number);
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	if (how >= 0)
		assert_int_equal(status & ~0x80, how); /* not the core flag */
	expect_restored(p);
	if (last_words)
		assert_non_null(strstr(pty_output(p), last_words));
	pty_free(p);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CRASH(number) (-1) /* the sanitizer ends the program in its own way, and after us */
#else
#define CRASH(number) (number)
#endif

static void test_terminal_is_given_back(void **state)
{
	(void)state;
	check_end("q", 0, 0, "signal 0");
	check_end(NULL, SIGTERM, 0, "signal 15");
	check_end(NULL, SIGINT, 0, "signal 2");
	check_end(NULL, SIGHUP, 0, "signal 1");
	check_end("\x03", 0, 0, "signal 2"); /* ^C */
	check_end("x", 0, CRASH(SIGSEGV), NULL);
	check_end("o", 0, CRASH(SIGSEGV), NULL);
	check_end("a", 0, CRASH(SIGABRT), NULL);
	check_end(NULL, SIGBUS, CRASH(SIGBUS), NULL);
	check_end("f", 0, 1 << 8, "tach: the impossible");
	check_end("X", 0, 7 << 8, NULL);
	check_end("\x1c", 0, CRASH(SIGQUIT), NULL); /* ^\ */
}

static void test_a_deaf_program_ends_with_the_third_signal(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	int status;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "d");
	pty_expect(p, "I am deaf", WAIT_MS);
	for (int i = 0; i < 4; i++) {
		kill(pty_pid(p), i < 2 ? SIGHUP : SIGTERM);
		pty_run(p, 50);
		assert_false(pty_wait_exit(p, 0, NULL));
	}
	pty_send(p, "\x03");
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	assert_int_equal(status, SIGINT);
	expect_restored(p);
	pty_free(p);
}

static void test_a_forked_child_leaves_the_terminal_alone(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "Fz");
	pty_expect(p, "key z.", WAIT_MS);
	assert_true(pty_alternate(p));
	pty_free(p);
}

static void test_stderr_is_kept_for_later(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	char *screen;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "ez");
	pty_expect(p, "key z.", WAIT_MS);
	screen = pty_screen(p);
	assert_null(strstr(screen, "library"));
	free(screen);
	pty_send(p, "q");
	expect_exit(p, 0);
	assert_non_null(strstr(pty_output(p), "a library says ?[31mthis"));
	pty_free(p);
}

static void test_lost_line(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);
	int status;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_hangup(p);
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	assert_int_equal(status, 0);
	pty_free(p);
}

static void test_suspend_and_continue(void **state)
{
	struct pty *p = start("--shell", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "n");
	expect_frame(p, 24, 80, 1);
	pty_send(p, "\x1a"); /* ^Z */
	pty_expect(p, "stopped, terminal the same", WAIT_MS);
	assert_false(pty_alternate(p));
	pty_resize(p, 30, 90);
	pty_send(p, "g\n");
	pty_expect(p, "size 30x90", WAIT_MS);
	assert_true(pty_alternate(p));
	pty_send(p, "n");
	expect_frame(p, 30, 90, 2);
	pty_send(p, "q");
	pty_expect(p, "ended 0", WAIT_MS);
	pty_free(p);
}

/* Stopped by somebody else, without warning: the shell may have changed the terminal meanwhile. */
static void test_stopped_from_outside(void **state)
{
	struct pty *p = start("--screen", 24, 80, NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	kill(pty_pid(p), SIGSTOP);
	kill(pty_pid(p), SIGCONT);
	pty_expect(p, "size 24x80", WAIT_MS);
	assert_true(pty_alternate(p));
	assert_false(pty_restored(p));
	pty_send(p, "z");
	pty_expect(p, "key z.", WAIT_MS);
	pty_send(p, "q");
	expect_exit(p, 0);
	expect_restored(p);
	pty_free(p);
}

/* A reader that does not read: frames are skipped, keys still answer, and the last frame is whole in the end. */
static void test_slow_line(void **state)
{
	struct pty *p = start("--screen", 50, 200, NULL);
	uint64_t before;

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	before = pty_bytes(p);
	for (int i = 0; i < 100; i++) {
		struct timespec pause = { .tv_nsec = 5000000 };

		pty_send(p, "nL");
		nanosleep(&pause, NULL);
	}
	pty_send(p, "n");
	expect_frame(p, 50, 200, 101);
	assert_true(pty_bytes(p) - before < 100 * 2000); /* some 8 kB each, had they all been sent */
	pty_send(p, "q");
	expect_exit(p, 0);
	pty_free(p);
}

static bool has_high_bytes(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return *text != '\0';
}

/* SGR with a parameter from 30 on. */
static bool has_color(const char *text)
{
	while ((text = strstr(text, "\033["))) {
		const char *end = text + 2 + strspn(text + 2, "0123456789;");

		for (const char *number = text + 1; *end == 'm' && number < end; number = strpbrk(number + 1, ";m"))
			if (atoi(number + 1) >= 30)
				return true;
		text = end;
	}
	return false;
}

static void check_terminal(const char *variable, const char *first_words)
{
	struct pty *p = start("--screen", 24, 80, variable);

	pty_expect(p, first_words, WAIT_MS);
	pty_send(p, "nn");
	expect_frame(p, 24, 80, 2);
	pty_send(p, "q");
	expect_exit(p, 0);
	pty_free(p);
}

static void test_terminals(void **state)
{
	(void)state;
	check_terminal("TERM=screen", "ready");
	check_terminal("TERM=screen-256color", "ready");
	check_terminal("TERM=tmux-256color", "ready");
	check_terminal("TERM=linux", "ready");
	check_terminal("TERM=vt100", "ready");
	check_terminal("TERM=vt220", "ready");
	check_terminal("TERM=xterm", "ready");
	check_terminal("TERM=xterm-ghostty", "TERM=xterm-ghostty is not known here: drawing as for xterm-256color");
	check_terminal("TERM", "TERM= is not known here: drawing as for xterm-256color");
	check_terminal("LINES=5", "ready 24x80");
	check_terminal("LC_ALL=xx_YY.UTF-8", "ready");
}

static void test_terminals_that_cannot(void **state)
{
	struct pty *p = start("--screen", 24, 80, "TERM=dumb");
	int status;

	(void)state;
	assert_true(pty_wait_exit(p, WAIT_MS, &status));
	assert_int_equal(status, 1 << 8);
	assert_non_null(strstr(pty_output(p), "error: TERM=dumb cannot place its cursor"));
	pty_free(p);
	p = pty_start(24, 80, (const char *const[]) { "/bin/sh", "-c", "\"$0\" --screen | cat", self, NULL }, NULL);
	pty_expect(p, "error: stdout is no terminal", WAIT_MS);
	pty_free(p);
}

static void test_without_colour_and_utf8(void **state)
{
	struct pty *p = start("--mono", 24, 80, "LC_ALL=C");

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "nn");
	pty_expect(p, "frame 2", WAIT_MS);
	assert_false(has_high_bytes(pty_output(p)));
	assert_false(has_color(pty_output(p)));
	pty_free(p);
	p = start("--screen", 24, 80, NULL);
	pty_expect(p, "ready", WAIT_MS);
	assert_true(has_color(pty_output(p))); /* or this test would see nothing */
	pty_free(p);
}

/* stdin is a feed, keys come from the terminal all the same. */
static void test_stdin_may_be_anything(void **state)
{
	struct pty *p = pty_start(24, 80, (const char *const[]) { "/bin/sh", "-c", "\"$0\" --screen </dev/null", self, NULL },
		NULL);

	(void)state;
	pty_expect(p, "ready", WAIT_MS);
	pty_send(p, "z");
	pty_expect(p, "key z.", WAIT_MS);
	pty_send(p, "q");
	pty_wait_exit(p, WAIT_MS, NULL);
	pty_free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screen_is_the_canvas),
		cmocka_unit_test(test_colors_are_the_theme),
		cmocka_unit_test(test_only_changes_are_sent),
		cmocka_unit_test(test_counts_its_bytes),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_terminal_is_given_back),
		cmocka_unit_test(test_a_deaf_program_ends_with_the_third_signal),
		cmocka_unit_test(test_a_forked_child_leaves_the_terminal_alone),
		cmocka_unit_test(test_stderr_is_kept_for_later),
		cmocka_unit_test(test_lost_line),
		cmocka_unit_test(test_suspend_and_continue),
		cmocka_unit_test(test_stopped_from_outside),
		cmocka_unit_test(test_slow_line),
		cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_terminals_that_cannot),
		cmocka_unit_test(test_without_colour_and_utf8),
		cmocka_unit_test(test_stdin_may_be_anything),
	};
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc > 1 && strcmp(argv[1], "--shell") == 0)
		return shell_main();
	if (argc > 1)
		return screen_main(strcmp(argv[1], "--mono") == 0);
	return n > 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
