/*
 * Canvases on the terminal. curses works out which bytes turn the old screen into the new one and writes them into a
 * memory file; ui/tty.c sends them. So curses neither blocks nor touches the terminal's modes, every byte is counted,
 * and giving the terminal back is one function whatever happened.
 */
#include "ui/term.h"

#include "base/alloc.h"
#include "base/str.h"
#include "ui/thin.h"
#include "ui/tty.h"
#include "ui/width.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#define PAIRS_LIMIT 63 /* of a terminal with 8 colours */

static struct {
	SCREEN *screen;
	FILE *output, *input;
	int sink;                /* the memory file under output */
	bool utf8;
	enum theme_depth depth;
	int colors;
	struct {
		attr_t attributes;
		short pair;
		bool blank;      /* a blank in it looks like one in ROLE_TEXT */
	} looks[ROLE_COUNT];
	struct canvas_cell *shown;   /* what curses has, LINES x COLS */
	char *bytes;             /* a frame on its way from sink to line */
	size_t bytes_capacity;
	size_t frame_bytes;      /* of the last frame */
	char codes[512];         /* being put together */
	size_t codes_length;
} term;

/* ---- locale ---- */

/* The wish for UTF-8 counts also where its locale is not installed (ssh brings the name along). */
static bool wants_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < 3 && !(value && *value); i++)
		value = getenv(names[i]);
	return value && (strcasestr(value, "utf-8") || strcasestr(value, "utf8"));
}

bool term_utf8(void)
{
	if (!setlocale(LC_CTYPE, "") && wants_utf8())
		setlocale(LC_CTYPE, "C.UTF-8");
	return strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* ---- what giving the terminal back takes ---- */

static int add_code(int c)
{
	if (term.codes_length < sizeof term.codes)
		term.codes[term.codes_length++] = (char)c;
	return c;
}

/* Appends a capability of the terminal, NULL if it has none, to what is put together. */
static void add_codes(const char *capability)
{
	if (capability)
		tputs(capability, 1, add_code);
}

/* Without an alternate screen the shell goes on below ours. */
static void prepare_leave(void)
{
	term.codes_length = 0;
	add_codes(exit_attribute_mode);
	if (term.depth != DEPTH_MONO)
		add_codes(orig_pair);
	add_codes(exit_ca_mode ? exit_ca_mode : tparm(cursor_address, LINES - 1, 0, 0, 0, 0, 0, 0, 0, 0));
	add_codes(cursor_normal); /* after it, since some terminals keep that for each screen */
	if (!exit_ca_mode)
		add_codes("\r\n");
	tty_set_leave(term.codes, term.codes_length);
}

/* From curses' memory file to the line. */
static void send_frame(void)
{
	off_t length = lseek(term.sink, 0, SEEK_CUR);
	ssize_t n;

	term.frame_bytes = 0;
	if (length <= 0)
		return;
	term.bytes = xgrow(term.bytes, &term.bytes_capacity, (size_t)length, 1);
	n = pread(term.sink, term.bytes, (size_t)length, 0);
	if (ftruncate(term.sink, 0) == 0)
		lseek(term.sink, 0, SEEK_SET);
	if (n > 0)
		tty_write(term.bytes, thin_backgrounds(term.bytes, (size_t)n));
	term.frame_bytes = n > 0 ? (size_t)n : 0;
}

/* ---- open and close ---- */

/* Asks first, because newterm() leaks when the name is unknown. */
static bool open_screen(const char *name)
{
	int why;

	if (setupterm(name, term.sink, &why) != OK)
		return false;
	del_curterm(cur_term);
	term.screen = newterm(name, term.output, term.input);
	return term.screen != NULL;
}

/* Finds a description of the terminal: its own, or one that nearly every terminal obeys. */
static int choose_screen(char *note, size_t note_size, struct err *e)
{
	static const char *const others[] = { "xterm-256color", "xterm", "vt100" };
	const char *name = getenv("TERM");
	char clean[64] = "";

	if (name && *name && open_screen(name)) {
		if (cursor_address)
			return 0;
		return err_set(e, 0, "TERM=%.60s cannot place its cursor: tach stat shows numbers without a screen",
			name);
	}
	if (name)
		str_clean(clean, sizeof clean, name, strlen(name));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (open_screen(others[i])) {
			snprintf(note, note_size, "TERM=%s is not known here: drawing as for %s", clean, others[i]);
			return 0;
		}
	return err_set(e, 0, "no description of TERM=%s or of any usual terminal: is ncurses-base installed?", clean);
}

static int open_curses(char *note, size_t note_size, struct err *e)
{
	term.sink = memfd_create("frame", MFD_CLOEXEC);
	term.output = term.sink < 0 ? NULL : fdopen(term.sink, "w");
	term.input = fopen("/dev/null", "re"); /* keys are read by ui/tty.c */
	if (!term.output || !term.input)
		return err_set(e, errno, "cannot prepare the screen: %s", strerror(errno));
	return choose_screen(note, note_size, e);
}

static void close_curses(void)
{
	if (term.screen)
		delscreen(term.screen);
	if (term.output)
		fclose(term.output);
	if (term.input)
		fclose(term.input);
	free(term.shown);
	free(term.bytes);
	memset(&term, 0, sizeof term);
}

/* Has every cell put again, blanks too, since a theme may paint them: curses finds out what really differs. */
static void forget_shown(void)
{
	for (int i = 0; i < LINES * COLS; i++)
		term.shown[i].ch = UINT32_MAX;
}

/* Follows the terminal's size and forgets what it showed. */
static void start_over(void)
{
	int rows, cols;

	tty_size(&rows, &cols);
	if (rows != LINES || cols != COLS)
		resize_term(rows, cols);
	if (change_scroll_region) { /* curses set it for another size */
		term.codes_length = 0;
		add_codes(tparm(change_scroll_region, 0, LINES - 1, 0, 0, 0, 0, 0, 0, 0));
		tty_write(term.codes, term.codes_length);
	}
	term.shown = xreallocarray(term.shown, (size_t)LINES * (size_t)COLS, sizeof *term.shown);
	erase();
	forget_shown();
	clearok(curscr, TRUE);
	prepare_leave();
}

static enum theme_depth depth_of_terminal(bool mono)
{
	term.colors = tigetnum("colors");
	if (mono || term.colors < 8 || start_color() != OK || use_default_colors() != OK)
		return DEPTH_MONO;
	return term.colors == 256 ? DEPTH_256 : DEPTH_16; /* more than 256 are direct colours, where numbers mean RGB */
}

enum theme_depth term_depth(void)
{
	int why, colors;

	if (setupterm(NULL, STDOUT_FILENO, &why) != OK)
		return DEPTH_COUNT;
	colors = tigetnum("colors");
	del_curterm(cur_term);
	return colors < 8 ? DEPTH_MONO : colors == 256 ? DEPTH_256 : DEPTH_16;
}

int term_open(const struct theme *t, bool mono, char *note, size_t note_size, struct err *e)
{
	*note = '\0';
	term.utf8 = term_utf8();
	if (tty_open(e))
		return -1;
	if (open_curses(note, note_size, e)) {
		tty_close();
		close_curses();
		return -1;
	}
	typeahead(-1); /* else curses looks for keys in the middle of a frame */
	refresh();     /* its opening words, before we set the size */
	send_frame();
	term.depth = depth_of_terminal(mono);
	term_set_theme(t);
	start_over();
	return 0;
}

void term_close(void)
{
	if (!term.screen)
		return;
	tty_close();
	close_curses();
}

/* ---- theme ---- */

/* Terminals with 8 colours, and direct ones, show the bright half as bold. */
static int color_number(int color, attr_t *attributes)
{
	if (color < 8 || term.colors == 16 || term.colors == 256)
		return color;
	*attributes |= A_BOLD;
	return color - 8;
}

/* Many of them show bold black as black, that is not at all: where the background is theirs, so is the colour then. */
static int front_number(const struct style *s, attr_t *attributes)
{
	attr_t bright = 0;
	int color = color_number(s->fg, &bright);

	if (color == 0 && bright && s->bg == -1) {
		*attributes |= A_DIM;
		return -1;
	}
	*attributes |= bright;
	return color;
}

/* The pair of these two colours, new if no role has it yet: roles that look the same must not differ for curses. */
static short find_pair_of(int fg, int bg, short *used)
{
	for (short i = 1; i <= *used; i++) {
		short have_fg, have_bg;

		if (pair_content(i, &have_fg, &have_bg) == OK && have_fg == fg && have_bg == bg)
			return i;
	}
	if ((fg == -1 && bg == -1) || *used == PAIRS_LIMIT)
		return 0;
	init_pair(++*used, (short)fg, (short)bg);
	return *used;
}

void term_set_theme(const struct theme *t)
{
	short used = 0;

	for (int role = 0; role < ROLE_COUNT; role++) {
		const struct style *s = &t->styles[role][term.depth];
		attr_t a = 0, ignored = 0; /* a bold background there is not */
		int fg = front_number(s, &a), bg = color_number(s->bg, &ignored);

		a |= s->attributes & ATTR_BOLD ? A_BOLD : 0;
		a |= s->attributes & ATTR_DIM ? A_DIM : 0;
		a |= s->attributes & ATTR_UNDERLINE ? A_UNDERLINE : 0;
		a |= s->attributes & ATTR_REVERSE ? A_REVERSE : 0;
		term.looks[role].attributes = a;
		term.looks[role].pair = term.depth == DEPTH_MONO ? 0 : find_pair_of(fg, bg, &used);
		term.looks[role].blank =
			s->bg == t->styles[ROLE_TEXT][term.depth].bg && !(a & (A_UNDERLINE | A_REVERSE));
	}
	if (term.shown)
		forget_shown();
}

/* ---- frames ---- */

void term_size(int *rows, int *cols)
{
	*rows = LINES;
	*cols = COLS;
}

/* A character that curses and the terminal take for as wide as the canvas does. */
static wchar_t visible(uint32_t ch)
{
	if (ch >= 0x20 && ch < 0x7f)
		return (wchar_t)ch;
	return term.utf8 && width_of(ch) > 0 && wcwidth((wchar_t)ch) == width_of(ch) ? (wchar_t)ch : L'?';
}

static void put_cell(int row, int col, struct canvas_cell cell)
{
	wchar_t text[2] = { visible(cell.ch), L'\0' };
	cchar_t c;

	setcchar(&c, text, term.looks[cell.role].attributes, term.looks[cell.role].pair, NULL);
	mvadd_wch(row, col, &c);
	if (width_of(cell.ch) == 2 && text[0] == L'?')
		mvaddch(row, col + 1, ' ');
}

static struct canvas_cell cell_of(const struct canvas *c, int row, int col)
{
	struct canvas_cell cell = { .ch = ' ', .role = ROLE_TEXT };

	if (row < c->rows && col < c->cols)
		cell = c->cells[row * c->cols + col];
	if (cell.ch == ' ' && term.looks[cell.role].blank)
		cell.role = ROLE_TEXT;
	if (col + 1 == COLS && width_of(cell.ch) == 2)
		cell.ch = '?';
	return cell;
}

static void put_changes(const struct canvas *c)
{
	for (int row = 0; row < LINES; row++)
		for (int col = 0; col < COLS; col++) {
			struct canvas_cell new = cell_of(c, row, col), *old = &term.shown[row * COLS + col];

			if (new.ch == old->ch && new.role == old->role)
				continue;
			*old = new;
			if (new.ch) /* else the right half of what was just put */
				put_cell(row, col, new);
		}
}

static void put_cursor(const struct canvas *c)
{
	bool visible_cursor = c->cursor_row >= 0 && c->cursor_row < LINES && c->cursor_col >= 0 && c->cursor_col < COLS;

	curs_set(visible_cursor);
	leaveok(stdscr, !visible_cursor);
	if (visible_cursor)
		move(c->cursor_row, c->cursor_col);
}

bool term_show(const struct canvas *c)
{
	if (!tty_flush())
		return false;
	put_changes(c);
	put_cursor(c);
	wnoutrefresh(stdscr);
	doupdate();
	send_frame();
	return true;
}

void term_redraw(void)
{
	clearok(curscr, TRUE);
}

uint64_t term_bytes(void)
{
	return tty_bytes();
}

size_t term_frame_bytes(void)
{
	return term.frame_bytes;
}

/* ---- keys ---- */

int term_fd(void)
{
	return tty_fd();
}

ui_key term_key(void)
{
	switch (tty_event()) {
	case TTY_CONTINUED:
		term.codes_length = 0;
		add_codes(enter_ca_mode);
		if (curs_set(0) == 0) /* as it was; curses does not know that it is not */
			add_codes(cursor_invisible);
		tty_write(term.codes, term.codes_length);
		start_over();
		return UI_KEY_RESIZE;
	case TTY_RESIZED:
		start_over();
		return UI_KEY_RESIZE;
	case TTY_NOTHING:
		break;
	}
	return tty_key();
}

int term_signal(void)
{
	return tty_signal();
}
