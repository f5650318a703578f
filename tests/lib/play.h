/* The real tach in a pseudo-terminal, playing a made-up feed that the test hands out tick by tick. */
#ifndef TACH_TESTS_LIB_PLAY_H
#define TACH_TESTS_LIB_PLAY_H

#include "feeds.h"
#include "pty.h"

struct play;

/* args and env are NULL-ended, or NULL. */
struct play *play_start(const struct feed_shape *shape, int rows, int cols, const char *const args[],
	const char *const env[]);
void play_free(struct play *p); /* NULL is fine */

struct pty *play_pty(struct play *p);
void play_until(struct play *p, int tick); /* writes all ticks up to that one */
void play_end(struct play *p);             /* no more ticks come */

/* Waits until the header's clock shows the newest tick that was written. */
void play_expect_drawn(struct play *p);

#endif
