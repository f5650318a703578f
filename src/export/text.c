/*
 * Text for a person: one line a tick that fits 80 columns, and at the end a summary of every metric that ever had a
 * value, and of those that had none, by reason.
 */
#include "base/alloc.h"
#include "base/fmt.h"
#include "base/str.h"
#include "export/export.h"
#include "export/summary.h"
#include "model/latency.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES_A_HEADER 20

/* A column of the line. It is there once its metric has had a value. */
struct text_column {
	const char *label;
	int width;
	const char *metric; /* NULL: the latency */
	const char *figure; /* of a histogram */
	const char *(*format)(char buf[FMT_SIZE], double v);
	bool otherwise;     /* only where the column before is not there */
};

static const struct text_column columns[] = {
	{ "cpu", 5, "cpu.busy_ratio", NULL, fmt_percent, false },
	{ "runq", 5, "cpu.runqueue_ratio", NULL, fmt_percent, false },
	{ "rss", 6, "mem.rss_bytes", NULL, fmt_bytes, false },
	{ "flt/s", 6, "mem.page_faults", NULL, fmt_count, false },
	{ "csw/s", 6, "cpu.switches", NULL, fmt_count, false },
	{ "IPC", 5, "cpu.ipc", NULL, fmt_count, false },
	{ "rx/s", 7, "app.rx_packets", NULL, fmt_count, false },
	{ "ns.rx/s", 7, "netns.rx_packets", NULL, fmt_count, true },
	{ "tx/s", 7, "app.tx_packets", NULL, fmt_count, false },
	{ "ns.tx/s", 7, "netns.tx_packets", NULL, fmt_count, true },
	{ "ops/s", 6, "app.ops", NULL, fmt_count, false },
	{ "p50", 6, NULL, "p50", fmt_seconds, false },
	{ "p99", 6, NULL, "p99", fmt_seconds, false },
};

#define COLUMNS (sizeof columns / sizeof columns[0])

struct text {
	bool utc;
	char word[LATENCY_WORD_SIZE]; /* which latency; "": the first */
	bool shown[COLUMNS];
	size_t lines;      /* since the header */
	metric_id latency; /* the histogram of p50 and p99; METRIC_NONE until there is one */
	struct summary *summary;
};

static void put_clean(FILE *out, const char *text)
{
	char clean[512];

	str_clean(clean, sizeof clean, text, strlen(text));
	fputs(clean, out);
}

static void *text_begin(FILE *out, const struct store *st, const struct export_options *o)
{
	const struct target_facts *facts = store_facts(st);
	struct text *t = xcalloc(1, sizeof *t);

	t->utc = o->utc;
	str_copy(t->word, sizeof t->word, o->latency ? o->latency : "");
	t->latency = METRIC_NONE;
	t->summary = summary_new();
	put_clean(out, *facts->name ? facts->name : "target");
	if (facts->pid > 0)
		fprintf(out, ", pid %d", (int)facts->pid);
	if (*facts->cmdline) {
		fputs(": ", out);
		put_clean(out, facts->cmdline);
	}
	fputc('\n', out);
	return t;
}

/* The latency that was asked for, or the first that says something, once it has a value. */
static metric_id find_latency(const struct text *t, const struct store *st, struct span last)
{
	struct latency_choice list[LATENCY_CHOICES];
	int i = latency_find(st, list, latency_choices(st, list), t->word);
	metric_id id = i < 0 ? METRIC_NONE : list[i].metric;

	if (id == METRIC_NONE || store_metric(st, id)->unit != UNIT_SECONDS || !point_has_value(store_value(st, id, last)))
		return METRIC_NONE;
	return id;
}

static metric_id column_metric(const struct text *t, const struct store *st, size_t i)
{
	return columns[i].metric ? store_find(st, columns[i].metric) : t->latency;
}

/* Learns which columns have something to show by now. Returns true when that has changed. */
static bool learn_columns(struct text *t, const struct store *st, struct span last)
{
	bool changed = false;

	if (t->latency == METRIC_NONE)
		t->latency = find_latency(t, st, last);
	for (size_t i = 0; i < COLUMNS; i++) {
		metric_id id = column_metric(t, st, i);
		bool show = t->shown[i] || (id != METRIC_NONE && point_has_value(store_value(st, id, last)));

		if (columns[i].otherwise && t->shown[i - 1])
			show = false;
		changed = changed || show != t->shown[i];
		t->shown[i] = show;
	}
	return changed;
}

static void put_header(const struct text *t, FILE *out, const struct store *st)
{
	if (t->latency != METRIC_NONE) {
		fputs("(p50, p99: ", out);
		put_clean(out, store_metric(st, t->latency)->name);
		fputs(")\n", out);
	}
	fputs("    time", out);
	for (size_t i = 0; i < COLUMNS; i++)
		if (t->shown[i])
			fprintf(out, " %*s", columns[i].width, columns[i].label);
	fputc('\n', out);
}

static void put_time(const struct text *t, FILE *out, nsec_t wall)
{
	time_t seconds = (time_t)(wall / NSEC_PER_SEC);
	char text[16] = "--:--:--";
	struct tm tm;

	if (t->utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm))
		strftime(text, sizeof text, "%H:%M:%S", &tm);
	fputs(text, out);
}

/* A value with its mark: "~" estimated, ">" a lower bound, "-" nothing to say, "n/a" and "denied" for good. */
static void put_value(FILE *out, const struct text_column *c, const struct reading *r)
{
	static const char *const marks[POINT_STATES] = { [POINT_GAP] = "-", [POINT_OK] = "", [POINT_SCALED] = "~",
		[POINT_PARTIAL] = ">", [POINT_DENIED] = "denied", [POINT_ABSENT] = "n/a" };
	double v = r->value;
	char number[FMT_SIZE] = "", cell[FMT_SIZE + 8];

	for (const struct histogram_figure *f = histogram_figures; c->figure && f->name; f++)
		if (strcmp(f->name, c->figure) == 0)
			v = reading_figure(r, f);
	if (point_has_value(r->point))
		c->format(number, v);
	snprintf(cell, sizeof cell, "%s%s", marks[r->point.state], number);
	fprintf(out, " %*s", c->width, cell);
}

static void text_tick(void *state, FILE *out, const struct store *st)
{
	struct span last = store_last(st, store_now(st));
	struct text *t = state;
	struct reading r;

	summary_take(t->summary, st);
	if (learn_columns(t, st, last) || t->lines % LINES_A_HEADER == 0) {
		put_header(t, out, st);
		t->lines = 0;
	}
	t->lines++;
	put_time(t, out, store_wall(st, last.to));
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!t->shown[i])
			continue;
		reading_take(&r, st, column_metric(t, st, i), last);
		put_value(out, &columns[i], &r);
	}
	fputc('\n', out);
}

static void put_ending(FILE *out, const struct store *st, const struct summary *s, const struct export_end *why)
{
	const struct target_facts *facts = store_facts(st);

	fprintf(out, "\n%zu ticks in %.3f s, ", summary_ticks(s), nsec_to_seconds(store_now(st) - store_first(st)));
	if (facts->state == TARGET_ENDED && *facts->ended)
		put_clean(out, facts->ended);
	else
		fprintf(out, "still running (end: %s)", why->reason);
	fputc('\n', out);
}

static void text_end(void *state, FILE *out, const struct store *st, const struct export_end *why, struct err *note)
{
	struct text *t = state;

	note->text[0] = '\0';
	put_ending(out, st, t->summary, why);
	summary_put(t->summary, out, st);
	summary_free(t->summary);
	free(t);
}

extern const struct export_ops export_text;
const struct export_ops export_text = {
	.name = "text",
	.help = "a line a tick and a summary at the end, for a person to read",
	.begin = text_begin,
	.tick = text_tick,
	.end = text_end,
};
