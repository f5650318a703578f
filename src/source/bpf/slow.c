/* A short list of each metric's slowest events. */
#include "source/bpf/slow.h"

#include "base/alloc.h"
#include "base/str.h"
#include "model/tables.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 8                       /* of each metric */
#define AGE (60 * NSEC_PER_SEC)
#define LEAST (20 * NSEC_PER_USEC)   /* what is quicker is not slow, whatever else there is */

struct event {
	const char *metric;
	nsec_t when, took;
	char thread[48], waited[80];
};

struct slow {
	struct event *list; /* slowest first */
	size_t count, capacity;
};

struct slow *slow_new(void)
{
	return xcalloc(1, sizeof(struct slow));
}

void slow_free(struct slow *s)
{
	if (!s)
		return;
	free(s->list);
	free(s);
}

static size_t count_of(const struct slow *s, const char *metric, size_t *last)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->list[i].metric, metric) == 0) {
			*last = i;
			n++;
		}
	return n;
}

static void drop(struct slow *s, size_t i)
{
	memmove(s->list + i, s->list + i + 1, (--s->count - i) * sizeof *s->list);
}

void slow_add(struct slow *s, const char *metric, nsec_t when, nsec_t took, const char *thread, const char *waited)
{
	struct event *e;
	size_t last, at = 0;

	if (took <= slow_threshold(s, metric))
		return;
	if (count_of(s, metric, &last) >= KEPT)
		drop(s, last);
	s->list = xgrow(s->list, &s->capacity, s->count + 1, sizeof *s->list);
	while (at < s->count && s->list[at].took >= took)
		at++;
	e = &s->list[at];
	memmove(e + 1, e, (s->count++ - at) * sizeof *e);
	*e = (struct event){ .metric = metric, .when = when, .took = took };
	str_copy(e->thread, sizeof e->thread, thread);
	str_copy(e->waited, sizeof e->waited, waited);
}

nsec_t slow_threshold(const struct slow *s, const char *metric)
{
	size_t last = 0;

	return count_of(s, metric, &last) < KEPT ? LEAST : s->list[last].took;
}

void slow_forget(struct slow *s, nsec_t now)
{
	for (size_t i = s->count; i-- > 0;)
		if (now > s->list[i].when && now - s->list[i].when > AGE)
			drop(s, i);
}

void slow_put(const struct slow *s, nsec_t now, struct sample *out)
{
	nsec_t wall = clock_wall();
	struct table *t = s->count ? sample_table(out, &table_slow) : NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct event *e = &s->list[i];
		union cell *row = table_row(t, e->when ^ e->took << 20);

		row[SLOW_METRIC].text = sample_text(out, e->metric);
		row[SLOW_WALL].number = nsec_to_seconds(wall - (now - e->when));
		row[SLOW_SECONDS].number = nsec_to_seconds(e->took);
		row[SLOW_THREAD].text = sample_text(out, e->thread);
		row[SLOW_WAITED].text = sample_text(out, e->waited);
	}
}
