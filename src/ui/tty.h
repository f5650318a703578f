/*
 * The line to the terminal under ui/term.c: raw mode, bytes in and out that never block, signals, and putting
 * everything back whatever happens. Knows no curses and no canvas. There is one terminal, so its state is static.
 */
#ifndef TACH_UI_TTY_H
#define TACH_UI_TTY_H

#include "base/err.h"
#include "ui/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes stdout's terminal over; stdin may be anything. What libraries write to stderr meanwhile is kept and shown after
 * tty_close(). */
int tty_open(struct err *e);
void tty_close(void);

/* The bytes that give the terminal back: written by tty_close() and before suspending, dying or crashing. */
void tty_set_leave(const char *bytes, size_t length);

void tty_size(int *rows, int *cols); /* at least 1x1, at most 500x1000 */

/* Puts bytes on the line; what it does not take now goes with the next tty_flush(). */
void tty_write(const char *bytes, size_t length);
bool tty_flush(void);                /* true: nothing is left to send */
uint64_t tty_bytes(void);            /* sent since tty_open() */

/* Readable when a key, a signal or room for bytes that wait is there. */
int tty_fd(void);

/* What happened to the terminal since the last call. Suspends the program when that was asked for. */
enum tty_event { TTY_NOTHING, TTY_RESIZED, TTY_CONTINUED };
enum tty_event tty_event(void);

/* The next key, UI_KEY_NONE when there is none. Waits only after a lone Esc byte, 25 ms, for the rest of a sequence. */
ui_key tty_key(void);

int tty_signal(void);                /* SIGTERM, SIGHUP (also: the line is lost) or SIGINT that has come, else 0 */

#endif
