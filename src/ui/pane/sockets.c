/* Protocols and sockets. */
#include "ui/pane/sockets.h"

#include "ui/list.h"
#include "ui/listing.h"
#include "ui/text.h"
#include "ui/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LEAST_ROWS 4     /* of sockets: rule line, heads, and two of them */
#define LEAST_COLS 36
#define PROTOCOL_COLS 60
#define LINES_LEAST 2    /* of the pane, above all this */

/* ---- by protocol ---- */

static const char *const protocols[] = { "tcp", "udp", "unix", "other" };

#define PROTOCOLS (sizeof protocols / sizeof protocols[0])

static const struct {
	const char *metric; /* after "sock.PROTOCOL_" */
	enum value_form form;
} numbers[] = { { "rx_messages", FORM_COUNT }, { "tx_messages", FORM_COUNT }, { "rx_bytes", FORM_BYTES },
	{ "tx_bytes", FORM_BYTES } };

#define NUMBERS (sizeof numbers / sizeof numbers[0])

static const struct listing_column protocol_columns[1 + NUMBERS] = { { "protocol", 12, 0, 0, true },
	{ "rx msg/s", 10, 0, 0, false }, { "tx msg/s", 10, 0, 0, false }, { "rx B/s", 10, 0, 0, false },
	{ "tx B/s", 10, 0, 0, false } };

static metric_id protocol_metric(const struct view *v, const char *protocol, const char *metric)
{
	char name[64];

	snprintf(name, sizeof name, "sock.%s_%s", protocol, metric);
	return store_find(v->store, name);
}

/* Whether the target ever sent or received anything by it. */
static bool is_used(const struct view *v, const char *protocol)
{
	for (size_t i = 0; i < NUMBERS; i++)
		if (store_total(v->store, protocol_metric(v, protocol, numbers[i].metric)) > 0)
			return true;
	return false;
}

/* A blank row, heads, and a row a protocol; 0: nothing is known of any. */
static int protocol_rows(const struct view *v, int cols)
{
	int n = 0;

	for (size_t i = 0; i < PROTOCOLS; i++)
		n += is_used(v, protocols[i]);
	return n && cols >= PROTOCOL_COLS ? n + 2 : 0;
}

static void draw_protocols(const struct view *v, struct canvas *c, struct rect r)
{
	struct listing_place places[1 + NUMBERS];
	char text[VALUE_SIZE];
	int row = r.row + 1;

	listing_place(protocol_columns, 1 + NUMBERS, r, places);
	listing_heads(protocol_columns, 1 + NUMBERS, places, c, row++);
	for (size_t p = 0; p < PROTOCOLS; p++) {
		if (!is_used(v, protocols[p]))
			continue;
		listing_cell(&protocol_columns[0], places[0], c, row, ROLE_TEXT, protocols[p]);
		for (size_t i = 0; i < NUMBERS; i++) {
			struct point now = store_value(v->store, protocol_metric(v, protocols[p], numbers[i].metric), view_last(v));

			listing_cell(&protocol_columns[1 + i], places[1 + i], c, row, value_role(now),
				value_text(text, numbers[i].form, now));
		}
		row++;
	}
}

/* ---- by socket ---- */

static const struct list_column socket_columns[] = {
	{ .column = SOCKETS_PROTOCOL, .cols = 5, .rank = 4 },
	{ .column = SOCKETS_LOCAL, .cols = 15, .rank = 6, .most = 47 },
	{ .column = SOCKETS_PEER, .cols = 18, .most = 47 },
	{ .column = SOCKETS_ROLE, .cols = 6, .rank = 3 },
	{ .column = SOCKETS_STATE, .cols = 6, .rank = 8 },
	{ .column = SOCKETS_RX_BYTES, .cols = 6, .head = "rx B/s" },
	{ .column = SOCKETS_TX_BYTES, .cols = 6, .head = "tx B/s" },
	{ .column = SOCKETS_RX_MESSAGES, .cols = 8, .rank = 5, .head = "rx msg/s" },
	{ .column = SOCKETS_TX_MESSAGES, .cols = 8, .rank = 5, .head = "tx msg/s" },
	{ .column = SOCKETS_RX_SEGMENTS, .cols = 8, .rank = 9, .head = "rx seg/s" },
	{ .column = SOCKETS_TX_SEGMENTS, .cols = 8, .rank = 9, .head = "tx seg/s" },
	{ .column = SOCKETS_RTT, .cols = 6, .rank = 1 },
	{ .column = SOCKETS_RETRANSMITS, .cols = 5, .rank = 2, .head = "rtx/s" },
	{ .column = SOCKETS_RX_QUEUE, .cols = 6, .rank = 7 },
	{ .column = SOCKETS_TX_QUEUE, .cols = 6, .rank = 7 },
	{ .column = SOCKETS_DROPS, .cols = 6, .rank = 10, .head = "drop/s" },
};

/* Bytes a second in steps of half as much again, so that the order does not change with every breath. */
static double busy(const struct cells *t, size_t row)
{
	double rx = cells_number(t, row, SOCKETS_RX_BYTES), tx = cells_number(t, row, SOCKETS_TX_BYTES);
	double sum = (isnan(rx) ? 0 : rx) + (isnan(tx) ? 0 : tx);

	if (isnan(rx) && isnan(tx))
		return (double)NAN;
	return floor(log(sum + 1) / log(1.5));
}

static size_t order_columns(const struct cells *t, struct order_column out[ORDER_COLUMNS])
{
	return list_order_columns(t, socket_columns, sizeof socket_columns / sizeof socket_columns[0], out);
}

static const struct order_rules order_rules = { .def = &table_sockets, .columns = order_columns, .own = busy };

static void draw_rule(const struct view *v, struct canvas *c, struct rect r, const struct cells *t,
	const struct order *order)
{
	const char *own = order->ascending ? " sockets, by bytes, least first " : " sockets, by bytes ";
	const char *title = order->by ? " sockets " : own;
	int used = 1 + canvas_width(title);
	char text[200];
	int n = snprintf(text, sizeof text, "%zu", t->nrows);

	text_rule(c, v->glyphs, r);
	canvas_write(c, r.row, r.col + 1, r.cols - 1, ROLE_TITLE, title);
	if (t->left_out)
		n += snprintf(text + n, sizeof text - (size_t)n, " of %zu", t->nrows + t->left_out);
	if (v->filter && v->filter[0])
		order_filtered(v, &order_rules, text, sizeof text);
	else if (t->table->note[0])
		snprintf(text + n, sizeof text - (size_t)n, "   %s", t->table->note);
	text_in_rule(c, (struct rect){ r.row, r.col + used, 1, r.cols - used - 1 }, text);
}

static void draw_sockets(const struct view *v, struct canvas *c, struct rect r)
{
	struct cells t = cells_of(v, &table_sockets);
	struct order order;

	if (!t.nrows || r.rows < 2)
		return;
	order = order_of(v, &t, &order_rules);
	draw_rule(v, c, (struct rect){ r.row, r.col, 1, r.cols }, &t, &order);
	list_draw(v, c, (struct rect){ r.row + 1, r.col, r.rows - 1, r.cols }, &t, &order, socket_columns,
		sizeof socket_columns / sizeof socket_columns[0], v->selected);
	order_drop(&order);
}

/* ---- together ---- */

int sockets_rows(const struct view *v, struct rect pane)
{
	int protocols_need = protocol_rows(v, pane.cols), room = pane.rows - LINES_LEAST;
	int need = cells_of(v, &table_sockets).nrows && pane.cols >= LEAST_COLS ? LEAST_ROWS : 0;

	if (need > room)
		return 0;
	if (need && need < pane.rows / 2 - protocols_need)
		need = pane.rows / 2 - protocols_need;
	return need + protocols_need > room ? need : need + protocols_need;
}

void sockets_draw(const struct view *v, struct canvas *c, struct rect r)
{
	int sockets = cells_of(v, &table_sockets).nrows ? LEAST_ROWS : 0, used = protocol_rows(v, r.cols);

	if (used + sockets > r.rows)
		used = 0;
	if (used)
		draw_protocols(v, c, r);
	draw_sockets(v, c, (struct rect){ r.row + used, r.col, r.rows - used, r.cols });
}

const struct order_rules *sockets_order(const struct view *v)
{
	return cells_of(v, &table_sockets).nrows ? &order_rules : NULL;
}
