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
#define NO_MESSAGES "this kernel does not tell of messages at sockets (sock_send_length: 6.3)"
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

/* Where the kernel has no tracepoints for messages, the protocols' functions stand in for them. Returns whether any do. */
static bool use_functions(struct sock_bpf *s)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct bpf_program *p;
	bool any = false;

	bpf_object__for_each_program(p, s->obj) {
		const char *section = bpf_program__section_name(p);

		if (!kernel || !str_starts(section, "fexit/") ||
			btf__find_by_name_kind(kernel, section + strlen("fexit/"), BTF_KIND_FUNC) < 0)
			continue;
		bpf_program__set_autoload(p, true);
		any = true;
	}
	btf__free(kernel);
	return any;
}

static void choose_hooks(struct group *g, struct sock_bpf *s)
{
	g->partial[0] = '\0';
	if (group_has_hook(g->room, "sock_send_length") && group_has_hook(g->room, "sock_recv_length"))
		return;
	bpf_program__set_autoload(s->progs.tach_send, false);
	bpf_program__set_autoload(s->progs.tach_recv, false);
	str_copy(g->partial, sizeof g->partial, g->room->features.functions && use_functions(s) ?
		"messages only of TCP, UDP and Unix sockets, without sendfile: this kernel has no sock_send_length (6.3)" :
		NO_MESSAGES);
}

static int sock_open(struct group *g, struct err *e)
{
	struct sock_bpf *s;

	if (!g->room->features.sk_storage)
		return err_set(e, 0, "this kernel lets no probe keep what it knows of a socket (5.11)");
	s = sock_bpf__open();
	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	choose_hooks(g, s);
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	s->rodata->time_requests = wants_times(g);
	s->rodata->has_slots = g->room->slots != NULL;
	s->rodata->has_split = g->room->slots && slots_are_split(g->room->slots);
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
	own->sockets = sockets_open(g, s->progs.tach_sockets, group_map(g, "sock_states"), group_map(g, "sock_closed"), e);
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
	if (group_iterate(s->progs.tach_there, &e))
		log_line("probe sock: %s", e.text);
}

/* ---- reading ---- */

/* Without tracepoints and functions nothing tells of messages, and what is made of them is unknown as well. */
static bool has_messages(struct group *g, struct sample *out)
{
	const struct sock_bpf *s = g->typed;

	if (bpf_program__autoload(s->progs.tach_send) || bpf_program__autoload(s->progs.tach_inet_send))
		return true;
	for (unsigned m = BPF_SOCK_RX_MESSAGES; m < BPF_SOCK_TCP_RX_SEGMENTS; m++)
		group_missing(g, out, m, POINT_ABSENT, NO_MESSAGES);
	for (int i = 0; i < SOCK_HISTS; i++)
		group_missing(g, out, hist_metrics[i], POINT_ABSENT, NO_MESSAGES);
	return false;
}

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
	for (unsigned m = BPF_SOCK_OTHER_RX_MESSAGES; g->partial[0] && m <= BPF_SOCK_OTHER_TX_BYTES; m++)
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
	if (own->shift)
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

	if (has_messages(g, out) && bpf_map_lookup_elem(own->cpus, &zero, cpus) == 0) {
		for (int c = 0; c < g->room->ncpus; c++)
			add(sum, &cpus[c]);
		put_counts(g, own, sum, out);
		put_hists(g, own, sum, out);
		choose_shift(g, own, sum, clock_now());
	}
	free(cpus);
}

static void put_sockets(struct group *g, const struct sock_group *own, struct sample *out)
{
	const struct sockets_sum *sum = sockets_sum(own->sockets);

	if (!sockets_read(own->sockets, clock_now()))
		return; /* a gap: with very many sockets not at every tick */
	group_put_count(g, out, BPF_SOCK_TCP_RX_SEGMENTS, (double)sum->segments[SOCK_RX]);
	group_put_count(g, out, BPF_SOCK_TCP_TX_SEGMENTS, (double)sum->segments[SOCK_TX]);
	group_put_count(g, out, BPF_SOCK_TCP_RETRANSMITS, (double)sum->retransmits);
	group_put_count(g, out, BPF_SOCK_RX_DROPS, (double)sum->drops);
}

static void sock_read(struct group *g, struct sample *out)
{
	struct sock_group *own = g->state;

	put_cpus(g, own, out);
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
static const char *const sock_counted[] = { "tach_send", "tach_recv", NULL };

const struct group_ops group_sock = {
	.name = "sock",
	.summary = "messages, bytes, segments and drops at the target's sockets, and how long it takes to answer",
	.first = BPF_SOCK_RX_MESSAGES,
	.last = BPF_LAT_RTT,
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
