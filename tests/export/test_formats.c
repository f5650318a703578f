/* Whole exports of a fixed feed of ticks: the right numbers at the right names, and nothing known that is not. */
#include "export/export.h"
#include "model/feed.h"
#include "../lib/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINES 64

/* Four ticks, three intervals of one second. In the second the PMU comes back, and the program publishes app.ops. */
static const char *const feed_text[] = {
	"tach-feed 1",
	"fact pid 4711",
	"fact name pkt\"gate",
	"fact cmdline pktgate --size 64",
	"metric mem.rss_bytes gauge bytes RSS",
	"metric cpu.user_seconds counter seconds user",
	"metric cpu.system_seconds counter seconds sys",
	"metric cpu.cycles counter count cycles",
	"metric cache.misses counter count misses",
	"metric lat.request_seconds histogram seconds request",
	"column threads tid gauge count TID",
	"column threads name text count name",
	"column threads user_seconds counter seconds usr",
	"tick 0 1795212000",
	"v mem.rss_bytes 1000",
	"v cpu.user_seconds 10",
	"v cpu.system_seconds 1",
	"v cpu.cycles 5000",
	"x cache.misses absent no PMU",
	"h lat.request_seconds 0 0",
	"status on sched|still 3 s|",
	"status denied perf|needs \"CAP_PERFMON\"|setcap cap_perfmon+ep tach",
	"row threads 1 4711 main 2",
	"end",
	"tick 1 1795212001",
	"v mem.rss_bytes 2000",
	"v cpu.user_seconds 10.5",
	"v cpu.system_seconds 1.25",
	"v cpu.cycles 6000 0.5",
	"x cache.misses absent no PMU",
	"h lat.request_seconds 24000 1023 111:24",
	"row threads 1 4711 main 2.5",
	"status on sched|still 2 s|",
	"status denied perf|needs \"CAP_PERFMON\"|setcap cap_perfmon+ep tach",
	"end",
	"metric app.ops counter count ops",
	"tick 2 1795212002",
	"v mem.rss_bytes 1500",
	"v cpu.user_seconds 11.5",
	"v cpu.system_seconds 1.25",
	"v cpu.cycles 8000",
	"v cache.misses 70",
	"v app.ops 500",
	"h lat.request_seconds 24000 1023 111:24",
	"row threads 1 4711 main 3.5",
	"row threads 2 4712 - -",
	"note threads sampled sampled 50 Hz, \"no\" BPF",
	"status on sched||",
	"status on perf||",
	"end",
	"tick 3 1795212003",
	"v mem.rss_bytes 1500",
	"v cpu.user_seconds 12.5",
	"v cpu.system_seconds 1.25",
	"v cpu.cycles 9000",
	"v cache.misses 90",
	"v app.ops 740",
	"h lat.request_seconds 24000 1023 111:24",
	"end",
	NULL,
};

struct run {
	char *text;
	char *line[LINES];
	size_t lines;
	struct err note;
};

static struct run run_with(const struct export_options *options, const char *format, const char *const *feed)
{
	const struct export_ops *ops = export_find(format);
	struct feed *f = feed_new();
	struct store *st = store_new(100);
	struct run run = { .lines = 0 };
	void *state = NULL;
	size_t size;
	FILE *out = open_memstream(&run.text, &size);

	for (; *feed; feed++) {
		char *line = strdup(*feed);
		struct sample *sample = NULL;
		struct err e;

		if (feed_line(f, line, &sample, &e) < 0)
			fail_msg("%s", e.text);
		free(line);
		if (!sample)
			continue;
		store_take(st, sample);
		if (store_ticks(st) < 2)
			continue;
		if (!state)
			state = ops->begin(out, st, options);
		ops->tick(state, out, st);
	}
	ops->end(state, out, st, &(struct export_end){ .reason = "exited", .status = 3 }, &run.note);
	fclose(out);
	store_free(st);
	feed_free(f);
	for (char *line = strtok(run.text, "\n"); line && run.lines < LINES; line = strtok(NULL, "\n"))
		run.line[run.lines++] = line;
	return run;
}

static struct run run_feed(const char *format, const char *const *feed)
{
	return run_with(&(struct export_options){ .utc = true }, format, feed);
}

#define assert_number(line, path, want) \
	do { \
		double got_ = json_number(line, path), want_ = (want); \
		if (!(fabs(got_ - want_) <= 1e-9 * fabs(want_))) \
			fail_msg("%s is %.17g, not %.17g, in %s", path, got_, want_, line); \
	} while (0)

static void json_header(void **state)
{
	struct run run = run_feed("json", feed_text);

	(void)state;
	assert_int_equal(run.lines, 5);
	for (size_t i = 0; i < run.lines; i++)
		assert_true(json_valid(run.line[i]));
	assert_true(json_string_is(run.line[0], "tach", TACH_VERSION));
	assert_number(run.line[0], "target/pid", 4711);
	assert_true(json_string_is(run.line[0], "target/comm", "pkt\\\"gate"));
	assert_true(json_string_is(run.line[0], "target/cmdline", "pktgate --size 64"));
	assert_true(json_is_null(run.line[0], "target/cgroup"));
	assert_true(json_string_is(run.line[0], "start", "2026-11-20T22:00:00Z"));
	assert_true(json_string_is(run.line[0], "metrics/mem.rss_bytes/kind", "gauge"));
	assert_true(json_string_is(run.line[0], "metrics/mem.rss_bytes/unit", "bytes"));
	assert_true(json_string_is(run.line[0], "metrics/lat.request_seconds/kind", "histogram"));
	assert_true(json_string_is(run.line[0], "absent/cache.misses", "no PMU"));
	assert_null(json_find(run.line[0], "absent/mem.rss_bytes"));
	assert_null(json_find(run.line[0], "metrics/app.ops"));
	assert_true(json_string_is(run.line[0], "status/0/name", "sched"));
	assert_true(json_string_is(run.line[0], "status/0/state", "on"));
	assert_true(json_is_null(run.line[0], "status/0/fix"));
	assert_true(json_string_is(run.line[0], "status/1/state", "denied"));
	assert_true(json_string_is(run.line[0], "status/1/why", "needs \\\"CAP_PERFMON\\\""));
	assert_true(json_string_is(run.line[0], "status/1/fix", "setcap cap_perfmon+ep tach"));
	assert_null(json_find(run.line[0], "status/2"));
	free(run.text);
}

static void json_first_interval(void **state)
{
	struct run run = run_feed("json", feed_text);
	const char *t = run.line[1];

	(void)state;
	assert_number(t, "t", 1);
	assert_number(t, "dt", 1);
	assert_number(t, "gauges/mem.rss_bytes", 2000);
	assert_number(t, "counters/cpu.user_seconds/total", 0.5);
	assert_number(t, "counters/cpu.user_seconds/rate", 0.5);
	assert_null(json_find(t, "counters/cpu.user_seconds/coverage"));
	assert_number(t, "counters/cpu.cycles/rate", 1000);
	assert_true(fabs(json_number(t, "counters/cpu.cycles/coverage") - 0.5) < 0.03); /* the store keeps it in 1/31 */
	assert_true(json_is_null(t, "counters/cache.misses/rate"));
	assert_true(json_is_null(t, "counters/cache.misses/total"));
	assert_number(t, "histograms/lat.request_seconds/count", 24);
	assert_true(json_is_null(t, "histograms/lat.request_seconds/p90")); /* two events lie beyond it */
	assert_number(t, "histograms/lat.request_seconds/p50", 1008e-9);
	assert_number(t, "histograms/lat.request_seconds/max", 1023e-9);
	assert_number(t, "histograms/lat.request_seconds/mean", 1000e-9);
	assert_number(t, "derived/cpu.busy_ratio", 0.75);
	assert_true(json_is_null(t, "derived/cpu.ipc"));
	assert_number(t, "tables/threads/0/tid", 4711);
	assert_true(json_string_is(t, "tables/threads/0/name", "main"));
	assert_number(t, "tables/threads/0/user_seconds", 0.5);
	assert_null(json_find(t, "sampled"));
	assert_null(json_find(t, "notes"));
	assert_null(json_find(t, "metrics"));
	assert_null(json_find(t, "absent"));
	assert_null(json_find(t, "status")); /* the same states in other words */
	free(run.text);
}

static void json_tells_what_changed(void **state)
{
	struct run run = run_feed("json", feed_text);
	const char *t = run.line[2];

	(void)state;
	assert_number(t, "t", 2);
	assert_number(t, "counters/cpu.user_seconds/total", 1.5);
	assert_number(t, "counters/cpu.user_seconds/rate", 1);
	assert_true(json_string_is(t, "metrics/app.ops/kind", "counter"));
	assert_number(t, "counters/app.ops/rate", 500); /* what appears while tach watches began at 0 */
	assert_number(run.line[3], "counters/app.ops/rate", 240);
	assert_number(run.line[3], "counters/app.ops/total", 740);
	assert_true(json_is_null(t, "absent/cache.misses"));
	assert_true(json_string_is(t, "status/1/state", "on"));
	assert_number(t, "histograms/lat.request_seconds/count", 0);
	assert_true(json_is_null(t, "histograms/lat.request_seconds/p99"));
	assert_true(json_is_null(t, "tables/threads/1/user_seconds"));
	assert_true(json_is_null(t, "tables/threads/1/name"));
	assert_int_equal(strncmp(json_find(t, "sampled/threads"), "true", 4), 0);
	assert_true(json_string_is(t, "notes/threads", "sampled 50 Hz, \\\"no\\\" BPF"));
	assert_null(json_find(t, "left_out"));
	assert_true(strcmp(run.line[4], "{\"end\":{\"reason\":\"exited\",\"status\":3}}") == 0);
	free(run.text);
}

static size_t count_fields(const char *line)
{
	size_t n = 1;

	for (; *line; line++)
		n += *line == ',';
	return n;
}

/* The field of a CSV row under the column of that name; only for rows without quotes. */
static const char *csv_field(const struct run *run, size_t row, const char *column)
{
	static char field[64];
	const char *head = run->line[0], *cell = run->line[row];

	while (head && cell) {
		size_t name = strcspn(head, ","), length = strcspn(cell, ",");

		if (strlen(column) == name && strncmp(head, column, name) == 0) {
			snprintf(field, sizeof field, "%.*s", (int)length, cell);
			return field;
		}
		head = head[name] ? head + name + 1 : NULL;
		cell = cell[length] ? cell + length + 1 : NULL;
	}
	return "no such column";
}

static void csv_rows(void **state)
{
	struct run run = run_feed("csv", feed_text);

	(void)state;
	assert_int_equal(run.lines, 4);
	assert_int_equal(count_fields(run.line[0]), count_fields(run.line[1]));
	assert_int_equal(count_fields(run.line[0]), count_fields(run.line[2]));
	assert_string_equal(csv_field(&run, 1, "t"), "1.000000");
	assert_true(fabs(strtod(csv_field(&run, 1, "coverage"), NULL) - 0.5) < 0.03);
	assert_string_equal(csv_field(&run, 2, "coverage"), "1.00");
	assert_string_equal(csv_field(&run, 1, "mem.rss_bytes"), "2000");
	assert_string_equal(csv_field(&run, 2, "cpu.user_seconds.total"), "1.5");
	assert_string_equal(csv_field(&run, 2, "cpu.user_seconds.rate"), "1");
	assert_string_equal(csv_field(&run, 1, "cache.misses.rate"), "");
	assert_string_equal(csv_field(&run, 1, "lat.request_seconds.count"), "24");
	assert_string_equal(csv_field(&run, 1, "lat.request_seconds.p99"), "");
	assert_string_equal(csv_field(&run, 1, "lat.request_seconds.max"), "1.023e-06");
	assert_string_equal(csv_field(&run, 2, "lat.request_seconds.count"), "0");
	assert_string_equal(csv_field(&run, 2, "lat.request_seconds.p50"), "");
	assert_string_equal(csv_field(&run, 1, "cpu.busy_ratio"), "0.75");
	assert_string_equal(csv_field(&run, 1, "cpu.ipc"), "");
	assert_string_equal(csv_field(&run, 2, "app.ops.rate"), "no such column");
	assert_non_null(strstr(run.note.text, "app.ops"));
	free(run.text);
}

static const char *find_line(const struct run *run, const char *start)
{
	for (size_t i = 0; i < run->lines; i++)
		if (strncmp(run->line[i], start, strlen(start)) == 0)
			return run->line[i];
	fail_msg("no line begins with '%s'", start);
	return "";
}

static void text_lines_and_summary(void **state)
{
	struct run run = run_feed("text", feed_text);

	(void)state;
	for (size_t i = 0; i < run.lines; i++)
		assert_true(strlen(run.line[i]) <= 80);
	assert_string_equal(run.line[0], "pkt\"gate, pid 4711: pktgate --size 64");
	assert_string_equal(run.line[1], "(p50, p99: lat.request_seconds)");
	assert_string_equal(run.line[2], "    time   cpu    rss    p50    p99");
	assert_string_equal(run.line[3], "22:00:01   75%  1.95K  1.0us      -");
	/* app.ops came, so the header comes again; the histogram had no event */
	assert_string_equal(run.line[5], "    time   cpu    rss  ops/s    p50    p99");
	assert_string_equal(find_line(&run, "3 ticks"), "3 ticks in 3.000 s, still running (end: exited)");
	assert_string_equal(find_line(&run, "cpu.user_seconds"),
		"cpu.user_seconds                      2.5s     833ms     500ms      1.0s");
	assert_string_equal(find_line(&run, "mem.rss_bytes"),
		"mem.rss_bytes                        1.63K     1.46K     1.95K");
	assert_string_equal(find_line(&run, "lat.request_seconds"),
		"lat.request_seconds         24     1.0us         -         -         -     1.0us");
	assert_non_null(find_line(&run, "  not measured in this run:"));
	free(run.text);
}

static const char *const two_latencies[] = { "tach-feed 1", "metric lat.runqueue_seconds histogram seconds",
	"metric lat.request_seconds histogram seconds", "tick 0", "h lat.runqueue_seconds 0 0", "h lat.request_seconds 0 0",
	"end", "tick 1", "h lat.runqueue_seconds 0 0 100:30", "h lat.request_seconds 0 0 111:30", "end", NULL };

/* The one that is asked for, or the first by the table of kinds and not by the order in which they came. */
static void text_shows_one_latency(void **state)
{
	struct run run = run_feed("text", two_latencies);

	(void)state;
	assert_string_equal(run.line[1], "(p50, p99: lat.request_seconds)");
	free(run.text);
	run = run_with(&(struct export_options){ .utc = true, .latency = "runqueue" }, "text", two_latencies);
	assert_string_equal(run.line[1], "(p50, p99: lat.runqueue_seconds)");
	free(run.text);
}

/* Names that a program chose for itself, past every check: no byte of them may reach the reader as it is. */
static void hostile_names_stay_harmless(void **state)
{
	static const char hostile[] = "ev\x1b]0;il\x07\r\n\"},\xff\xc2\x9b,x";
	static const char *const formats[] = { "json", "csv", "text" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct export_ops *ops = export_find(formats[i]);
		struct registry *r = registry_new();
		metric_id id = registry_add(r, &(struct metric){ .name = hostile, .kind = METRIC_GAUGE, .unit = UNIT_COUNT });
		struct store *st = store_new(4);
		struct err note;
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		void *export = NULL;

		for (nsec_t tick = 1; tick <= 2; tick++) {
			struct sample *s = sample_new(r);

			sample_put_value(s, id, 7);
			memcpy(s->facts.name, hostile, sizeof hostile);
			memcpy(s->facts.cmdline, hostile, sizeof hostile);
			sample_seal(s, tick * NSEC_PER_SEC, tick * NSEC_PER_SEC, tick == 1 ? 0 : 1);
			store_take(st, s);
		}
		export = ops->begin(out, st, &(struct export_options){ .utc = true });
		ops->tick(export, out, st);
		ops->end(export, out, st, &(struct export_end){ .reason = "ticks", .status = -1 }, &note);
		fclose(out);
		for (size_t b = 0; b < size; b++)
			assert_true(text[b] == '\n' || (text[b] >= 0x20 && text[b] < 0x7f));
		if (strcmp(formats[i], "json") == 0)
			for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
				assert_true(json_valid(line));
		free(text);
		store_free(st);
		registry_free(r);
	}
}

/* A target that was gone before its first interval: a header and an end, no invented tick. */
static void no_interval_at_all(void **state)
{
	struct store *st = store_new(4);
	struct err note;
	char *text;
	size_t size;

	(void)state;
	for (size_t i = 0; export_table[i]; i++) {
		const struct export_ops *ops = export_table[i];
		FILE *out = open_memstream(&text, &size);

		ops->end(ops->begin(out, st, &(struct export_options){ .utc = true }), out, st,
			&(struct export_end){ .reason = "exited", .status = 0 }, &note);
		fclose(out);
		assert_true(size > 0);
		free(text);
	}
	store_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_header), cmocka_unit_test(json_first_interval), cmocka_unit_test(json_tells_what_changed),
		cmocka_unit_test(csv_rows), cmocka_unit_test(text_lines_and_summary),
		cmocka_unit_test(text_shows_one_latency),
		cmocka_unit_test(hostile_names_stay_harmless), cmocka_unit_test(no_interval_at_all),
	};

	return cmocka_run_group_tests_name("export/formats", tests, NULL, NULL);
}
