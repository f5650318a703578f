/* Reading /proc/PID/net. Kept descriptors belong to the namespace that they were opened in: a process that moves to
 * another one, or ends, has them opened anew. */
#include "source/proc/netns.h"

#include "source/proc/text.h"

#include <sys/stat.h>

#define COMPARED 32 /* processes whose namespaces are compared when the target changes */

static const char *const file_names[NETNS_FILES] = { "net/snmp", "net/snmp6", "net/netstat", "net/dev" };

/* Which numbers make a metric: their sum. One that IPv6 would have is 0 where the kernel has no IPv6. */
static const struct row {
	enum proc_metric metric;
	enum netns_file file;
	const char *name;
} rows[] = {
	{ PROC_NETNS_RX_PACKETS, NETNS_SNMP, "Ip:InReceives" },
	{ PROC_NETNS_TX_PACKETS, NETNS_SNMP, "Ip:OutRequests" },
	{ PROC_NETNS_UDP_RX, NETNS_SNMP, "Udp:InDatagrams" },
	{ PROC_NETNS_UDP_TX, NETNS_SNMP, "Udp:OutDatagrams" },
	{ PROC_NETNS_UDP_RCVBUF, NETNS_SNMP, "Udp:RcvbufErrors" },
	{ PROC_NETNS_TCP_RX, NETNS_SNMP, "Tcp:InSegs" },
	{ PROC_NETNS_TCP_TX, NETNS_SNMP, "Tcp:OutSegs" },
	{ PROC_NETNS_TCP_RETRANSMITS, NETNS_SNMP, "Tcp:RetransSegs" },
	{ PROC_NETNS_RX_PACKETS, NETNS_SNMP6, "Ip6InReceives" },
	{ PROC_NETNS_TX_PACKETS, NETNS_SNMP6, "Ip6OutRequests" },
	{ PROC_NETNS_RX_BYTES, NETNS_SNMP6, "Ip6InOctets" },
	{ PROC_NETNS_TX_BYTES, NETNS_SNMP6, "Ip6OutOctets" },
	{ PROC_NETNS_UDP_RX, NETNS_SNMP6, "Udp6InDatagrams" },
	{ PROC_NETNS_UDP_TX, NETNS_SNMP6, "Udp6OutDatagrams" },
	{ PROC_NETNS_UDP_RCVBUF, NETNS_SNMP6, "Udp6RcvbufErrors" },
	{ PROC_NETNS_RX_BYTES, NETNS_NETSTAT, "IpExt:InOctets" },
	{ PROC_NETNS_TX_BYTES, NETNS_NETSTAT, "IpExt:OutOctets" },
};

#define ROWS (sizeof rows / sizeof rows[0])
#define METRICS (PROC_NETNS_TX_DROPS - PROC_NETNS_RX_PACKETS + 1)

struct sums {
	uint64_t value[METRICS];
	bool known[METRICS];
};

void netns_open(struct netns *n, const struct source_env *env)
{
	for (size_t i = 0; i < ROWS; i++)
		n->wanted[rows[i].file] |= env->wanted[rows[i].metric];
	n->wanted[NETNS_DEV] = proc_wants(env, PROC_NETNS_RX_ERRORS, PROC_NETNS_TX_DROPS);
}

void netns_close(struct netns *n, struct kept_budget *b)
{
	for (int i = 0; i < NETNS_FILES; i++)
		kept_close(&n->files[i], b);
}

/* ---- whose ---- */

static ino_t inode_of(const struct process *p)
{
	struct stat st;

	return fstatat(p->dir, "ns/net", &st, 0) == 0 ? st.st_ino : 0;
}

static void compare(struct netns *n, const struct target *t)
{
	size_t count;
	const struct process *p = target_processes(t, &count);

	n->several = false;
	n->unknown = n->inode == 0 && count > 1;
	for (size_t i = 0; n->inode && i < count && i < COMPARED; i++) {
		ino_t inode = p[i].gone || p[i].pid == n->pid ? n->inode : inode_of(&p[i]);

		n->several |= inode && inode != n->inode;
		n->unknown |= !inode;
	}
}

/* Returns the process whose files are read; NULL: none is left. */
static const struct process *follow(struct netns *n, const struct target *t, struct kept_budget *b)
{
	const struct process *p = proc_first_alive(t);
	ino_t inode = p ? inode_of(p) : 0;

	if (!p || p->pid != n->pid || p->start != n->start || inode != n->inode)
		netns_close(n, b);
	if (!p)
		return NULL;
	if (inode != n->inode || n->generation != target_generation(t)) {
		n->pid = p->pid;
		n->inode = inode;
		compare(n, t);
	}
	n->pid = p->pid;
	n->start = p->start;
	n->generation = target_generation(t);
	return p;
}

/* ---- what ---- */

static void add(struct sums *s, enum proc_metric m, uint64_t value)
{
	s->value[m - PROC_NETNS_RX_PACKETS] += value;
	s->known[m - PROC_NETNS_RX_PACKETS] = true;
}

static void take_file(struct sums *s, enum netns_file file, const char *text)
{
	const char *names[ROWS];
	size_t of[ROWS], n = 0;
	uint64_t v[ROWS], found;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].file == file) {
			of[n] = i;
			names[n++] = rows[i].name;
		}
	found = file == NETNS_SNMP6 ? text_keyed(text, names, n, v) : text_paired(text, names, n, v);
	for (size_t i = 0; i < n; i++)
		if (found >> i & 1)
			add(s, rows[of[i]].metric, v[i]);
}

static void take_devices(struct sums *s, const char *text)
{
	struct text_devices d;

	if (!text_devices(text, &d))
		return;
	add(s, PROC_NETNS_RX_ERRORS, d.rx_errors);
	add(s, PROC_NETNS_RX_DROPS, d.rx_drops);
	add(s, PROC_NETNS_TX_ERRORS, d.tx_errors);
	add(s, PROC_NETNS_TX_DROPS, d.tx_drops);
}

static void put(const struct proc_tick *t, const struct sums *s)
{
	for (unsigned i = 0; i < METRICS; i++)
		if (s->known[i])
			proc_put(t, PROC_NETNS_RX_PACKETS + i, (double)s->value[i]);
		else
			proc_missing(t, PROC_NETNS_RX_PACKETS + i, PROC_NETNS_RX_PACKETS + i, POINT_ABSENT,
				"this kernel does not count it for a network namespace");
}

static void put_status(const struct netns *n, const struct proc_tick *t)
{
	if (n->several)
		sample_status(t->out, "network namespace", STATUS_PARTIAL,
			"its processes are in several network namespaces; these are the numbers of the first one's",
			"watch one process: tach -p PID --no-children");
	else if (n->unknown)
		sample_status(t->out, "network namespace", STATUS_PARTIAL,
			"whether all its processes are in one network namespace is not ours to see; the first one's is read",
			"run tach as root or as the same user");
	else
		sample_status(t->out, "network namespace", STATUS_ON, "", "");
}

void netns_read(struct netns *n, const struct proc_tick *t, struct kept_budget *b)
{
	struct sums sums = { .known = { false } };
	const struct process *p;
	char text[16384];

	if (!proc_wants(t->env, PROC_NETNS_RX_PACKETS, PROC_NETNS_TX_DROPS))
		return;
	p = follow(n, t->target, b);
	if (!p)
		return; /* a gap: nobody is left whose namespace it could be */
	for (int i = 0; i < NETNS_FILES; i++) {
		if (!n->wanted[i] || kept_read(&n->files[i], b, p->dir, file_names[i], text, sizeof text) < 0)
			continue;
		if (i == NETNS_DEV)
			take_devices(&sums, text);
		else
			take_file(&sums, i, text);
	}
	put(t, &sums);
	put_status(n, t);
}
