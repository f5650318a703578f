/* The sockdiag source: what the survey of the target's sockets says in a tick. */
#include "source/sockdiag/sockdiag.h"

#include "base/alloc.h"
#include "source/sockdiag/listing.h"
#include "source/sockdiag/metrics.h"
#include "source/sockdiag/survey.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

struct sockdiag {
	const struct source_env *env;
	struct survey survey;
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
	if (dump_open(&d, DUMP_OTHERS, why) != 0)
		return false;
	good = dump_go(&d, 0, 0, drop, NULL, why) != DUMP_FAILED;
	dump_close(&d);
	return good;
}

static void *sockdiag_open(const struct source_env *env, const struct target *t, struct err *e)
{
	struct sockdiag *s = xcalloc(1, sizeof *s);

	(void)t;
	(void)e;
	s->env = env;
	survey_open(&s->survey);
	return s;
}

static void sockdiag_close(void *state)
{
	struct sockdiag *s = state;

	survey_close(&s->survey);
	free(s);
}

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

/* Whether one of the namespaces tells of TCP only. */
static bool has_no_udp(const struct spaces *s)
{
	for (size_t i = 0; i < SPACES_MOST; i++)
		if (s->list[i].open && s->list[i].others.no_udp)
			return true;
	return false;
}

/* Whether in one of them nobody listens to last words. */
static bool is_deaf(const struct spaces *s)
{
	for (size_t i = 0; i < SPACES_MOST; i++)
		if (s->list[i].open && s->list[i].endings.deaf_until)
			return true;
	return false;
}

static void put_totals(const struct ledger *l, const struct sockdiag_tick *t, enum point_state state)
{
	static const enum sockdiag_metric metrics[] = { SOCKDIAG_TCP_RX_SEGMENTS, SOCKDIAG_TCP_TX_SEGMENTS,
		SOCKDIAG_TCP_RX_BYTES, SOCKDIAG_TCP_TX_BYTES, SOCKDIAG_TCP_RETRANSMITS };

	for (int i = 0; i <= SEEN_RETRANSMITS; i++)
		if (l->said && !(l->said & 1u << i))
			sockdiag_missing(t, metrics[i], metrics[i], POINT_ABSENT, "this kernel does not count it for a socket");
		else
			sockdiag_put(t, metrics[i], (double)l->total[i], state);
	sockdiag_put(t, SOCKDIAG_UDP_DROPS, (double)l->udp_drops, state);
}

/* ---- what is missing ---- */

/* Why some of the target's sockets are not seen. */
struct missing {
	const char *why, *fix; /* why is NULL: all are seen */
	bool all;              /* none is */
};

#define FIX_FILES "run tach as root or as the program's user, or: setcap cap_sys_ptrace,cap_dac_read_search+ep $(command -v tach)"

static struct missing closed_spaces(const struct spaces *s)
{
	struct missing m = { .fix = "run tach as root", .all = true };

	for (size_t i = 0; i < SPACES_MOST; i++) {
		const struct space *space = &s->list[i];

		if (space->inode && !space->open)
			m.why = space->why.text;
		m.all &= !space->open;
	}
	return m;
}

/* Whoever may not see which sockets a process holds can still tell those that were made in its cgroup. */
static struct missing closed_files(const struct survey *s)
{
	size_t denied, processes = holders_processes(s->holders, &denied);
	bool cgroup = s->cgroups.ids.used != 0;
	struct missing m = { .fix = FIX_FILES, .all = denied == processes && !cgroup };

	if (denied && cgroup)
		m.why = "only root may see which sockets from outside its cgroup it holds";
	else if (denied)
		m.why = "only root and the program's own user may see which sockets it holds";
	return m;
}

static struct missing find_missing(const struct survey *s)
{
	struct missing m = closed_spaces(&s->spaces);

	if (!m.why)
		m = closed_files(s);
	if (m.why)
		return m;
	m = (struct missing){ .fix = "" };
	if (s->spaces.left_out)
		m.why = "its processes are in more network namespaces than are looked at";
	else if (s->ledger.left_out)
		m.why = "it has more sockets than are watched";
	else if (!holders_complete(s->holders))
		m.why = "its descriptors are still being looked at for the first time";
	return m;
}

static void put_status(const struct survey *s, const struct sockdiag_tick *t, const struct missing *m)
{
	char slow[160];

	snprintf(slow, sizeof slow, "its network namespace has %zu connections: to look at all of them takes %u ticks",
		s->ledger.connections, s->ticks);
	if (m->why)
		sample_status(t->out, "sockets", m->all ? STATUS_DENIED : STATUS_PARTIAL, m->why, m->fix);
	else if (s->failure.code)
		sample_status(t->out, "sockets", STATUS_PARTIAL, s->failure.text, "");
	else if (s->ticks > 1)
		sample_status(t->out, "sockets", STATUS_PARTIAL, slow, "");
	else if (is_deaf(&s->spaces))
		sample_status(t->out, "sockets", STATUS_PARTIAL,
			"very many connections end: what they move after they were last looked at is left out", "");
	else
		sample_status(t->out, "sockets", STATUS_ON, "", "");
}

/* ---- a tick ---- */

static void put(struct survey *s, const struct sockdiag_tick *t, const struct missing *m)
{
	enum point_state some = m->why ? POINT_PARTIAL : POINT_OK;

	put_levels(&s->ledger, t, some);
	put_totals(&s->ledger, t, s->ledger.lost ? POINT_PARTIAL : some);
	s->ledger.lost = 0;
	if (has_no_udp(&s->spaces))
		sockdiag_missing(t, SOCKDIAG_UDP_RX_QUEUE, SOCKDIAG_UDP_DROPS, POINT_ABSENT,
			"this kernel tells of TCP sockets only (udp_diag is missing)");
}

static void sockdiag_read(void *state, const struct target *target, struct sample *out)
{
	struct sockdiag *s = state;
	struct sockdiag_tick t = { s->env, out };
	bool complete = survey_tick(&s->survey, target);
	struct missing m = find_missing(&s->survey);

	put_status(&s->survey, &t, &m);
	if (m.why && m.all) {
		sockdiag_missing(&t, 0, SOCKDIAG_METRIC_COUNT - 1, POINT_DENIED, m.why);
		return;
	}
	if (complete)
		put(&s->survey, &t, &m);
	listing_put(&s->survey.ledger, complete, out);
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
