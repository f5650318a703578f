/* Programs in pseudo-terminals for tests; see the header. The slave side stays open here, so that what the program left
 * of the terminal's settings can be looked at after its end. */
#include "pty.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>
#include <vterm.h>

#include <cmocka.h>

struct pty {
	int master, slave;
	struct termios before;
	pid_t pid;
	bool exited;
	int status;
	VTerm *vt;
	VTermScreen *screen;
	bool alternate, cursor_visible;
	VTermPos cursor;
	char *output;
	size_t bytes, capacity, mark;
};

static int on_property(VTermProp property, VTermValue *value, void *user)
{
	struct pty *p = user;

	if (property == VTERM_PROP_ALTSCREEN)
		p->alternate = value->boolean;
	else if (property == VTERM_PROP_CURSORVISIBLE)
		p->cursor_visible = value->boolean;
	return 1;
}

static int on_cursor(VTermPos now, VTermPos before, int visible, void *user)
{
	(void)before;
	(void)visible;
	((struct pty *)user)->cursor = now;
	return 1;
}

static void open_screen(struct pty *p, int rows, int cols)
{
	static const VTermScreenCallbacks callbacks = { .settermprop = on_property, .movecursor = on_cursor };

	p->vt = vterm_new(rows, cols);
	vterm_set_utf8(p->vt, 1);
	p->screen = vterm_obtain_screen(p->vt);
	vterm_screen_set_callbacks(p->screen, &callbacks, p);
	vterm_screen_enable_altscreen(p->screen, 1);
	vterm_screen_reset(p->screen, 1);
	p->cursor_visible = true;
}

/* The index of NAME in a list of NAME=value with `length` entries. */
static size_t find_variable(char **list, size_t length, const char *name, size_t name_length)
{
	size_t i = 0;

	while (i < length && !(strncmp(list[i], name, name_length) == 0 && list[i][name_length] == '='))
		i++;
	return i;
}

static size_t set_variable(char **list, size_t length, const char *text)
{
	size_t name_length = strcspn(text, "="), at = find_variable(list, length, text, name_length);

	if (text[name_length] == '=') {
		list[at] = xstrdup(text);
		return at < length ? length : length + 1;
	}
	if (at == length)
		return length;
	list[at] = list[length - 1];
	return length - 1;
}

/* In the child, so nothing of it is ever freed. */
static char **make_environment(const char *const env[])
{
	static const char *const kept[] = { "PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
		"LD_LIBRARY_PATH" };
	static const char *const fixed[] = { "HOME=/dev/null/none", "XDG_CONFIG_HOME=/dev/null/none", "LC_ALL=C.UTF-8",
		"TERM=xterm-256color", "TZ=UTC" };
	size_t length = 0, extra = 0;
	char **list;

	while (env && env[extra])
		extra++;
	list = xcalloc(16 + extra, sizeof *list);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (getenv(kept[i]))
			length = set_variable(list, length, xasprintf("%s=%s", kept[i], getenv(kept[i])));
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		length = set_variable(list, length, fixed[i]);
	for (size_t i = 0; i < extra; i++)
		length = set_variable(list, length, env[i]);
	list[length] = NULL;
	return list;
}

struct pty *pty_start(int rows, int cols, const char *const argv[], const char *const env[])
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
	struct pty *p = xcalloc(1, sizeof *p);

	if (openpty(&p->master, &p->slave, NULL, NULL, &size))
		fail_msg("openpty: %s", strerror(errno));
	pty_termios(p, &p->before);
	fcntl(p->master, F_SETFD, FD_CLOEXEC);
	open_screen(p, rows, cols);
	p->pid = fork();
	if (p->pid < 0)
		fail_msg("fork: %s", strerror(errno));
	if (p->pid == 0) {
		login_tty(p->slave);
		execvpe(argv[0], (char *const *)argv, make_environment(env));
		_exit(127);
	}
	fcntl(p->slave, F_SETFD, FD_CLOEXEC);
	return p;
}

void pty_free(struct pty *p)
{
	if (!p)
		return;
	if (!p->exited) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	if (p->master >= 0)
		close(p->master);
	close(p->slave);
	vterm_free(p->vt);
	free(p->output);
	free(p);
}

pid_t pty_pid(const struct pty *p)
{
	return p->pid;
}

void pty_send(struct pty *p, const char *keys)
{
	if (write(p->master, keys, strlen(keys)) != (ssize_t)strlen(keys))
		fail_msg("the pseudo-terminal takes no keys");
}

void pty_resize(struct pty *p, int rows, int cols)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	vterm_set_size(p->vt, rows, cols);
	ioctl(p->master, TIOCSWINSZ, &size);
}

void pty_hangup(struct pty *p)
{
	close(p->master);
	p->master = -1;
}

void pty_termios(const struct pty *p, struct termios *out)
{
	memset(out, 0, sizeof *out); /* with its padding, so that two of them can be compared */
	if (tcgetattr(p->slave, out))
		fail_msg("tcgetattr: %s", strerror(errno));
}

bool pty_restored(const struct pty *p)
{
	struct termios now;

	pty_termios(p, &now);
	return memcmp(&now, &p->before, sizeof now) == 0;
}

static void take_output(struct pty *p)
{
	char buf[4096];
	ssize_t n = read(p->master, buf, sizeof buf);

	if (n <= 0)
		return;
	p->output = xgrow(p->output, &p->capacity, p->bytes + (size_t)n + 1, 1);
	memcpy(p->output + p->bytes, buf, (size_t)n);
	p->bytes += (size_t)n;
	p->output[p->bytes] = '\0';
	vterm_input_write(p->vt, buf, (size_t)n);
	while (vterm_output_read(p->vt, buf, sizeof buf) > 0) /* answers to queries: nobody gets them */
		;
}

/* Reads until `done` is true of p and text, or the time is over. */
static bool read_until(struct pty *p, int ms, bool (*done)(struct pty *p, const char *text), const char *text)
{
	nsec_t end = clock_now() + (nsec_t)ms * NSEC_PER_MSEC;

	for (;;) {
		struct pollfd fd = { .fd = p->master, .events = POLLIN };
		nsec_t now = clock_now();
		int left = now < end ? (int)((end - now) / NSEC_PER_MSEC) + 1 : 0;

		if (done(p, text))
			return true;
		if (poll(&fd, 1, left < 10 ? left : 10) > 0 && fd.revents & POLLIN)
			take_output(p);
		else if (left == 0)
			return false;
	}
}

static bool never(struct pty *p, const char *text)
{
	(void)p;
	(void)text;
	return false;
}

static bool shows(struct pty *p, const char *text)
{
	char *screen = pty_screen(p);
	bool found = strstr(screen, text) != NULL;

	free(screen);
	return found;
}

static bool shows_not(struct pty *p, const char *text)
{
	return !shows(p, text);
}

/* Its last words are read before its end counts. */
static bool has_exited(struct pty *p, const char *text)
{
	struct pollfd fd = { .fd = p->master, .events = POLLIN };

	(void)text;
	if (!p->exited && waitpid(p->pid, &p->status, WNOHANG) == p->pid)
		p->exited = true;
	return p->exited && !(p->master >= 0 && poll(&fd, 1, 0) > 0 && fd.revents & POLLIN);
}

static bool has_written(struct pty *p, const char *text)
{
	(void)text;
	return p->bytes > p->mark;
}

bool pty_wait_output(struct pty *p, int ms)
{
	p->mark = p->bytes;
	return read_until(p, ms, has_written, NULL);
}

void pty_run(struct pty *p, int ms)
{
	read_until(p, ms, never, NULL);
}

bool pty_wait(struct pty *p, const char *text, int ms)
{
	return read_until(p, ms, shows, text);
}

bool pty_wait_gone(struct pty *p, const char *text, int ms)
{
	return read_until(p, ms, shows_not, text);
}

void pty_expect(struct pty *p, const char *text, int ms)
{
	char *screen;

	if (pty_wait(p, text, ms))
		return;
	screen = pty_screen(p);
	print_error("the screen:\n%s", screen);
	free(screen);
	fail_msg("'%s' did not come to the screen", text);
}

bool pty_wait_exit(struct pty *p, int ms, int *status)
{
	bool ended = read_until(p, ms, has_exited, NULL);

	if (ended && status)
		*status = p->status;
	return ended;
}

static int color_number(const VTermColor *color, bool is_default)
{
	return !is_default && VTERM_COLOR_IS_INDEXED(color) ? color->indexed.idx : -1;
}

struct pty_cell pty_cell(const struct pty *p, int row, int col)
{
	VTermScreenCell cell = { 0 };

	if (!vterm_screen_get_cell(p->screen, (VTermPos) { .row = row, .col = col }, &cell))
		return (struct pty_cell) { .ch = ' ', .fg = -1, .bg = -1 };
	return (struct pty_cell) {
		.ch = cell.chars[0] == 0 ? ' ' : cell.chars[0],
		.fg = color_number(&cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg)),
		.bg = color_number(&cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg)),
		.bold = cell.attrs.bold,
		.underline = cell.attrs.underline != 0,
		.reverse = cell.attrs.reverse,
	};
}

char *pty_screen(const struct pty *p)
{
	int rows, cols;
	char *text, *out;

	vterm_get_size(p->vt, &rows, &cols);
	out = text = xcalloc((size_t)rows * ((size_t)cols * 4 + 1) + 1, 1);
	for (int row = 0; row < rows; row++) {
		char *end = out;

		for (int col = 0; col < cols; col++) {
			uint32_t ch = pty_cell(p, row, col).ch;

			if (ch == UINT32_MAX) /* right half of a wide character */
				continue;
			out += str_utf8_put(out, ch);
			if (ch != ' ')
				end = out;
		}
		out = end;
		*out++ = '\n';
	}
	*out = '\0';
	return text;
}

bool pty_alternate(const struct pty *p)
{
	return p->alternate;
}

bool pty_cursor(const struct pty *p, int *row, int *col)
{
	*row = p->cursor.row;
	*col = p->cursor.col;
	return p->cursor_visible;
}

uint64_t pty_bytes(const struct pty *p)
{
	return p->bytes;
}

const char *pty_output(const struct pty *p)
{
	return p->output ? p->output : "";
}
