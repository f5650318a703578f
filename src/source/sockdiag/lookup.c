/* Questions for single sockets by sock_diag(7). Knows nothing of the target. */
#include "source/sockdiag/lookup.h"

#include "source/sockdiag/netlink.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#define SEQUENCE UINT32_MAX /* of no dump */

struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

static void put_end(uint32_t address[4], uint16_t *port, const struct seen_end *end, bool four)
{
	memcpy(address, end->address + (four ? 12 : 0), four ? 4 : 16);
	*port = htons(end->port);
}

/* The kernel looks for IPv4-mapped addresses among those of IPv4. */
static struct question question_for(const struct seen *s)
{
	bool four = seen_is_four(&s->local);
	struct question q = { .head = { .nlmsg_len = sizeof q, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST,
		.nlmsg_seq = SEQUENCE }, .body = { .sdiag_family = four ? AF_INET : AF_INET6, .sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = NETLINK_EXTENSIONS, .idiag_states = UINT32_MAX } };

	put_end(q.body.id.idiag_src, &q.body.id.idiag_sport, &s->local, four);
	put_end(q.body.id.idiag_dst, &q.body.id.idiag_dport, &s->peer, four);
	q.body.id.idiag_if = s->device;
	q.body.id.idiag_cookie[0] = (uint32_t)s->cookie;
	q.body.id.idiag_cookie[1] = (uint32_t)(s->cookie >> 32);
	return q;
}

void lookup_visit(int fd, const struct seen *const wanted[], size_t count, dump_visit *visit, void *context)
{
	struct question questions[LOOKUP_BATCH] = { 0 };
	char buf[4096];
	ssize_t n;

	for (size_t i = 0; i < count; i++)
		questions[i] = question_for(wanted[i]);
	if (!count || netlink_send(fd, questions, count * sizeof *questions) != 0)
		return;
	for (size_t answers = 0; answers < count && (n = netlink_receive(fd, buf, sizeof buf)) >= 0; answers += n > 0) {
		struct messages m = { .at = (const uint8_t *)buf, .left = (size_t)n, .sequence = SEQUENCE };
		struct seen seen;
		int error;

		if (message_next(&m, &seen, &error) != MESSAGE_SOCKET)
			continue; /* it is not there any more */
		seen.protocol = IPPROTO_TCP;
		visit(context, &seen);
	}
}
