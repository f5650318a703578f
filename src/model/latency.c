/* The table of latencies, and which of them a run has. */
#include "model/latency.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NO_SOURCE "no source measures this here"

/* A row whose absence needs no words of its own. */
#define KIND(word_, metric_, title_, means_, misleads_) \
	{ .word = word_, .metric = metric_, .title = title_, .means = means_, .misleads = misleads_, .missing = NO_SOURCE }

/* Time off the CPU by its cause. */
#define CAUSE(word_, metric_, title_, means_, misleads_) \
	{ .word = word_, .metric = metric_, .title = title_, .means = means_, .misleads = misleads_, .missing = NO_SOURCE, \
		.cause = word_ }

const struct latency_kind latency_kinds[] = {
	{ .word = "app", .metric = "app.", .title = "published by the program",
		.means = "What the program itself times and publishes through tach/publish.h.",
		.misleads = "Only the program knows from when to when, and time that requests wait before it looks is often left "
			"out.",
		.missing = "the program publishes no latencies", .eager = true },
	{ .word = "fn", .metric = "fn.", .title = "functions of --fn",
		.means = "Time from entry to return of a function of the program or its libraries, blocked time included.",
		.misleads = "Every call pays 1 us or more for being timed; calls inlined by the compiler are not seen, and a "
			"function that never returns is not counted.",
		.missing = "no function is timed: --fn SYMBOL names one" },
	KIND("request", "lat.request_seconds", "request to answer, as server",
		"Time from the first byte received after the last answer to the first byte sent back, on each connection that the "
		"program accepted.",
		"Pipelined requests count as one batch; a streamed answer ends at its first byte; an answer on another socket is not "
		"seen."),
	KIND("upstream", "lat.upstream_seconds", "request to answer, as client",
		"Time from the first byte sent after the last answer to the first byte received, on each connection that the program "
		"opened: how long others let it wait.",
		"The network is part of it; pipelined requests count as one batch; what a server pushes unasked passes for an "
		"answer."),
	KIND("gap", "lat.gap_seconds", "receive to send, UDP",
		"Time from a datagram received to the next one sent on the same UDP socket.",
		"Paired by socket, not by peer: with many peers at once it is shorter than any of their requests."),
	{ .word = "offcpu", .metric = "lat.offcpu_seconds", .title = "off the CPU, all causes",
		.means = "Each single wait of a thread: from leaving the CPU until something wakes it.",
		.misleads = "A server that waits for work is off the CPU too: look at the causes; the wait for a CPU after that is "
			"runqueue.",
		.missing = NO_SOURCE, .cause = "" },
	CAUSE("lock", "lat.offcpu_lock_seconds", "off the CPU for a lock",
		"Each wait in the kernel for a contended lock of the program.",
		"Spinning and waits that end before the thread sleeps are not in it; condition variables and joins are idle."),
	CAUSE("disk", "lat.offcpu_disk_seconds", "off the CPU for files",
		"Each wait of a thread in a system call on files.",
		"What the page cache answers does not wait; writes wait later, in fsync or in the kernel's own threads."),
	CAUSE("net", "lat.offcpu_net_seconds", "off the CPU for sockets",
		"Each wait of a thread in a system call on sockets, poll and epoll included.",
		"Waiting for the next request is in it as well as waiting for an answer: request and upstream tell them apart."),
	CAUSE("sleep", "lat.offcpu_sleep_seconds", "asleep by its own wish",
		"Each wait that a thread asked for by time: nanosleep and timers.",
		"Timer slack and coarse timers make it longer than was asked for; it costs nobody a CPU."),
	CAUSE("idle", "lat.offcpu_idle_seconds", "idle",
		"Each wait for work: condition variables, joins, waiting for children.",
		"A thread pool with nothing to do looks just like one that waits for a slow producer."),
	KIND("fault", "lat.offcpu_fault_seconds", "off the CPU in page faults",
		"Each wait of a thread for memory: a page that comes from storage, or the lock of the address space.",
		"Faults that the kernel serves at once do not wait and are not in it, however many they are."),
	CAUSE("other", "lat.offcpu_other_seconds", "off the CPU, other causes",
		"Each wait of a thread for which no other cause is known.",
		"A mixture: stops by signals, pipes, devices and calls that tach has no name for."),
	KIND("runqueue", "lat.runqueue_seconds", "run queue",
		"Each wait of a thread that was ready to run until it had a CPU.",
		"Too many threads, neighbours and CPU limits make it long, not slow code; a mean hides its tail."),
	KIND("block", "lat.block_seconds", "block I/O",
		"Time from the issue of the program's block requests to their completion by the device.",
		"Buffered writes are issued by the kernel's own threads and not seen here; time in the scheduler's queue before is "
		"left out."),
	KIND("rtt", "lat.rtt_seconds", "TCP round trip",
		"The kernel's smoothed round-trip time of a connection, noted when the program sends.",
		"Network and delayed acknowledgements, not the peer's work; busy connections count more often than quiet ones."),
	KIND("kernel_lock", "lat.kernel_lock_seconds", "locks inside the kernel",
		"Each wait of the program's threads for a contended lock of the kernel, spinning included.",
		"Who held it is often another program; an uncontended lock costs nothing and is not seen."),
	{ .word = "syscall", .metric = "lat.syscall_seconds", .title = "every system call",
		.means = "Time in each system call, blocked or not.",
		.misleads = "While it is on, every process of this machine pays about 63 ns a call: it switches itself off after "
			"10 s unless --latency syscall keeps it on.",
		.missing = NO_SOURCE, .cause = "", .ask = "sys" },
	{ .word = NULL },
};

static bool is_family(const struct latency_kind *k)
{
	return k->metric[strlen(k->metric) - 1] == '.';
}

static bool is_of(const struct latency_kind *k, const char *name)
{
	return is_family(k) ? str_starts(name, k->metric) : strcmp(name, k->metric) == 0;
}

static const struct latency_kind *kind_of_metric(const char *name)
{
	for (const struct latency_kind *k = latency_kinds; k->word; k++)
		if (is_of(k, name))
			return k;
	return NULL;
}

static size_t add(struct latency_choice *out, size_t n, const struct latency_kind *kind, metric_id metric)
{
	if (n < LATENCY_CHOICES)
		out[n++] = (struct latency_choice){ kind, metric };
	return n;
}

/* Histograms of a family (NULL: of no known kind), times before other values. */
static size_t add_members(const struct store *st, const struct latency_kind *kind, struct latency_choice *out, size_t n)
{
	for (int times = 1; times >= 0; times--)
		for (size_t id = 0; id < store_metrics(st); id++) {
			const struct metric *m = store_metric(st, (metric_id)id);

			if (m->kind == METRIC_HISTOGRAM && (m->unit == UNIT_SECONDS) == times && kind_of_metric(m->name) == kind)
				n = add(out, n, kind, (metric_id)id);
		}
	return n;
}

/* The metric of a kind that is no family. */
static metric_id find_metric(const struct store *st, const struct latency_kind *k)
{
	metric_id id = store_find(st, k->metric);

	return id != METRIC_NONE && store_metric(st, id)->kind == METRIC_HISTOGRAM ? id : METRIC_NONE;
}

size_t latency_choices(const struct store *st, struct latency_choice out[LATENCY_CHOICES])
{
	size_t n = 0;

	for (const struct latency_kind *k = latency_kinds; k->word; k++) {
		size_t before = n;

		if (is_family(k))
			n = add_members(st, k, out, n);
		if (n == before)
			n = add(out, n, k, is_family(k) ? METRIC_NONE : find_metric(st, k));
	}
	return add_members(st, NULL, out, n);
}

/* "app.rtt_seconds" is "app:rtt", unless there is an "app.rtt" too. */
static const char *member_word(const struct store *st, const struct latency_kind *kind, const struct metric *m,
	char buf[LATENCY_WORD_SIZE])
{
	static const char unit[] = "_seconds";
	size_t length = strlen(m->name);

	if (length > strlen(unit) && strcmp(m->name + length - strlen(unit), unit) == 0) {
		snprintf(buf, LATENCY_WORD_SIZE, "%.*s", (int)(length - strlen(unit)), m->name);
		if (store_find(st, buf) == METRIC_NONE)
			length -= strlen(unit);
	}
	snprintf(buf, LATENCY_WORD_SIZE, "%s:%.*s", kind->word, (int)(length - strlen(kind->metric)),
		m->name + strlen(kind->metric));
	return buf;
}

const char *latency_word(const struct store *st, struct latency_choice c, char buf[LATENCY_WORD_SIZE])
{
	if (c.kind && is_family(c.kind) && c.metric != METRIC_NONE)
		return member_word(st, c.kind, store_metric(st, c.metric), buf);
	str_copy(buf, LATENCY_WORD_SIZE, c.kind ? c.kind->word : store_metric(st, c.metric)->name);
	return buf;
}

/* Small letters, and "_" for all that is neither letter nor digit: as metrics are called. */
static void copy_name(char *out, size_t size, const char *text, size_t length)
{
	size_t n = 0;

	for (; n < length && n + 1 < size; n++)
		out[n] = isalnum((unsigned char)text[n]) ? (char)tolower((unsigned char)text[n]) : '_';
	out[n] = '\0';
}

/* Whether a name that a person writes, "SSL_read", means that member, "fn:libssl_ssl_read". */
static bool means_member(const char *member, const char *name)
{
	char have[LATENCY_WORD_SIZE], wanted[LATENCY_WORD_SIZE];
	size_t m, n;

	copy_name(have, sizeof have, member, strlen(member));
	copy_name(wanted, sizeof wanted, name, strlen(name));
	m = strlen(have);
	n = strlen(wanted);
	return n && n <= m && strcmp(have + m - n, wanted) == 0 && (n == m || have[m - n - 1] == '_');
}

/* The default. What costs others something is never it. */
static int find_unasked(const struct store *st, const struct latency_choice *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].metric != METRIC_NONE && !(list[i].kind && list[i].kind->ask) &&
			((list[i].kind && list[i].kind->eager) || store_total(st, list[i].metric) > 0))
			return (int)i;
	return 0;
}

/* Whether a word means a member of a family, or the family while it stands for its first. */
static bool is_meant(const struct store *st, struct latency_choice c, const char *word)
{
	size_t group = strcspn(word, ":");
	char one[LATENCY_WORD_SIZE];

	if (!c.kind || !is_family(c.kind) || strlen(c.kind->word) != group || strncmp(c.kind->word, word, group) != 0)
		return false;
	if (!word[group] || c.metric == METRIC_NONE)
		return !word[group];
	return means_member(latency_word(st, c, one) + group + 1, word + group + 1) ||
		means_member(store_metric(st, c.metric)->name + strlen(c.kind->metric), word + group + 1);
}

int latency_find(const struct store *st, const struct latency_choice *list, size_t count, const char *word)
{
	char one[LATENCY_WORD_SIZE];

	if (!*word)
		return find_unasked(st, list, count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(latency_word(st, list[i], one), word) == 0)
			return (int)i;
	for (size_t i = 0; i < count; i++)
		if (is_meant(st, list[i], word))
			return (int)i;
	return -1;
}

const struct latency_kind *latency_kind_of_word(const char *word, struct err *e)
{
	const char *words[32];
	size_t group = strcspn(word, ":"), count = 0;

	for (const struct latency_kind *k = latency_kinds; k->word; k++) {
		bool same = strlen(k->word) == group && strncmp(k->word, word, group) == 0;

		if (same && (!word[group] || (is_family(k) && word[group + 1])))
			return k;
		words[count++] = k->word;
	}
	err_unknown(e, "kind of latency", word, str_nearest(word, words, count));
	return NULL;
}
