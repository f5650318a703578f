/* Netlink sockets of NETLINK_SOCK_DIAG (sock_diag(7)). Knows nothing of the target. */
#include "source/sockdiag/dump.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 32768                  /* the kernel never puts more into one answer */
#define PIECES_LEFT 1024             /* of an answer that is thrown away */
#define ENDINGS_A_TICK 512
#define DEAF (60 * NSEC_PER_SEC)
#define ENDINGS_BUFFER (1 << 20)     /* bytes; without CAP_NET_ADMIN the kernel gives less */

#define STATES (((1u << SEEN_STATES) - 1) & ~(1u << SEEN_TIME_WAIT))
#define EXTENSIONS (1u << (INET_DIAG_INFO - 1) | 1u << (INET_DIAG_SKMEMINFO - 1))

/* Every pass walks through the kernel's whole table of connections, which is large on a large machine. So both families of
 * TCP are asked for at once, as only the older question can. */
static const struct pass {
	uint16_t type;
	uint8_t family, protocol;
} passes[] = {
	{ TCPDIAG_GETSOCK, AF_INET, IPPROTO_TCP },
	{ SOCK_DIAG_BY_FAMILY, AF_INET, IPPROTO_TCP },
	{ SOCK_DIAG_BY_FAMILY, AF_INET6, IPPROTO_TCP },
	{ SOCK_DIAG_BY_FAMILY, AF_INET, IPPROTO_UDP },
	{ SOCK_DIAG_BY_FAMILY, AF_INET6, IPPROTO_UDP },
};

#define PASSES (sizeof passes / sizeof passes[0])

static bool is_needed(const struct dump *d, const struct pass *p)
{
	if (p->protocol == IPPROTO_UDP)
		return !d->no_udp;
	return d->by_family == (p->type == SOCK_DIAG_BY_FAMILY);
}

static int open_socket(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

/* Whether those that end are told: to hear of it costs whoever ends them half a microsecond each. */
static bool listen_to(int fd, bool yes)
{
	static const int groups[] = { SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY };
	int option = yes ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;

	for (size_t i = 0; i < 2; i++)
		if (setsockopt(fd, SOL_NETLINK, option, &groups[i], sizeof groups[i]) != 0)
			return false;
	return true;
}

int dump_open(struct dump *d, struct err *e)
{
	static const int size = ENDINGS_BUFFER;
	static const struct sockaddr_nl any = { .nl_family = AF_NETLINK }; /* without a port of its own it hears nothing */

	*d = (struct dump){ .fd = open_socket(), .endings = -1 };
	if (d->fd < 0)
		return err_set(e, errno, "the kernel does not tell of sockets (sock_diag): %s", strerror(errno));
	d->endings = open_socket();
	if (d->endings < 0)
		return 0;
	if (setsockopt(d->endings, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		setsockopt(d->endings, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (bind(d->endings, (const struct sockaddr *)&any, sizeof any) != 0 || !listen_to(d->endings, true)) {
		close(d->endings);
		d->endings = -1;
	}
	return 0;
}

void dump_close(struct dump *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (d->endings >= 0)
		close(d->endings);
	d->fd = d->endings = -1;
}

/* What a process sent that is not the kernel is of length 0. -1: nothing is there, or an error. */
static ssize_t receive(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { .nl_pid = 0 };
	socklen_t length = sizeof from;
	ssize_t n = recvfrom(fd, buf, size, 0, (struct sockaddr *)&from, &length);

	return n > 0 && from.nl_pid != 0 ? 0 : n;
}

/* ---- a dump ---- */

static int ask(struct dump *d, const struct pass *p)
{
	struct {
		struct nlmsghdr head;
		union {
			struct inet_diag_req_v2 one;
			struct inet_diag_req both;
		} body;
	} question = { .head = { .nlmsg_type = p->type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	size_t size = p->type == SOCK_DIAG_BY_FAMILY ? sizeof question.body.one : sizeof question.body.both;

	if (p->type == SOCK_DIAG_BY_FAMILY)
		question.body.one = (struct inet_diag_req_v2){ .sdiag_family = p->family, .sdiag_protocol = p->protocol,
			.idiag_ext = EXTENSIONS, .idiag_states = STATES };
	else
		question.body.both = (struct inet_diag_req){ .idiag_family = p->family, .idiag_ext = EXTENSIONS,
			.idiag_states = STATES };
	question.head.nlmsg_len = (uint32_t)(sizeof question.head + size);
	question.head.nlmsg_seq = d->sequence = d->sequence == UINT32_MAX ? 1 : d->sequence + 1; /* 0: an ending */
	if (sendto(d->fd, &question, question.head.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return errno;
	d->asked = true;
	return 0;
}

/* One piece of the answer. Returns 0 with the kind of its last message, or an errno. */
static int take_piece(struct dump *d, enum message_kind *last, dump_visit *visit, void *context)
{
	_Alignas(8) char buf[PIECE];
	struct messages m = { .at = (const uint8_t *)buf, .sequence = d->sequence };
	ssize_t n = receive(d->fd, buf, sizeof buf);
	struct seen seen;
	int error = 0;

	if (n < 0)
		return errno;
	m.left = (size_t)n;
	while ((*last = message_next(&m, &seen, &error)) == MESSAGE_SOCKET) {
		seen.protocol = passes[d->pass].protocol;
		visit(context, &seen);
	}
	return *last == MESSAGE_ERROR ? error : 0;
}

/* What is left of an answer that nobody wants any more. The kernel gives no other before it is read. */
static void throw_away(const struct dump *d)
{
	char buf[PIECE];

	for (int i = 0; i < PIECES_LEFT && receive(d->fd, buf, sizeof buf) >= 0; i++)
		;
}

/* A question that this kernel cannot answer is not asked again. Returns false where there is no other way. */
static bool do_without(struct dump *d, const struct pass *p, int error)
{
	bool unknown = error == ENOENT || error == EINVAL || error == EOPNOTSUPP;

	if (!unknown)
		return false;
	if (p->type == TCPDIAG_GETSOCK)
		d->by_family = true;
	else if (p->protocol == IPPROTO_UDP && p->family == AF_INET)
		d->no_udp = true;
	else if (p->family == AF_INET)
		return false;
	return true; /* no IPv6: none of its sockets */
}

static int go_on(struct dump *d, dump_visit *visit, void *context)
{
	enum message_kind last = MESSAGE_NONE;
	int error = d->asked ? 0 : ask(d, &passes[d->pass]);

	if (!error)
		error = take_piece(d, &last, visit, context);
	if (last != MESSAGE_DONE && !error)
		return 0;
	d->asked = false;
	if (error && !do_without(d, &passes[d->pass], error))
		return error;
	d->pass++;
	return 0;
}

enum dump_progress dump_go(struct dump *d, nsec_t until, dump_visit *visit, void *context, struct err *e)
{
	int error = 0;

	do {
		while (d->pass < PASSES && !is_needed(d, &passes[d->pass]))
			d->pass++;
		if (d->pass < PASSES)
			error = go_on(d, visit, context);
	} while (!error && d->pass < PASSES && clock_cpu_thread() < until);
	if (error) {
		throw_away(d);
		d->asked = false;
		d->pass = 0;
		err_set(e, error, "the kernel does not tell of sockets (sock_diag): %s", strerror(error));
		return DUMP_FAILED;
	}
	if (d->pass < PASSES)
		return DUMP_MORE;
	d->pass = 0;
	return DUMP_COMPLETE;
}

/* ---- last words ---- */

static void take_ending(const char *buf, size_t n, dump_visit *visit, void *context)
{
	struct messages m = { .at = (const uint8_t *)buf, .left = n };
	struct seen seen;
	int error;

	while (message_next(&m, &seen, &error) == MESSAGE_SOCKET) {
		if (!seen.protocol)
			seen.protocol = IPPROTO_TCP;
		visit(context, &seen);
	}
}

bool dump_hear(struct dump *d, dump_visit *visit, void *context)
{
	_Alignas(8) char buf[4096];
	ssize_t n = 0;

	if (d->endings < 0)
		return true; /* who is not there any more will be missed */
	if (d->deaf_until && clock_now() < d->deaf_until)
		return true;
	if (d->deaf_until)
		listen_to(d->endings, true);
	d->deaf_until = 0;
	for (int i = 0; i < ENDINGS_A_TICK && (n = receive(d->endings, buf, sizeof buf)) >= 0; i++)
		take_ending(buf, (size_t)n, visit, context);
	if (n < 0 && errno == EAGAIN)
		return true;
	listen_to(d->endings, false);
	d->deaf_until = clock_now() + DEAF;
	return false;
}
