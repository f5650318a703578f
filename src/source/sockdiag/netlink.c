/* Sending and receiving. Knows nothing of what is said. */
#include "source/sockdiag/netlink.h"

#include <errno.h>
#include <sys/socket.h>

int netlink_open(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

int netlink_send(int fd, const void *question, size_t size)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return sendto(fd, question, size, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0 ? errno : 0;
}

ssize_t netlink_receive(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { .nl_pid = 0 };
	socklen_t length = sizeof from;
	ssize_t n = recvfrom(fd, buf, size, 0, (struct sockaddr *)&from, &length);

	return n > 0 && from.nl_pid != 0 ? 0 : n;
}
