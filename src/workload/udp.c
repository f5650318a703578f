/* Loopback UDP sockets and the arrays that sendmmsg and recvmmsg want. */
#include "workload/udp.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER (4 << 20) /* bytes; without privilege the kernel gives less */
#define SILENCE 50000    /* microseconds after which a receive gives up */

static int bound_socket(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), buffer = BUFFER;
	struct timeval silence = { 0, SILENCE };
	socklen_t length = sizeof *address;

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)address, length) < 0 ||
		getsockname(fd, (struct sockaddr *)address, &length) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence) < 0) {
		close(fd);
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	return fd;
}

/* Throws away what others sent before the socket was connected. */
static void drain(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		;
}

int udp_pair(int *sender, int *receiver, struct err *e)
{
	struct sockaddr_in from, to;

	*sender = bound_socket(&from);
	*receiver = bound_socket(&to);
	if (*sender >= 0 && *receiver >= 0 && connect(*sender, (struct sockaddr *)&to, sizeof to) == 0 &&
		connect(*receiver, (struct sockaddr *)&from, sizeof from) == 0) {
		drain(*sender);
		drain(*receiver);
		return 0;
	}
	err_set(e, errno, "cannot make UDP sockets on loopback: %s", strerror(errno));
	if (*sender >= 0)
		close(*sender);
	if (*receiver >= 0)
		close(*receiver);
	return -1;
}

void udp_batch_init(struct udp_batch *b, unsigned capacity, size_t size)
{
	*b = (struct udp_batch){ .capacity = capacity, .size = size, .stride = (size + 63) / 64 * 64 };
	b->messages = xcalloc(capacity, sizeof *b->messages);
	b->parts = xcalloc(capacity, sizeof *b->parts);
	b->bytes = xcalloc(capacity, b->stride);
	for (unsigned i = 0; i < capacity; i++) {
		b->parts[i] = (struct iovec){ b->bytes + i * b->stride, size };
		b->messages[i].msg_hdr.msg_iov = &b->parts[i];
		b->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

void udp_batch_free(struct udp_batch *b)
{
	free(b->messages);
	free(b->parts);
	free(b->bytes);
}

struct udp_head *udp_head(const struct udp_batch *b, unsigned i)
{
	return (struct udp_head *)(void *)(b->bytes + i * b->stride);
}
