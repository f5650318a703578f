/* The front's side of a session: opening, the queue between the two threads, requests, closing. */
#include "session/room.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/thread.h"
#include "model/feed.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_LIMIT 600                     /* samples that wait for a front that does not take them */
#define STOP_PATIENCE (2 * NSEC_PER_SEC)    /* for what tach started, between SIGTERM and SIGKILL */
#define STALL_PATIENCE (3 * NSEC_PER_SEC)   /* for a sampler that hangs in a read */

static void ring(int eventfd)
{
	uint64_t one = 1;

	while (write(eventfd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void drain(int eventfd)
{
	uint64_t count;

	while (read(eventfd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

/* ---- called by the sampler ---- */

void session_sleep(struct session *s, nsec_t until, int fd)
{
	struct pollfd fds[2] = { { .fd = s->wake_sampler, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	nsec_t now = clock_now(), left = until > now ? until - now : 0;
	struct timespec ts = { .tv_sec = (time_t)(left / NSEC_PER_SEC), .tv_nsec = (long)(left % NSEC_PER_SEC) };

	ppoll(fds, 2, until ? &ts : NULL, NULL);
	if (fds[0].revents)
		drain(s->wake_sampler);
}

bool session_stopping(struct session *s)
{
	bool stop;

	pthread_mutex_lock(&s->lock);
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return stop;
}

bool session_full(struct session *s)
{
	bool full;

	pthread_mutex_lock(&s->lock);
	full = s->queued >= QUEUE_LIMIT;
	pthread_mutex_unlock(&s->lock);
	return full;
}

void session_push(struct session *s, struct sample *take)
{
	struct queued *q = xcalloc(1, sizeof *q);

	q->sample = take;
	pthread_mutex_lock(&s->lock);
	if (s->tail)
		s->tail->next = q;
	else
		s->head = q;
	s->tail = q;
	s->queued++;
	pthread_mutex_unlock(&s->lock);
	ring(s->wake_front);
}

void session_answer(struct session *s, const char *text)
{
	pthread_mutex_lock(&s->lock);
	str_copy(s->answer, sizeof s->answer, text);
	s->answered = true;
	pthread_mutex_unlock(&s->lock);
	ring(s->wake_front);
}

void session_tell_started(struct session *s, const struct err *failure)
{
	pthread_mutex_lock(&s->lock);
	s->started = true;
	s->unstartable = failure != NULL;
	if (failure)
		s->failure = *failure;
	pthread_cond_signal(&s->started_cond);
	pthread_mutex_unlock(&s->lock);
}

void session_tell_ended(struct session *s, const struct err *failure)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	s->failed = failure != NULL;
	if (failure)
		s->failure = *failure;
	pthread_mutex_unlock(&s->lock);
	ring(s->wake_front);
}

/* ---- called by the front ---- */

static struct session *session_new(nsec_t interval)
{
	struct session *s = xcalloc(1, sizeof *s);

	s->registry = registry_new();
	s->interval = interval;
	s->feed_fd = -1;
	s->wake_front = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->wake_sampler = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake_front < 0 || s->wake_sampler < 0)
		fatal("cannot make an eventfd: %s", strerror(errno));
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->started_cond, NULL);
	return s;
}

static void drop_queue(struct session *s)
{
	struct sample *sample;

	while ((sample = session_next(s)))
		sample_free(sample);
}

static void session_free(struct session *s)
{
	drop_queue(s);
	registry_free(s->registry);
	close(s->wake_front);
	close(s->wake_sampler);
	if (s->feed_fd >= 0)
		close(s->feed_fd);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->started_cond);
	free(s);
}

/* Starts the thread and waits until it runs. */
static int start(struct session *s, void *(*body)(void *), struct err *e)
{
	int rc = thread_start(&s->thread, body, s);

	if (rc)
		return err_set(e, rc, "cannot start a thread: %s", strerror(rc));
	pthread_mutex_lock(&s->lock);
	while (!s->started)
		pthread_cond_wait(&s->started_cond, &s->lock);
	rc = s->unstartable ? -1 : 0;
	if (rc && e)
		*e = s->failure;
	pthread_mutex_unlock(&s->lock);
	if (rc)
		pthread_join(s->thread, NULL);
	return rc;
}

struct session *session_open(struct target *take, const struct session_options *o, struct err *e)
{
	struct session *s = session_new(o->interval);

	s->target = take;
	s->early = o->early;
	sources_list(s, o);
	if (start(s, sampler_run, e) == 0)
		return s;
	sources_close(s);
	target_stop(s->target, 0);
	target_close(s->target);
	session_free(s);
	return NULL;
}

struct session *session_open_feed(int fd, struct err *e)
{
	struct session *s = session_new(NSEC_PER_SEC);

	s->feed_fd = fd;
	if (start(s, player_run, e) == 0)
		return s;
	session_free(s);
	return NULL;
}

int session_fd(const struct session *s)
{
	return s->wake_front;
}

struct sample *session_next(struct session *s)
{
	struct queued *q;
	struct sample *sample = NULL;

	pthread_mutex_lock(&s->lock);
	q = s->head;
	if (q) {
		s->head = q->next;
		s->tail = q->next ? s->tail : NULL;
		s->queued--;
		sample = q->sample;
	} else if (!s->ended) { /* the end is told until somebody asks for it: its wake-up is not swallowed here */
		drain(s->wake_front);
	}
	pthread_mutex_unlock(&s->lock);
	free(q);
	return sample;
}

void session_set_interval(struct session *s, nsec_t interval)
{
	pthread_mutex_lock(&s->lock);
	s->interval = interval;
	pthread_mutex_unlock(&s->lock);
	ring(s->wake_sampler);
}

void session_tell_terminal(struct session *s, uint64_t bytes)
{
	atomic_store_explicit(&s->terminal_bytes, bytes, memory_order_relaxed);
}

static void put_question(struct session *s, const struct opened *src, const char *question)
{
	pthread_mutex_lock(&s->lock);
	if (s->nquestions < QUESTIONS) {
		struct question *q = &s->questions[s->nquestions++];

		q->asked = src;
		str_copy(q->text, sizeof q->text, question);
	}
	pthread_mutex_unlock(&s->lock);
	ring(s->wake_sampler);
}

/* Why a source answers nothing; NULL: it does. */
static const char *silence_of(const struct opened *src)
{
	if (src->state)
		return src->ops->ask ? NULL : "it takes no questions";
	return src->why.text[0] ? src->why.text : "nobody wanted it when tach began";
}

void session_ask(struct session *s, const char *source, const char *question)
{
	const char *silence = s->feed_fd >= 0 ? "ticks that were recorded" : "no such source";
	char text[sizeof s->answer];

	for (size_t i = 0; i < s->nsources; i++)
		if (strcmp(s->sources[i].ops->name, source) == 0) {
			silence = silence_of(&s->sources[i]);
			if (!silence)
				put_question(s, &s->sources[i], question);
		}
	if (!silence)
		return;
	snprintf(text, sizeof text, "%.20s cannot be asked here: %.200s", source, silence);
	session_answer(s, text);
}

bool session_take_answer(struct session *s, char *text, size_t size)
{
	bool answered;

	pthread_mutex_lock(&s->lock);
	answered = s->answered;
	s->answered = false;
	if (answered)
		str_copy(text, size, s->answer);
	pthread_mutex_unlock(&s->lock);
	return answered;
}

bool session_ended(struct session *s)
{
	bool ended;

	pthread_mutex_lock(&s->lock);
	ended = s->ended;
	pthread_mutex_unlock(&s->lock);
	return ended;
}

bool session_failure(struct session *s, struct err *e)
{
	bool failed;

	pthread_mutex_lock(&s->lock);
	failed = s->failed;
	if (failed && e)
		*e = s->failure;
	pthread_mutex_unlock(&s->lock);
	return failed;
}

void session_close(struct session *s)
{
	void *feed = NULL;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_mutex_unlock(&s->lock);
	ring(s->wake_sampler);
	if (!thread_join_within(s->thread, &feed, STALL_PATIENCE)) {
		if (s->target) /* it hangs in the kernel: leave it its memory, but stop what tach started */
			target_stop(s->target, STOP_PATIENCE);
		return;
	}
	if (s->target) {
		target_stop(s->target, STOP_PATIENCE);
		sources_close(s);
		target_close(s->target);
	}
	drop_queue(s);
	feed_free(feed);
	session_free(s);
}
