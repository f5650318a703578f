/* A grid of cells that panes draw on; ui/term.c shows it, tests print it as text. Drawing outside is clipped. */
#ifndef TACH_UI_CANVAS_H
#define TACH_UI_CANVAS_H

#include "ui/role.h"

#include <stddef.h>
#include <stdint.h>

struct canvas_cell {
	uint32_t ch;   /* Unicode scalar; 0: right half of a double-width character */
	uint8_t role;  /* enum role */
};

struct canvas {
	int rows, cols;
	struct canvas_cell *cells; /* row-major */
	int cursor_row, cursor_col; /* where the hardware cursor rests (focused row); -1: hidden */
};

struct rect {
	int row, col, rows, cols;
};

struct canvas *canvas_new(int rows, int cols); /* blank */
void canvas_free(struct canvas *c);
void canvas_clear(struct canvas *c);

void canvas_put(struct canvas *c, int row, int col, enum role role, uint32_t ch);

/* Writes UTF-8 text from column col on, at most `width` columns (-1: up to the edge). Double-width characters take
 * two cells, zero-width ones are dropped, what is not valid becomes '?'. Returns the columns used. */
int canvas_write(struct canvas *c, int row, int col, int width, enum role role, const char *text);
int canvas_text(struct canvas *c, int row, int col, enum role role, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Ends at column col + width - 1. Returns the columns used. */
int canvas_right(struct canvas *c, int row, int col, int width, enum role role, const char *text);

void canvas_fill(struct canvas *c, struct rect r, enum role role, uint32_t ch);
/* The mark of a selected row, where the hardware cursor rests too: speech and braille follow it. */
void canvas_select(struct canvas *c, int row, int col);

int canvas_width(const char *text); /* columns that canvas_write() would use */

/* The whole grid as UTF-8 lines, trailing blanks removed; the caller frees. */
char *canvas_print(const struct canvas *c);

#endif
