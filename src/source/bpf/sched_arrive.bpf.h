/* What it means that a thread is on the CPU again: a wait is over, and is added up by cause, call, lock and owner. */
#ifndef TACH_SOURCE_BPF_SCHED_ARRIVE_BPF_H
#define TACH_SOURCE_BPF_SCHED_ARRIVE_BPF_H

#include "source/bpf/sched_block.bpf.h"
#include "source/bpf/slots.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCHED_HISTS);
	__type(key, u32);
	__type(value, struct bpf_hist);
} sched_hists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LOCKS);
	__type(key, struct lock_key);
	__type(value, struct lock_total);
} locks SEC(".maps");

/* Bins by atomic additions, one array for all CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LOCK_HISTS);
	__type(key, u32);
	__type(value, struct lock_bins);
} lock_hists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PAIRS);
	__type(key, struct pair_key);
	__type(value, struct pair_total);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CALLS * CAUSES * CALL_SHARDS);
	__type(key, u32);
	__type(value, struct call_total);
} calls SEC(".maps");

static __always_inline void lock_waited(struct thread_slot *s, u64 blocked, u64 queue, u64 weight, u64 epoch)
{
	struct lock_key k = { .addr = s->addr, .tgid = s->tgid, .kind = s->kind };
	struct lock_total *l = bpf_map_lookup_elem(&locks, &k), new = { .epoch = epoch };
	struct pair_key pk = { .tgid = s->tgid, .waiter = s->tid, .owner = s->owner, .kind = s->kind };
	struct pair_total *p;
	u32 *place;

	if (!l) {
		bpf_map_update_elem(&locks, &k, &new, BPF_NOEXIST);
		l = bpf_map_lookup_elem(&locks, &k);
	}
	if (!l) {
		lose(LOST_LOCKS);
		return;
	}
	__sync_fetch_and_add(&l->waits, weight);
	__sync_fetch_and_add(&l->blocked, blocked * weight);
	__sync_fetch_and_add(&l->queue, queue * weight);
	if (l->epoch != epoch) {
		l->epoch = epoch;
		l->max = 0;
	}
	if (blocked > l->max)
		l->max = blocked;
	l->owner = s->owner;
	l->waker = s->waker;
	l->value = s->value;
	place = bpf_map_lookup_elem(&lock_places, &k);
	if (place) {
		u32 index = *place & ~PLACE_CONTENDED;
		struct lock_bins *b = bpf_map_lookup_elem(&lock_hists, &index); /* PLACE_NONE has none */
		u64 bin = bin_of(blocked);

		asm volatile("" : "+r"(bin));
		if (b && bin < TACH_HIST_BINS)
			__sync_fetch_and_add(&b->bins[bin], weight);
	}
	if (s->cause != CAUSE_LOCK)
		return;
	if (!pk.owner) { /* nobody is written there: who let it go is the best guess */
		pk.owner = s->waker;
		pk.kind |= PAIR_BY_WAKER;
	}
	if (!pk.owner)
		return;
	p = bpf_map_lookup_elem(&pairs, &pk);
	if (p) {
		__sync_fetch_and_add(&p->waits, weight);
		__sync_fetch_and_add(&p->blocked, blocked * weight);
	} else {
		struct pair_total first = { weight, blocked * weight };

		if (bpf_map_update_elem(&pairs, &pk, &first, BPF_NOEXIST))
			lose(LOST_PAIRS);
	}
}

/* Whether to tell of it. When there were many in this tick, then only of longer ones: user space asks anew at the next. */
static __always_inline bool is_slow(struct bpf_control *c, u32 hist, u64 took)
{
	hist &= SLOW_HISTS - 1;
	if (took <= c->slow[hist])
		return false;
	if (c->slow_left[hist])
		c->slow_left[hist]--;
	else
		c->slow[hist] = took;
	return true;
}

static __always_inline void tell_slow(struct thread_slot *s, u32 hist, u64 blocked, u64 queue, u64 now)
{
	struct slow_record *r = bpf_ringbuf_reserve(&records, sizeof *r, 0);

	if (!r) {
		lose(LOST_OTHER);
		return;
	}
	r->type = RECORD_SLOW;
	r->hist = hist;
	r->time = now;
	r->took = blocked;
	r->queue = queue;
	r->addr = s->addr;
	r->tid = s->tid;
	r->tgid = s->tgid;
	r->owner = s->owner;
	r->value = s->value;
	r->call = s->call;
	r->cause = s->cause;
	r->kind = s->kind;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __always_inline void wait_ended(struct thread_slot *s, struct thread_split *by, struct bpf_control *c, u64 blocked,
	u64 queue, u64 now)
{
	u32 cause = s->cause < CAUSES ? s->cause : CAUSE_OTHER, call = s->call;
	u64 weight = s->weight;
	struct call_total *t;

	s->blocked[cause] += blocked * weight;
	if (by)
		split_add(&by->parts[HIST_OFFCPU + cause], weight, blocked, c->window);
	hist_record_for(&sched_hists, HIST_OFFCPU + cause, blocked, weight, c->epoch);
	if (s->kind)
		lock_waited(s, blocked, queue, weight, c->epoch);
	if (is_slow(c, HIST_OFFCPU + cause, blocked))
		tell_slow(s, HIST_OFFCPU + cause, blocked, queue, now);
	if (call >= CALLS)
		return;
	call += (bpf_get_smp_processor_id() % CALL_SHARDS * CAUSES + cause) * CALLS;
	t = bpf_map_lookup_elem(&calls, &call);
	if (!t)
		return;
	__sync_fetch_and_add(&t->waits, weight);
	__sync_fetch_and_add(&t->blocked, blocked * weight);
	if (t->epoch != c->epoch) {
		t->epoch = c->epoch;
		t->max = 0;
	}
	if (blocked > t->max)
		t->max = blocked;
}

/* It runs from `now` on: the state before ends. Like bin_of() a function that the verifier looks at once. */
__noinline int slot_arrive(u32 place, u64 now)
{
	struct thread_slot *s = bpf_map_lookup_elem(&thread_slots, &place);
	struct bpf_control *c = control_get();
	struct thread_split *by;
	u64 ready, queue;

	if (!s || !c)
		return 0;
	by = has_split ? bpf_map_lookup_elem(&thread_splits, &place) : NULL;
	ready = s->since;
	if (s->state == SLOT_BLOCKED) {
		ready = s->woken && s->woken < now ? s->woken : now;
		wait_ended(s, by, c, ready - s->since, now - ready, now);
	}
	queue = now - ready;
	s->queue += queue * s->weight;
	if (by)
		split_add(&by->parts[HIST_RUNQUEUE], s->weight, queue, c->window);
	hist_record_for(&sched_hists, HIST_RUNQUEUE, queue, s->weight, c->epoch);
	if (s->state == SLOT_RUNNABLE && is_slow(c, HIST_RUNQUEUE, queue))
		tell_slow(s, HIST_RUNQUEUE, 0, queue, now);
	s->state = SLOT_RUNNING;
	s->since = now;
	s->woken = 0;
	s->cpu = bpf_get_smp_processor_id();
	return 0;
}

#endif
