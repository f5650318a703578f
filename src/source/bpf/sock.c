/* The group sock: opening, totals, histograms, slow requests. The sockets themselves are sockets.c's. */
#include "source/bpf/sock.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "source/calls.h"
#include "source/bpf/records.h"
#include "source/bpf/slots.h"
#include "source/bpf/slow.h"
#include "source/bpf/sockets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sock.skel.h"

#define TIMED_A_SECOND 20000 /* requests; of more only a part is timed, as reading the clock is most of the price */
#define SHIFT_MOST 10
#define RATE_OVER (50 * NSEC_PER_MSEC)
#define TOLD_A_TICK 32 /* slow requests of each kind, and after those only what is slower than any of them */

struct sock_group {
	struct sockets *sockets;
	int cpus;       /* map */
	uint64_t timed; /* at the last tick, at `read` */
	nsec_t read;
	double messages; /* both ways, as of the last tick */
	unsigned shift; /* since then one request in 1 << shift was timed */
};

static const enum bpf_metric hist_metrics[SOCK_HISTS] = {
	[SOCK_REQUEST] = BPF_LAT_REQUEST, [SOCK_UPSTREAM] = BPF_LAT_UPSTREAM,
	[SOCK_GAP] = BPF_LAT_GAP,         [SOCK_RTT] = BPF_LAT_RTT,
};

_Static_assert(SOCK_TIMED == PART_REQUESTS, "each is split by thread");

static bool wants_times(const struct group *g)
{
	for (int i = 0; i < SOCK_HISTS; i++)
		if (group_wants(g, hist_metrics[i]))
			return true;
	return false;
}

/* ---- ways to learn of messages ---- */

struct way {
	const char *section; /* of its programs: how the names begin */
	bool storage;        /* states are with their sockets: 5.11, and not where functions are broken into */
	bool functions;      /* needs programs at functions' ends */
	bool others;         /* sees also sockets that are neither of IP nor Unix */
	const char *partial; /* what it does not see; NULL: nothing */
};

#define BY_FUNCTIONS "messages only of TCP, UDP and Unix sockets, without sendfile"
#define BY_CALLS "messages only by system calls, all of which pay; without io_uring and sendfile"

static const struct way ways[] = {
	{ "tp_btf/sock_", .storage = true, .others = true },
	{ "fexit/", .storage = true, .functions = true, .partial = BY_FUNCTIONS },
	{ "fexit/", .functions = true, .partial = BY_FUNCTIONS },
	{ "k", .partial = BY_FUNCTIONS }, /* kprobe/, kretprobe/ */
	{ "tp_btf/sys_exit", .others = true, .partial = BY_CALLS },
};

#define WAYS (sizeof ways / sizeof ways[0])

/* Programs of other ways are left out; those that see connections come and go belong to each. */
static void choose_programs(struct sock_bpf *s, const struct way *w)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, s->obj) {
		const char *section = bpf_program__section_name(p);
		bool iterator = str_starts(section, "iter/");

		if (iterator ? !w->storage : !str_starts(section, w->section) && p != s->progs.tach_state)
			bpf_program__set_autoload(p, false);
	}
	bpf_map__set_autocreate(w->storage ? s->maps.sock_table : s->maps.sock_states, false);
	if (w->section[0] != 'k')
		bpf_map__set_autocreate(s->maps.sock_calls, false);
}

/* System calls by what they do at a socket. */
static void fill_calls(u8 out[CALLS])
{
	static const struct {
		const char *name;
		u8 kind;
	} known[] = {
		{ "sendto", SOCK_CALL_SEND }, { "sendmsg", SOCK_CALL_SEND }, { "write", SOCK_CALL_SEND },
		{ "writev", SOCK_CALL_SEND }, { "sendmmsg", SOCK_CALL_SEND_MANY }, { "recvfrom", SOCK_CALL_RECEIVE_FROM },
		{ "recvmsg", SOCK_CALL_RECEIVE_MESSAGE }, { "recvmmsg", SOCK_CALL_RECEIVE_MANY }, { "read", SOCK_CALL_RECEIVE },
		{ "readv", SOCK_CALL_RECEIVE },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		u32 number = calls_number(known[i].name);

		if (number < CALLS)
			out[number] = known[i].kind;
	}
}

/* For tests: the first way to be tried. */
static unsigned first_way(void)
{
	const char *text = getenv("TACH_SOCK_WAY");

	return text ? (unsigned)atoi(text) : 0;
}

/* What is known to be refused is not tried. */
static int check_way(const struct group *g, const struct way *w, struct err *e)
{
	if (g->variant < first_way())
		return err_set(e, 0, "it is left out");
	if (g->variant == 0 && !(group_has_hook(g->room, "sock_send_length") && group_has_hook(g->room, "sock_recv_length")))
		return err_set(e, ENOENT, "this kernel has no sock_send_length (6.3)");
	if (w->storage && !g->room->features.sk_storage)
		return err_set(e, ENOENT, "this kernel lets no probe keep what it knows of a socket (5.11)");
	if (w->functions && !g->room->features.functions)
		return err_set(e, ENOENT, "this kernel takes no programs at functions");
	return 0;
}

static int sock_open(struct group *g, struct err *e)
{
	const struct way *w = &ways[g->variant];
	struct sock_bpf *s;

	if (check_way(g, w, e))
		return -1;
	s = sock_bpf__open();
	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	choose_programs(s, w);
	g->partial[0] = '\0';
	if (w->partial)
		snprintf(g->partial, sizeof g->partial, "%.80s: %.76s", w->partial, g->refused.text);
	s->rodata->has_sock_storage = w->storage;
	s->rodata->time_requests = wants_times(g);
	s->rodata->has_slots = g->room->slots != NULL;
	s->rodata->has_split = g->room->slots && slots_are_split(g->room->slots);
	fill_calls((u8 *)s->rodata->sock_call_kinds);
	if (!g->room->slots)
		bpf_map__set_autocreate(s->maps.thread_slots, false);
	if (!s->rodata->has_split)
		bpf_map__set_autocreate(s->maps.thread_splits, false);
	return 0;
}

static int sock_attached(struct group *g, struct err *e)
{
	struct sock_bpf *s = g->typed;
	struct sock_group *own = xcalloc(1, sizeof *own);

	g->state = own;
	own->cpus = group_map(g, "sock_cpus");
	own->sockets = ways[g->variant].storage ?
		sockets_open(g, s->progs.tach_sockets, group_map(g, "sock_states"), group_map(g, "sock_closed"), e) :
		sockets_open(g, NULL, group_map(g, "sock_table"), group_map(g, "sock_closed"), e);
	return own->sockets ? 0 : -1;
}

/* ---- slow ones ---- */

/* "disk 3.2ms", "on CPU 1.1ms": what most of the time was, if it was one thread's. */
static const char *waited_for(const struct request_record *r, char *buf, size_t size)
{
	u64 run = r->took, most = r->waits.queue;
	const char *what = "run queue";
	char time[FMT_SIZE];

	if (!r->began)
		return "";
	if (r->began != r->tid)
		return "began in another thread";
	run -= r->waits.queue < run ? r->waits.queue : run;
	for (u32 c = 0; c < CAUSES; c++) {
		u64 t = r->waits.blocked[c];

		run -= t < run ? t : run;
		if (t > most) {
			most = t;
			what = calls_cause_name(c);
		}
	}
	if (run > most)
		what = "on CPU";
	snprintf(buf, size, "%s %s", what, fmt_seconds(time, nsec_to_seconds(run > most ? run : most)));
	return buf;
}

static void take_request(struct bpf_room *r, const void *record, size_t size)
{
	const struct request_record *q = record;
	char name[2 * sizeof q->comm], label[48], waited[64];

	if (size < sizeof *q || q->hist >= SOCK_TIMED)
		return;
	str_clean(name, sizeof name, q->comm, strnlen(q->comm, sizeof q->comm));
	snprintf(label, sizeof label, "%s/%u", name, q->tid);
	slow_add(r->slow, bpf_rows[hist_metrics[q->hist]].name, q->ended, q->took, label,
		waited_for(q, waited, sizeof waited));
}

static void set_control(struct group *g)
{
	struct sock_control *c = &((struct sock_bpf *)g->typed)->bss->sock_control;
	const struct sock_group *own = g->state;

	for (int i = 0; i < SOCK_TIMED; i++)
		c->gates[i] = (struct slow_gate){ .over = slow_threshold(g->room->slow, bpf_rows[hist_metrics[i]].name),
			.left = TOLD_A_TICK };
	c->shift = own->shift;
	c->epoch++;
}

static void sock_marked(struct group *g)
{
	struct sock_bpf *s = g->typed;
	struct err e;

	if (g->room->records)
		records_handle(g->room->records, RECORD_REQUEST, take_request);
	set_control(g);
	if (ways[g->variant].storage && group_iterate(s->progs.tach_there, &e))
		log_line("probe sock: %s", e.text);
}

/* ---- reading ---- */

static void put_count(const struct group *g, struct sample *out, enum bpf_metric m, u64 value)
{
	if (g->partial[0])
		group_put_state(g, out, m, (double)value, POINT_PARTIAL);
	else
		group_put_count(g, out, m, (double)value);
}

static void put_counts(struct group *g, struct sock_group *own, const struct sock_cpu *sum, struct sample *out)
{
	u64 all[SOCK_WAYS][2] = { { 0 } };

	for (unsigned kind = 0; kind < SOCK_KINDS; kind++)
		for (unsigned way = 0; way < SOCK_WAYS; way++) {
			enum bpf_metric m = BPF_SOCK_TCP_RX_MESSAGES + 4 * kind + 2 * way;

			put_count(g, out, m, sum->messages[way][kind]);
			put_count(g, out, m + 1, sum->bytes[way][kind]);
			all[way][0] += sum->messages[way][kind];
			all[way][1] += sum->bytes[way][kind];
		}
	own->messages = (double)all[SOCK_RX][0] + (double)all[SOCK_TX][0];
	for (unsigned m = BPF_SOCK_OTHER_RX_MESSAGES; !ways[g->variant].others && m <= BPF_SOCK_OTHER_TX_BYTES; m++)
		group_missing(g, out, m, POINT_ABSENT, g->partial);
	put_count(g, out, BPF_SOCK_RX_MESSAGES, all[SOCK_RX][0]);
	put_count(g, out, BPF_SOCK_TX_MESSAGES, all[SOCK_TX][0]);
	put_count(g, out, BPF_SOCK_RX_BYTES, all[SOCK_RX][1]);
	put_count(g, out, BPF_SOCK_TX_BYTES, all[SOCK_TX][1]);
}

/* Histograms of a part of the requests say so. */
static void put_hist(struct group *g, struct sample *out, enum bpf_metric m, struct hist *take, unsigned shift)
{
	struct point *p;

	group_put_hist(g, out, m, take);
	if (!shift || !group_wants(g, m))
		return;
	p = &out->points[g->room->env->first + m];
	if (p->state == POINT_OK)
		p->state = POINT_SCALED;
	p->coverage = 1.0f / (float)(1u << shift);
}

static void put_hists(struct group *g, const struct sock_group *own, const struct sock_cpu *sum, struct sample *out)
{
	for (int i = 0; i < SOCK_HISTS; i++) {
		struct hist *h = hist_new();

		h->sum = sum->heads[i].sum;
		h->max = sum->heads[i].max;
		memcpy(h->bins, sum->bins[i], sizeof h->bins);
		put_hist(g, out, hist_metrics[i], h, i < SOCK_TIMED ? own->shift : 0);
	}
}

static const unsigned least_shift[PRICE_STAGES] = { [PRICE_SAMPLED] = PRICE_SHIFT, [PRICE_COUNTS] = 31, [PRICE_OFF] = 31 };

/* How many of the requests are timed until the next tick, by how many there were, and by what it may cost. */
static void choose_shift(struct group *g, struct sock_group *own, const struct sock_cpu *sum, nsec_t now)
{
	uint64_t timed = 0;
	double rate;

	if (own->read && now - own->read < RATE_OVER)
		return;
	for (int i = 0; i < SOCK_TIMED; i++)
		for (unsigned b = 0; b < TACH_HIST_BINS; b++)
			timed += sum->bins[i][b];
	rate = own->read ? (double)(timed - own->timed) * (1u << own->shift) / nsec_to_seconds(now - own->read) : 0;
	own->timed = timed;
	own->read = now;
	own->shift = least_shift[g->stage];
	while (own->shift < SHIFT_MOST && rate / (1u << own->shift) > TIMED_A_SECOND)
		own->shift++;
	g->note[0] = '\0';
	if (own->shift && own->shift <= SHIFT_MOST)
		snprintf(g->note, sizeof g->note, "one request in %u is timed", 1u << own->shift);
}

static void add(struct sock_cpu *to, const struct sock_cpu *c)
{
	for (int i = 0; i < SOCK_WAYS * SOCK_KINDS; i++) {
		(&to->messages[0][0])[i] += (&c->messages[0][0])[i];
		(&to->bytes[0][0])[i] += (&c->bytes[0][0])[i];
	}
	for (int i = 0; i < SOCK_HISTS; i++) {
		to->heads[i].sum += c->heads[i].sum;
		to->heads[i].max = c->heads[i].max > to->heads[i].max ? c->heads[i].max : to->heads[i].max;
		for (unsigned b = 0; b < TACH_HIST_BINS; b++)
			to->bins[i][b] += c->bins[i][b];
	}
}

static void put_cpus(struct group *g, struct sock_group *own, struct sample *out)
{
	struct sock_cpu *cpus = xcalloc((size_t)g->room->ncpus + 1, sizeof *cpus), *sum = &cpus[g->room->ncpus];
	u32 zero = 0;

	if (bpf_map_lookup_elem(own->cpus, &zero, cpus) == 0) {
		for (int c = 0; c < g->room->ncpus; c++)
			add(sum, &cpus[c]);
		put_counts(g, own, sum, out);
		put_hists(g, own, sum, out);
		choose_shift(g, own, sum, clock_now());
	}
	free(cpus);
}

/* A table by address misses what came before the first message of each, and after its last one. */
static void put_sockets(struct group *g, const struct sock_group *own, struct sample *out)
{
	const struct sockets_sum *sum = sockets_sum(own->sockets);
	const struct {
		enum bpf_metric m;
		uint64_t value;
	} rows[] = {
		{ BPF_SOCK_TCP_RX_SEGMENTS, sum->segments[SOCK_RX] },
		{ BPF_SOCK_TCP_TX_SEGMENTS, sum->segments[SOCK_TX] },
		{ BPF_SOCK_TCP_RETRANSMITS, sum->retransmits },
		{ BPF_SOCK_RX_DROPS, sum->drops },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (ways[g->variant].storage)
			group_put_count(g, out, rows[i].m, (double)rows[i].value);
		else
			group_put_state(g, out, rows[i].m, (double)rows[i].value, POINT_PARTIAL);
}

static void sock_read(struct group *g, struct sample *out)
{
	struct sock_group *own = g->state;

	put_cpus(g, own, out);
	if (sockets_read(own->sockets, clock_now())) /* else a gap: very many are not walked at every tick */
		put_sockets(g, own, out);
	sockets_put(own->sockets, out);
	set_control(g);
}

static void sock_close(struct group *g)
{
	struct sock_group *own = g->state;

	if (!own)
		return;
	sockets_close(own->sockets);
	free(own);
}

static double sock_events(struct group *g)
{
	return ((struct sock_group *)g->state)->messages;
}

static const struct price_row sock_price = { .target = { 110, 100, 90 }, .bystander = 35 };
static const char *const sock_counted[] = { "tach_send", "tach_recv", "exit_inet_sendmsg", "exit_inet_recvmsg",
	"end_inet_sendmsg", "end_inet_recvmsg", "tach_call", NULL }; /* of all ways */

const struct group_ops group_sock = {
	.name = "sock",
	.summary = "messages, bytes, segments and drops at the target's sockets, and how long it takes to answer",
	.first = BPF_SOCK_RX_MESSAGES,
	.last = BPF_LAT_RTT,
	.variants = WAYS,
	.losses = LOSS_BIT(LOST_SOCKETS),
	.price = &sock_price,
	.counted = sock_counted,
	.events = sock_events,
	.open = sock_open,
	.attached = sock_attached,
	.marked = sock_marked,
	.read = sock_read,
	.close = sock_close,
};
