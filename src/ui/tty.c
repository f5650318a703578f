/*
 * The line to the terminal. The descriptors are a private opening of stdout's terminal, so that O_NONBLOCK does not
 * leak to the shell that shares stdout. (TIOCOUTQ cannot tell a slow line: it is always 0 on a pseudo-terminal.) Signal
 * handlers only note and wake, except for those that end us, which put the terminal back and go on as if nobody had
 * listened.
 */
#include "ui/tty.h"

#include "base/alloc.h"
#include "ui/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ROWS_LIMIT 500
#define COLS_LIMIT 1000
#define ESC_WAIT_MS 25
#define LEAVE_WAIT_MS 1000       /* how long a full line may hold up our end */
#define STDERR_LIMIT (256 * 1024) /* kept of what libraries say */

static const int noted[] = { SIGTERM, SIGHUP, SIGINT, SIGWINCH, SIGTSTP, SIGCONT };
static const int deadly[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGTRAP, SIGSYS, SIGUSR1, SIGUSR2, SIGALRM,
	SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR, SIGSTKFLT };

#define NOTED (sizeof noted / sizeof noted[0])
#define DEADLY (sizeof deadly / sizeof deadly[0])

static struct {
	int in, out;
	int poll;                /* epoll of in, wake and, while bytes wait, out */
	int wake[2];             /* signal handlers write here */
	pid_t owner;             /* a forked child that ends must not restore */
	struct termios before, raw;
	struct sigaction noted[NOTED], deadly[DEADLY]; /* what was there before */
	char leave[512];
	size_t leave_length;
	int stderr_before, stderr_kept; /* -1: stderr is no terminal */
	char *waiting;           /* bytes that the line has not taken */
	size_t waiting_length, waiting_capacity;
	uint64_t bytes;
	char keys[256];
	size_t keys_length;
	bool exit_hook;
} tty;

static char crash_stack[32768]; /* for a crash by endless recursion */
static atomic_bool is_open;  /* whoever clears it restores */
static volatile sig_atomic_t stop_signal, stop_count, resized, suspend_wanted, continued;

/* ---- giving the terminal back; async-signal-safe ---- */

static void write_patiently(const char *bytes, size_t length)
{
	while (length) {
		struct pollfd p = { .fd = tty.out, .events = POLLOUT };
		ssize_t n = write(tty.out, bytes, length);

		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
		} else if (n == 0 || (errno != EINTR && (errno != EAGAIN || poll(&p, 1, LEAVE_WAIT_MS) <= 0))) {
			return;
		}
	}
}

/* No control characters but newline and tab, and no half of a C1 one. */
static void clean_bytes(char *bytes, ssize_t length)
{
	for (ssize_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
			(c >= 0x80 && c < 0xa0 && i > 0 && (unsigned char)bytes[i - 1] == 0xc2))
			bytes[i] = '?';
	}
}

static void give_stderr_back(void)
{
	char buf[1024];
	ssize_t n;

	if (tty.stderr_before < 0)
		return;
	dup2(tty.stderr_before, STDERR_FILENO);
	for (off_t at = 0; (n = pread(tty.stderr_kept, buf, sizeof buf, at)) > 0; at += n) {
		clean_bytes(buf, n);
		if (write(STDERR_FILENO, buf, (size_t)n) != n)
			return;
	}
}

/* CAN ends a sequence that was cut in the middle. */
static void leave_screen(void)
{
	if (tty.leave_length)
		write_patiently("\x18", 1);
	write_patiently(tty.leave, tty.leave_length);
	tcsetattr(tty.in, TCSANOW, &tty.before);
}

static void restore(void)
{
	if (getpid() != tty.owner || !atomic_exchange(&is_open, false))
		return;
	leave_screen();
	give_stderr_back();
}

/* ---- signals ---- */

static void wake_up(void)
{
	ssize_t n = write(tty.wake[1], "", 1);

	(void)n; /* full: awake already */
}

/* A front that no longer listens is ended by the third signal. SIGHUP does not count: shell and kernel both send it. */
static void on_stop(int number)
{
	stop_signal = number;
	stop_count = stop_count + (number != SIGHUP);
	if (stop_count > 2) {
		restore();
		signal(number, SIG_DFL);
		raise(number);
	}
}

static void on_noted(int number)
{
	int saved = errno;

	if (number == SIGWINCH)
		resized = 1;
	else if (number == SIGTSTP)
		suspend_wanted = 1;
	else if (number == SIGCONT)
		continued = 1;
	else
		on_stop(number);
	wake_up();
	errno = saved;
}

/* The signal comes again when this returns, and then to whom it came before. */
static void on_deadly(int number)
{
	size_t i = 0;

	restore();
	while (i + 1 < DEADLY && deadly[i] != number)
		i++;
	sigaction(number, &tty.deadly[i], NULL);
	raise(number);
}

/* A sanitizer has a stack for crashes already. */
static void use_crash_stack(void)
{
	stack_t stack = { .ss_sp = crash_stack, .ss_size = sizeof crash_stack }, have;

	if (sigaltstack(NULL, &have) == 0 && have.ss_flags & SS_DISABLE)
		sigaltstack(&stack, NULL);
}

static void catch_signals(void)
{
	struct sigaction note = { .sa_handler = on_noted, .sa_flags = SA_RESTART };
	struct sigaction die = { .sa_handler = on_deadly, .sa_flags = SA_ONSTACK };

	use_crash_stack();
	stop_signal = stop_count = resized = suspend_wanted = continued = 0;
	sigfillset(&note.sa_mask);
	for (size_t i = 0; i < NOTED; i++) {
		sigaction(noted[i], NULL, &tty.noted[i]);
		if (noted[i] != SIGHUP || tty.noted[i].sa_handler != SIG_IGN) /* nohup stays nohup */
			sigaction(noted[i], &note, NULL);
	}
	for (size_t i = 0; i < DEADLY; i++) {
		sigaction(deadly[i], NULL, &tty.deadly[i]);
		if (tty.deadly[i].sa_handler != SIG_IGN)
			sigaction(deadly[i], &die, NULL);
	}
}

static void release_signals(void)
{
	for (size_t i = 0; i < NOTED; i++)
		sigaction(noted[i], &tty.noted[i], NULL);
	for (size_t i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &tty.deadly[i], NULL);
}

int tty_signal(void)
{
	return stop_signal;
}

static void line_is_lost(void)
{
	if (!stop_signal)
		stop_signal = SIGHUP;
}

/* ---- open and close ---- */

/* No line editing, no echo, no translation; ^C and ^Z stay signals. A read returns what is there. */
static struct termios make_raw(struct termios t)
{
	t.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | IGNCR | INLCR | INPCK | ISTRIP | IXON);
	t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	return t;
}

/* Where the terminal may not be opened again (after su) stdout itself is used, and a slow line holds us up. */
static void open_line(void)
{
	tty.in = open("/proc/self/fd/1", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (tty.in < 0)
		tty.in = fcntl(isatty(STDIN_FILENO) ? STDIN_FILENO : STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	tty.out = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (tty.out < 0)
		tty.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void watch(int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	epoll_ctl(tty.poll, operation, fd, &event);
}

static void keep_stderr(void)
{
	tty.stderr_before = tty.stderr_kept = -1;
	if (!isatty(STDERR_FILENO))
		return;
	tty.stderr_kept = memfd_create("stderr", MFD_CLOEXEC);
	if (tty.stderr_kept < 0)
		return;
	fcntl(tty.stderr_kept, F_SETFL, O_APPEND); /* after it was cut writes go on at its end */
	tty.stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(tty.stderr_kept, STDERR_FILENO);
}

int tty_open(struct err *e)
{
	if (!isatty(STDOUT_FILENO))
		return err_set(e, 0, "stdout is no terminal");
	open_line();
	if (tty.in < 0 || tty.out < 0 || tcgetattr(tty.in, &tty.before))
		return err_set(e, errno, "cannot use the terminal: %s", strerror(errno));
	tty.poll = epoll_create1(EPOLL_CLOEXEC);
	if (tty.poll < 0 || pipe2(tty.wake, O_CLOEXEC | O_NONBLOCK))
		return err_set(e, errno, "cannot wait for keys: %s", strerror(errno));
	watch(EPOLL_CTL_ADD, tty.in, EPOLLIN);
	watch(EPOLL_CTL_ADD, tty.wake[0], EPOLLIN);
	watch(EPOLL_CTL_ADD, tty.out, 0);
	tty.leave_length = tty.waiting_length = tty.keys_length = 0;
	tty.bytes = 0;
	tty.raw = make_raw(tty.before);
	tty.owner = getpid();
	keep_stderr();
	atomic_store(&is_open, true);
	catch_signals();
	fatal_set_restore(restore);
	if (!tty.exit_hook)
		atexit(restore);
	tty.exit_hook = true;
	tcsetattr(tty.in, TCSANOW, &tty.raw);
	return 0;
}

void tty_close(void)
{
	restore();
	fatal_set_restore(NULL);
	release_signals();
	close(tty.in);
	close(tty.out);
	close(tty.poll);
	close(tty.wake[0]);
	close(tty.wake[1]);
	if (tty.stderr_kept >= 0) {
		close(tty.stderr_kept);
		close(tty.stderr_before);
	}
	free(tty.waiting);
	tty.waiting = NULL;
	tty.waiting_length = tty.waiting_capacity = 0;
}

void tty_set_leave(const char *bytes, size_t length)
{
	tty.leave_length = 0; /* a crash between these lines writes nothing rather than half */
	if (length > sizeof tty.leave)
		return;
	memcpy(tty.leave, bytes, length);
	tty.leave_length = length;
}

void tty_size(int *rows, int *cols)
{
	struct winsize size = { .ws_row = 0 };

	ioctl(tty.out, TIOCGWINSZ, &size);
	*rows = size.ws_row == 0 ? 24 : size.ws_row < ROWS_LIMIT ? size.ws_row : ROWS_LIMIT;
	*cols = size.ws_col == 0 ? 80 : size.ws_col < COLS_LIMIT ? size.ws_col : COLS_LIMIT;
}

/* ---- bytes out ---- */

/* Libraries that talk without end must not fill the memory. */
static void limit_stderr(void)
{
	struct stat st;

	if (tty.stderr_kept >= 0 && fstat(tty.stderr_kept, &st) == 0 && st.st_size > STDERR_LIMIT &&
		ftruncate(tty.stderr_kept, 0))
		return;
}

bool tty_flush(void)
{
	bool had = tty.waiting_length > 0;

	while (tty.waiting_length && atomic_load(&is_open)) {
		ssize_t n = write(tty.out, tty.waiting, tty.waiting_length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			line_is_lost();
			tty.waiting_length = 0;
			break;
		}
		tty.bytes += (uint64_t)n;
		tty.waiting_length -= (size_t)n;
		memmove(tty.waiting, tty.waiting + n, tty.waiting_length);
	}
	if (had)
		watch(EPOLL_CTL_MOD, tty.out, tty.waiting_length ? EPOLLOUT : 0);
	return tty.waiting_length == 0;
}

void tty_write(const char *bytes, size_t length)
{
	limit_stderr();
	tty.waiting = xgrow(tty.waiting, &tty.waiting_capacity, tty.waiting_length + length, 1);
	memcpy(tty.waiting + tty.waiting_length, bytes, length);
	tty.waiting_length += length;
	tty_flush();
}

uint64_t tty_bytes(void)
{
	return tty.bytes;
}

/* ---- what comes in ---- */

int tty_fd(void)
{
	return tty.poll;
}

/* Stops as the default action would, with the terminal as the shell wants it. Returns when continued; an orphaned
 * process group, which nobody could continue, is not stopped by the kernel. */
static void suspend(void)
{
	struct sigaction ours, plain = { .sa_handler = SIG_DFL };

	leave_screen();
	sigaction(SIGTSTP, &plain, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}

enum tty_event tty_event(void)
{
	enum tty_event event = TTY_NOTHING;
	char buf[64];

	while (read(tty.wake[0], buf, sizeof buf) > 0)
		;
	tty_flush();
	if (resized)
		event = TTY_RESIZED;
	resized = 0;
	if (suspend_wanted)
		suspend();
	else if (continued) /* stopped by SIGSTOP: leaves now, to enter once and not twice */
		leave_screen();
	if (suspend_wanted || continued) {
		event = TTY_CONTINUED;
		tty.waiting_length = 0; /* of a screen that is no more */
		watch(EPOLL_CTL_MOD, tty.out, 0);
		tcsetattr(tty.in, TCSANOW, &tty.raw);
	}
	suspend_wanted = continued = 0;
	return event;
}

/* Reads what is there, or comes within so many milliseconds. Returns whether there was anything. */
static bool read_keys(int wait_ms)
{
	struct pollfd p = { .fd = tty.in, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	n = read(tty.in, tty.keys + tty.keys_length, sizeof tty.keys - tty.keys_length);
	if (n > 0)
		tty.keys_length += (size_t)n;
	else if ((n < 0 && errno != EINTR && errno != EAGAIN) || (n == 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL)))
		line_is_lost();
	return n > 0;
}

ui_key tty_key(void)
{
	ui_key key = UI_KEY_NONE;

	while (key == UI_KEY_NONE) {
		size_t n;

		if (!tty.keys_length && !read_keys(0))
			return UI_KEY_NONE;
		n = input_decode(tty.keys, tty.keys_length, false, &key);
		if (!n && !read_keys(ESC_WAIT_MS))
			n = input_decode(tty.keys, tty.keys_length, true, &key);
		tty.keys_length -= n;
		memmove(tty.keys, tty.keys + n, tty.keys_length);
	}
	return key;
}
