/* Walking the target's sockets, their totals, and their rows. */
#include "source/bpf/sockets.h"

#include "base/alloc.h"
#include "model/tables.h"
#include "source/bpf/each.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROWS_MOST 512
#define QUICK NSEC_PER_MSEC /* walks no longer than this are made at every tick */
#define SHARE 100           /* of the time that longer ones may take */
#define OLD 2500            /* ticks of the kernel, a few seconds */

enum { OF_RX_SEGMENTS, OF_TX_SEGMENTS, OF_RETRANSMITS, OF_DROPS, TOTALS };

/* What a socket had at the last walk, in more than the kernel's 32 bits. */
struct known {
	uint64_t cookie;
	uint64_t total[TOTALS];
	bool tcp; /* when it is closed the kernel settles its totals, of which it has 32 bits */
};

struct sockets {
	const struct group *group;
	struct bpf_link *link; /* NULL: there is only the table */
	int table, closed_map;
	struct sock_row *rows; /* by cookie */
	size_t nrows, capacity;
	struct known *known;   /* by cookie */
	size_t nknown;
	uint64_t carried[TOTALS]; /* of sockets that are gone, beside what the kernel has settled */
	struct sockets_sum sum;
	nsec_t walked, took;
	bool fresh; /* walked in this tick */
	u64 newest; /* tick of the kernel in which one of the table was used last */
	bool full;  /* the table nearly is */
};

struct sockets *sockets_open(const struct group *g, const struct bpf_program *walker, int map, int closed, struct err *e)
{
	union bpf_iter_link_info info = { .map = { .map_fd = (u32)map } };
	struct sockets *s = xcalloc(1, sizeof *s);
	struct bpf_iter_attach_opts o;

	memset(&o, 0, sizeof o); /* also what lies between its members: libbpf looks at that */
	o.sz = sizeof o;
	o.link_info = &info;
	o.link_info_len = sizeof info;
	s->group = g;
	s->closed_map = closed;
	s->table = map;
	s->link = walker ? bpf_program__attach_iter(walker, &o) : NULL;
	if (walker && !s->link) {
		err_set(e, errno, "%s does not attach: %s", bpf_program__name(walker), strerror(errno));
		free(s);
		return NULL;
	}
	return s;
}

void sockets_close(struct sockets *s)
{
	if (!s)
		return;
	bpf_link__destroy(s->link);
	free(s->rows);
	free(s->known);
	free(s);
}

static int by_cookie(const void *a, const void *b)
{
	const struct sock_row *x = a, *y = b;

	return (x->cookie > y->cookie) - (x->cookie < y->cookie);
}

/* All rows, as they come. The kernel gives whole ones, a page or so at a time. False: these are not all. */
static bool walk_states(struct sockets *s)
{
	int fd = bpf_iter_create(bpf_link__fd(s->link));
	size_t have = 0;
	ssize_t n;

	do {
		s->rows = xgrow(s->rows, &s->capacity, have / sizeof *s->rows + 64, sizeof *s->rows);
		n = fd < 0 ? -1 : read(fd, (char *)s->rows + have, s->capacity * sizeof *s->rows - have);
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (fd >= 0)
		close(fd);
	s->nrows = have / sizeof *s->rows;
	return n == 0;
}

/* Rows without a cookie have nobody who asks for them, and are known by their inode, which no cookie is as large as. */
#define BY_INODE (1ull << 63)

/* The table keeps what was closed unseen, as only TCP says when it is: when it gets full, who has sent and received nothing
 * since the last walk goes. */
static void take_kept(void *sockets, const void *key, const void *value)
{
	struct sockets *s = sockets;
	const struct sock_kept *kept = value;

	if (s->full && kept->row.kind != SOCK_TCP && kept->state.looked + OLD < s->newest)
		bpf_map_delete_elem(s->table, key);
	s->newest = kept->state.looked > s->newest ? kept->state.looked : s->newest;
	s->rows = xgrow(s->rows, &s->capacity, s->nrows + 1, sizeof *s->rows);
	s->rows[s->nrows] = kept->row;
	if (!kept->row.cookie)
		s->rows[s->nrows].cookie = BY_INODE | kept->inode;
	s->nrows++;
}

static void walk_table(struct sockets *s)
{
	s->full = s->nrows > SOCK_KEPT * 3 / 4;
	s->nrows = 0;
	map_each(s->table, sizeof(u64), sizeof(struct sock_kept), take_kept, s);
}

/* By cookie. What comes meanwhile may move the kernel's place in its walk, so that it gives one twice. */
static bool walk(struct sockets *s)
{
	bool whole = true;
	size_t n = 0;

	if (s->link)
		whole = walk_states(s);
	else
		walk_table(s);
	if (s->nrows)
		qsort(s->rows, s->nrows, sizeof *s->rows, by_cookie);
	for (size_t i = 0; i < s->nrows; i++)
		if (!n || !s->rows[i].cookie || s->rows[n - 1].cookie != s->rows[i].cookie)
			s->rows[n++] = s->rows[i];
	s->nrows = whole ? n : 0;
	return whole;
}

/* What the kernel does not settle. */
static void bury(struct sockets *s, const struct known *k)
{
	for (int i = 0; i < TOTALS; i++)
		s->carried[i] += k->tcp ? k->total[i] & ~(uint64_t)UINT32_MAX : k->total[i];
}

static struct known know(const struct sock_row *r, const struct known *before)
{
	struct known k = { .cookie = r->cookie, .tcp = r->kind == SOCK_TCP };
	const uint32_t now[TOTALS] = { r->totals.segments[SOCK_RX], r->totals.segments[SOCK_TX], r->totals.retransmits,
		r->totals.drops };

	for (int i = 0; i < TOTALS; i++) {
		uint64_t last = before ? before->total[i] : 0;
		uint32_t more = now[i] - (uint32_t)last;

		k.total[i] = more < 1u << 31 ? last + more : now[i]; /* else it was connected anew */
	}
	return k;
}

/* Brings what is known up to the rows; both are by cookie. */
static void follow(struct sockets *s)
{
	struct known *fresh = xcalloc(s->nrows + 1, sizeof *fresh);
	size_t n = 0, old = 0;

	for (size_t i = 0; i < s->nrows; i++) {
		const struct sock_row *r = &s->rows[i];
		const struct known *before;

		while (old < s->nknown && s->known[old].cookie < r->cookie)
			bury(s, &s->known[old++]);
		before = old < s->nknown && s->known[old].cookie == r->cookie ? &s->known[old++] : NULL;
		if (!r->settled)
			fresh[n++] = know(r, before);
		else if (before)
			bury(s, before);
	}
	while (old < s->nknown)
		bury(s, &s->known[old++]);
	free(s->known);
	s->known = fresh;
	s->nknown = n;
}

/* A socket that was closed between two readings is in none of them for one walk: a total does not go back for it. */
static void grow_to(uint64_t *to, uint64_t value)
{
	*to = value > *to ? value : *to;
}

static void add_up(struct sockets *s, const struct sock_closed *closed)
{
	uint64_t sum[TOTALS];

	memcpy(sum, s->carried, sizeof sum);
	for (size_t i = 0; i < s->nknown; i++)
		for (int t = 0; t < TOTALS; t++)
			sum[t] += s->known[i].total[t];
	grow_to(&s->sum.segments[SOCK_RX], sum[OF_RX_SEGMENTS] + closed->segments[SOCK_RX]);
	grow_to(&s->sum.segments[SOCK_TX], sum[OF_TX_SEGMENTS] + closed->segments[SOCK_TX]);
	grow_to(&s->sum.retransmits, sum[OF_RETRANSMITS] + closed->retransmits);
	grow_to(&s->sum.drops, sum[OF_DROPS] + closed->drops);
}

static struct sock_closed read_closed(const struct sockets *s)
{
	struct sock_closed *cpus = xcalloc((size_t)s->group->room->ncpus, sizeof *cpus), sum = { .retransmits = 0 };
	u32 zero = 0;

	if (bpf_map_lookup_elem(s->closed_map, &zero, cpus) == 0)
		for (int c = 0; c < s->group->room->ncpus; c++) {
			sum.segments[SOCK_RX] += cpus[c].segments[SOCK_RX];
			sum.segments[SOCK_TX] += cpus[c].segments[SOCK_TX];
			sum.retransmits += cpus[c].retransmits;
			sum.drops += cpus[c].drops;
		}
	free(cpus);
	return sum;
}

bool sockets_read(struct sockets *s, nsec_t now)
{
	struct sock_closed closed;
	nsec_t cpu = clock_cpu_thread();

	s->fresh = s->took <= QUICK || now - s->walked >= s->took * SHARE;
	if (!s->fresh)
		return false;
	closed = read_closed(s); /* first: a socket must not be counted twice */
	if (!walk(s))
		return false;
	follow(s);
	add_up(s, &closed);
	s->walked = now;
	s->took = clock_cpu_thread() - cpu;
	return true;
}

const struct sockets_sum *sockets_sum(const struct sockets *s)
{
	return &s->sum;
}

/* ---- rows ---- */

/* Counts are of the last walk: only a tick with one may say them. */
static void put_counts(const struct sock_row *r, union cell *row)
{
	row[SOCKETS_RX_MESSAGES].number = (double)r->messages[SOCK_RX];
	row[SOCKETS_TX_MESSAGES].number = (double)r->messages[SOCK_TX];
}

/* Into the rows of another source. One that has no message yet has none. */
static void complete(const struct sockets *s, struct table *t)
{
	for (size_t i = 0; s->fresh && i < t->nrows; i++) {
		struct sock_row key = { .cookie = t->keys[i] };
		const struct sock_row *r = s->nrows ?
			bsearch(&key, s->rows, s->nrows, sizeof key, by_cookie) : NULL;

		if (r)
			put_counts(r, t->cells + i * t->def->ncolumns);
	}
}

static const char *end_text(struct sample *out, const struct sock_row *r, const u8 address[16], unsigned port)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool inner = r->family == AF_INET6 && memcmp(address, mapped, sizeof mapped) == 0;
	bool four = r->family == AF_INET || inner;
	char name[INET6_ADDRSTRLEN] = "", number[12] = "*", text[64];

	inet_ntop(four ? AF_INET : AF_INET6, inner ? address + 12 : address, name, sizeof name);
	if (port)
		snprintf(number, sizeof number, "%u", port);
	snprintf(text, sizeof text, four ? "%s:%s" : "[%s]:%s", name, number);
	return sample_text(out, text);
}

static void put_row(const struct sock_row *r, const struct known *k, bool fresh, struct sample *out, struct table *t)
{
	static const char *const roles[ROLES] = { "", "", "listen", "server", "client", "" };
	static const char *const states[] = { "", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
		"UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING" };
	union cell *row = table_row(t, r->cookie);

	row[SOCKETS_PROTOCOL].text = r->kind == SOCK_TCP ? "tcp" : "udp";
	row[SOCKETS_LOCAL].text = end_text(out, r, r->local, r->local_port);
	row[SOCKETS_PEER].text = end_text(out, r, r->peer, ntohs(r->peer_port));
	row[SOCKETS_ROLE].text = r->role < ROLES ? roles[r->role] : "";
	row[SOCKETS_STATE].text = r->state < sizeof states / sizeof states[0] ? states[r->state] : "";
	if (r->kind == SOCK_TCP && r->rtt)
		row[SOCKETS_RTT].number = (double)r->rtt / 1e6;
	if (!fresh)
		return;
	put_counts(r, row);
	row[SOCKETS_DROPS].number = (double)k->total[OF_DROPS];
	if (r->kind != SOCK_TCP)
		return;
	row[SOCKETS_RX_SEGMENTS].number = (double)k->total[OF_RX_SEGMENTS];
	row[SOCKETS_TX_SEGMENTS].number = (double)k->total[OF_TX_SEGMENTS];
	row[SOCKETS_RETRANSMITS].number = (double)k->total[OF_RETRANSMITS];
}

static void make_table(const struct sockets *s, struct sample *out)
{
	struct table *t = sample_table(out, &table_sockets);
	size_t k = 0;

	for (size_t i = 0; i < s->nrows; i++) {
		const struct sock_row *r = &s->rows[i];

		while (k < s->nknown && s->known[k].cookie < r->cookie)
			k++;
		if (r->settled || r->kind > SOCK_UDP || k == s->nknown)
			continue;
		if (t->nrows < ROWS_MOST)
			put_row(r, &s->known[k], s->fresh, out, t);
		else
			t->left_out++;
	}
}

void sockets_put(const struct sockets *s, struct sample *out)
{
	struct table *t = sample_find_table(out, &table_sockets);

	if (t)
		complete(s, t);
	else
		make_table(s, out);
}
