/* Who is watched, and growth of totals. Knows neither netlink nor /proc. */
#include "source/sockdiag/ledger.h"

#include "base/alloc.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_MOST 1024

/* What a cookie stands for that is not watched: value of its slot, above every index of one that is. `since` is the moment
 * at which somebody held it first. */
#define STRANGER_BORN (UINT32_MAX - 3)    /* came up after tach began; whose it is, is not known yet */
#define STRANGER_OLD (UINT32_MAX - 2)     /* the same of one that was there already */
#define STRANGER_SETTLED (UINT32_MAX - 1) /* was not the target's when looked at */
#define STRANGER_ENDED UINT32_MAX         /* one of the target's that is no more */

void ledger_free(struct ledger *l)
{
	idmap_free(&l->cookies);
	free(l->list);
	free(l->pending);
	free(l->listeners);
	free(l->fresh);
}

/* ---- growth ---- */

static bool is_wide(int total)
{
	return total == SEEN_RX_BYTES || total == SEEN_TX_BYTES;
}

/* A socket that is used again for another connection begins at 0. */
static bool is_renewed(const struct seen *now, const struct seen *before)
{
	static const int segments[] = { SEEN_RX_SEGMENTS, SEEN_TX_SEGMENTS };

	for (int i = 0; i < 2; i++)
		if (now->known & before->known & 1u << segments[i] &&
			(uint32_t)(now->total[segments[i]] - before->total[segments[i]]) > INT32_MAX)
			return true;
	return false;
}

static uint64_t grown(const struct seen *now, const struct seen *before, int total)
{
	uint64_t more = now->total[total] - before->total[total];

	if (!(now->known & before->known & 1u << total))
		return 0;
	if (!is_wide(total))
		return (uint32_t)more > INT32_MAX ? 0 : (uint32_t)more;
	return more > INT64_MAX ? 0 : more;
}

static void take_growth(struct ledger *l, struct watched *w, const struct seen *now)
{
	struct seen before = w->seen;
	uint64_t more[SEEN_TOTALS];

	if (is_renewed(now, &before))
		memset(before.total, 0, sizeof before.total);
	for (int i = 0; i < SEEN_TOTALS; i++) {
		more[i] = grown(now, &before, i);
		w->total[i] += more[i];
	}
	w->moved += more[SEEN_RX_SEGMENTS] + more[SEEN_TX_SEGMENTS];
	if (now->protocol == IPPROTO_UDP)
		l->udp_drops += more[SEEN_DROPS];
	else
		for (int i = 0; i < SEEN_TOTALS; i++)
			l->total[i] += more[i];
	w->seen = *now;
}

/* ---- who is watched ---- */

static void watch(struct ledger *l, struct idslot *slot, const struct seen *s, bool old)
{
	struct watched *w;

	if (l->count == LEDGER_MOST) {
		l->left_out++;
		return;
	}
	l->list = xgrow(l->list, &l->capacity, l->count + 1, sizeof *l->list);
	w = &l->list[l->count];
	*w = (struct watched){ .seen = *s, .cycle = l->cycle };
	slot->value = (uint32_t)l->count++;
	if (!old)
		memset(w->seen.total, 0, sizeof w->seen.total);
	take_growth(l, w, s);
}

static void note_listener(struct ledger *l, const struct seen *s, bool ours)
{
	if (s->state != SEEN_LISTEN || l->nfresh == LEDGER_MOST)
		return;
	l->fresh = xgrow(l->fresh, &l->fresh_capacity, l->nfresh + 1, sizeof *l->fresh);
	l->fresh[l->nfresh++] = (struct listener){ s->local, s->space, ours };
}

/* One that nobody holds can be nobody's yet; one that somebody holds is looked for until all were asked. */
static void take_stranger(struct ledger *l, struct idslot *slot, const struct seen *s, uint32_t looked)
{
	if (!s->inode || slot->value == STRANGER_SETTLED || slot->value == STRANGER_ENDED)
		return;
	if (!slot->since)
		slot->since = l->moment;
	if (looked > slot->since) {
		slot->value = STRANGER_SETTLED;
	} else if (l->npending < PENDING_MOST) {
		l->pending = xgrow(l->pending, &l->pending_capacity, l->npending + 1, sizeof *l->pending);
		l->pending[l->npending++] = *s;
	}
}

void ledger_begin(struct ledger *l)
{
	l->cycle++;
	l->npending = l->nfresh = l->left_out = 0;
	for (size_t i = 0; i < l->count; i++)
		l->list[i].moved = 0;
}

void ledger_take(struct ledger *l, const struct seen *s, bool ours, bool old, uint32_t looked)
{
	struct idslot *slot = idmap_find(&l->cookies, s->cookie);

	if (s->protocol == IPPROTO_TCP && !s->known && s->state != SEEN_LISTEN)
		return; /* what is left of it when the connection is over */
	if (s->protocol == IPPROTO_TCP && s->state != SEEN_LISTEN) {
		l->counted++;
		l->said |= s->known;
	}
	if (!slot) {
		if (!ours && l->cookies.used >= LEDGER_STRANGERS)
			return;
		slot = idmap_put(&l->cookies, s->cookie);
		slot->value = old ? STRANGER_OLD : STRANGER_BORN;
	}
	slot->newest = l->round;
	note_listener(l, s, ours || slot->value < STRANGER_BORN);
	if (slot->value < STRANGER_BORN) {
		l->list[slot->value].cycle = l->cycle;
		take_growth(l, &l->list[slot->value], s);
	} else if (ours && slot->value != STRANGER_ENDED) {
		watch(l, slot, s, slot->value != STRANGER_BORN);
	} else {
		take_stranger(l, slot, s, looked);
	}
}

void ledger_adopt(struct ledger *l, bool ours(const void *context, const struct seen *s), const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->npending; i++) {
		struct idslot *slot = idmap_find(&l->cookies, l->pending[i].cookie);

		if (!slot || slot->value < STRANGER_BORN)
			continue;
		if (ours(context, &l->pending[i]))
			watch(l, slot, &l->pending[i], slot->value != STRANGER_BORN);
		else
			l->pending[kept++] = l->pending[i];
	}
	l->npending = kept;
}

/* ---- ends ---- */

static bool is_any(const struct seen_end *e)
{
	static const uint8_t none[16];

	return seen_is_four(e) ? memcmp(e->address + 12, none, 4) == 0 : memcmp(e->address, none, sizeof none) == 0;
}

static bool hears(const struct listener *on, const struct seen *s)
{
	return on->local.port == s->local.port && on->space == s->space &&
		(is_any(&on->local) || memcmp(on->local.address, s->local.address, sizeof s->local.address) == 0);
}

void ledger_end(struct ledger *l, const struct seen *s)
{
	struct idslot *slot = idmap_find(&l->cookies, s->cookie);
	struct watched *w;

	if (slot && slot->value < STRANGER_BORN) {
		w = &l->list[slot->value];
		if (!w->ended)
			take_growth(l, w, s);
		w->ended = true;
		return;
	}
	if (slot && slot->value >= STRANGER_SETTLED)
		return;
	for (size_t i = 0; i < l->nlisteners; i++)
		if (l->listeners[i].ours && hears(&l->listeners[i], s)) {
			l->lost++;
			return;
		}
}

/* ---- the end of a cycle ---- */

/* A dump can pass over a socket when others come and go meanwhile, and a last word can be late: one more cycle. */
static bool is_over(const struct ledger *l, const struct watched *w)
{
	return w->ended || l->cycle - w->cycle > 1;
}

static void drop_ended(struct ledger *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		struct watched *w = &l->list[i];
		struct idslot *slot = idmap_find(&l->cookies, w->seen.cookie);

		if (is_over(l, w)) {
			l->lost += !w->ended && w->seen.protocol == IPPROTO_TCP && w->seen.state != SEEN_LISTEN;
			slot->value = STRANGER_ENDED;
			continue;
		}
		slot->value = (uint32_t)kept;
		l->list[kept++] = *w;
	}
	l->count = kept;
}

static bool is_remembered(const struct idslot *slot, const void *context)
{
	const struct ledger *l = context;

	return slot->value < STRANGER_BORN || l->round - slot->newest < 2;
}

void ledger_sweep(struct ledger *l)
{
	if (l->cookies.used > 2 * l->counted + 1024)
		idmap_filter(&l->cookies, is_remembered, l);
	l->connections = l->counted;
	l->counted = 0;
	l->round++;
}

static void place(struct ledger *l, struct watched *w)
{
	for (size_t i = 0; i < l->nlisteners && !w->server; i++)
		w->server = hears(&l->listeners[i], &w->seen);
	w->placed = true;
}

/* Those that could not be seen in this cycle are there if they were in the last one. */
static void keep_others(struct ledger *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct watched *w = &l->list[i];

		if ((w->seen.protocol == IPPROTO_UDP || w->seen.state == SEEN_LISTEN) && w->cycle == l->cycle - 1)
			w->cycle = l->cycle;
	}
}

static void take_listeners(struct ledger *l)
{
	struct listener *old = l->listeners;
	size_t capacity = l->listeners_capacity;

	l->listeners = l->fresh;
	l->listeners_capacity = l->fresh_capacity;
	l->nlisteners = l->nfresh;
	l->fresh = old;
	l->fresh_capacity = capacity;
}

void ledger_finish(struct ledger *l, bool others)
{
	if (others)
		take_listeners(l);
	else
		keep_others(l);
	drop_ended(l);
	l->datagrams = false;
	for (size_t i = 0; i < l->count; i++) {
		struct watched *w = &l->list[i];

		if (!w->placed)
			place(l, w);
		w->busy = w->busy / 2 + w->moved;
		l->datagrams |= w->seen.protocol == IPPROTO_UDP;
	}
}
