/* Plays a feed: a thread that turns lines into samples as they come. */
#include "session/room.h"

#include "model/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_LIMIT 65536

struct player {
	struct session *s;
	struct feed *feed;
	char *buffer;
	size_t have;
	bool begun; /* there was a first line */
};

/* Hands every whole line of the buffer to the feed. */
static int play_lines(struct player *p, struct err *e)
{
	char *at = p->buffer, *end = p->buffer + p->have, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		struct sample *sample = NULL;

		*newline = '\0';
		if (feed_line(p->feed, at, &sample, e) < 0)
			return -1;
		if (sample)
			session_push(p->s, sample);
		at = newline + 1;
		p->begun = true;
	}
	p->have = (size_t)(end - at);
	memmove(p->buffer, at, p->have);
	if (p->have == LINE_LIMIT)
		return err_set(e, 0, "a line of the feed is longer than %d bytes", LINE_LIMIT);
	return 0;
}

/* Returns 1 when more may come, 0 at the end, -1 with e. */
static int play_some(struct player *p, struct err *e)
{
	ssize_t n = read(p->s->feed_fd, p->buffer + p->have, LINE_LIMIT - p->have);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n < 0)
		return err_set(e, errno, "cannot read the feed: %s", strerror(errno));
	if (n == 0 && p->have)
		return err_set(e, 0, "the feed ends in the middle of a line");
	if (n == 0)
		return p->begun ? 0 : err_set(e, 0, "the feed is empty");
	p->have += (size_t)n;
	return play_lines(p, e) ? -1 : 1;
}

void *player_run(void *session)
{
	struct session *s = session;
	struct player p = { .s = s, .feed = feed_new(), .buffer = malloc(LINE_LIMIT) };
	struct err e = { .code = 0 };
	int more = p.buffer ? 1 : 0;

	session_tell_started(s, NULL);
	while (more > 0 && !session_stopping(s)) {
		session_sleep(s, 0, s->feed_fd);
		if (!session_stopping(s))
			more = play_some(&p, &e);
	}
	session_tell_ended(s, more < 0 ? &e : NULL);
	while (!session_stopping(s))
		session_sleep(s, 0, -1);
	free(p.buffer);
	return p.feed; /* queued samples borrow its table definitions: session_close() frees it after them */
}
