/*
 * What the target does for a living: packets, messages and operations a second, and everything else that it publishes.
 * Who counted stands in the rule line for the rows at the top, and in the label of all others: packets on the wire,
 * messages at sockets and packets of a whole network namespace are never shown under one name.
 */
#include "ui/pane/panes.h"

#include "base/str.h"
#include "model/derive.h"
#include "ui/pane/sockets.h"

#include <stdio.h>
#include <string.h>

#define RANK_PUBLISHED 6
#define RANK_ASIDE 4

static const struct row rows[] = {
	{ "rx pkt", "rx", { "app.rx_packets", "netns.rx_packets" }, .rank = 0, .flags = ROW_RATE },
	{ "tx pkt", "tx", { "app.tx_packets", "netns.tx_packets" }, .rank = 1, .flags = ROW_RATE },
	{ "drop ", "drop", { "app.drops", "netns.rx_drops" }, .rank = 0, .flags = ROW_RATE },
	{ "lost ", "lost", { "app.lost" }, .rank = 0, .flags = ROW_RATE },
	{ "udp ovf", "ovf", { "netns.udp_rcvbuf_errors" }, .rank = 5, .flags = ROW_RATE },
	{ "rx bit", "rxb", { "app.rx_bits", "netns.rx_bits" }, .rank = 2, .flags = ROW_RATE },
	{ "tx bit", "txb", { "app.tx_bits", "netns.tx_bits" }, .rank = 4, .flags = ROW_RATE },
	{ "ops ", "ops", { "app.ops" }, .rank = 2, .flags = ROW_RATE },
	{ "B/packet", "B/p", { "app.rx_bytes_per_packet", "netns.rx_bytes_per_packet" }, .rank = 5 },
	{ "wire rx", "wrx", { "net.rx_packets" }, .rank = 0, .flags = ROW_RATE },
	{ "wire tx", "wtx", { "net.tx_packets" }, .rank = 1, .flags = ROW_RATE },
	{ "wire rxb", "wrxb", { "net.rx_bits" }, .rank = 5, .flags = ROW_RATE },
	{ "wire txb", "wtxb", { "net.tx_bits" }, .rank = 5, .flags = ROW_RATE },
	{ "rx msg", "rxm", { "sock.rx_messages" }, .rank = 0, .flags = ROW_RATE },
	{ "tx msg", "txm", { "sock.tx_messages" }, .rank = 0, .flags = ROW_RATE },
	{ "rx msg B", "rxB", { "sock.rx_bytes" }, .rank = 2, .flags = ROW_RATE },
	{ "tx msg B", "txB", { "sock.tx_bytes" }, .rank = 2, .flags = ROW_RATE },
	{ "rcv drop", "rdrp", { "sock.rx_drops" }, .rank = 1, .flags = ROW_RATE },
	{ "seg rx", "srx", { "sock.tcp_rx_segments" }, .rank = 4, .flags = ROW_RATE },
	{ "seg tx", "stx", { "sock.tcp_tx_segments" }, .rank = 4, .flags = ROW_RATE },
	{ "resent", "rtx", { "sock.tcp_retransmits" }, .rank = 3, .flags = ROW_RATE },
	{ "tcp rx", "trx", { "tcp.rx_segments" }, .rank = 0, .flags = ROW_RATE },
	{ "tcp tx", "ttx", { "tcp.tx_segments" }, .rank = 1, .flags = ROW_RATE },
	{ "tcp rx B", "trxB", { "tcp.rx_bytes" }, .rank = 3, .flags = ROW_RATE },
	{ "tcp tx B", "ttxB", { "tcp.tx_bytes" }, .rank = 3, .flags = ROW_RATE },
	{ "tcp rtx", "rtx", { "tcp.retransmits" }, .rank = 2, .flags = ROW_RATE },
	{ "rtx share", "rtx%", { "tcp.retransmit_ratio" }, .rank = 6, .flags = ROW_PERCENT },
	{ "tcp rtt", "rtt", { "tcp.rtt_seconds" }, .rank = 3 },
	{ "rtt max", "rttm", { "tcp.rtt_max_seconds" }, .rank = 6 },
	{ "tcp conns", "conn", { "tcp.sockets" }, .rank = 5 },
	{ "tcp rxq", "rxq", { "tcp.rx_queue_bytes" }, .rank = 6 },
	{ "tcp txq", "txq", { "tcp.tx_queue_bytes" }, .rank = 6 },
	{ "udp rxq", "udpq", { "udp.rx_queue_bytes" }, .rank = 6 },
	{ "udp drop", "udpd", { "udp.drops" }, .rank = 2, .flags = ROW_RATE },
	{ "dev rx", "drx", { "netdev.rx_packets" }, .rank = 5, .flags = ROW_RATE },
	{ "dev tx", "dtx", { "netdev.tx_packets" }, .rank = 5, .flags = ROW_RATE },
	{ "dev rx B", "drxB", { "netdev.rx_bytes" }, .rank = 6, .flags = ROW_RATE },
	{ "dev tx B", "dtxB", { "netdev.tx_bytes" }, .rank = 6, .flags = ROW_RATE },
	{ "ns rtx", "rtx", { "netns.tcp_retransmits" }, .rank = 7, .flags = ROW_RATE },
	{ "read ", "read", { "io.read_bytes" }, .rank = 8, .flags = ROW_RATE },
	{ "write ", "wr", { "io.write_bytes" }, .rank = 8, .flags = ROW_RATE },
};

#define NROWS (sizeof rows / sizeof rows[0])

static const char *const wants[] = { "sock.tcp_rx_messages", "sock.tcp_tx_messages", "sock.tcp_rx_bytes",
	"sock.tcp_tx_bytes", "sock.udp_rx_messages", "sock.udp_tx_messages", "sock.udp_rx_bytes", "sock.udp_tx_bytes",
	"sock.unix_rx_messages", "sock.unix_tx_messages", "sock.unix_rx_bytes", "sock.unix_tx_bytes",
	"sock.other_rx_messages", "sock.other_tx_messages", "sock.other_rx_bytes", "sock.other_tx_bytes", NULL };

/* What the rule line speaks of: the best that anybody counts. */
static const char *const headlines[] = { "app.rx_packets", "net.rx_packets", "app.ops", "sock.rx_messages",
	"tcp.rx_segments", "netns.rx_packets", NULL };

/* Who counted what, by the first word of the metric's name. */
static const struct {
	const char *group, *text;
} counted_by[] = {
	{ "app.", "published by the program" },
	{ "net.", "wire packets of its cgroup" },
	{ "sock.", "messages at its sockets" },
	{ "tcp.", "segments of its TCP sockets" },
	{ "netns.", "of the network namespace" },
};

#define GROUPS (sizeof counted_by / sizeof counted_by[0])

/* Two sources count the same; where the first is there, the second says nothing more. */
static const char *const twins[][2] = {
	{ "sock.tcp_rx_segments", "tcp.rx_segments" },
	{ "sock.tcp_tx_segments", "tcp.tx_segments" },
	{ "sock.tcp_retransmits", "tcp.retransmits" },
	{ "sock.rx_drops", "udp.drops" },
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

static const char *name_of(const struct view *v, const struct line *line)
{
	return store_metric(v->store, line->what.id)->name;
}

static const char *headline(const struct view *v)
{
	metric_id id = view_prefer(v, headlines);

	return id == METRIC_NONE ? "" : store_metric(v->store, id)->name;
}

/* "sock." of "sock.rx_messages"; "" for what is in no group. */
static const char *group_of(const char *name)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (str_starts(name, counted_by[i].group))
			return counted_by[i].group;
	return "";
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
		if (!str_starts(name_of(v, &lines[i]), "netns."))
			lines[kept++] = lines[i];
		else if (store_metric(v->store, lines[i].what.id)->kind != METRIC_DERIVED)
			apart[napart++] = namespace_line(v, lines[i]);
	}
	memcpy(lines + kept, apart, napart * sizeof *lines);
	return kept + napart;
}

static bool is_missing(struct point p)
{
	return p.state == POINT_DENIED || p.state == POINT_ABSENT;
}

/* Whether another line says it too: the twin, or of what cannot be computed the line of what is missing for it. */
static bool is_told(const struct view *v, const struct line *line)
{
	for (size_t t = 0; t < sizeof twins / sizeof twins[0]; t++)
		if (strcmp(name_of(v, line), twins[t][1]) == 0 && point_has_value(view_named(v, twins[t][0])))
			return true;
	return is_missing(line->now) && store_metric(v->store, line->what.id)->kind == METRIC_DERIVED;
}

static size_t drop_told(const struct view *v, struct line *lines, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_told(v, &lines[i]))
			lines[kept++] = lines[i];
	return kept;
}

/* What the rule line speaks of is of first rank; what others count beside it stands back. */
static void rank_by_group(const struct view *v, struct line *lines, size_t count)
{
	const char *best = headline(v);

	for (size_t i = 0; i < count; i++) {
		const char *name = name_of(v, &lines[i]), *group = group_of(name);

		if (strcmp(name, best) == 0)
			lines[i].rank = 0;
		else if (*group && !str_starts(best, group) && !str_starts(name, "app.") && !str_starts(name, "netns."))
			lines[i].rank += is_missing(lines[i].now) ? RANK_MISSING : RANK_ASIDE;
	}
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
	n = drop_told(v, out, n);
	rank_by_group(v, out, n);
	return str_starts(headline(v), "netns.") ? n : set_namespace_apart(v, out, n);
}

static void about(const struct view *v, char *buf, size_t size)
{
	const char *name = headline(v);
	metric_id by;
	double factor;

	buf[0] = '\0';
	for (size_t i = 0; i < GROUPS; i++)
		if (strcmp(group_of(name), counted_by[i].group) == 0)
			snprintf(buf, size, "%s", counted_by[i].text);
	by = view_divisor(v, &factor);
	if (by != METRIC_NONE)
		snprintf(buf, size, "per %s%s", factor > 1 ? "1k " : "", store_metric(v->store, by)->name);
}

/* Zoomed: the lines above, and below them the protocols and the sockets, where a source knows them. */
static bool draw(const struct view *v, struct canvas *c, struct rect r)
{
	int below = v->zoomed ? sockets_rows(v, r) : 0;
	struct line list[LINES_MAX];
	struct view unselected = *v;
	size_t n;

	if (!v->zoomed || (!below && !sockets_order(v)))
		return false;
	unselected.selected = -1; /* what is selected is a socket */
	if (!below) {
		pane_draw_lines(&pane_rate, &unselected, c, r);
		return true;
	}
	n = rows_choose(list, lines(&pane_rate, v, list, LINES_MAX), (size_t)(r.rows - below));
	rows_draw(v, c, r, list, n, 1, -1);
	sockets_draw(v, c, (struct rect){ r.row + (int)n, r.col, r.rows - (int)n, r.cols });
	return true;
}

/* The tracepoints of devices see every packet of the machine: only while somebody wants them. */
static struct pane_extra extra(const struct view *v)
{
	return (struct pane_extra){ .group = "dev", .on = point_has_value(view_named(v, "netdev.tx_packets")) };
}

const struct pane_ops pane_rate = {
	.name = "rate",
	.title = "Rate",
	.help = "Packets, messages and operations a second. The rule line says who counted the first rows: the program itself "
		"(published through tach/publish.h), the kernel on the wire of its cgroup, at its sockets, or for the whole network "
		"namespace, all programs in it together. Other rows say it in their label: wire, msg (one send or receive), tcp "
		"(segments), dev (devices, of packets that this program sends; on request), ns. Zoomed: by protocol and by socket.",
	.rows = rows,
	.nrows = NROWS,
	.wants = wants,
	.weight = 1,
	.lines = lines,
	.about = about,
	.draw = draw,
	.order = sockets_order,
	.extra = extra,
};
