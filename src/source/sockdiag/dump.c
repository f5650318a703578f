/* Dumps by sock_diag(7). Knows nothing of the target. */
#include "source/sockdiag/dump.h"

#include "source/sockdiag/netlink.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define PIECES_LEFT 1024 /* of an answer that is thrown away */

#define ALL ((1u << SEEN_STATES) - 1)
#define LISTENING (1u << SEEN_LISTEN)
#define CONNECTED (ALL & ~LISTENING & ~(1u << SEEN_TIME_WAIT))

/* Both families of TCP are asked for at once, as only the older question can: every pass walks through the whole table. */
static const struct pass {
	enum dump_kind kind;
	uint16_t type;
	uint8_t family, protocol;
	uint32_t states;
} passes[] = {
	{ DUMP_CONNECTIONS, TCPDIAG_GETSOCK, AF_INET, IPPROTO_TCP, CONNECTED },
	{ DUMP_CONNECTIONS, SOCK_DIAG_BY_FAMILY, AF_INET, IPPROTO_TCP, CONNECTED },
	{ DUMP_CONNECTIONS, SOCK_DIAG_BY_FAMILY, AF_INET6, IPPROTO_TCP, CONNECTED },
	{ DUMP_OTHERS, TCPDIAG_GETSOCK, AF_INET, IPPROTO_TCP, LISTENING },
	{ DUMP_OTHERS, SOCK_DIAG_BY_FAMILY, AF_INET, IPPROTO_TCP, LISTENING },
	{ DUMP_OTHERS, SOCK_DIAG_BY_FAMILY, AF_INET6, IPPROTO_TCP, LISTENING },
	{ DUMP_OTHERS, SOCK_DIAG_BY_FAMILY, AF_INET, IPPROTO_UDP, ALL },
	{ DUMP_OTHERS, SOCK_DIAG_BY_FAMILY, AF_INET6, IPPROTO_UDP, ALL },
};

#define PASSES (sizeof passes / sizeof passes[0])

int dump_open(struct dump *d, enum dump_kind kind, struct err *e)
{
	*d = (struct dump){ .fd = netlink_open(), .kind = kind };
	if (d->fd < 0)
		return err_set(e, errno, "the kernel does not tell of sockets (sock_diag): %s", strerror(errno));
	return 0;
}

void dump_close(struct dump *d)
{
	close(d->fd);
	d->fd = -1;
}

/* ---- one pass ---- */

static bool is_needed(const struct dump *d, const struct pass *p)
{
	if (p->kind != d->kind)
		return false;
	if (p->protocol == IPPROTO_UDP)
		return !d->no_udp;
	return d->by_family == (p->type == SOCK_DIAG_BY_FAMILY);
}

static int ask(struct dump *d, const struct pass *p)
{
	struct {
		struct nlmsghdr head;
		union {
			struct inet_diag_req_v2 one;
			struct inet_diag_req both;
		} body;
	} question = { .head = { .nlmsg_type = p->type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	size_t size = p->type == SOCK_DIAG_BY_FAMILY ? sizeof question.body.one : sizeof question.body.both;
	int error;

	if (p->type == SOCK_DIAG_BY_FAMILY)
		question.body.one = (struct inet_diag_req_v2){ .sdiag_family = p->family, .sdiag_protocol = p->protocol,
			.idiag_ext = NETLINK_EXTENSIONS, .idiag_states = p->states };
	else
		question.body.both = (struct inet_diag_req){ .idiag_family = p->family, .idiag_ext = NETLINK_EXTENSIONS,
			.idiag_states = p->states };
	question.head.nlmsg_len = (uint32_t)(sizeof question.head + size);
	question.head.nlmsg_seq = d->sequence = (d->sequence + 1) & INT32_MAX;
	error = netlink_send(d->fd, &question, question.head.nlmsg_len);
	d->asked = !error;
	return error;
}

/* One piece of the answer. Returns 0 with the kind of its last message, or an errno. */
static int take_piece(struct dump *d, enum message_kind *last, size_t *visited, dump_visit *visit, void *context)
{
	char buf[NETLINK_PIECE];
	struct messages m = { .at = (const uint8_t *)buf, .sequence = d->sequence };
	ssize_t n = netlink_receive(d->fd, buf, sizeof buf);
	struct seen seen;
	int error = 0;

	if (n < 0)
		return errno;
	m.left = (size_t)n;
	while ((*last = message_next(&m, &seen, &error)) == MESSAGE_SOCKET) {
		seen.protocol = passes[d->pass].protocol;
		visit(context, &seen);
		++*visited;
	}
	return *last == MESSAGE_ERROR ? error : 0;
}

/* A question that this kernel cannot answer is not asked again. Returns false where there is no other way. */
static bool do_without(struct dump *d, const struct pass *p, int error)
{
	if (error != ENOENT && error != EINVAL && error != EOPNOTSUPP)
		return false;
	if (p->type == TCPDIAG_GETSOCK)
		d->by_family = true;
	else if (p->protocol == IPPROTO_UDP && p->family == AF_INET)
		d->no_udp = true;
	else if (p->family == AF_INET)
		return false;
	return true; /* no IPv6: none of its sockets */
}

static int go_on(struct dump *d, size_t *visited, dump_visit *visit, void *context)
{
	enum message_kind last = MESSAGE_NONE;
	int error = d->asked ? 0 : ask(d, &passes[d->pass]);

	if (!error)
		error = take_piece(d, &last, visited, visit, context);
	if (last != MESSAGE_DONE && !error)
		return 0;
	d->asked = false;
	if (error && !do_without(d, &passes[d->pass], error))
		return error;
	d->pass++;
	return 0;
}

/* ---- all of them ---- */

/* What is left of an answer that nobody wants any more. The kernel gives no other before it is read. */
static void give_up(struct dump *d)
{
	char buf[NETLINK_PIECE];

	for (int i = 0; i < PIECES_LEFT && netlink_receive(d->fd, buf, sizeof buf) >= 0; i++)
		;
	d->asked = false;
	d->pass = 0;
}

enum dump_progress dump_go(struct dump *d, nsec_t until, size_t least, dump_visit *visit, void *context, struct err *e)
{
	size_t visited = 0;
	int error = 0;

	for (;;) {
		while (d->pass < PASSES && !is_needed(d, &passes[d->pass]))
			d->pass++;
		if (d->pass == PASSES)
			break;
		if (visited >= least && clock_cpu_thread() >= until)
			return DUMP_MORE;
		error = go_on(d, &visited, visit, context);
		if (!error)
			continue;
		give_up(d);
		err_set(e, error, "the kernel does not tell of sockets (sock_diag): %s", strerror(error));
		return DUMP_FAILED;
	}
	d->pass = 0;
	return DUMP_COMPLETE;
}
