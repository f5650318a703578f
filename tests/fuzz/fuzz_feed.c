/* Any bytes as a feed of ticks, into a store, and every question that panes and exporters ask of it. */
#include "fuzz.h"

#include "model/feed.h"
#include "model/store.h"

/* A number that is not there must say so, and one that is there must be a number. */
static void check_point(struct point p)
{
	if (p.state < POINT_GAP || p.state >= POINT_STATES || point_has_value(p) == (p.value != p.value))
		abort();
}

static void ask(const struct store *st)
{
	struct span all = { store_first(st), store_now(st) }, last = store_last(st, store_now(st));
	struct hist *h = hist_new();
	size_t nstatuses;

	for (size_t id = 0; id < store_metrics(st); id++) {
		check_point(store_value(st, (metric_id)id, all));
		check_point(store_value(st, (metric_id)id, last));
		if (store_hist(st, (metric_id)id, all, h))
			hist_percentile(h, 0.99);
		store_total(st, (metric_id)id);
	}
	for (size_t i = 0; store_table_at(st, i); i++)
		;
	store_facts(st);
	store_statuses(st, &nstatuses);
	free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text, *line;
	struct store *st = store_new(16);
	struct feed *f = feed_new();
	struct err e;

	while ((line = strsep(&rest, "\n"))) {
		struct sample *s = NULL;

		if (feed_line(f, line, &s, &e) == 1)
			store_take(st, s);
	}
	ask(st);
	store_free(st);
	feed_free(f);
	free(text);
	return 0;
}
