/*
 * Where the target's threads spend their time, from two hooks of the scheduler: on a CPU, ready to run, blocked and in
 * which system call; and, as the registers of a blocked thread tell, on which futex, whose owner is read there and then.
 * No system call and no lock that is free pays for it.
 */
#include "source/bpf/sched_arrive.bpf.h"

#define SELDOM_TICKS 2 /* of the kernel: 2 to 20 ms */

/* Places that are free. User space fills it, and gives back those of dead threads. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, SLOTS);
	__type(value, u32);
} free_slots SEC(".maps");

/* ---- places ---- */

static __always_inline void slot_name(struct thread_slot *s, struct task_struct *t)
{
	struct pid *pid = BPF_CORE_READ(t, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);

	s->tid = t->pid;
	s->tgid = t->tgid;
	s->start = t->start_boottime;
	bpf_probe_read_kernel(&s->inner_tid, sizeof s->inner_tid, (void *)&pid->numbers + level * bpf_core_type_size(struct upid));
}

static __always_inline void slot_begin(struct thread_slot *s, struct task_struct *t, u32 state, u64 now)
{
	s->seq++;
	slot_name(s, t);
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
	s->woken = 0;
	s->state = state;
	s->seq++;
}

/* One that is free; NULL: there is none. */
static __always_inline struct thread_slot *slot_take(u32 *place)
{
	if (bpf_map_pop_elem(&free_slots, place)) {
		lose(LOST_SLOTS);
		return NULL;
	}
	return bpf_map_lookup_elem(&thread_slots, place);
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
	s = slot_take(&place);
	if (!s)
		return NULL;
	*mark = (*mark & 1) | (place + 1) << 1;
	slot_begin(s, t, state, now);
	*fresh = true;
	return s;
}

/* The mark of a member. One that was moved out of the target leaves: its place is as that of one that has ended. */
static __always_inline u32 *mark_of_switched(struct task_struct *t)
{
	u32 *mark = mark_get(t), place;
	struct thread_slot *s;

	if (!mark || *mark & 1)
		return mark;
	if (!*mark)
		return NULL;
	place = (*mark >> 1) - 1;
	*mark = 0;
	s = bpf_map_lookup_elem(&thread_slots, &place);
	if (s)
		s->state = SLOT_DEAD;
	return NULL;
}

/* Of a lock that is new, and then now and then: enough to tell where most waits are. */
static __always_inline bool stack_is_due(const struct bpf_control *c, const struct lock_key *k, u32 role, u64 now)
{
	struct lock_total *l, first = { .epoch = c->epoch };
	u64 *last;

	if (!c->stacks_left)
		return false;
	l = bpf_map_lookup_elem(&locks, k);
	if (!l) { /* many may come to wait before the first wait is over */
		bpf_map_update_elem(&locks, k, &first, BPF_NOEXIST);
		l = bpf_map_lookup_elem(&locks, k);
	}
	if (!l)
		return false;
	last = role == STACK_WAIT ? &l->stacks[0] : &l->stacks[1];
	if (*last && now - *last < STACK_EVERY)
		return false;
	*last = now;
	return true;
}

/* Of the current task, in that place. */
__noinline int stack_where_it_waits(u32 place, u64 now)
{
	struct thread_slot *s = bpf_map_lookup_elem(&thread_slots, &place);
	struct bpf_control *c = control_get();
	struct lock_key k;

	if (!s || !c)
		return 0;
	k = (struct lock_key){ .addr = s->addr, .tgid = s->tgid, .kind = s->kind };
	if (stack_is_due(c, &k, STACK_WAIT, now))
		take_stack(regs_of(current_task()), c, s->addr, STACK_WAIT, s->kind, 1, now);
	return 0;
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
		slot_arrive((*mark >> 1) - 1, now);
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
		s->woken = 0;
		s->state = SLOT_UNSEEN;
		return;
	}
	s->seq++;
	/* Some kernels switch now and then without telling: that it came to run is known by how long it ran. */
	if (s->state == SLOT_BLOCKED || s->state == SLOT_RUNNABLE) {
		ran = executed - s->executed;
		slot_arrive((*mark >> 1) - 1, ran < now - s->since ? now - ran : now);
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
	s->woken = s->woken ? now : 0; /* somebody did so while it was on its way */
	if (!s->woken)
		s->waker = 0;
	if (state & TASK_DEAD) {
		s->state = SLOT_DEAD;
	} else if (preempted || state == TASK_RUNNING) {
		s->state = SLOT_RUNNABLE;
		s->woken = 0;
		s->call = CALL_NONE;
	} else {
		slot_block(s, t, state);
		s->state = SLOT_BLOCKED;
	}
	s->seq++;
	if (s->state == SLOT_BLOCKED && s->kind && c->stacks_left)
		stack_where_it_waits((*mark >> 1) - 1, now);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(tach_switch, bool preempted, struct task_struct *prev, struct task_struct *next)
{
	u32 *out = prev->pid ? mark_of_switched(prev) : NULL, *in = next->pid ? mark_of_switched(next) : NULL;
	u64 now;

	if (!out) {
		asm volatile(""); /* no arithmetic with the two pointers, which the verifier refuses */
		if (!in)
			return 0;
	}
	now = bpf_ktime_get_ns();
	if (out)
		switch_out(prev, out, preempted, now);
	if (in)
		switch_in(next, in, now);
	return 0;
}

/* It is off its queue already, but the hook of its switch has not run yet: its CPU looks for another thread first. */
static __always_inline bool is_leaving(struct task_struct *t)
{
	return !t->on_rq || (bpf_core_field_exists(t->se.sched_delayed) && t->se.sched_delayed);
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
	if (!s || s->woken || (s->state != SLOT_BLOCKED && !(s->state == SLOT_RUNNING && is_leaving(t))))
		return 0;
	now = bpf_ktime_get_ns();
	s->waker = (u32)bpf_get_current_pid_tgid();
	s->woken = now;
	if (s->state == SLOT_BLOCKED && s->cause == CAUSE_LOCK && (c = control_get())) {
		struct lock_key k = { .addr = s->addr, .tgid = s->tgid, .kind = s->kind };

		if ((u32)(bpf_get_current_pid_tgid() >> 32) == s->tgid && stack_is_due(c, &k, STACK_HOLD, now))
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
	if (!s)
		return 0;
	bpf_probe_read_kernel_str(s->comm, sizeof s->comm, name);
	slot_name(s, t); /* after exec by another than the first thread it has that one's tid */
	return 0;
}

/* The threads that are there when tach comes, or come to the target: places, and what they wait for. */
SEC("iter/task") int tach_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	u64 now = bpf_ktime_get_ns();
	struct thread_slot *s;
	u32 *mark, place;
	long state;

	if (!t || t->flags & PF_EXITING || !(mark = mark_of_switched(t)) || *mark >> 1)
		return 0;
	s = slot_take(&place);
	if (!s)
		return 0;
	state = state_of(t);
	slot_begin(s, t, state == TASK_RUNNING ? SLOT_RUNNABLE : SLOT_BLOCKED, now);
	if (t->on_cpu)
		s->state = SLOT_RUNNING;
	else if (state != TASK_RUNNING)
		slot_block(s, t, state);
	if (s->kind != LOCK_WORD) /* the memory that is mapped now is not its own */
		s->owner = 0;
	if (*(volatile u32 *)mark >> 1) { /* a hook was quicker */
		s->state = SLOT_FREE;
		bpf_map_push_elem(&free_slots, &place, 0);
	} else {
		*mark = (*mark & 1) | (place + 1) << 1;
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
