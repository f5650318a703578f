/* Feeds for the real program: through a pipe, so that a test can press keys between two ticks. */
#include "play.h"

#include "base/alloc.h"
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGS_MAX 16
#define PATIENCE_MS 10000

struct play {
	struct feed_shape shape;
	struct pty *pty;
	int fd; /* where ticks are written; -1 after the end */
	int next;
};

/* While the pipe is full the terminal is read, so that neither waits for the other. */
static void write_all(struct play *p, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(p->fd, text, size);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			fail_msg("tach no longer reads its feed: %s", strerror(errno));
		if (n < 0) {
			pty_run(p->pty, 2);
			continue;
		}
		text += n;
		size -= (size_t)n;
	}
}

static void send_part(struct play *p, bool head)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (head)
		feed_head(out, &p->shape);
	else
		feed_tick(out, &p->shape, p->next++);
	fclose(out);
	write_all(p, text, size);
	free(text);
}

struct play *play_start(const struct feed_shape *shape, int rows, int cols, const char *const args[],
	const char *const env[])
{
	struct play *p = xcalloc(1, sizeof *p);
	const char *argv[ARGS_MAX + 4] = { child_tach(), "--feed" };
	char path[32];
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe2(ends, O_CLOEXEC) != 0)
		fail_msg("pipe: %s", strerror(errno));
	fcntl(ends[0], F_SETFD, 0);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
	argv[2] = path;
	for (int i = 0; args && args[i] && i < ARGS_MAX; i++)
		argv[3 + i] = args[i];
	p->shape = *shape;
	p->fd = ends[1];
	p->pty = pty_start(rows, cols, argv, env);
	close(ends[0]);
	send_part(p, true);
	return p;
}

void play_free(struct play *p)
{
	if (!p)
		return;
	play_end(p);
	pty_free(p->pty);
	free(p);
}

struct pty *play_pty(struct play *p)
{
	return p->pty;
}

void play_until(struct play *p, int tick)
{
	while (p->next <= tick)
		send_part(p, false);
}

void play_end(struct play *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void play_expect_drawn(struct play *p)
{
	char clock[16];

	feed_clock(clock, sizeof clock, &p->shape, p->next - 1);
	pty_expect(p->pty, clock, PATIENCE_MS);
}
