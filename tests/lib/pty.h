/*
 * A program in a pseudo-terminal, its screen kept by libvterm: what a person would see, and what it cost on the line.
 * Nothing that the program asks of the terminal is answered, so a program that waits for an answer is found out. Output
 * is read only inside the calls below; a program that writes more than the kernel's buffer (4 KiB) waits meanwhile, as
 * it would for a slow line.
 */
#ifndef TACH_TESTS_LIB_PTY_H
#define TACH_TESTS_LIB_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

struct pty;

/* What stands in one cell. Colours are numbers of the palette (0..255), -1 the terminal's own. */
struct pty_cell {
	uint32_t ch; /* ' ' for blank */
	int fg, bg;
	bool bold, underline, reverse;
};

/*
 * Starts argv[0] (a path, or looked up in PATH). Its environment is PATH, HOME and XDG_CONFIG_HOME=/dev/null/none,
 * where nothing can be made, LC_ALL=C.UTF-8, TERM=xterm-256color and TZ=UTC, and then what env says: "NAME=value" sets, "NAME" takes away. env is
 * NULL-ended, or NULL.
 */
struct pty *pty_start(int rows, int cols, const char *const argv[], const char *const env[]);
void pty_free(struct pty *p); /* a program that still runs is killed; NULL is fine */

pid_t pty_pid(const struct pty *p);
void pty_send(struct pty *p, const char *keys);        /* bytes as a terminal sends them: "q", "\033[A" */
void pty_resize(struct pty *p, int rows, int cols);    /* the program gets SIGWINCH */
void pty_hangup(struct pty *p);                        /* the line is lost: SIGHUP, reads give EIO */
void pty_termios(const struct pty *p, struct termios *out);
bool pty_restored(const struct pty *p);                /* the terminal's settings are those of the start */

void pty_run(struct pty *p, int ms);                   /* reads output for that long */
bool pty_wait_output(struct pty *p, int ms);           /* until it writes anything; false: it did not */
bool pty_wait(struct pty *p, const char *text, int ms);      /* until some row shows the text; false: it never did */
bool pty_wait_gone(struct pty *p, const char *text, int ms); /* until none does */
void pty_expect(struct pty *p, const char *text, int ms);    /* pty_wait(), or the test fails and prints the screen */
bool pty_wait_exit(struct pty *p, int ms, int *status);      /* until the program ended; status as of waitpid() */

char *pty_screen(const struct pty *p);                 /* rows, trailing blanks removed; the caller frees */
struct pty_cell pty_cell(const struct pty *p, int row, int col);
bool pty_alternate(const struct pty *p);               /* the alternate screen is on */
bool pty_cursor(const struct pty *p, int *row, int *col); /* false: hidden */

uint64_t pty_bytes(const struct pty *p);               /* all that the program has written so far */
const char *pty_output(const struct pty *p); /* these bytes, NUL-ended; valid until the next call that reads */

#endif
