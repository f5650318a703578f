/* Parsing of netlink answers. Knows no socket of our own and no target. */
#include "source/sockdiag/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

static uint64_t load(const uint8_t *at, size_t size)
{
	uint64_t eight;
	uint32_t four;

	if (size == sizeof eight) {
		memcpy(&eight, at, sizeof eight);
		return eight;
	}
	memcpy(&four, at, sizeof four);
	return four;
}

#define INFO(member) offsetof(struct tcp_info, member), sizeof(((struct tcp_info *)0)->member)

static const struct {
	enum seen_total total;
	size_t offset, size;
} info_totals[] = {
	{ SEEN_RX_SEGMENTS, INFO(tcpi_segs_in) },
	{ SEEN_TX_SEGMENTS, INFO(tcpi_segs_out) },
	{ SEEN_RX_BYTES, INFO(tcpi_bytes_received) },
	{ SEEN_RETRANSMITS, INFO(tcpi_total_retrans) },
	{ SEEN_TX_BYTES, INFO(tcpi_bytes_sent) }, /* Linux 4.19 */
};

static void take_info(struct seen *out, const uint8_t *info, size_t length)
{
	static const size_t again = offsetof(struct tcp_info, tcpi_bytes_retrans);
	uint64_t resent;

	if (out->state == SEEN_LISTEN)
		return; /* it moves nothing, and some fields mean something else */
	for (size_t i = 0; i < sizeof info_totals / sizeof info_totals[0]; i++)
		if (info_totals[i].offset + info_totals[i].size <= length) {
			out->total[info_totals[i].total] = load(info + info_totals[i].offset, info_totals[i].size);
			out->known |= 1u << info_totals[i].total;
		}
	if (offsetof(struct tcp_info, tcpi_rtt) + sizeof(uint32_t) <= length)
		out->rtt = (uint32_t)load(info + offsetof(struct tcp_info, tcpi_rtt), sizeof(uint32_t));
	resent = again + sizeof resent <= length ? load(info + again, sizeof resent) : UINT64_MAX;
	if (resent <= out->total[SEEN_TX_BYTES])
		out->total[SEEN_TX_BYTES] -= resent;
	else
		out->known &= ~(1u << SEEN_TX_BYTES);
}

static void take_attribute(struct seen *out, unsigned type, const uint8_t *value, size_t length)
{
	size_t drops = SK_MEMINFO_DROPS * sizeof(uint32_t);

	if (type == INET_DIAG_INFO)
		take_info(out, value, length);
	else if (type == INET_DIAG_CGROUP_ID && length >= sizeof(uint64_t))
		out->cgroup = load(value, sizeof(uint64_t));
	else if (type == INET_DIAG_PROTOCOL && length >= 1)
		out->protocol = value[0];
	else if (type == INET_DIAG_SKMEMINFO && length >= drops + sizeof(uint32_t)) {
		out->total[SEEN_DROPS] = load(value + drops, sizeof(uint32_t));
		out->known |= 1u << SEEN_DROPS;
	}
}

/* The bytes from one message or attribute to the next. */
static size_t step(size_t length, size_t left)
{
	size_t padded = (length + 3) & ~(size_t)3;

	return padded < left ? padded : left;
}

static void take_attributes(struct seen *out, const uint8_t *at, size_t left)
{
	struct nlattr head;
	size_t n;

	while (left >= sizeof head) {
		memcpy(&head, at, sizeof head);
		if (head.nla_len < sizeof head || head.nla_len > left)
			return;
		take_attribute(out, head.nla_type & NLA_TYPE_MASK, at + sizeof head, head.nla_len - sizeof head);
		n = step(head.nla_len, left);
		left -= n;
		at += n;
	}
}

static struct seen_end end_of(uint8_t family, const uint32_t address[4], uint16_t port)
{
	struct seen_end end = { .address = { [10] = 0xff, [11] = 0xff }, .port = ntohs(port) };

	if (family == AF_INET)
		memcpy(end.address + 12, address, 4);
	else
		memcpy(end.address, address, 16);
	return end;
}

/* Returns false when it is too short, or of a family that has no such addresses. */
static bool take_socket(struct seen *out, const uint8_t *body, size_t length)
{
	struct inet_diag_msg m;

	if (length < sizeof m)
		return false;
	memcpy(&m, body, sizeof m);
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return false;
	*out = (struct seen){ .cookie = m.id.idiag_cookie[0] | (uint64_t)m.id.idiag_cookie[1] << 32, .inode = m.idiag_inode,
		.state = m.idiag_state, .local = end_of(m.idiag_family, m.id.idiag_src, m.id.idiag_sport),
		.peer = end_of(m.idiag_family, m.id.idiag_dst, m.id.idiag_dport), .rx_queue = m.idiag_rqueue,
		.tx_queue = m.idiag_wqueue, .device = m.id.idiag_if };
	take_attributes(out, body + sizeof m, length - sizeof m);
	return out->cookie != 0;
}

/* The negative errno at the start of a message's body; 0: none. */
static int error_of(const uint8_t *body, size_t length)
{
	int32_t code = 0;

	if (length >= sizeof code)
		memcpy(&code, body, sizeof code);
	return code < 0 && code > -4096 ? -code : 0;
}

static enum message_kind take_message(const struct nlmsghdr *head, const uint8_t *body, struct seen *out, int *error)
{
	size_t length = head->nlmsg_len - sizeof *head;

	switch (head->nlmsg_type) {
	case NLMSG_DONE:
		*error = error_of(body, length);
		return *error ? MESSAGE_ERROR : MESSAGE_DONE;
	case NLMSG_ERROR:
		*error = error_of(body, length);
		return *error ? MESSAGE_ERROR : MESSAGE_NONE; /* 0 acknowledges, which nobody asked for */
	case SOCK_DIAG_BY_FAMILY:
	case TCPDIAG_GETSOCK:
		return take_socket(out, body, length) ? MESSAGE_SOCKET : MESSAGE_NONE;
	default:
		return MESSAGE_NONE;
	}
}

enum message_kind message_next(struct messages *m, struct seen *out, int *error)
{
	enum message_kind kind = MESSAGE_NONE;
	struct nlmsghdr head;
	size_t n;

	while (kind == MESSAGE_NONE && m->left >= sizeof head) {
		memcpy(&head, m->at, sizeof head);
		if (head.nlmsg_len < sizeof head || head.nlmsg_len > m->left) {
			m->left = 0;
			break;
		}
		if (head.nlmsg_seq == m->sequence)
			kind = take_message(&head, m->at + sizeof head, out, error);
		n = step(head.nlmsg_len, m->left);
		m->at += n;
		m->left -= n;
	}
	return kind;
}
