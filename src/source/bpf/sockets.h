/*
 * The target's sockets as the kernel's programs keep them: walked at the tick, so that totals that the kernel keeps by socket
 * are sums over those that are there, those that are gone, and what comes between.
 */
#ifndef TACH_SOURCE_BPF_SOCKETS_H
#define TACH_SOURCE_BPF_SOCKETS_H

#include "base/clock.h"
#include "source/bpf/group.h"
#include "source/bpf/sock_shared.h"

struct sockets_sum {
	uint64_t segments[SOCK_WAYS], retransmits, drops;
};

struct sockets;

/* The walker is the program that tells each socket, and the map has their states; without one (NULL) the map is the table of
 * sockets by address. `closed` has the totals of those closed. */
struct sockets *sockets_open(const struct group *g, const struct bpf_program *walker, int map, int closed, struct err *e);
void sockets_close(struct sockets *s); /* NULL is fine */

/* Walks all sockets, but not so often that walking very many takes more than a hundredth of the time. True when it did. */
bool sockets_read(struct sockets *s, nsec_t now);

const struct sockets_sum *sockets_sum(const struct sockets *s); /* since the beginning, as of the last walk */

/* Messages and bytes into the rows of the table `sockets`; makes it where no other source has. Without a walk in this tick
 * nothing is counted in them. */
void sockets_put(const struct sockets *s, struct sample *out);

#endif
