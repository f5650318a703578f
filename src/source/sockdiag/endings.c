/* The multicast groups of sock_diag(7). Knows nothing of the target. */
#include "source/sockdiag/endings.h"

#include "source/sockdiag/netlink.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <unistd.h>

#define MOST 512                  /* at one time */
#define DEAF (60 * NSEC_PER_SEC)
#define BUFFER (1 << 20)          /* bytes; without CAP_NET_ADMIN the kernel gives less */

static bool join(int fd, bool yes)
{
	static const int groups[] = { SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY };
	int option = yes ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;

	for (size_t i = 0; i < 2; i++)
		if (setsockopt(fd, SOL_NETLINK, option, &groups[i], sizeof groups[i]) != 0)
			return false;
	return true;
}

void endings_open(struct endings *e)
{
	static const struct sockaddr_nl any = { .nl_family = AF_NETLINK }; /* without a port of its own it hears nothing */
	static const int size = BUFFER;

	*e = (struct endings){ .fd = netlink_open() };
	if (e->fd < 0)
		return;
	if (setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (bind(e->fd, (const struct sockaddr *)&any, sizeof any) != 0 || !join(e->fd, true))
		endings_close(e);
}

void endings_close(struct endings *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

static void take(const char *buf, size_t n, dump_visit *visit, void *context)
{
	struct messages m = { .at = (const uint8_t *)buf, .left = n };
	struct seen seen;
	int error;

	while (message_next(&m, &seen, &error) == MESSAGE_SOCKET) {
		seen.protocol = IPPROTO_TCP;
		visit(context, &seen);
	}
}

bool endings_hear(struct endings *e, dump_visit *visit, void *context)
{
	char buf[4096];
	ssize_t n = 0;

	if (e->fd < 0 || (e->deaf_until && clock_now() < e->deaf_until))
		return true; /* who is not there any more will be missed */
	if (e->deaf_until)
		join(e->fd, true);
	e->deaf_until = 0;
	for (int i = 0; i < MOST && (n = netlink_receive(e->fd, buf, sizeof buf)) >= 0; i++)
		take(buf, (size_t)n, visit, context);
	if (n < 0 && errno == EAGAIN)
		return true;
	join(e->fd, false);
	e->deaf_until = clock_now() + DEAF;
	return false;
}
