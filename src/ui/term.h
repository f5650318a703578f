/*
 * The terminal: the only file that includes curses. Shows canvases, reads keys, and leaves the terminal as it was
 * found: at exit, on SIGTERM, SIGHUP, SIGINT, after a crash and across SIGTSTP.
 */
#ifndef TACH_UI_TERM_H
#define TACH_UI_TERM_H

#include "base/err.h"
#include "ui/canvas.h"
#include "ui/key.h"
#include "ui/theme.h"

#include <stdbool.h>
#include <stdint.h>

/* An unknown TERM falls back to xterm-256color (with a note in *note, "" otherwise). -1 with a sentence when stdout is
 * no terminal. mono: NO_COLOR or --no-color. */
int term_open(const struct theme *t, bool mono, char *note, size_t note_size, struct err *e);
void term_close(void);

void term_size(int *rows, int *cols); /* now; a resize is also told by UI_KEY_RESIZE */
void term_set_theme(const struct theme *t);

/* Puts the differences between the canvas and what the terminal shows on the line, as one write. Skips the frame and
 * returns false when the line has not taken the last one yet (a slow ssh): call again later. */
bool term_show(const struct canvas *c);
void term_redraw(void);            /* the next term_show() sends everything */
uint64_t term_bytes(void);         /* sent so far */

int term_fd(void);                 /* poll for keys */
ui_key term_key(void);             /* the next key; UI_KEY_NONE when none waits. Never blocks */
int term_signal(void);             /* SIGTERM, SIGHUP or SIGINT that has come, else 0 */
bool term_utf8(void);              /* LC_CTYPE is UTF-8 */

#endif
