/*
 * One run of watching: the target, exactly the sources that somebody wants, and the sampler thread that reads them
 * once a tick. The front (dashboard, batch output) polls session_fd() and takes sealed samples.
 */
#ifndef TACH_SESSION_SESSION_H
#define TACH_SESSION_SESSION_H

#include "base/clock.h"
#include "base/err.h"
#include "model/sample.h"
#include "target/target.h"

#include <stdbool.h>

struct session_options {
	nsec_t interval;             /* 10 ms .. 1 h */
	const char *const *wants;    /* metric names that will be shown, NULL-ended; NULL: all. Derived names count for
	                              * their inputs */
	const char *const *events;   /* -e EVENT, NULL-ended */
	const char *const *functions; /* --fn SYMBOL, NULL-ended; NULL: none */
	double max_cost;             /* most that measuring may cost the target, ratio of its time; 0: as the sources like */
	bool force;                  /* measure also what costs more than a source would allow itself */
	bool children;
	bool early;                  /* a first tick after a quarter of a second, so that rates show soon */
};

struct session;

extern const struct metric session_metric; /* what the session itself measures, beside the sources */

/* Takes the target (closed by session_close()). A spawned command starts to run once its counters are attached.
 * NULL with e when the command cannot be started; a source that cannot run is a status row, not a failure. */
struct session *session_open(struct target *take, const struct session_options *o, struct err *e);

/* Plays recorded ticks (model/feed.h) instead of a target: all that has come so far at once, then as more comes.
 * Closes fd at the end. */
struct session *session_open_feed(int fd, struct err *e);

int session_fd(const struct session *s);          /* readable while a sample or an answer waits, and for good after the end */
struct sample *session_next(struct session *s);   /* the caller owns it; NULL: none waits. Never blocks */

void session_set_interval(struct session *s, nsec_t interval);
void session_tell_terminal(struct session *s, uint64_t bytes); /* written to the terminal so far: part of tach's cost */

/* Asks a source for what is too dear for the tick ("proc", "memory": smaps_rollup), or to do something ("bpf",
 * "on sys"). The answer comes by session_take_answer(): true when one came, one line of text. */
void session_ask(struct session *s, const char *source, const char *question);
bool session_take_answer(struct session *s, char *text, size_t size);

/* The target is gone (or the feed has come to its end) and its last sample has been queued. */
bool session_ended(struct session *s);

/* Why it ended, when that was a failure (a bad line in a feed); false otherwise. */
bool session_failure(struct session *s, struct err *e);
void session_close(struct session *s);            /* stops the sampler, then what tach started, closes everything */

#endif
