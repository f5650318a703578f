/*
 * Contended locks of the kernel itself: which, where in the kernel, how long. The hooks lie behind the fast way: a lock
 * that is free pays nothing. Locks for which a task sleeps are the task's; those that are spun for are the CPU's, as an
 * interrupt may spin for another one on top of whoever runs.
 */
#include "source/bpf/common.bpf.h"

/* The functions that take locks lie together in two sections of the kernel's text, whose ends user space knows once it has
 * read the kernel's symbols; where it may not, they stay 0 and nobody looks who called. */
u64 text_begin[2], text_end[2];

/* <trace/events/lock.h> */
enum { FLAG_SPIN = 1, FLAG_MUTEX = 32 };

#define SLEEPS 2 /* one task, one in another: a block device's, when its requests are handed over before it sleeps */
#define SPINS 4  /* task, soft interrupt, interrupt, NMI */
#define FRAMES 16

struct open_wait {
	u64 lock; /* 0: none */
	u64 began;
	u32 flags, pad;
};

struct sleep_waits {
	struct open_wait of[SLEEPS];
};

struct spin_waits {
	struct open_wait of[SPINS];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sleep_waits);
} klock_sleeps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct spin_waits);
} klock_spins SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KLOCKS);
	__type(key, struct klock_key);
	__type(value, struct klock_total);
} klocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bpf_hist);
} klock_hists SEC(".maps");

struct frames {
	u64 at[FRAMES];
};

/* No room for them on the program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct frames);
} klock_frames SEC(".maps");

/* ---- beginning ---- */

/* A mutex tells twice that it begins, when it stops spinning and goes to sleep: the wait is one. A lock that is spun for
 * cannot be begun twice, so that the end of the first was missed. */
static __always_inline void begin(struct open_wait *w, int count, u64 lock, u32 flags, bool again)
{
	struct open_wait *free = NULL;

	for (int i = 0; i < count; i++) {
		if (w[i].lock == lock) {
			w[i].flags = flags;
			if (again)
				w[i].began = bpf_ktime_get_ns();
			return;
		}
		if (!w[i].lock)
			free = &w[i];
	}
	if (!free) { /* ends were missed: what is here is stale */
		lose(LOST_KLOCKS);
		free = &w[0];
	}
	free->lock = lock;
	free->flags = flags;
	free->began = bpf_ktime_get_ns();
}

SEC("tp_btf/contention_begin") int BPF_PROG(tach_contended, void *lock, unsigned int flags)
{
	struct sleep_waits *sleeps, none = { 0 };
	struct spin_waits *spins;
	u32 zero = 0;

	if (!is_current_member())
		return 0;
	if (flags & FLAG_SPIN && !(flags & FLAG_MUTEX)) {
		spins = bpf_map_lookup_elem(&klock_spins, &zero);
		if (spins)
			begin(spins->of, SPINS, (u64)lock, flags, true);
		return 0;
	}
	sleeps = bpf_task_storage_get(&klock_sleeps, bpf_get_current_task_btf(), &none, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (sleeps)
		begin(sleeps->of, SLEEPS, (u64)lock, flags, false);
	else
		lose(LOST_KLOCKS);
	return 0;
}

/* ---- end ---- */

/* Takes the wait out. */
static __always_inline u64 end(struct open_wait *w, int count, u64 lock, u32 *flags)
{
	for (int i = 0; i < count; i++)
		if (w[i].lock == lock) {
			w[i].lock = 0;
			*flags = w[i].flags;
			return w[i].began;
		}
	return 0;
}

/* Looked at once by the verifier. */
__noinline int takes_locks(u64 at)
{
	return (at >= text_begin[0] && at < text_end[0]) || (at >= text_begin[1] && at < text_end[1]);
}

/* Who called the functions that take locks, and who called that. */
static __always_inline void find_site(void *ctx, struct klock_key *k)
{
	u32 zero = 0;
	struct frames *f = bpf_map_lookup_elem(&klock_frames, &zero);
	bool inside = false;
	long size;

	if (!f || !text_end[0])
		return;
	size = bpf_get_stack(ctx, f, sizeof *f, 0);
	for (int i = 0; i < FRAMES; i++) {
		if (i * (long)sizeof(u64) >= size)
			return;
		if (takes_locks(f->at[i])) {
			inside = true;
		} else if (inside) {
			k->site = f->at[i];
			if (i + 1 < FRAMES && (i + 1) * (long)sizeof(u64) < size)
				k->caller = f->at[i + 1];
			return;
		}
	}
}

/* The locks that are known by whose they are: the current task's, or the run queue that it is on. */
static __always_inline u32 identity(u64 lock)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct mm_struct *mm = BPF_CORE_READ(t, mm); /* once a lock: plain loads would cost the verifier more */
	struct sighand_struct *sighand = BPF_CORE_READ(t, sighand);
	struct files_struct *files = BPF_CORE_READ(t, files);

	if (mm && lock == (u64)__builtin_preserve_access_index(&mm->mmap_lock))
		return KLOCK_MMAP;
	if (sighand && lock == (u64)__builtin_preserve_access_index(&sighand->siglock))
		return KLOCK_SIGNALS;
	if (files && lock == (u64)__builtin_preserve_access_index(&files->file_lock))
		return KLOCK_FILES;
	if (bpf_core_field_exists(t->se.cfs_rq->rq) && bpf_core_field_exists(t->se.cfs_rq->rq->__lock)) {
		struct rq *rq = BPF_CORE_READ(t, se.cfs_rq, rq);

		if (rq && lock == (u64)__builtin_preserve_access_index(&rq->__lock))
			return KLOCK_RUNQUEUE;
	}
	return KLOCK_UNKNOWN;
}

static __always_inline void waited(struct klock_key *k, u32 flags, u64 took, u64 epoch)
{
	struct klock_total *t = bpf_map_lookup_elem(&klocks, k), new = { .flags = flags };

	if (!t) {
		new.identity = identity(k->lock);
		bpf_map_update_elem(&klocks, k, &new, BPF_NOEXIST);
		t = bpf_map_lookup_elem(&klocks, k);
	}
	if (!t) {
		lose(LOST_KLOCKS);
		return;
	}
	__sync_fetch_and_add(&t->waits, 1);
	__sync_fetch_and_add(&t->time, took);
	if (t->epoch != epoch) {
		t->epoch = epoch;
		t->max = 0;
	}
	if (took > t->max)
		t->max = took;
}

SEC("tp_btf/contention_end") int BPF_PROG(tach_got, void *lock, int result)
{
	u32 zero = 0, flags = 0;
	struct klock_key k = { .lock = (u64)lock };
	struct spin_waits *spins = bpf_map_lookup_elem(&klock_spins, &zero);
	struct task_struct *t = bpf_get_current_task_btf();
	struct sleep_waits *sleeps;
	struct bpf_control *c;
	u64 began = spins ? end(spins->of, SPINS, k.lock, &flags) : 0, took;

	if (has_no_storage(t))
		return 0;
	if (!began) {
		sleeps = bpf_task_storage_get(&klock_sleeps, t, 0, 0);
		began = sleeps ? end(sleeps->of, SLEEPS, k.lock, &flags) : 0;
	}
	if (!began || !is_member(t) || !(c = control_get())) /* a begin whose end was not seen is nobody's */
		return 0;
	took = bpf_ktime_get_ns() - began;
	hist_record(&klock_hists, 0, took, c->epoch);
	find_site(ctx, &k);
	waited(&k, flags, took, c->epoch);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
