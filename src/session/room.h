/* What the files of this room share: the session as the sampler thread and the front see it. */
#ifndef TACH_SESSION_ROOM_H
#define TACH_SESSION_ROOM_H

#include "session/session.h"
#include "source/source.h"

#include <pthread.h>
#include <stdatomic.h>

/* One row of source_table in this session. Either open (state) or with the reason why it is not. */
struct opened {
	const struct source_ops *ops;
	struct source_env env;
	bool *wanted;
	void *state;
	struct err why, fix; /* when state is NULL */
};

#define QUESTIONS 8 /* that wait at once; more are dropped */

struct question {
	const struct opened *asked;
	char text[128];
};

struct queued {
	struct queued *next;
	struct sample *sample;
};

struct session {
	/* the sampler's own */
	struct target *target; /* NULL for a feed */
	struct registry *registry;
	struct opened *sources;
	size_t nsources;
	struct handover handover; /* among them */
	metric_id tick_metric, announced;
	bool early;
	int feed_fd;

	atomic_ullong terminal_bytes;
	pthread_t thread;
	int wake_front, wake_sampler; /* eventfds */

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t started_cond;
	bool started, unstartable; /* how the thread began */
	bool stop, ended, failed;
	struct err failure;
	nsec_t interval;
	struct queued *head, *tail;
	size_t queued;
	struct question questions[QUESTIONS]; /* that the sampler has not answered yet, in their order */
	size_t nquestions;
	char answer[256];
	bool answered;
};

/* Thread bodies. */
void *sampler_run(void *session);
void *player_run(void *session);

/* Opens what is wanted; on the sampler thread. */
void sources_open(struct session *s);
void sources_read(struct session *s, struct sample *out);
void sources_close(struct session *s);
void sources_list(struct session *s, const struct session_options *o); /* rows, ids and flags; on the front */

/* Sleeps until `until` (0: for ever), a wake-up by the front, or data on fd (-1: none). */
void session_sleep(struct session *s, nsec_t until, int fd);
bool session_stopping(struct session *s);
void session_push(struct session *s, struct sample *take);
bool session_full(struct session *s); /* the front does not take: skip the tick */
void session_answer(struct session *s, const char *text); /* to what the front asked */
void session_tell_started(struct session *s, const struct err *failure); /* NULL: it runs */
void session_tell_ended(struct session *s, const struct err *failure);   /* NULL: in order */

#endif
