/* Two connected UDP sockets on 127.0.0.1 (no option takes an address) and batches of datagrams for them. */
#ifndef TACH_WORKLOAD_UDP_H
#define TACH_WORKLOAD_UDP_H

#include "base/clock.h"
#include "base/err.h"

#include <stdint.h>
#include <sys/socket.h>

/* What every datagram begins with; the rest of it is zero. */
struct udp_head {
	uint64_t sequence;
	nsec_t sent; /* CLOCK_MONOTONIC before the batch was given to the kernel */
};

struct udp_batch {
	struct mmsghdr *messages; /* `capacity` of them, each each with bytes of its own */
	unsigned capacity;
	size_t size, stride; /* bytes of a datagram, and from one to the next */
	struct iovec *parts;
	unsigned char *bytes;
};

/* Ports are the kernel's choice; each socket takes datagrams of the other only. */
int udp_pair(int *sender, int *receiver, struct err *e);

void udp_batch_init(struct udp_batch *b, unsigned capacity, size_t size);
void udp_batch_free(struct udp_batch *b);

/* The i-th datagram's head. */
struct udp_head *udp_head(const struct udp_batch *b, unsigned i);

#endif
