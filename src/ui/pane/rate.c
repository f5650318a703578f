/* What the target does for a living: packets, bytes and operations a second, and everything else that it publishes. */
#include "ui/pane/panes.h"

#include "base/str.h"
#include "model/derive.h"

#include <stdio.h>
#include <string.h>

#define RANK_PUBLISHED 6

static const struct row rows[] = {
	{ "rx pkt", "rx", { "net.rx_packets", "app.rx_packets", "netns.rx_packets" }, .rank = 0, .flags = ROW_RATE },
	{ "tx pkt", "tx", { "net.tx_packets", "app.tx_packets", "netns.tx_packets" }, .rank = 1, .flags = ROW_RATE },
	{ "drop ", "drop", { "net.drops", "app.drops", "netns.rx_drops" }, .rank = 0, .flags = ROW_RATE },
	{ "lost ", "lost", { "app.lost" }, .rank = 0, .flags = ROW_RATE },
	{ "udp ovf", "ovf", { "netns.udp_rcvbuf_errors" }, .rank = 5, .flags = ROW_RATE },
	{ "rx bit", "rxb", { "net.rx_bits", "app.rx_bits", "netns.rx_bits" }, .rank = 2, .flags = ROW_RATE },
	{ "tx bit", "txb", { "net.tx_bits", "app.tx_bits", "netns.tx_bits" }, .rank = 4, .flags = ROW_RATE },
	{ "ops ", "ops", { "app.ops" }, .rank = 2, .flags = ROW_RATE },
	{ "B/packet", "B/p", { "net.rx_bytes_per_packet", "app.rx_bytes_per_packet", "netns.rx_bytes_per_packet" },
		.rank = 5 },
	{ "tcp rtx", "rtx", { "netns.tcp_retransmits" }, .rank = 7, .flags = ROW_RATE },
	{ "read ", "read", { "io.read_bytes" }, .rank = 8, .flags = ROW_RATE },
	{ "write ", "wr", { "io.write_bytes" }, .rank = 8, .flags = ROW_RATE },
};

#define NROWS (sizeof rows / sizeof rows[0])

/* What the rule line speaks of: the best that anybody counts. */
static const char *const headlines[] = { "net.rx_packets", "app.rx_packets", "app.ops", "netns.rx_packets", NULL };

/* Who counted, by the first word of the metric's name. */
static const struct {
	const char *group, *text;
} counted_by[] = {
	{ "net.", "of this program" },
	{ "app.", "published by the program" },
	{ "netns.", "of the network namespace" },
};

/* In the rows, by itself or as bits. */
static bool in_rows(const char *name)
{
	if (strcmp(name, "app.rx_bytes") == 0 || strcmp(name, "app.tx_bytes") == 0)
		return true;
	for (size_t i = 0; i < NROWS; i++)
		for (const char *const *m = rows[i].metrics; *m; m++)
			if (strcmp(*m, name) == 0)
				return true;
	return false;
}

/* A line of the namespace beside the program's own numbers: under its own name, and not of first rank. */
static struct line namespace_line(const struct view *v, struct line line)
{
	line.label = store_metric(v->store, line.what.id)->label;
	if (v->units == UNITS_SECOND)
		line.suffix = ""; /* its label is long */
	line.rank += RANK_PUBLISHED + 1;
	return line;
}

/* Puts lines of the namespace last; what is only computed from them goes. */
static size_t set_namespace_apart(const struct view *v, struct line *lines, size_t count)
{
	struct line apart[LINES_MAX];
	size_t kept = 0, napart = 0;

	for (size_t i = 0; i < count; i++) {
		const struct metric *m = store_metric(v->store, lines[i].what.id);

		if (!str_starts(m->name, "netns."))
			lines[kept++] = lines[i];
		else if (m->kind != METRIC_DERIVED)
			apart[napart++] = namespace_line(v, lines[i]);
	}
	memcpy(lines + kept, apart, napart * sizeof *lines);
	return kept + napart;
}

static const char *headline(const struct view *v)
{
	metric_id id = view_prefer(v, headlines);

	return id == METRIC_NONE ? "" : store_metric(v->store, id)->name;
}

/* The rows, and then what the program publishes beside them. */
static size_t lines(const struct pane_ops *self, const struct view *v, struct line *out, size_t max)
{
	size_t n = rows_lines(v, self->rows, self->nrows, out, max);

	for (size_t id = 0; id < store_metrics(v->store) && n < max; id++) {
		const struct metric *m = store_metric(v->store, (metric_id)id);

		if ((m->kind == METRIC_COUNTER || m->kind == METRIC_GAUGE) && str_starts(m->name, "app.") && !in_rows(m->name))
			out[n++] = rows_line(v, (metric_id)id, m->label, RANK_PUBLISHED, m->kind == METRIC_COUNTER ? ROW_RATE : 0);
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(store_metric(v->store, out[i].what.id)->name, headline(v)) == 0)
			out[i].rank = 0;
	return str_starts(headline(v), "netns.") ? n : set_namespace_apart(v, out, n);
}

static void about(const struct view *v, char *buf, size_t size)
{
	const char *name = headline(v);
	metric_id by;
	double factor;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof counted_by / sizeof counted_by[0]; i++)
		if (str_starts(name, counted_by[i].group))
			snprintf(buf, size, "%s", counted_by[i].text);
	by = view_divisor(v, &factor);
	if (by != METRIC_NONE)
		snprintf(buf, size, "per %s%s", factor > 1 ? "1k " : "", store_metric(v->store, by)->name);
}

const struct pane_ops pane_rate = {
	.name = "rate",
	.title = "Rate",
	.help = "Packets and operations a second. The rule line says who counted them: the program itself (published "
		"through tach/publish.h), or the kernel for the whole network namespace, all programs in it together.",
	.rows = rows,
	.nrows = NROWS,
	.weight = 1,
	.lines = lines,
	.about = about,
};
