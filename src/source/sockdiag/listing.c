/* Rows of sockets. Knows nothing of how they were found. */
#include "source/sockdiag/listing.h"

#include "model/tables.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#define RANKS 65 /* how busy one is, in bits; the last are those that listen */

/* As ss(8) has them. */
static const char *const states[SEEN_STATES] = { "", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2",
	"TIME-WAIT", "UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING" };

const char *listing_end(char buf[LISTING_TEXT], const struct seen_end *end)
{
	bool four = seen_is_four(end);
	char address[INET6_ADDRSTRLEN] = "", port[8] = "*";

	inet_ntop(four ? AF_INET : AF_INET6, four ? end->address + 12 : end->address, address, sizeof address);
	if (end->port)
		snprintf(port, sizeof port, "%u", end->port);
	snprintf(buf, LISTING_TEXT, four ? "%s:%s" : "[%s]:%s", address, port);
	return buf;
}

static const char *role_of(const struct watched *w)
{
	if (w->seen.state == SEEN_LISTEN)
		return "listen";
	if (w->seen.protocol != IPPROTO_TCP)
		return "";
	return w->server ? "server" : "client";
}

static void put_totals(const struct watched *w, union cell *row)
{
	static const int columns[SEEN_TOTALS] = { SOCKETS_RX_SEGMENTS, SOCKETS_TX_SEGMENTS, SOCKETS_RX_BYTES,
		SOCKETS_TX_BYTES, SOCKETS_RETRANSMITS, SOCKETS_DROPS };

	for (int i = 0; i < SEEN_TOTALS; i++)
		if (w->seen.known & 1u << i)
			row[columns[i]].number = (double)w->total[i];
}

static void put_row(const struct watched *w, bool complete, struct sample *out, struct table *table)
{
	union cell *row = table_row(table, w->seen.cookie);
	char text[LISTING_TEXT];

	row[SOCKETS_PROTOCOL].text = w->seen.protocol == IPPROTO_UDP ? "udp" : "tcp";
	row[SOCKETS_LOCAL].text = sample_text(out, listing_end(text, &w->seen.local));
	row[SOCKETS_PEER].text = sample_text(out, listing_end(text, &w->seen.peer));
	row[SOCKETS_ROLE].text = role_of(w);
	row[SOCKETS_STATE].text = w->seen.state < SEEN_STATES ? states[w->seen.state] : "";
	if (complete)
		put_totals(w, row);
	if (w->seen.rtt)
		row[SOCKETS_RTT].number = (double)w->seen.rtt / 1e6;
	if (w->seen.state == SEEN_LISTEN)
		return;
	row[SOCKETS_RX_QUEUE].number = w->seen.rx_queue;
	row[SOCKETS_TX_QUEUE].number = w->seen.tx_queue;
}

/* Within a cycle those are there that were in the last one; whoever is new has no role yet. */
static bool is_there(const struct ledger *l, bool complete, const struct watched *w)
{
	return !w->ended && (w->cycle == l->cycle || (!complete && w->cycle == l->cycle - 1)) && w->placed;
}

static unsigned rank_of(const struct watched *w)
{
	if (w->seen.state == SEEN_LISTEN)
		return RANKS;
	return w->busy ? 64u - (unsigned)__builtin_clzll(w->busy) : 0;
}

/* The lowest rank of which there is room for some, and how many of that. */
static unsigned lowest_rank(const struct ledger *l, bool complete, size_t *of_it)
{
	size_t counts[RANKS + 1] = { 0 }, room = LISTING_MOST;
	unsigned rank = RANKS;

	for (size_t i = 0; i < l->count; i++)
		if (is_there(l, complete, &l->list[i]))
			counts[rank_of(&l->list[i])]++;
	for (; rank > 0 && counts[rank] <= room; rank--)
		room -= counts[rank];
	*of_it = room;
	return rank;
}

void listing_put(const struct ledger *l, bool complete, struct sample *out)
{
	struct table *table = sample_table(out, &table_sockets);
	size_t room, there = 0;
	unsigned lowest = lowest_rank(l, complete, &room);

	for (size_t i = 0; i < l->count; i++) {
		const struct watched *w = &l->list[i];
		unsigned rank = rank_of(w);

		if (!is_there(l, complete, w))
			continue;
		there++;
		if (rank > lowest || (rank == lowest && room)) {
			put_row(w, complete, out, table);
			room -= rank == lowest;
		}
	}
	table->left_out = (complete ? there : l->count) + l->left_out - table->nrows;
}
