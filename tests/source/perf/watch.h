/* A recording under the engine, with the metrics that a test names. */
#ifndef TACH_TESTS_SOURCE_PERF_WATCH_H
#define TACH_TESTS_SOURCE_PERF_WATCH_H

#include "../../lib/perf_replay.h"
#include "source/perf/engine.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct watch {
	struct replay *replay;
	struct registry *registry;
	bool wanted[PERF_ROWS];
	struct perf_options options;
	struct perf *perf;
	struct sample *sample; /* of the last tick */
	struct err err;
};

static inline void watch_begin(struct watch *w, const char *recording)
{
	*w = (struct watch){ .replay = replay_load(recording), .registry = registry_new() };
	for (size_t i = 0; i < PERF_ROWS; i++)
		registry_add(w->registry, &perf_metrics[i]);
	w->options = (struct perf_options){ .kernel = replay_kernel(w->replay), .registry = w->registry,
		.wanted = w->wanted, .children = true };
}

static inline void watch_want(struct watch *w, const char *name)
{
	metric_id id = registry_find(w->registry, name);

	assert_in_range(id, 0, PERF_ROWS - 1);
	w->wanted[id] = true;
}

static inline void watch_open(struct watch *w)
{
	w->perf = perf_new(&w->options, &w->err);
}

/* The usual target: process 100, started long ago, of one thread. */
static inline struct process process_of(pid_t pid, pid_t parent, uint64_t start)
{
	return (struct process){ .pid = pid, .parent = parent, .start = start, .dir = pid, .pidfd = -1, .nthreads = 1 };
}

static inline void watch_open_100(struct watch *w)
{
	struct process p = process_of(100, 1, 10);

	watch_open(w);
	assert_non_null(w->perf);
	perf_follow(w->perf, &p, 1);
}

static inline void watch_tick(struct watch *w)
{
	sample_free(w->sample);
	w->sample = sample_new(w->registry);
	perf_tick(w->perf, w->sample);
}

static inline struct point watch_point(const struct watch *w, const char *name)
{
	metric_id id = registry_find(w->registry, name);

	return id < w->sample->nmetrics ? w->sample->points[id] : point_missing(POINT_GAP, NULL);
}

static inline const struct status *watch_status(const struct watch *w, const char *name)
{
	for (size_t i = 0; i < w->sample->nstatuses; i++)
		if (strcmp(w->sample->statuses[i].name, name) == 0)
			return &w->sample->statuses[i];
	return NULL;
}

static inline void watch_end(struct watch *w)
{
	sample_free(w->sample);
	if (w->perf)
		perf_free(w->perf);
	assert_int_equal(replay_open_now(w->replay), 0); /* nothing is left open */
	registry_free(w->registry);
	replay_free(w->replay);
}

#define assert_point(w, name, state, value, coverage) \
	assert_true(point_is(watch_point(w, name), name, state, value, coverage))

static inline bool point_is(struct point got, const char *name, enum point_state state, double value, double coverage)
{
	if (got.state == state && fabs(got.value - value) <= 1e-9 * fabs(value) &&
		fabs(got.coverage - coverage) <= 1e-6)
		return true;
	printf("# %s is %.9g, state %d, coverage %.4f, not %.9g, state %d, coverage %.4f\n", name, got.value,
		(int)got.state, (double)got.coverage, value, (int)state, coverage);
	return false;
}

#define assert_missing(w, name, state_, why_) \
	do { \
		struct point got_ = watch_point(w, name); \
		assert_int_equal(got_.state, state_); \
		assert_true(isnan(got_.value)); \
		assert_string_equal(got_.why ? got_.why : "", why_); \
	} while (0)

#define assert_status(w, name, state_, why_, fix_) \
	do { \
		const struct status *got_ = watch_status(w, name); \
		assert_non_null(got_); \
		assert_string_equal(got_->why, why_); \
		assert_string_equal(got_->fix, fix_); \
		assert_int_equal(got_->state, state_); \
	} while (0)

#endif
