/*
 * A program that draws on its terminal by ui/term.c, for the tests of what it shows and how it leaves. The test program
 * is that program too: started again with "--screen", "--mono" (no colours) or "--shell" (which runs it in the
 * foreground as a shell with job control would) it draws instead of testing.
 *
 * Keys: n draws the next frame, s the same again, q quits; the rest stands in the source.
 */
#ifndef TACH_TESTS_LIB_DRAWER_H
#define TACH_TESTS_LIB_DRAWER_H

#include "pty.h"
#include "ui/canvas.h"

#define DRAWER_WAIT_MS 5000

/* To be called first in main(): the exit status of the drawing program, -1 when the tests are wanted. */
int drawer_main(int argc, char **argv);

/* Starts this program in a pseudo-terminal; variable is "NAME=value", "NAME" or NULL (pty_start()). */
struct pty *drawer_start(const char *mode, int rows, int cols, const char *variable);
struct pty *drawer_start_in_shell(const char *command); /* by sh at 24x80, "$0" being the program */

/* Frame n, the same on both sides: text of all widths in all roles, much of it as in frame n - 1. */
void drawer_frame(struct canvas *c, unsigned n);

void drawer_expect_frame(struct pty *p, int rows, int cols, unsigned n); /* the screen is that frame, soon */
void drawer_expect_exit(struct pty *p, int status);                     /* as of waitpid() */

#endif
