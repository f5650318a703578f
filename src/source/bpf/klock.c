/* Contended locks of the kernel: the totals, and a table by lock and call site, those waited for longest first. */
#include "source/bpf/klock.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "model/tables.h"
#include "source/bpf/knames.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "klock.skel.h"

#define ROWS 100
#define WINDOW (10 * NSEC_PER_SEC) /* maxima are of the last one to two of them */
#define IDLE (120 * NSEC_PER_SEC)  /* what nobody waited for so long is forgotten when the kernel's table is half full */

/* One lock at one site, as it was at the last read; kept for what is of a window. */
struct klock {
	struct klock_key key;
	struct klock_total total;
	u64 max, max_before;
	nsec_t used; /* last time that its waits grew */
};

struct klocks {
	double waits; /* so far, as of the last tick */
	struct klock *list;
	size_t count;
	struct klock_key *keys; /* of one read */
	struct klock_total *totals;
	nsec_t turned;
	struct knames *names;
};

static int klock_open(struct group *g, struct err *e)
{
	struct klock_bpf *s;

	if (!g->room->features.task_storage || !group_has_hook(g->room, "contention_begin"))
		return err_set(e, ENOENT, "this kernel does not tell of its locks (contention_begin: 5.19)");
	s = klock_bpf__open();
	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	return 0;
}

static int klock_attached(struct group *g, struct err *e)
{
	struct klocks *k = xcalloc(1, sizeof *k);

	(void)e;
	g->state = k;
	k->list = xcalloc(1, sizeof *k->list);
	k->keys = xcalloc(KLOCKS, sizeof *k->keys);
	k->totals = xcalloc(KLOCKS, sizeof *k->totals);
	k->names = knames_open(g->room);
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct klock_key));
}

/* In the order of keys, the totals with them. */
static size_t read_map(const struct group *g, struct klocks *k)
{
	u32 count = KLOCKS, next;
	struct bpf_map_batch_opts o = { .sz = sizeof o };

	if (bpf_map_lookup_batch(group_map(g, "klocks"), NULL, &next, k->keys, k->totals, &count, &o) && errno != ENOENT)
		return 0;
	return count;
}

/* What was known of each goes on; both lists are in the order of keys. */
static void merge(struct klocks *k, size_t count, u64 epoch, nsec_t now)
{
	struct klock *list = xcalloc(count + 1, sizeof *list);
	bool turn = now - k->turned >= WINDOW;

	for (size_t i = 0; i < count; i++) {
		struct klock *l = &list[i], *was;

		*l = (struct klock){ .key = k->keys[i], .total = k->totals[i], .used = now };
		was = bsearch(&l->key, k->list, k->count, sizeof *was, compare_keys);
		if (was) {
			l->max = turn ? 0 : was->max;
			l->max_before = turn ? was->max : was->max_before;
			l->used = was->total.waits == l->total.waits ? was->used : now;
		}
		if (l->total.epoch + 1 >= epoch && l->total.max > l->max) /* or since the last look at it */
			l->max = l->total.max;
	}
	qsort(list, count, sizeof *list, compare_keys);
	k->turned = turn ? now : k->turned;
	free(k->list);
	k->list = list;
	k->count = count;
}

/* Who meets a lock may not know it as its own: what one of its waiters knew goes for all. They stand together. */
static void share_identity(struct klocks *k)
{
	for (size_t i = 0, end; i < k->count; i = end) {
		u32 known = 0;

		for (end = i; end < k->count && k->list[end].key.lock == k->list[i].key.lock; end++)
			known = k->list[end].total.identity ? k->list[end].total.identity : known;
		for (size_t j = i; j < end; j++)
			k->list[j].total.identity = known;
	}
}

static void forget_idle(const struct group *g, struct klocks *k, nsec_t now)
{
	for (size_t i = 0; k->count > KLOCKS / 2 && i < k->count; i++)
		if (now - k->list[i].used > IDLE)
			bpf_map_delete_elem(group_map(g, "klocks"), &k->list[i].key);
}

/* ---- the table ---- */

/* By the flags of the hook, <trace/events/lock.h>; the first that has all bits. */
static const char *kind_of(u32 flags)
{
	static const struct {
		u32 flags;
		const char *word;
	} kinds[] = { { 32, "mutex" }, { 16, "pcpu" }, { 8, "rtmutex" }, { 1 | 2, "rwspin" }, { 1 | 4, "rwspin" }, { 1, "spin" },
		{ 2, "rwsem" }, { 4, "rwsem" } };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if ((flags & kinds[i].flags) == kinds[i].flags)
			return kinds[i].word;
	return "sem";
}

static const char *lock_name(struct klocks *k, const struct klock *l, struct sample *out)
{
	static const char *const known[KLOCK_IDENTITIES] = {
#define X(id, text) text,
		BPF_KLOCKS(X)
#undef X
	};
	const struct symbol_name *name = knames_near(k->names, l->key.lock) ? knames_get(k->names, l->key.lock) : NULL;
	char text[32];

	if (l->total.identity && l->total.identity < KLOCK_IDENTITIES)
		return known[l->total.identity];
	if (name && name->kind == SYMBOL_OBJECT)
		return sample_text(out, name->name);
	snprintf(text, sizeof text, "%#llx", (unsigned long long)l->key.lock);
	return sample_text(out, text);
}

/* "do_renameat2 > lock_rename+0x1d"; of a return address the byte before is in the call. */
static const char *site_name(struct klocks *k, const struct klock *l, struct sample *out)
{
	u64 of[2] = { l->key.caller, l->key.site };
	char text[2 * SYMBOL_TEXT + 8] = "";
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		const struct symbol_name *name = of[i] ? knames_get(k->names, of[i] - 1) : NULL;

		if (name && name->kind == SYMBOL_FUNCTION)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " > " : "", name->name);
		if (name && name->kind == SYMBOL_FUNCTION && i == 1) /* one function may wait at several places */
			n += (size_t)snprintf(text + n, sizeof text - n, "+%#llx", (unsigned long long)name->offset + 1);
	}
	return sample_text(out, text);
}

static u64 row_key(const struct klock_key *k)
{
	u64 h = k->lock;

	h = (h ^ k->site) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29 ^ k->caller) * 0xbf58476d1ce4e5b9ull;
	return h ^ h >> 32;
}

static int longest_first(const void *a, const void *b)
{
	const struct klock *x = *(const struct klock *const *)a, *y = *(const struct klock *const *)b;

	return (x->total.time < y->total.time) - (x->total.time > y->total.time);
}

static void put_table(struct klocks *k, struct sample *out)
{
	struct table *t = k->count ? sample_table(out, &table_kernel_locks) : NULL;
	struct klock **order = xcalloc(k->count + 1, sizeof *order);

	for (size_t i = 0; i < k->count; i++)
		order[i] = &k->list[i];
	qsort(order, k->count, sizeof *order, longest_first);
	for (size_t i = 0; i < k->count && i < ROWS; i++) {
		const struct klock *l = order[i];
		union cell *row = table_row(t, row_key(&l->key));

		row[KLOCKS_LOCK].text = lock_name(k, l, out);
		row[KLOCKS_KIND].text = kind_of(l->total.flags);
		row[KLOCKS_SITE].text = site_name(k, l, out);
		row[KLOCKS_WAITS].number = (double)l->total.waits;
		row[KLOCKS_WAIT].number = nsec_to_seconds(l->total.time);
		row[KLOCKS_MAX].number = nsec_to_seconds(l->max > l->max_before ? l->max : l->max_before);
	}
	free(order);
	if (t && k->count > ROWS)
		t->left_out = k->count - ROWS;
	if (t && knames_hidden(k->names))
		sample_table_note(out, &table_kernel_locks, false, "the kernel hides its addresses (kernel.kptr_restrict)");
}

static void klock_read(struct group *g, struct sample *out)
{
	struct klock_bpf *s = g->typed;
	struct klocks *k = g->state;
	struct hist *h = hist_new();
	nsec_t now = clock_now();
	u64 begin[2], end[2];

	if (k->count && knames_take_lock_text(k->names, begin, end)) /* there is something to have a site */
		for (size_t i = 0; i < 2; i++) {
			s->bss->text_begin[i] = begin[i];
			s->bss->text_end[i] = end[i];
		}
	knames_tick(k->names, now);
	merge(k, read_map(g, k), g->room->control ? g->room->control->epoch : 0, now);
	share_identity(k);
	forget_idle(g, k, now);
	put_table(k, out);
	if (!group_read_hist(g, group_map(g, "klock_hists"), 0, h)) {
		free(h);
		return;
	}
	k->waits = (double)hist_count(h);
	group_put(g, out, BPF_KLOCK_WAIT, nsec_to_seconds(h->sum));
	group_put(g, out, BPF_KLOCK_WAITS, k->waits);
	group_put_hist(g, out, BPF_LAT_KLOCK, h);
}

static void klock_close(struct group *g)
{
	struct klocks *k = g->state;

	if (!k)
		return;
	knames_close(k->names);
	free(k->list);
	free(k->keys);
	free(k->totals);
	free(k);
}

static double klock_events(struct group *g)
{
	return ((struct klocks *)g->state)->waits;
}

static const struct price_row klock_price = { .target = { 500, 0, 0 }, .bystander = 200 };
static const char *const klock_counted[] = { "tach_contended", NULL };

const struct group_ops group_lock = {
	.name = "lock",
	.summary = "contended locks inside the kernel: which, where, how long",
	.first = BPF_KLOCK_WAITS,
	.last = BPF_LAT_KLOCK,
	.losses = LOSS_BIT(LOST_KLOCKS),
	.price = &klock_price,
	.counted = klock_counted,
	.events = klock_events,
	.open = klock_open,
	.attached = klock_attached,
	.read = klock_read,
	.close = klock_close,
};
