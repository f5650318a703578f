/* Pairs from the kernel's table, chains from what the threads wait for at this moment. */
#include "source/bpf/pairs.h"

#include "base/alloc.h"
#include "model/tables.h"
#include "source/bpf/each.h"
#include "source/bpf/locks.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_ROWS 100
#define CHAIN_ROWS 8
#define CHAIN_LINKS 16

struct pair {
	struct pair_key key;
	struct pair_total total;
	nsec_t told; /* blocked, waits that go on included; never less than before */
};

struct pairs {
	const struct slots *slots;
	int map;
	struct pair *list; /* who waited longest first; while reading: by key, then those that only wait now */
	size_t count, capacity;
};

struct pairs *pairs_open(const struct group *g, const struct slots *slots)
{
	struct pairs *p = xcalloc(1, sizeof *p);

	p->slots = slots;
	p->map = group_map(g, "pairs");
	return p;
}

void pairs_close(struct pairs *p)
{
	if (!p)
		return;
	free(p->list);
	free(p);
}

static const struct thread_slot *owner_of(const struct slots *s, const struct pair_key *k)
{
	return k->kind & PAIR_BY_WAKER ? slots_by_tid(s, k->owner) : slots_by_inner(s, k->tgid, k->owner);
}

static int by_wait(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->told != y->told)
		return x->told > y->told ? -1 : 1;
	return memcmp(&x->key, &y->key, sizeof x->key);
}

static bool waits_for_lock(const struct thread_slot *t)
{
	return t->state == SLOT_BLOCKED && !t->woken && t->cause == CAUSE_LOCK;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct pair *)a)->key, &((const struct pair *)b)->key, sizeof(struct pair_key));
}

static void sort(struct pair *list, size_t count, int (*order)(const void *, const void *))
{
	if (count)
		qsort(list, count, sizeof *list, order);
}

/* In a list by key; NULL: not there. */
static struct pair *pair_of(struct pair *list, size_t count, const struct pair_key *key)
{
	struct pair wanted = { .key = *key };

	return count ? bsearch(&wanted, list, count, sizeof *list, by_key) : NULL;
}

static struct pair *add_pair(struct pairs *p, const struct pair_key *key)
{
	p->list = xgrow(p->list, &p->capacity, p->count + 1, sizeof *p->list);
	p->list[p->count] = (struct pair){ .key = *key };
	return &p->list[p->count++];
}

/* Waits that are over. Those of threads that have ended leave the kernel's table. */
static void take(void *pairs, const void *pair, const void *total)
{
	struct pairs *p = pairs;
	const struct pair_key *key = pair;

	if (slots_by_tid(p->slots, key->waiter) && owner_of(p->slots, key))
		add_pair(p, key)->total = *(const struct pair_total *)total;
	else
		bpf_map_delete_elem(p->map, key);
}

/* Waits that go on. */
static void add_waiting(struct pairs *p)
{
	size_t n;
	const struct thread_slot *t = slots_list(p->slots, &n);
	nsec_t now = slots_now(p->slots);
	size_t over = p->count;

	for (size_t i = 0; i < n; i++) {
		struct pair_key key = { .tgid = t[i].tgid, .waiter = t[i].tid, .owner = t[i].owner, .kind = t[i].kind };
		struct pair *pair;

		if (!waits_for_lock(&t[i]) || !t[i].owner || now < t[i].since)
			continue;
		pair = pair_of(p->list, over, &key); /* a thread waits for one: those that are added are not asked for */
		pair = pair ? pair : add_pair(p, &key);
		pair->told += now - t[i].since;
	}
}

void pairs_read(struct pairs *p)
{
	struct pair *before = p->list;
	size_t count = p->count;

	p->list = NULL;
	p->count = p->capacity = 0;
	map_each(p->map, sizeof(struct pair_key), sizeof(struct pair_total), take, p);
	sort(p->list, p->count, by_key);
	add_waiting(p);
	sort(before, count, by_key);
	for (size_t i = 0; i < p->count; i++) {
		const struct pair *old = pair_of(before, count, &p->list[i].key);

		p->list[i].told += p->list[i].total.blocked;
		if (old && old->told > p->list[i].told)
			p->list[i].told = old->told;
	}
	free(before);
	sort(p->list, p->count, by_wait);
}

static void put_pairs(const struct pairs *p, struct sample *out)
{
	struct table *t = sample_table(out, &table_lock_pairs);
	char name[64];

	for (size_t i = 0; i < p->count && t->nrows < PAIR_ROWS; i++) {
		const struct pair *pair = &p->list[i];
		const struct thread_slot *waiter = slots_by_tid(p->slots, pair->key.waiter);
		const struct thread_slot *owner = owner_of(p->slots, &pair->key);
		union cell *row;

		if (!waiter || !owner || owner == waiter)
			continue;
		row = table_row(t, (u64)pair->key.waiter << 32 | pair->key.owner | (u64)(pair->key.kind & 0xff) << 56);
		row[PAIRS_WAITER].text = sample_text(out, slot_label(waiter, name, sizeof name));
		row[PAIRS_OWNER].text = sample_text(out, slot_label(owner, name, sizeof name));
		row[PAIRS_WAITS].number = (double)pair->total.waits;
		row[PAIRS_WAIT].number = nsec_to_seconds(pair->told);
	}
	t->left_out = p->count > t->nrows ? p->count - t->nrows : 0;
}

/* ---- chains ---- */

struct chain {
	const struct thread_slot *links[CHAIN_LINKS];
	size_t count;
	bool circle; /* the last waits for one before it: a deadlock */
};

static const struct thread_slot *owner_now(const struct slots *s, const struct thread_slot *t)
{
	return waits_for_lock(t) && t->owner ? slots_by_inner(s, t->tgid, t->owner) : NULL;
}

static void follow(const struct slots *s, const struct thread_slot *first, struct chain *out)
{
	const struct thread_slot *t = first;

	*out = (struct chain){ .count = 0 };
	while (t && out->count < CHAIN_LINKS) {
		for (size_t i = 0; i < out->count; i++)
			out->circle = out->circle || out->links[i] == t;
		out->links[out->count++] = t;
		if (out->circle)
			return;
		t = owner_now(s, t);
	}
}

/* For each thread whether another waits for it: then its own chain is part of that one's. The caller frees. */
static bool *find_waited_for(const struct slots *s)
{
	size_t n;
	const struct thread_slot *list = slots_list(s, &n);
	bool *waited_for = xcalloc(n + 1, sizeof *waited_for);

	for (size_t i = 0; i < n; i++) {
		const struct thread_slot *owner = owner_now(s, &list[i]);

		if (owner && owner != &list[i])
			waited_for[owner - list] = true;
	}
	return waited_for;
}

/* Of a circle one of its threads tells: the first in the list of threads. */
static bool is_told_by_another(const struct chain *c)
{
	for (size_t i = 1; i + 1 < c->count; i++)
		if (c->links[i] < c->links[0])
			return true;
	return false;
}

static int by_length(const void *a, const void *b)
{
	const struct chain *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->links[0]->since < y->links[0]->since ? -1 : x->links[0]->since > y->links[0]->since;
}

static const char *where_it_ends(const struct chain *c, char *buf, size_t size)
{
	const struct thread_slot *last = c->links[c->count - 1];
	char name[64], what[64];

	slot_label(last, name, sizeof name);
	if (c->circle)
		snprintf(buf, size, "a circle: deadlock");
	else if (last->state == SLOT_RUNNING)
		snprintf(buf, size, "%s runs on cpu %u", name, last->cpu);
	else if (last->state == SLOT_RUNNABLE || last->woken)
		snprintf(buf, size, "%s waits for a cpu", name);
	else
		snprintf(buf, size, "%s in %s", name, slot_waits_for(last, what, sizeof what));
	return buf;
}

static void put_chain(const struct chain *c, const struct locks *names, nsec_t now, struct table *t, struct sample *out)
{
	const struct thread_slot *first = c->links[0];
	union cell *row = table_row(t, first->tid);
	char text[256], label[64];
	size_t n = 0;

	for (size_t i = 0; i < c->count && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " > " : "",
			slot_label(c->links[i], label, sizeof label));
	row[CHAINS_CHAIN].text = sample_text(out, text);
	row[CHAINS_LOCK].text = sample_text(out, locks_name(names, first->tgid, first->addr));
	row[CHAINS_WAIT].number = nsec_to_seconds(now > first->since ? now - first->since : 0);
	row[CHAINS_END].text = sample_text(out, where_it_ends(c, text, sizeof text));
}

/* Each thread that waits is in one chain: those that begin where nobody waits, and circles. */
static void put_chains(const struct pairs *p, const struct locks *names, struct sample *out)
{
	struct table *t = sample_table(out, &table_lock_chains);
	size_t n, found = 0, capacity = 0;
	const struct thread_slot *list = slots_list(p->slots, &n);
	bool *waited_for = find_waited_for(p->slots);
	struct chain *chains = NULL, c;

	for (size_t i = 0; i < n; i++) {
		if (!owner_now(p->slots, &list[i]))
			continue;
		follow(p->slots, &list[i], &c);
		if (waited_for[i] && !(c.circle && c.links[c.count - 1] == c.links[0] && !is_told_by_another(&c)))
			continue;
		chains = xgrow(chains, &capacity, found + 1, sizeof *chains);
		chains[found++] = c;
	}
	if (found)
		qsort(chains, found, sizeof *chains, by_length);
	for (size_t i = 0; i < found && i < CHAIN_ROWS; i++)
		put_chain(&chains[i], names, slots_now(p->slots), t, out);
	t->left_out = found > CHAIN_ROWS ? found - CHAIN_ROWS : 0;
	free(waited_for);
	free(chains);
}

void pairs_put(const struct pairs *p, const struct locks *names, struct sample *out)
{
	put_pairs(p, out);
	put_chains(p, names, out);
}
