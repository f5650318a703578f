/* Feeds (model/feed.h) of made-up programs, the same on every machine: what the screen tests play. */
#ifndef TACH_TESTS_LIB_FEEDS_H
#define TACH_TESTS_LIB_FEEDS_H

#include <stdbool.h>
#include <stdio.h>

enum feed_flag {
	FEED_PMU = 1,      /* the processor's counters can be read */
	FEED_PUBLISH = 2,  /* the program publishes packets, operations and latencies */
	FEED_ENDS = 4,     /* the program exits with status 3 at the last tick */
	FEED_MULTIPLEX = 8, /* counters take turns: coverage one half */
	FEED_NO_PACKETS = 16, /* what it publishes are operations, not packets */
	FEED_LOCKS = 32,   /* the scheduler and lock probes: causes of waits, locks, who waits for whom */
	FEED_SAMPLED = 64, /* with FEED_LOCKS: by looking now and then, without a privilege */
	FEED_HOSTILE = 128, /* with FEED_LOCKS: names that are long, wide or strange */
	FEED_DEAR = 512,    /* the probes cost something, and from the trouble on too much */
	FEED_SOCKETS = 256  /* probes of sockets, waits and memory: messages, requests, connections, growth */
};

struct feed_shape {
	unsigned flags;
	int ticks;   /* one second each; the trouble begins 40 s before the last */
	int threads;
};

void feed_head(FILE *out, const struct feed_shape *shape);
void feed_tick(FILE *out, const struct feed_shape *shape, int tick);

/* Numbers of a second: noise in -1 .. 1, the n-th of it; whether the trouble has begun. */
double feed_noise(int second, int n);
bool feed_trouble(const struct feed_shape *shape, int second);

/* "14:31:07": what the header's clock shows at a tick, with TZ=UTC. */
void feed_clock(char *buf, size_t size, const struct feed_shape *shape, int tick);

/* All of it, for a file. */
void feed_write(FILE *out, const struct feed_shape *shape);

#endif
