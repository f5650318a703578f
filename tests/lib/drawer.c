/* The program in the terminal; see the header. */
#include "drawer.h"

#include "base/alloc.h"
#include "ui/term.h"

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
#include <unistd.h>

#include <cmocka.h>

/* ---- in the terminal ---- */

void drawer_frame(struct canvas *c, unsigned n)
{
	static const char *const words[] = { "now", "1.25M", "▁▂▃▄▅▆▇█", "中文字", "é", "░▒▓", "          ", "x",
		"12us", "😀" };
	unsigned state = 12345;

	canvas_clear(c);
	for (unsigned frame = n > 6 ? n - 6 : 0; frame <= n; frame++)
		for (int i = 0; i < 30; i++) {
			state = state * 1103515245u + 12345u + frame;
			canvas_write(c, (int)(state >> 16) % (c->rows > 1 ? c->rows - 1 : 1),
				(int)(state >> 8) % c->cols, -1, (enum role)((state >> 20) % ROLE_COUNT),
				words[(state >> 12) % 10]);
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
		drawer_frame(d->canvas, ++d->frame);
		return;
	case 's': /* the same again */
		drawer_frame(d->canvas, d->frame);
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
		*(volatile char *)(intptr_t)(zero + 16) = 1; /* not 0, which UBSan would catch before the kernel does */
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

int drawer_main(int argc, char **argv)
{
	if (argc < 2)
		return -1;
	return strcmp(argv[1], "--shell") == 0 ? shell_main() : screen_main(strcmp(argv[1], "--mono") == 0);
}

/* ---- in the test ---- */

#define PATH_SIZE 256

static const char *own_path(char buf[PATH_SIZE])
{
	ssize_t n = readlink("/proc/self/exe", buf, PATH_SIZE - 1);

	assert_true(n > 0);
	buf[n] = '\0';
	return buf;
}

struct pty *drawer_start(const char *mode, int rows, int cols, const char *variable)
{
	const char *env[] = { variable, NULL };
	char path[PATH_SIZE];

	return pty_start(rows, cols, (const char *const[]) { own_path(path), mode, NULL }, env);
}

struct pty *drawer_start_in_shell(const char *command)
{
	char path[PATH_SIZE];

	return pty_start(24, 80, (const char *const[]) { "/bin/sh", "-c", command, own_path(path), NULL }, NULL);
}

void drawer_expect_frame(struct pty *p, int rows, int cols, unsigned n)
{
	struct canvas *c = canvas_new(rows, cols);
	char *want, *have, marker[32];

	snprintf(marker, sizeof marker, "\nframe %u\n", n);
	pty_expect(p, marker, DRAWER_WAIT_MS);
	drawer_frame(c, n);
	want = canvas_print(c);
	have = pty_screen(p);
	assert_string_equal(have, want);
	free(want);
	free(have);
	canvas_free(c);
}

void drawer_expect_exit(struct pty *p, int want)
{
	int status = -1;

	assert_true(pty_wait_exit(p, DRAWER_WAIT_MS, &status));
	assert_int_equal(status, want);
}
