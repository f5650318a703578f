/* The proc source on a real target. */
#ifndef TACH_TESTS_SOURCE_PROC_LIVE_H
#define TACH_TESTS_SOURCE_PROC_LIVE_H

#include "../../lib/actor.h"
#include "../../lib/near.h"
#include "base/file.h"
#include "source/proc/metrics.h"
#include "source/proc/proc.h"
#include "source/proc/text.h"
#include "target/stat.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static inline double now_seconds(void)
{
	return (double)clock_now() * 1e-9;
}

/* Uses that much CPU time of the calling thread. */
static inline void burn(double seconds)
{
	struct timespec ts;

	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	} while ((double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec < seconds);
}

/* ---- the source on a target ---- */

struct live {
	struct registry *registry;
	bool wanted[PROC_METRIC_COUNT];
	struct source_env env;
	struct target *target;
	void *state;
	struct sample *sample; /* of the last tick */
};

/* wants: NULL-ended, or NULL for all. */
static inline void live_open(struct live *l, struct target *take, bool children, const char *const *wants)
{
	*l = (struct live){ .registry = registry_new(), .target = take };
	assert_non_null(take);
	l->env = (struct source_env){ .registry = l->registry, .wanted = l->wanted, .children = children };
	for (size_t i = 0; i < PROC_METRIC_COUNT; i++) {
		registry_add(l->registry, &proc_rows[i]);
		l->wanted[i] = !wants;
		for (size_t w = 0; wants && wants[w]; w++)
			l->wanted[i] |= strcmp(wants[w], proc_rows[i].name) == 0;
	}
	l->state = source_proc.open(&l->env, take, NULL);
	assert_non_null(l->state);
}

static inline void live_attach(struct live *l, pid_t pid, bool children, const char *const *wants)
{
	struct target_options o = { .children = children };
	struct err e = { .text = "" };
	struct target *t = target_open_pids(&pid, 1, &o, &e);

	if (!t)
		printf("# %s\n", e.text);
	live_open(l, t, children, wants);
}

/* A tick without looking who belongs: the target is as it was at the last one. */
static inline void live_read(struct live *l)
{
	sample_free(l->sample);
	l->sample = sample_new(l->registry);
	source_proc.read(l->state, l->target, l->sample);
}

static inline bool live_tick(struct live *l)
{
	bool alive = target_refresh(l->target);

	live_read(l);
	return alive;
}

static inline struct point live_point(const struct live *l, const char *name)
{
	metric_id id = registry_find(l->registry, name);

	assert_true(id != METRIC_NONE);
	return id < l->sample->nmetrics ? l->sample->points[id] : point_missing(POINT_GAP, NULL);
}

static inline double live_value(const struct live *l, const char *name)
{
	struct point p = live_point(l, name);

	if (!point_has_value(p)) {
		printf("# %s has no value: state %d, %s\n", name, (int)p.state, p.why ? p.why : "");
		fail();
	}
	return p.value;
}

static inline const struct status *live_status(const struct live *l, const char *name)
{
	for (size_t i = 0; i < l->sample->nstatuses; i++)
		if (strcmp(l->sample->statuses[i].name, name) == 0)
			return &l->sample->statuses[i];
	return NULL;
}

static inline void live_close(struct live *l)
{
	sample_free(l->sample);
	source_proc.close(l->state);
	target_close(l->target);
	registry_free(l->registry);
}

/* ---- the truth, read another way ---- */

static inline uint64_t proc_key(pid_t pid, const char *file, const char *key)
{
	const char *names[] = { key };
	char path[64], text[8192];
	uint64_t v = 0;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof text) > 0);
	assert_int_equal(text_keyed(text, names, 1, &v), 1);
	return v;
}

static inline struct proc_stat proc_stat_of(pid_t pid)
{
	char path[64], text[STAT_TEXT_SIZE];
	struct proc_stat st = { .pid = 0 };
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	n = file_read_at(AT_FDCWD, path, text, sizeof text);
	assert_true(n > 0 && stat_parse(text, (size_t)n, &st));
	return st;
}

#endif
