/*
 * The grid of cells. Everything drawn is clipped here and every character that could harm the terminal is replaced
 * here, so that panes need not care. A double-width character owns two cells: overwriting one blanks the other.
 */
#include "ui/canvas.h"

#include "base/alloc.h"
#include "base/str.h"
#include "ui/width.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct canvas *canvas_new(int rows, int cols)
{
	struct canvas *c = xcalloc(1, sizeof *c);

	c->rows = rows > 0 ? rows : 0;
	c->cols = cols > 0 ? cols : 0;
	c->cells = xcalloc((size_t)c->rows * (size_t)c->cols, sizeof *c->cells);
	canvas_clear(c);
	return c;
}

void canvas_free(struct canvas *c)
{
	if (!c)
		return;
	free(c->cells);
	free(c);
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->rows * (size_t)c->cols; i++)
		c->cells[i] = (struct canvas_cell) { .ch = ' ', .role = ROLE_TEXT };
	c->cursor_row = c->cursor_col = -1;
}

/* Blanks what is left of a double-width character when the cell at col of this row is about to change. */
static void free_cell(struct canvas_cell *row, int col, int cols)
{
	if (row[col].ch == 0 && col > 0)
		row[col - 1].ch = ' ';
	else if (row[col].ch && col + 1 < cols && row[col + 1].ch == 0)
		row[col + 1].ch = ' ';
}

void canvas_put(struct canvas *c, int row, int col, enum role role, uint32_t ch)
{
	struct canvas_cell *cells;
	int width = width_of(ch);

	if (row < 0 || row >= c->rows || col < 0 || col >= c->cols || width == 0)
		return;
	if (width < 0 || col + width > c->cols) {
		ch = '?';
		width = 1;
	}
	cells = c->cells + (size_t)row * (size_t)c->cols;
	for (int i = 0; i < width; i++)
		free_cell(cells, col + i, c->cols);
	for (int i = 0; i < width; i++)
		cells[col + i] = (struct canvas_cell) { .ch = i ? 0 : ch, .role = (uint8_t)role };
}

/* The next character of text that takes cells, '?' for what is malformed or a control character. Returns its width, 0
 * at the end. */
static int next_char(const char **text, size_t *left, uint32_t *out)
{
	while (*left) {
		uint32_t ch = '?';
		size_t n = str_utf8(*text, *left, &ch);
		int width = n ? width_of(ch) : -1;

		*text += n ? n : 1;
		*left -= n ? n : 1;
		if (width == 0)
			continue;
		*out = width < 0 ? '?' : ch;
		return width < 0 ? 1 : width;
	}
	return 0;
}

int canvas_write(struct canvas *c, int row, int col, int width, enum role role, const char *text)
{
	int used = 0, limit = width < 0 ? c->cols - col : width, w;
	size_t left = strlen(text);
	uint32_t ch;

	while ((w = next_char(&text, &left, &ch)) > 0 && used + w <= limit) {
		canvas_put(c, row, col + used, role, ch);
		used += w;
	}
	return used;
}

int canvas_text(struct canvas *c, int row, int col, enum role role, const char *format, ...)
{
	char buf[4096]; /* a line of 1000 columns, four bytes a character */
	va_list ap;

	va_start(ap, format);
	vsnprintf(buf, sizeof buf, format, ap);
	va_end(ap);
	return canvas_write(c, row, col, -1, role, buf);
}

int canvas_right(struct canvas *c, int row, int col, int width, enum role role, const char *text)
{
	int used = canvas_width(text);

	return canvas_write(c, row, used < width ? col + width - used : col, used < width ? used : width, role, text);
}

void canvas_fill(struct canvas *c, struct rect r, enum role role, uint32_t ch)
{
	int step = width_of(ch) == 2 ? 2 : 1;
	int top = r.row > 0 ? r.row : 0, bottom = r.rows < c->rows - r.row ? r.row + r.rows : c->rows;
	int left = r.col > 0 ? r.col : 0, right = r.cols < c->cols - r.col ? r.col + r.cols : c->cols;

	for (int row = top; row < bottom; row++)
		for (int col = left; col + step <= right; col += step)
			canvas_put(c, row, col, role, ch);
}

void canvas_select(struct canvas *c, int row, int col)
{
	canvas_put(c, row, col, ROLE_SELECT, '>');
	c->cursor_row = row;
	c->cursor_col = col;
}

int canvas_width(const char *text)
{
	size_t left = strlen(text);
	int used = 0, w;
	uint32_t ch;

	while ((w = next_char(&text, &left, &ch)) > 0)
		used += w;
	return used;
}

/* Appends one row without its trailing blanks. */
static char *print_row(char *out, const struct canvas_cell *cells, int cols)
{
	while (cols && cells[cols - 1].ch == ' ')
		cols--;
	for (int i = 0; i < cols; i++)
		if (cells[i].ch)
			out += str_utf8_put(out, cells[i].ch);
	*out++ = '\n';
	return out;
}

char *canvas_print(const struct canvas *c)
{
	char *text = xcalloc((size_t)c->rows * ((size_t)c->cols * 4 + 1) + 1, 1), *out = text;

	for (int row = 0; row < c->rows; row++)
		out = print_row(out, c->cells + (size_t)row * (size_t)c->cols, c->cols);
	*out = '\0';
	return text;
}
