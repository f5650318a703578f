/* A source that watches a fake target, and a child that publishes one number of every kind. */
#ifndef TACH_TESTS_WATCH_H
#define TACH_TESTS_WATCH_H

#include "fake_target.h"

#include "source/publish/publish_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <tach/publish.h>
#include <cmocka.h>

struct watch {
	struct registry *registry;
	struct source_env env;
	struct target target;
	void *state;
	struct sample *sample; /* of the newest tick */
};

static inline void watch_begin(struct watch *w)
{
	*w = (struct watch){ .registry = registry_new() };
	w->env.registry = w->registry;
	assert_true(source_publish.probe(NULL, NULL));
	w->state = source_publish.open(&w->env, &w->target, NULL);
	assert_non_null(w->state);
}

static inline void tick(struct watch *w)
{
	sample_free(w->sample);
	w->sample = sample_new(w->registry);
	source_publish.read(w->state, &w->target, w->sample);
}

static inline void ticks(struct watch *w, int n)
{
	while (n--)
		tick(w);
}

static inline void watch_end(struct watch *w)
{
	while (w->target.n)
		target_remove(&w->target, 0);
	source_publish.close(w->state);
	sample_free(w->sample);
	registry_free(w->registry);
}

static inline struct point point(const struct watch *w, const char *name)
{
	metric_id id = registry_find(w->registry, name);

	return id == METRIC_NONE || id >= w->sample->nmetrics ? point_missing(POINT_ABSENT, NULL) : w->sample->points[id];
}

static inline double value(const struct watch *w, const char *name)
{
	return point(w, name).value;
}

static inline const struct hist *hist(const struct watch *w, const char *name)
{
	return w->sample->hists[registry_find(w->registry, name)];
}

static inline const char *status(const struct watch *w, const char *name, enum status_state state)
{
	for (size_t i = 0; i < w->sample->nstatuses; i++)
		if (strcmp(w->sample->statuses[i].name, name) == 0 && w->sample->statuses[i].state == state)
			return w->sample->statuses[i].why;
	return "(no such status)";
}

/* What a child publishes, step by step. */
static struct tach_publisher *pub;
static struct tach_writer *writer;
static struct tach_counter packets;

static inline void do_all_kinds(int n)
{
	if (n == 0) {
		pub = tach_publish_open();
		packets = tach_publish_counter(pub, "rx_packets", "packets");
		writer = tach_publish_writer(pub, "main");
		tach_add(writer, packets, 5);
		tach_set(pub, tach_publish_gauge(pub, "queue", "packets"), 2.5);
		tach_publish_gauge(pub, "unset", "ratio");
		tach_add(writer, tach_publish_counter(pub, "busy", "seconds"), 1500000000);
		tach_add(writer, tach_publish_counter(pub, "rx_bytes", "bytes"), 320);
		for (uint64_t ns = 1000; ns <= 3000; ns += 1000)
			tach_record(writer, tach_publish_histogram(pub, "rtt", "seconds"), ns);
	} else {
		tach_add(writer, packets, 10);
	}
}

#endif
