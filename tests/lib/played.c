/* Feeds into stores, for tests of what is drawn from them. */
#include "played.h"

#include "base/alloc.h"
#include "model/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct played {
	struct feed_shape shape;
	struct feed *feed;
	struct store *store;
	int next;
};

void played_line(struct played *p, const char *line)
{
	char *copy = xstrdup(line);
	struct sample *s = NULL;
	struct err e;
	int rc = feed_line(p->feed, copy, &s, &e);

	if (rc < 0)
		fail_msg("%s: %s", e.text, line);
	if (rc == 1)
		store_take(p->store, s);
	free(copy);
}

static void play(struct played *p, char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		played_line(p, line);
	free(text);
}

struct played *played_new(const struct feed_shape *shape, size_t ticks_kept)
{
	struct played *p = xcalloc(1, sizeof *p);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	p->shape = *shape;
	p->feed = feed_new();
	p->store = store_new(ticks_kept);
	feed_head(out, shape);
	fclose(out);
	play(p, text);
	return p;
}

void played_free(struct played *p)
{
	store_free(p->store);
	feed_free(p->feed);
	free(p);
}

void played_until(struct played *p, int tick)
{
	for (; p->next <= tick; p->next++) {
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		feed_tick(out, &p->shape, p->next);
		fclose(out);
		play(p, text);
	}
}

const struct store *played_store(const struct played *p)
{
	return p->store;
}
