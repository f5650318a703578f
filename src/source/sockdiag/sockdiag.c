/*
 * The sockdiag source: puts its parts together. In each tick it goes on looking at the sockets of the target's network
 * namespaces, within a share of the time that passed; when all have been looked at, it puts what they moved. Where there
 * are very many that takes several ticks, and the ticks between are gaps: a rate is over what was measured.
 */
#include "source/sockdiag/sockdiag.h"

#include "base/alloc.h"
#include "source/sockdiag/cgroups.h"
#include "source/sockdiag/dump.h"
#include "source/sockdiag/holders.h"
#include "source/sockdiag/ledger.h"
#include "source/sockdiag/listing.h"
#include "source/sockdiag/metrics.h"
#include "source/sockdiag/spaces.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CPU time of a tick for sockets, and for descriptors: a share of the time since the last one, and no less than that. */
#define DUMP_SHARE 200
#define DUMP_LEAST NSEC_PER_MSEC
#define WALK_SHARE 500
#define WALK_LEAST (500 * NSEC_PER_USEC)
#define AT_FIRST (20 * NSEC_PER_MSEC) /* each, at the first tick: what was there before must be known */

struct sockdiag {
	const struct source_env *env;
	struct spaces spaces;
	struct holders *holders;
	struct cgroups cgroups;
	struct ledger ledger;
	size_t at;            /* namespace that is looked at */
	bool busy;            /* a cycle is under way */
	unsigned ticks;       /* that it took so far */
	nsec_t last;          /* tick */
	struct err failure;   /* of the newest dump; code 0: none */
};

static void drop(void *context, struct seen *seen)
{
	(void)context;
	(void)seen;
}

static bool sockdiag_probe(struct err *why, struct err *fix)
{
	struct dump d;
	bool good;

	(void)fix;
	if (dump_open(&d, why) != 0)
		return false;
	good = dump_go(&d, 0, drop, NULL, why) != DUMP_FAILED;
	dump_close(&d);
	return good;
}

static void *sockdiag_open(const struct source_env *env, const struct target *t, struct err *e)
{
	struct sockdiag *s = xcalloc(1, sizeof *s);

	(void)t;
	(void)e;
	s->env = env;
	s->holders = holders_new();
	spaces_open(&s->spaces);
	return s;
}

static void sockdiag_close(void *state)
{
	struct sockdiag *s = state;

	spaces_close(&s->spaces);
	holders_free(s->holders);
	cgroups_free(&s->cgroups);
	ledger_free(&s->ledger);
	free(s);
}

/* ---- looking ---- */

static bool is_ours(const void *context, const struct seen *seen)
{
	const struct sockdiag *s = context;

	return holders_has(s->holders, seen->inode) || cgroups_have(&s->cgroups, seen->cgroup);
}

static void take_seen(void *context, struct seen *seen)
{
	struct sockdiag *s = context;
	const struct space *space = &s->spaces.list[s->at];

	seen->space = (uint8_t)s->at;
	ledger_take(&s->ledger, seen, is_ours(s, seen), space->fresh && space->old, holders_complete(s->holders));
}

static void take_ending(void *context, struct seen *seen)
{
	struct sockdiag *s = context;

	seen->space = (uint8_t)s->at;
	ledger_end(&s->ledger, seen);
}

static void hear(struct sockdiag *s)
{
	for (s->at = 0; s->at < s->spaces.count; s->at++)
		if (s->spaces.list[s->at].open && !dump_hear(&s->spaces.list[s->at].dump, take_ending, s))
			s->ledger.lost++;
}

/* Returns whether all has been looked at. */
static bool look(struct sockdiag *s, nsec_t budget)
{
	nsec_t until = clock_cpu_thread() + budget;
	enum dump_progress progress;

	for (; s->at < s->spaces.count; s->at++) {
		struct space *space = &s->spaces.list[s->at];

		if (!space->open)
			continue;
		progress = dump_go(&space->dump, until, take_seen, s, &s->failure);
		if (progress != DUMP_COMPLETE)
			return false;
		s->failure.code = 0;
		space->fresh = false;
	}
	return true;
}

static void begin(struct sockdiag *s, const struct target *t)
{
	spaces_follow(&s->spaces, t);
	cgroups_follow(&s->cgroups, t);
	ledger_begin(&s->ledger);
	s->at = 0;
	s->busy = true;
	s->ticks = 0;
}

/* Strangers are looked for among the descriptors of the target. */
static void identify(struct sockdiag *s, const struct target *t, nsec_t budget)
{
	if (!s->ledger.npending)
		return;
	holders_ask(s->holders);
	holders_walk(s->holders, t, budget, ++s->ledger.moment);
	ledger_adopt(&s->ledger, is_ours, s);
}

static nsec_t at_least(nsec_t a, nsec_t least)
{
	return a > least ? a : least;
}

/* Returns whether a cycle has come to its end. */
static bool cycle(struct sockdiag *s, const struct target *t)
{
	bool first = s->last == 0;
	nsec_t now = clock_now(), passed = now - s->last;
	nsec_t dump = first ? AT_FIRST : at_least(passed / DUMP_SHARE, DUMP_LEAST);
	nsec_t walk = first ? AT_FIRST : at_least(passed / WALK_SHARE, WALK_LEAST);
	size_t at = s->at;

	s->last = now;
	holders_walk(s->holders, t, walk, ++s->ledger.moment);
	hear(s);
	s->at = at;
	if (!s->busy)
		begin(s, t);
	s->ticks++;
	s->ledger.moment++;
	if (!look(s, dump))
		return false;
	if (!first)
		identify(s, t, walk);
	ledger_finish(&s->ledger);
	s->busy = false;
	return true;
}

/* ---- what is said ---- */

/* Levels of the moment, over the sockets that are there. */
struct levels {
	double established, rx_queue, tx_queue, udp_queue;
	double rtt, weight, plain, connections, rtt_max; /* seconds; sum of rtt by weight, and without */
};

static void add_levels(struct levels *v, const struct watched *w)
{
	double rtt = (double)w->seen.rtt / 1e6;

	if (w->seen.protocol == IPPROTO_UDP) {
		v->udp_queue += w->seen.rx_queue;
		return;
	}
	if (w->seen.state == SEEN_LISTEN)
		return;
	v->established += w->seen.state == SEEN_ESTABLISHED;
	v->rx_queue += w->seen.rx_queue;
	v->tx_queue += w->seen.tx_queue;
	if (!w->seen.rtt)
		return;
	v->rtt += rtt * (double)w->moved;
	v->weight += (double)w->moved;
	v->plain += rtt;
	v->connections++;
	v->rtt_max = rtt > v->rtt_max ? rtt : v->rtt_max;
}

static void put_levels(const struct ledger *l, const struct sockdiag_tick *t, enum point_state state)
{
	struct levels v = { .established = 0 };

	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].cycle == l->cycle && !l->list[i].ended)
			add_levels(&v, &l->list[i]);
	sockdiag_put(t, SOCKDIAG_TCP_SOCKETS, v.established, state);
	sockdiag_put(t, SOCKDIAG_TCP_RX_QUEUE, v.rx_queue, state);
	sockdiag_put(t, SOCKDIAG_TCP_TX_QUEUE, v.tx_queue, state);
	sockdiag_put(t, SOCKDIAG_UDP_RX_QUEUE, v.udp_queue, state);
	if (v.connections == 0)
		return;
	sockdiag_put(t, SOCKDIAG_TCP_RTT, v.weight > 0 ? v.rtt / v.weight : v.plain / v.connections, state);
	sockdiag_put(t, SOCKDIAG_TCP_RTT_MAX, v.rtt_max, state);
}

static void put_totals(const struct ledger *l, const struct sockdiag_tick *t, enum point_state state)
{
	static const enum sockdiag_metric metrics[] = { SOCKDIAG_TCP_RX_SEGMENTS, SOCKDIAG_TCP_TX_SEGMENTS,
		SOCKDIAG_TCP_RX_BYTES, SOCKDIAG_TCP_TX_BYTES, SOCKDIAG_TCP_RETRANSMITS };

	for (int i = 0; i <= SEEN_RETRANSMITS; i++)
		if (l->connections && !(l->said & 1u << i))
			sockdiag_missing(t, metrics[i], metrics[i], POINT_ABSENT, "this kernel does not count it for a socket");
		else
			sockdiag_put(t, metrics[i], (double)l->total[i], state);
	sockdiag_put(t, SOCKDIAG_UDP_DROPS, (double)l->udp_drops, state);
}

/* Of the namespaces that are open, whether one of them tells of TCP only. */
static bool has_no_udp(const struct spaces *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].open && s->list[i].dump.no_udp)
			return true;
	return false;
}

/* Why some of the target's sockets are not seen; NULL: all are. */
struct missing {
	const char *why, *fix;
	bool all, denied;
};

static struct missing find_missing(const struct sockdiag *s, char why[160])
{
	static const char root[] = "run tach as root";
	size_t denied, processes = holders_processes(s->holders, &denied), closed = 0;
	struct missing m = { .fix = "" };

	for (size_t i = 0; i < s->spaces.count; i++)
		if (!s->spaces.list[i].open) {
			closed++;
			m = (struct missing){ .why = s->spaces.list[i].why.text, .fix = root, .all = closed == s->spaces.count,
				.denied = true };
		}
	if (m.why)
		return m;
	if (denied) {
		m = (struct missing){ .why = "only root and the program's own user may see which sockets it holds",
			.fix = "run tach as root or as the same user", .all = denied == processes && !s->cgroups.ids.used,
			.denied = true };
		if (denied == processes && s->cgroups.ids.used)
			m.why = "sockets that were made outside the cgroup and handed in are not seen without root's rights";
		return m;
	}
	if (s->spaces.left_out)
		m.why = "its processes are in more network namespaces than are looked at";
	else if (!holders_complete(s->holders))
		m.why = "its descriptors are still being looked at for the first time";
	else if (s->ledger.left_out) {
		snprintf(why, 160, "%zu of its sockets are left out: %d are watched at most", s->ledger.left_out, LEDGER_MOST);
		m.why = why;
	}
	return m;
}

static bool is_deaf(const struct sockdiag *s)
{
	for (size_t i = 0; i < s->spaces.count; i++)
		if (s->spaces.list[i].open && s->spaces.list[i].dump.deaf_until)
			return true;
	return false;
}

static void put_status(const struct sockdiag *s, const struct sockdiag_tick *t, const struct missing *m)
{
	char why[160];

	if (m->why)
		sample_status(t->out, "sockets", m->all ? STATUS_DENIED : STATUS_PARTIAL, m->why, m->fix);
	else if (s->failure.code)
		sample_status(t->out, "sockets", STATUS_PARTIAL, s->failure.text, "");
	else if (s->ticks > 1) {
		snprintf(why, sizeof why, "its network namespace has %zu sockets: to look at all takes %u ticks", s->ledger.seen,
			s->ticks);
		sample_status(t->out, "sockets", STATUS_PARTIAL, why, "");
	} else if (is_deaf(s))
		sample_status(t->out, "sockets", STATUS_PARTIAL,
			"so many connections end that what each moved after it was last looked at is left out", "");
	else
		sample_status(t->out, "sockets", STATUS_ON, "", "");
}

static void put(struct sockdiag *s, const struct sockdiag_tick *t, const struct missing *m)
{
	enum point_state state = m->why || s->ledger.lost ? POINT_PARTIAL : POINT_OK;

	s->ledger.lost = 0;
	put_levels(&s->ledger, t, state);
	put_totals(&s->ledger, t, state);
	if (has_no_udp(&s->spaces))
		sockdiag_missing(t, SOCKDIAG_UDP_RX_QUEUE, SOCKDIAG_UDP_DROPS, POINT_ABSENT,
			"this kernel tells of TCP sockets only (udp_diag is missing)");
	listing_put(&s->ledger, t->out);
}

static void sockdiag_read(void *state, const struct target *target, struct sample *out)
{
	struct sockdiag *s = state;
	struct sockdiag_tick t = { s->env, out };
	bool complete = cycle(s, target);
	char why[160];
	struct missing m = find_missing(s, why);

	if (m.all)
		sockdiag_missing(&t, 0, SOCKDIAG_METRIC_COUNT - 1, POINT_DENIED, m.why);
	else if (complete)
		put(s, &t, &m);
	put_status(s, &t, &m);
}

const struct source_ops source_sockdiag = {
	.name = "sockdiag",
	.summary = "segments, bytes, retransmits, round-trip times and queues of the target's own TCP and UDP sockets",
	.metrics = sockdiag_rows,
	.nmetrics = SOCKDIAG_METRIC_COUNT,
	.probe = sockdiag_probe,
	.open = sockdiag_open,
	.read = sockdiag_read,
	.close = sockdiag_close,
};
