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

void term_size(int *rows, int *cols); /* changes only inside term_key(), which then says UI_KEY_RESIZE */
void term_set_theme(const struct theme *t);

/* Puts the differences between the canvas and what the terminal shows on the line, never waiting for it. Skips the
 * frame and returns false when the line has not taken the last one yet (a slow ssh): call again later. A canvas of
 * another size than the terminal's is cut, or padded with blanks. */
bool term_show(const struct canvas *c);
void term_redraw(void);            /* the next term_show() sends everything */
uint64_t term_bytes(void);         /* sent so far */
size_t term_frame_bytes(void);     /* of the last frame that term_show() did not skip */

/* Readable when a key or a signal has come, or the line takes bytes again. Then call term_key() until it gives
 * UI_KEY_NONE, look at term_signal() and show. */
int term_fd(void);

/* The next key, UI_KEY_NONE when none waits. Also the place where sizes change, ^Z suspends and waiting bytes go out.
 * Waits at most 25 ms, after an Esc, for the rest of a sequence. */
ui_key term_key(void);
int term_signal(void);             /* SIGTERM, SIGHUP (or a lost line) or SIGINT that has come, else 0 */
enum theme_depth term_depth(void); /* of what TERM names, without opening it; DEPTH_COUNT: it is not known */
bool term_utf8(void);              /* sets LC_CTYPE from the environment; whether it is UTF-8 */

#endif
