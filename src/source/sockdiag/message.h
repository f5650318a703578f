/*
 * What the kernel says of a socket over netlink (sock_diag(7)), parsed by the lengths of its attributes: an older kernel
 * has a shorter tcp_info. Any bytes are taken; what is cut off or too short is left out.
 */
#ifndef TACH_SOURCE_SOCKDIAG_MESSAGE_H
#define TACH_SOURCE_SOCKDIAG_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Totals of a socket that only grow. Bytes are payload; each sent one counts once, whether acknowledged or not. */
enum seen_total { SEEN_RX_SEGMENTS, SEEN_TX_SEGMENTS, SEEN_RX_BYTES, SEEN_TX_BYTES, SEEN_RETRANSMITS, SEEN_DROPS, SEEN_TOTALS };

/* As the kernel numbers them (net/tcp_states.h). */
enum seen_state { SEEN_ESTABLISHED = 1, SEEN_TIME_WAIT = 6, SEEN_CLOSE = 7, SEEN_LISTEN = 10, SEEN_STATES = 12 };

struct seen_end {
	uint8_t address[16]; /* IPv4 as its IPv4-mapped IPv6 address */
	uint16_t port;
};

struct seen {
	uint64_t cookie;  /* never used again for another socket */
	uint64_t cgroup;  /* in which it was made; 0: the kernel does not say */
	uint32_t device;  /* that it is bound to; 0: none */
	uint32_t inode;   /* of its descriptor; 0: none (not accepted yet, or closed and not done) */
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP; 0: not in the message */
	uint8_t state;
	uint8_t space;    /* the caller's: which of the target's network namespaces */
	struct seen_end local, peer;
	uint32_t rx_queue, tx_queue; /* bytes; of a listening socket: connections */
	uint32_t rtt;                /* smoothed, microseconds; 0: none yet */
	unsigned known;              /* bit 1 << enum seen_total: that total is there */
	uint64_t total[SEEN_TOTALS]; /* all but the bytes count modulo 2^32 */
};

enum message_kind {
	MESSAGE_NONE,   /* no more in this buffer */
	MESSAGE_SOCKET,
	MESSAGE_DONE,   /* the dump is complete */
	MESSAGE_ERROR
};

struct messages {
	const uint8_t *at;
	size_t left;
	uint32_t sequence; /* those of another request are passed over */
};

static inline bool seen_is_four(const struct seen_end *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(e->address, mapped, sizeof mapped) == 0;
}

/* The next message: fills out (MESSAGE_SOCKET) or error, an errno (MESSAGE_ERROR). Needs no alignment. */
enum message_kind message_next(struct messages *m, struct seen *out, int *error);

#endif
