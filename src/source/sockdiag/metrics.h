/* The metrics of the sockdiag source: one row each, the whole truth of it; and putting them. */
#ifndef TACH_SOURCE_SOCKDIAG_METRICS_H
#define TACH_SOURCE_SOCKDIAG_METRICS_H

#include "source/source.h"

/* id, name, label, kind, unit, help. Those of one protocol are neighbours. */
#define SOCKDIAG_METRICS(X) \
	X(TCP_SOCKETS, "tcp.sockets", "tcp conns", GAUGE, COUNT, "Established TCP connections of the target.") \
	X(TCP_RX_SEGMENTS, "tcp.rx_segments", "rx seg", COUNTER, COUNT, \
		"TCP segments that its sockets received, empty ones (acknowledgements) included, merged ones (GRO) counted one by one.") \
	X(TCP_TX_SEGMENTS, "tcp.tx_segments", "tx seg", COUNTER, COUNT, \
		"TCP segments that its sockets sent, empty ones and retransmissions included, unsplit ones (GSO) counted one by one.") \
	X(TCP_RX_BYTES, "tcp.rx_bytes", "tcp rx B", COUNTER, BYTES, \
		"Payload that its TCP sockets received in order; to the kernel the end of a connection is a byte, too.") \
	X(TCP_TX_BYTES, "tcp.tx_bytes", "tcp tx B", COUNTER, BYTES, \
		"Payload that its TCP sockets sent; what is sent again is not counted again, and need not be acknowledged yet.") \
	X(TCP_RETRANSMITS, "tcp.retransmits", "tcp rtx", COUNTER, COUNT, \
		"TCP segments that its sockets sent again; above 1 % of those sent look at the path.") \
	X(TCP_RTT, "tcp.rtt_seconds", "tcp rtt", GAUGE, SECONDS, \
		"Smoothed round-trip time as its TCP connections see it, weighted with the segments that each moved just now.") \
	X(TCP_RTT_MAX, "tcp.rtt_max_seconds", "rtt max", GAUGE, SECONDS, \
		"The longest smoothed round-trip time of its TCP connections.") \
	X(TCP_RX_QUEUE, "tcp.rx_queue_bytes", "tcp rxq", GAUGE, BYTES, \
		"Bytes received on TCP that it has not read yet; if it grows the program does not keep up.") \
	X(TCP_TX_QUEUE, "tcp.tx_queue_bytes", "tcp txq", GAUGE, BYTES, \
		"Bytes written to TCP and not acknowledged yet; if it grows the path or the peer does not keep up.") \
	X(UDP_RX_QUEUE, "udp.rx_queue_bytes", "udp rxq", GAUGE, BYTES, \
		"Memory of datagrams that it has not read yet, with the kernel's overhead for each.") \
	X(UDP_DROPS, "udp.drops", "udp drop", COUNTER, COUNT, \
		"Datagrams that its UDP sockets dropped, mostly because the receive buffer was full: read faster or enlarge it.")

enum sockdiag_metric {
#define X(id, name, label, kind, unit, help) SOCKDIAG_##id,
	SOCKDIAG_METRICS(X)
#undef X
	SOCKDIAG_METRIC_COUNT
};

extern const struct metric sockdiag_rows[SOCKDIAG_METRIC_COUNT];

/* What is put in a tick, and in which state. */
struct sockdiag_tick {
	const struct source_env *env;
	struct sample *out;
};

/* Each puts only what is wanted. */
void sockdiag_put(const struct sockdiag_tick *t, enum sockdiag_metric m, double value, enum point_state state);
void sockdiag_missing(const struct sockdiag_tick *t, enum sockdiag_metric first, enum sockdiag_metric last,
	enum point_state state, const char *why);

#endif
