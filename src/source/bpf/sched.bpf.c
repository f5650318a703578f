/*
 * Where the target's threads spend their time, from two hooks of the scheduler: on a CPU, ready to run, blocked and in
 * which system call; and, as the registers of a blocked thread tell, on which futex, whose owner is read there and then.
 * No system call and no lock that is free pays for it.
 */
#include "source/bpf/stack.bpf.h"

#define SELDOM_TICKS 2 /* of the kernel: 2 to 20 ms */

/* What waiting in a system call is, by its number: enum wait_cause, or CAUSE_BY_FD. */
const volatile u8 call_causes[CALLS];
const volatile u32 call_futex, call_futex_waitv, call_futex_wait;
const volatile bool has_split; /* somebody wants the split by thread */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct thread_slot);
} thread_slots SEC(".maps");

/* By the same places, if somebody wants it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct thread_split);
} thread_splits SEC(".maps");

/* Places that are free. User space fills it, and gives back those of dead threads. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, SLOTS);
	__type(value, u32);
} free_slots SEC(".maps");

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

/* The locks that user space gave a histogram: their places in lock_hists, with PLACE_CONTENDED or without. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LOCK_PLACES);
	__type(key, struct lock_key);
	__type(value, u32);
} lock_places SEC(".maps");

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

struct registers {
	long call;
	u64 arg0, arg1, arg2;
};

/* By plain loads where the verifier knows the pointer: a third of the price. (Not for pointers in rare places: to load
 * one plainly costs the verifier a walk through all the kernel's types.) */
#define READ_REGS(READ) \
	do { \
		out->call = READ(r, CALL_REG); \
		out->arg0 = READ(r, ARG0_REG); \
		out->arg1 = READ(r, ARG1_REG); \
		out->arg2 = READ(r, ARG2_REG); \
	} while (0)
#define LOAD_REG(r, reg) (r)->reg

#if defined(__TARGET_ARCH_x86)
#define CALL_REG orig_ax
#define ARG0_REG di
#define ARG1_REG si
#define ARG2_REG dx
#elif defined(__TARGET_ARCH_arm64)
#define CALL_REG syscallno
#define ARG0_REG orig_x0
#define ARG1_REG regs[1]
#define ARG2_REG regs[2]
#endif

static __always_inline void read_regs(struct task_struct *t, struct registers *out)
{
	struct pt_regs *r = regs_of(t);

	if (has_task_regs)
		READ_REGS(LOAD_REG);
	else
		READ_REGS(BPF_CORE_READ);
#if defined(__TARGET_ARCH_x86)
	if ((has_task_regs ? r->cs : BPF_CORE_READ(r, cs)) == COMPAT_CS)
		out->call = -1;
#endif
}

static __always_inline long state_of(struct task_struct *t)
{
	struct task_struct___old *old = (void *)t;

	return bpf_core_field_exists(t->__state) ? t->__state : old->state;
}

/* ---- places ---- */

static __always_inline void slot_begin(struct thread_slot *s, struct task_struct *t, u32 state, u64 now)
{
	struct pid *pid = BPF_CORE_READ(t, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);

	s->seq++;
	s->tid = t->pid;
	s->tgid = t->tgid;
	s->start = t->start_boottime;
	bpf_probe_read_kernel(s->comm, sizeof s->comm, t->comm);
	s->since = now;
	s->run = s->queue = s->voluntary = s->involuntary = 0;
	s->executed = t->se.sum_exec_runtime;
	s->voluntary_before = t->nvcsw;
	s->involuntary_before = t->nivcsw;
	for (int i = 0; i < CAUSES; i++)
		s->blocked[i] = 0;
	s->addr = 0;
	s->value = s->owner = s->waker = 0;
	s->call = CALL_NONE;
	s->cause = CAUSE_OTHER;
	s->kind = LOCK_NONE;
	s->weight = 1;
	s->fd = 0;
	bpf_probe_read_kernel(&s->inner_tid, sizeof s->inner_tid, (void *)&pid->numbers + level * bpf_core_type_size(struct upid));
	s->state = state;
	s->seq++;
}

/* The place of a member by its mark; *fresh when it is new: it stands in `state` from now on. NULL: there is none. */
static __always_inline struct thread_slot *slot_of(struct task_struct *t, u32 *mark, u32 state, u64 now, bool *fresh)
{
	struct thread_slot *s;
	u32 place;

	*fresh = false;
	if (*mark >> 1) {
		place = (*mark >> 1) - 1;
		return bpf_map_lookup_elem(&thread_slots, &place);
	}
	if (bpf_map_pop_elem(&free_slots, &place)) {
		lose(LOST_SLOTS);
		return NULL;
	}
	s = bpf_map_lookup_elem(&thread_slots, &place);
	if (!s)
		return NULL;
	*mark = (*mark & 1) | (place + 1) << 1;
	slot_begin(s, t, state, now);
	*fresh = true;
	return s;
}

/* ---- off the CPU ---- */

/* Sockets, files or pipes: what a read or write waits for. */
static __always_inline u32 look_at_fd(struct task_struct *t, u64 fd)
{
	struct fdtable *table = BPF_CORE_READ(t, files, fdt);
	struct file **list = BPF_CORE_READ(table, fd), *file = NULL;
	u16 mode;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return CAUSE_OTHER;
	bpf_probe_read_kernel(&file, sizeof file, list + fd);
	mode = BPF_CORE_READ(file, f_inode, i_mode) & 0170000;
	if (mode == 0140000)
		return CAUSE_NET;
	return mode == 0100000 || mode == 0060000 || mode == 0040000 ? CAUSE_DISK : CAUSE_OTHER;
}

/* Most threads wait for the same descriptor all the time, which seldom becomes another: looked at anew now and then. */
static __always_inline u32 cause_of_fd(struct thread_slot *s, struct task_struct *t, u32 fd)
{
	if (s->fd != fd + 1 || !(s->voluntary & 15)) {
		s->fd = fd + 1;
		s->fd_cause = look_at_fd(t, fd);
	}
	return s->fd_cause;
}

/* Some locks wait as condition variables do (read-write locks): user space knows them by who called. */
static __always_inline bool is_contended(const struct thread_slot *s)
{
	struct lock_key k = { .addr = s->addr, .tgid = s->tgid, .kind = LOCK_WORK };
	u32 *place = bpf_map_lookup_elem(&lock_places, &k);

	return place && *place & PLACE_CONTENDED;
}

/* What a futex is waited for, by operation and value; reads the owner where the program keeps one. `t` is current. */
static __always_inline void look_at_futex(struct thread_slot *s, struct registers *r)
{
	u32 operation = (u32)r->arg1 & 127, word = 0;
	bool private = r->arg1 & 128;

	s->addr = r->arg0;
	s->value = (u32)r->arg2;
	if (r->call == call_futex_wait) {
		s->value = (u32)r->arg1;
		operation = 9;
		private = true;
	} else if (r->call == call_futex_waitv) {
		u64 first[2] = { 0, 0 }; /* value and address of the first of them */

		bpf_probe_read_user(first, sizeof first, (void *)r->arg0);
		s->value = (u32)first[0];
		s->addr = first[1];
		operation = 9;
		private = true;
	}
	s->cause = CAUSE_IDLE;
	if (operation == 6 || operation == 13) { /* FUTEX_LOCK_PI, FUTEX_LOCK_PI2 */
		s->kind = LOCK_PI;
		s->cause = CAUSE_LOCK;
		bpf_probe_read_user(&word, sizeof word, (void *)s->addr);
		s->owner = word & 0x3fffffff;
	} else if (operation == 9 && !private) { /* before the next: in a pid namespace of its own a tid can be 2 */
		s->kind = LOCK_JOIN;
	} else if (s->value == 2) {
		s->kind = LOCK_MUTEX;
		s->cause = CAUSE_LOCK;
		bpf_probe_read_user(&s->owner, sizeof s->owner, (void *)(s->addr + 8));
	} else if (operation == 0 && s->value & 0x80000000 && s->value & 0x3fffffff) {
		s->kind = LOCK_WORD;
		s->cause = CAUSE_LOCK;
		s->owner = s->value & 0x3fffffff;
	} else if (operation == 9 || operation == 11) { /* FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI */
		s->kind = LOCK_WORK;
		s->cause = is_contended(s) ? CAUSE_LOCK : CAUSE_IDLE;
	} else {
		s->kind = LOCK_FUTEX;
	}
}

static __always_inline void slot_block(struct thread_slot *s, struct task_struct *t)
{
	struct registers r;

	read_regs(t, &r);
	s->addr = 0;
	s->value = s->owner = s->waker = 0;
	s->kind = LOCK_NONE;
	s->call = CALL_NONE;
	s->cause = CAUSE_FAULT;
	if (r.call >= 0 && r.call < CALLS) {
		s->call = (u16)r.call;
		s->cause = call_causes[r.call & (CALLS - 1)];
		if (s->cause == CAUSE_BY_FD)
			s->cause = cause_of_fd(s, t, (u32)r.arg0);
		if (r.call == call_futex || r.call == call_futex_waitv || r.call == call_futex_wait)
			look_at_futex(s, &r);
	} else if (t->flags & PF_EXITING) {
		s->cause = CAUSE_OTHER;
	}
	if (s->kind == LOCK_NONE && BPF_CORE_READ_BITFIELD(t, in_iowait))
		s->cause = CAUSE_DISK;
}

/* ---- on the CPU again ---- */

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

static __always_inline struct thread_split *split_of(const u32 *mark)
{
	u32 place = (*mark >> 1) - 1;

	return has_split ? bpf_map_lookup_elem(&thread_splits, &place) : NULL;
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
	if (blocked > c->slow[(HIST_OFFCPU + cause) & 15])
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

/* It runs from `now` on: the state before ends. */
static __always_inline void slot_arrive(struct thread_slot *s, const u32 *mark, struct bpf_control *c, u64 now)
{
	struct thread_split *by = split_of(mark);
	u64 ready = s->since, queue;

	if (s->state == SLOT_BLOCKED) {
		ready = s->woken && s->woken < now ? s->woken : now;
		wait_ended(s, by, c, ready - s->since, now - ready, now);
	}
	queue = now - ready;
	s->queue += queue * s->weight;
	if (by)
		split_add(&by->parts[HIST_RUNQUEUE], s->weight, queue, c->window);
	hist_record_for(&sched_hists, HIST_RUNQUEUE, queue, s->weight, c->epoch);
	if (s->state == SLOT_RUNNABLE && queue > c->slow[HIST_RUNQUEUE])
		tell_slow(s, HIST_RUNQUEUE, 0, queue, now);
	s->state = SLOT_RUNNING;
	s->since = now;
	s->cpu = bpf_get_smp_processor_id();
}

/* Of a lock that is new, and then now and then: enough to tell where most waits are. */
static __always_inline bool stack_is_due(const struct lock_key *k, u32 role, u64 now)
{
	struct lock_total *l = bpf_map_lookup_elem(&locks, k);
	u64 *last;

	if (!l)
		return true;
	last = role == STACK_WAIT ? &l->stacks[0] : &l->stacks[1];
	if (now - *last < STACK_EVERY)
		return false;
	*last = now;
	return true;
}

static __always_inline void switch_in(struct task_struct *t, u32 *mark, u64 now)
{
	bool fresh;
	struct thread_slot *s = slot_of(t, mark, SLOT_RUNNING, now, &fresh);
	struct bpf_control *c = control_get();
	u64 ran;

	if (!s || !c || fresh || s->state == SLOT_UNSEEN)
		return;
	s->seq++;
	if (s->state == SLOT_BLOCKED || s->state == SLOT_RUNNABLE) {
		slot_arrive(s, mark, c, now);
	} else { /* nobody told that it left: it ran as long as it ran, the rest is unknown */
		ran = t->se.sum_exec_runtime - s->executed;
		ran = ran < now - s->since ? ran : now - s->since;
		s->run += ran;
		s->blocked[CAUSE_OTHER] += now - s->since - ran;
		s->executed += ran;
		s->since = now;
	}
	s->seq++;
}

/* Where only some waits are measured: all of a thread that seldom waits, and some of one that always does. It is decided
 * before the wait is, and hence fair to long and short ones. */
static __always_inline u32 weight_of_wait(struct thread_slot *s, const struct bpf_control *c)
{
	u64 tick, before = s->left;

	if (c->stage[STAGED_SCHED] == PRICE_FULL)
		return 1;
	s->left = tick = bpf_jiffies64();
	return tick - before > SELDOM_TICKS ? 1 : draw(c, STAGED_SCHED);
}

static __always_inline void switch_out(struct task_struct *t, u32 *mark, bool preempted, u64 now)
{
	bool fresh;
	struct thread_slot *s = slot_of(t, mark, SLOT_RUNNING, now, &fresh);
	struct bpf_control *c = control_get();
	u64 executed = t->se.sum_exec_runtime, ran;
	long state = state_of(t);
	u32 weight;

	if (!s || !c)
		return;
	weight = state & TASK_DEAD ? 1 : weight_of_wait(s, c);
	if (!weight) {
		s->state = SLOT_UNSEEN;
		return;
	}
	s->seq++;
	/* Some kernels switch now and then without telling: that it came to run is known by how long it ran. */
	if (s->state == SLOT_BLOCKED || s->state == SLOT_RUNNABLE) {
		ran = executed - s->executed;
		slot_arrive(s, mark, c, ran < now - s->since ? now - ran : now);
	}
	if (!fresh && s->state == SLOT_RUNNING)
		s->run += now - s->since;
	else if (s->state == SLOT_UNSEEN)
		s->run += executed - s->executed;
	s->weight = (u16)weight;
	s->executed = executed;
	s->voluntary = t->nvcsw - s->voluntary_before;
	s->involuntary = t->nivcsw - s->involuntary_before;
	s->since = now;
	s->woken = 0;
	if (state & TASK_DEAD) {
		s->state = SLOT_DEAD;
	} else if (preempted || state == TASK_RUNNING) {
		s->state = SLOT_RUNNABLE;
		s->call = CALL_NONE;
	} else {
		slot_block(s, t);
		s->state = SLOT_BLOCKED;
	}
	s->seq++;
	if (s->state == SLOT_BLOCKED && s->kind) {
		struct lock_key k = { .addr = s->addr, .tgid = s->tgid, .kind = s->kind };

		if (stack_is_due(&k, STACK_WAIT, now))
			take_stack(regs_of(t), c, s->addr, STACK_WAIT, s->kind, 1, now);
	}
}

SEC("tp_btf/sched_switch")
int BPF_PROG(tach_switch, bool preempted, struct task_struct *prev, struct task_struct *next)
{
	u32 *out = prev->pid ? member_mark(prev) : NULL, *in = next->pid ? member_mark(next) : NULL;
	u64 now;

	if (!out && !in)
		return 0;
	now = bpf_ktime_get_ns();
	if (out)
		switch_out(prev, out, preempted, now);
	if (in)
		switch_in(next, in, now);
	return 0;
}

/* Runs in the waker. Where that lets a lock go, its stack says where. */
SEC("tp_btf/sched_waking") int BPF_PROG(tach_waking, struct task_struct *t)
{
	u32 *mark = member_mark(t), place;
	struct thread_slot *s;
	struct bpf_control *c;
	u64 now;

	if (!mark || !(*mark >> 1))
		return 0;
	place = (*mark >> 1) - 1;
	s = bpf_map_lookup_elem(&thread_slots, &place);
	if (!s || s->state != SLOT_BLOCKED || s->woken)
		return 0;
	now = bpf_ktime_get_ns();
	s->waker = (u32)bpf_get_current_pid_tgid();
	s->woken = now;
	if (s->cause == CAUSE_LOCK && (c = control_get())) {
		struct lock_key k = { .addr = s->addr, .tgid = s->tgid, .kind = s->kind };

		if ((u32)(bpf_get_current_pid_tgid() >> 32) == s->tgid && stack_is_due(&k, STACK_HOLD, now))
			take_stack(regs_of(current_task()), c, s->addr, STACK_HOLD, s->kind, 1, now);
	}
	return 0;
}

SEC("tp_btf/sched_wakeup_new") int BPF_PROG(tach_wakeup_new, struct task_struct *t)
{
	u32 *mark = member_mark(t);
	bool fresh;

	if (mark)
		slot_of(t, mark, SLOT_RUNNABLE, bpf_ktime_get_ns(), &fresh);
	return 0;
}

/* A thread names itself, or execs. */
SEC("tp_btf/task_rename") int BPF_PROG(tach_rename, struct task_struct *t, const char *name)
{
	u32 *mark = member_mark(t), place;
	struct thread_slot *s;

	if (!mark || !(*mark >> 1))
		return 0;
	place = (*mark >> 1) - 1;
	s = bpf_map_lookup_elem(&thread_slots, &place);
	if (s)
		bpf_probe_read_kernel_str(s->comm, sizeof s->comm, name);
	return 0;
}

/* One that was moved out of the target: its place is as that of one that has ended. */
static __always_inline void leave(u32 *mark)
{
	u32 place = (*mark >> 1) - 1;
	struct thread_slot *s = *mark ? bpf_map_lookup_elem(&thread_slots, &place) : NULL;

	*mark = 0;
	if (s)
		s->state = SLOT_DEAD;
}

/* The threads that are there when tach comes, or come to the target: places, and what they wait for. */
SEC("iter/task") int tach_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	u64 now = bpf_ktime_get_ns();
	struct thread_slot *s;
	bool fresh;
	long state;
	u32 *mark;

	if (!t || !(mark = mark_get(t)) || (t->flags & PF_EXITING))
		return 0;
	if (!(*mark & 1)) {
		leave(mark);
		return 0;
	}
	state = state_of(t);
	s = slot_of(t, mark, state == TASK_RUNNING ? SLOT_RUNNABLE : SLOT_BLOCKED, now, &fresh);
	if (!s || !fresh)
		return 0;
	s->seq++;
	if (t->on_cpu)
		s->state = SLOT_RUNNING;
	else if (state != TASK_RUNNING)
		slot_block(s, t);
	if (s->kind != LOCK_WORD) /* its memory is not the one that is mapped now */
		s->owner = 0;
	s->seq++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
