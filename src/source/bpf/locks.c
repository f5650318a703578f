/* The locks' table: reading it, windows, names, rows. Pairs and chains are pairs.c's. */
#include "source/bpf/locks.h"

#include "base/alloc.h"
#include "base/str.h"
#include "model/tables.h"
#include "source/bpf/each.h"
#include "source/bpf/pairs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROWS 100                     /* of the table; the rest is left out, and counted */
#define WINDOW (10 * NSEC_PER_SEC)   /* percentiles are of the last one to two of them */
#define IDLE (120 * NSEC_PER_SEC)    /* a lock that nobody waited for so long is forgotten in the kernel */
#define IDLE_FULL (5 * NSEC_PER_SEC) /* the same where that table is getting full */
#define LISTED (2 * LOCKS)           /* some that the kernel has forgotten are remembered here */
#define CHUNK 256
#define NO_PLACE (-1)

struct lock {
	struct lock_key key;
	struct lock_total now;
	double heat;               /* blocked lately; sinks by a tenth a read */
	nsec_t used;               /* last time its waits grew */
	nsec_t max, max_before;    /* of this window and the one before */
	int place;                 /* of its histogram */
	enum lock_nature nature;
	unsigned waiters;
	nsec_t waiting;            /* time that those who wait now have waited so far */
	nsec_t told;               /* blocked in all, as told at the last read */
	u32 owner;                 /* of who waits now, else of the last wait */
	bool named;
	char name[64], waits_at[96], held_at[96];
};

/* Histograms: what the kernel's stood at when the window before began, and when this one did. */
struct window {
	u64 older[TACH_HIST_BINS], newer[TACH_HIST_BINS];
};

struct locks {
	const struct group *group;
	const struct slots *slots;
	int map, places;
	struct lock_bins *bins;    /* mapped */
	struct window *windows;
	bool taken[LOCK_HISTS];
	struct lock **list;        /* contention first, then by heat, the hottest first */
	size_t count, capacity;
	struct lock **index;       /* open addressing by key; NULL: there was no lock yet */
	size_t index_size;
	nsec_t now, turned;
	uint64_t waits;
	nsec_t blocked;
	struct pairs *pairs;
};

struct locks *locks_open(const struct group *g, const struct slots *slots, struct err *e)
{
	struct locks *l = xcalloc(1, sizeof *l);

	l->group = g;
	l->slots = slots;
	l->map = group_map(g, "locks");
	l->places = group_map(g, "lock_places");
	l->bins = mmap(NULL, LOCK_HISTS * sizeof *l->bins, PROT_READ, MAP_SHARED, group_map(g, "lock_hists"), 0);
	if (l->bins == MAP_FAILED) {
		err_set(e, errno, "the locks' histograms cannot be mapped: %s", strerror(errno));
		free(l);
		return NULL;
	}
	l->windows = xcalloc(LOCK_HISTS, sizeof *l->windows);
	l->pairs = pairs_open(g, slots);
	return l;
}

void locks_close(struct locks *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++)
		free(l->list[i]);
	munmap(l->bins, LOCK_HISTS * sizeof *l->bins);
	pairs_close(l->pairs);
	free(l->windows);
	free(l->index);
	free(l->list);
	free(l);
}

/* ---- which locks there are ---- */

/* All kinds of an address begin at the same place. */
static size_t hash_of(const struct locks *l, u32 tgid, u64 addr)
{
	return (addr ^ (u64)tgid << 40) * 0x9e3779b97f4a7c15u >> 32 & (l->index_size - 1);
}

static size_t place_in_index(const struct locks *l, const struct lock_key *k)
{
	size_t i = hash_of(l, k->tgid, k->addr);

	while (l->index[i] && memcmp(&l->index[i]->key, k, sizeof *k) != 0)
		i = (i + 1) & (l->index_size - 1);
	return i;
}

static void index_all(struct locks *l)
{
	if (l->index_size < 4 * (l->count + CHUNK)) {
		free(l->index);
		l->index_size = l->index_size ? l->index_size : 1024;
		while (l->index_size < 4 * (l->count + CHUNK))
			l->index_size *= 2;
		l->index = xcalloc(l->index_size, sizeof(struct lock *));
	}
	memset(l->index, 0, l->index_size * sizeof(struct lock *));
	for (size_t i = 0; i < l->count; i++)
		l->index[place_in_index(l, &l->list[i]->key)] = l->list[i];
}

static struct lock *lock_of(struct locks *l, const struct lock_key *k)
{
	struct lock **at;

	if (l->index_size < 2 * (l->count + 1))
		index_all(l);
	at = &l->index[place_in_index(l, k)];
	if (*at)
		return *at;
	l->list = xgrow(l->list, &l->capacity, l->count + 1, sizeof *l->list);
	*at = l->list[l->count++] = xcalloc(1, sizeof **at);
	(*at)->key = *k;
	(*at)->place = NO_PLACE;
	(*at)->used = l->now;
	snprintf((*at)->name, sizeof (*at)->name, "0x%llx", (unsigned long long)k->addr);
	return *at;
}

/* NULL: it is new, and there is no room. */
static struct lock *lock_if_room(struct locks *l, const struct lock_key *k)
{
	if (l->count < LISTED)
		return lock_of(l, k);
	return l->index[place_in_index(l, k)];
}

/* The lock that a futex address stands for, of whichever kind; NULL: not seen. */
static struct lock *lock_at(const struct locks *l, u32 tgid, u64 addr)
{
	if (!l->index)
		return NULL;
	for (size_t i = hash_of(l, tgid, addr); l->index[i]; i = (i + 1) & (l->index_size - 1))
		if (l->index[i]->key.addr == addr && l->index[i]->key.tgid == tgid)
			return l->index[i];
	return NULL;
}

static bool is_contention(const struct lock *k)
{
	switch (k->key.kind) {
	case LOCK_MUTEX:
	case LOCK_WORD:
	case LOCK_PI:
		return true;
	default:
		return lock_nature_contends(k->nature);
	}
}

/* ---- histograms ---- */

static void tell_kernel(const struct locks *l, const struct lock *k)
{
	u32 place = k->place == NO_PLACE ? PLACE_NONE : (u32)k->place;

	if (is_contention(k))
		place |= PLACE_CONTENDED;
	if (place == PLACE_NONE)
		bpf_map_delete_elem(l->places, &k->key);
	else
		bpf_map_update_elem(l->places, &k->key, &place, BPF_ANY);
}

/* Gives a lock a histogram: a free one, else that of a lock which is a good deal cooler. */
static void give_place(struct locks *l, struct lock *k)
{
	int place = 0;

	while (place < LOCK_HISTS && l->taken[place])
		place++;
	for (size_t i = l->count; place == LOCK_HISTS && i-- > 0;) {
		struct lock *other = l->list[i];

		if (other->place == NO_PLACE)
			continue;
		if (other->heat * 2 > k->heat)
			return;
		place = other->place;
		other->place = NO_PLACE;
		tell_kernel(l, other);
	}
	l->taken[place] = true;
	k->place = place;
	memcpy(l->windows[place].older, l->bins[place].bins, sizeof l->windows[place].older);
	memcpy(l->windows[place].newer, l->bins[place].bins, sizeof l->windows[place].newer);
	tell_kernel(l, k);
}

static void turn_windows(struct locks *l)
{
	if (l->now - l->turned < WINDOW)
		return;
	l->turned = l->now;
	for (int p = 0; p < LOCK_HISTS; p++) {
		memcpy(l->windows[p].older, l->windows[p].newer, sizeof l->windows[p].older);
		if (l->taken[p])
			memcpy(l->windows[p].newer, l->bins[p].bins, sizeof l->windows[p].newer);
	}
	for (size_t i = 0; i < l->count; i++) {
		l->list[i]->max_before = l->list[i]->max;
		l->list[i]->max = 0;
	}
}

/* Waits of the last one to two windows; false: it has no histogram. */
static bool recent(const struct locks *l, const struct lock *k, struct hist *out)
{
	memset(out, 0, sizeof *out);
	if (k->place == NO_PLACE)
		return false;
	for (unsigned b = 0; b < TACH_HIST_BINS; b++)
		out->bins[b] = l->bins[k->place].bins[b] - l->windows[k->place].older[b];
	out->max = k->max > k->max_before ? k->max : k->max_before;
	return true;
}

/* ---- reading ---- */

static void take(void *locks, const void *key, const void *total)
{
	struct locks *l = locks;
	struct lock *k = lock_if_room(l, key);
	const struct lock_total *t = total;
	u64 waits;

	if (!k)
		return;
	waits = t->waits - k->now.waits;
	k->now = *t;
	k->owner = t->owner;
	if (waits)
		k->used = l->now;
	if (t->epoch + 1 >= l->group->room->control->epoch && t->max > k->max) /* or since the last look at it */
		k->max = t->max;
	if (is_contention(k))
		l->waits += waits;
}

/* Contention before waits for work, however long those are. */
static int by_heat(const void *a, const void *b)
{
	const struct lock *x = *(struct lock *const *)a, *y = *(struct lock *const *)b;

	if (is_contention(x) != is_contention(y))
		return is_contention(x) ? -1 : 1;
	if (x->heat != y->heat)
		return x->heat > y->heat ? -1 : 1;
	return x->key.addr < y->key.addr ? -1 : x->key.addr > y->key.addr;
}

static void wait_so_far(struct lock *k, nsec_t so_far)
{
	k->waiting += so_far;
	k->max = so_far > k->max ? so_far : k->max;
}

/* Who waits now, for whom, and for how long already. */
static void count_waiters(struct locks *l)
{
	size_t n;
	const struct thread_slot *t = slots_list(l->slots, &n);

	for (size_t i = 0; i < n; i++) {
		struct lock_key key = { .addr = t[i].addr, .tgid = t[i].tgid, .kind = t[i].kind };
		struct lock *k;

		if (t[i].state != SLOT_BLOCKED || !t[i].kind)
			continue;
		k = lock_if_room(l, &key);
		if (!k)
			continue;
		k->waiters++;
		k->used = l->now;
		if (!t[i].woken && l->now > t[i].since)
			wait_so_far(k, l->now - t[i].since);
		k->owner = t[i].owner ? t[i].owner : k->owner;
	}
}

/* Waits that are over and those that go on. One that ended between the two looks is in neither for a moment. */
static void tell_blocked(struct locks *l, struct lock *k)
{
	nsec_t blocked = k->now.blocked + k->waiting;

	if (blocked <= k->told)
		return;
	k->heat += (double)(blocked - k->told);
	if (is_contention(k))
		l->blocked += blocked - k->told;
	k->told = blocked;
}

/* Locks that nobody waits for any more leave the kernel's table, so that it does not fill up with old ones. */
static void forget_idle(struct locks *l)
{
	nsec_t idle = l->count > LOCKS / 2 ? IDLE_FULL : IDLE;
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		struct lock *k = l->list[i];

		if (l->now - k->used < idle) {
			l->list[kept++] = k;
			continue;
		}
		bpf_map_delete_elem(l->map, &k->key);
		bpf_map_delete_elem(l->places, &k->key);
		if (k->place != NO_PLACE)
			l->taken[k->place] = false;
		free(k);
	}
	if (kept == l->count)
		return;
	l->count = kept;
	index_all(l);
}

void locks_read(struct locks *l, nsec_t now)
{
	l->now = now;
	for (size_t i = 0; i < l->count; i++) {
		l->list[i]->heat *= 0.9;
		l->list[i]->waiters = 0;
		l->list[i]->waiting = 0;
	}
	map_each(l->map, sizeof(struct lock_key), sizeof(struct lock_total), take, l);
	count_waiters(l);
	for (size_t i = 0; i < l->count; i++)
		tell_blocked(l, l->list[i]);
	forget_idle(l);
	if (l->count)
		qsort(l->list, l->count, sizeof *l->list, by_heat);
	turn_windows(l);
	for (size_t i = 0; i < l->count && i < LOCK_HISTS; i++)
		if (l->list[i]->place == NO_PLACE)
			give_place(l, l->list[i]);
	pairs_read(l->pairs);
}

void locks_totals(const struct locks *l, uint64_t *waits, nsec_t *blocked)
{
	*waits = l->waits;
	*blocked = l->blocked;
}

/* ---- rows ---- */

static const char *kind_of(const struct locks *l, const struct lock *k)
{
	if (k->key.kind == LOCK_PI)
		return "pi";
	if (k->nature != NATURE_UNKNOWN)
		return lock_nature_name(k->nature);
	if (k->key.kind == LOCK_MUTEX || k->key.kind == LOCK_WORD)
		return "mutex";
	if (k->key.kind == LOCK_JOIN && slots_by_inner(l->slots, k->key.tgid, k->now.value))
		return "join";
	return k->key.kind == LOCK_WORK ? "cond" : "futex";
}

/* "ctl/18236": the owner that the lock itself names, else with a ~ who woke the last waiter. */
static const char *holder_of(const struct locks *l, const struct lock *k, char *buf, size_t size)
{
	const struct thread_slot *owner = k->owner ? slots_by_inner(l->slots, k->key.tgid, k->owner) : NULL;
	const struct thread_slot *waker = k->now.waker ? slots_by_tid(l->slots, k->now.waker) : NULL;
	char name[64];

	buf[0] = '\0';
	if (is_contention(k) && (owner || waker))
		snprintf(buf, size, "%s%s", owner ? "" : "~", slot_label(owner ? owner : waker, name, sizeof name));
	return buf;
}

/* A read-write lock or condition variable waits on a word inside: the name is that of the whole. */
static const char *name_of(const struct lock *k, char *buf, size_t size)
{
	char *plus;

	str_copy(buf, size, k->name);
	plus = strstr(buf, "+0x");
	if (plus && (k->nature == NATURE_RWLOCK || k->nature == NATURE_COND) && strtoul(plus + 1, NULL, 16) < 0x30)
		*plus = '\0';
	return buf;
}

static void put_lock(const struct locks *l, const struct lock *k, struct table *t, struct sample *out)
{
	union cell *row = table_row(t, k->key.addr ^ (u64)k->key.tgid << 40 ^ (u64)k->key.kind << 60);
	char text[96];
	struct hist h;

	row[LOCKS_LOCK].text = sample_text(out, name_of(k, text, sizeof text));
	row[LOCKS_KIND].text = sample_text(out, kind_of(l, k));
	row[LOCKS_GROUP].text = sample_text(out, is_contention(k) ? "lock" : "work");
	snprintf(text, sizeof text, "0x%llx", (unsigned long long)k->key.addr);
	row[LOCKS_ADDR].text = sample_text(out, text);
	row[LOCKS_PID].number = k->key.tgid;
	row[LOCKS_WAITS].number = (double)k->now.waits;
	row[LOCKS_WAIT].number = nsec_to_seconds(k->told);
	row[LOCKS_RUNQUEUE].number = nsec_to_seconds(k->now.queue);
	if (recent(l, k, &h)) {
		u64 n = hist_count(&h);

		/* The same rule as for every percentile: ten events beyond it. */
		row[LOCKS_P50].number = n >= 20 ? hist_percentile(&h, 0.5) / 1e9 : (double)NAN;
		row[LOCKS_P99].number = n >= 1000 ? hist_percentile(&h, 0.99) / 1e9 : (double)NAN;
	}
	row[LOCKS_MAX].number = nsec_to_seconds(k->max > k->max_before ? k->max : k->max_before);
	row[LOCKS_WAITERS].number = k->waiters;
	row[LOCKS_HOLDER].text = sample_text(out, holder_of(l, k, text, sizeof text));
	row[LOCKS_WAITS_AT].text = sample_text(out, k->waits_at);
	row[LOCKS_HELD_AT].text = sample_text(out, k->held_at);
}

void locks_put(const struct locks *l, struct sample *out)
{
	struct table *t = sample_table(out, &table_locks);

	for (size_t i = 0; i < l->count && i < ROWS; i++)
		put_lock(l, l->list[i], t, out);
	t->left_out = l->count > ROWS ? l->count - ROWS : 0;
	pairs_put(l->pairs, l, out);
}

const char *locks_name(const struct locks *l, u32 tgid, u64 addr)
{
	const struct lock *k = lock_at(l, tgid, addr);

	return k ? k->name : "";
}

void locks_learn(struct locks *l, u32 tgid, u64 addr, enum lock_nature nature)
{
	struct lock *k = lock_at(l, tgid, addr);

	if (!k || k->nature == nature)
		return;
	k->nature = nature;
	tell_kernel(l, k);
}

void locks_learn_name(struct locks *l, u32 tgid, u64 addr, const char *name)
{
	struct lock *k = lock_at(l, tgid, addr);

	if (!k)
		return;
	k->named = true;
	str_copy(k->name, sizeof k->name, name);
}

void locks_learn_site(struct locks *l, u32 tgid, u64 addr, bool hold, const char *site)
{
	struct lock *k = lock_at(l, tgid, addr);

	if (k)
		str_copy(hold ? k->held_at : k->waits_at, sizeof k->held_at, site);
}

void locks_unnamed(struct locks *l, void (*ask)(void *context, u32 tgid, u64 addr), void *context)
{
	for (size_t i = 0; i < l->count && i < ROWS; i++)
		if (!l->list[i]->named)
			ask(context, l->list[i]->key.tgid, l->list[i]->key.addr);
}
