/*
 * Counters of each CPU, read when a thread of the target begins and ceases to run there: what they went on by in between
 * is the target's. However many threads it has, they cost it no more; and nobody else pays but one look at a mark.
 */
#include "source/bpf/common.bpf.h"

#define KERNEL_THREAD 0x00200000 /* PF_KTHREAD; the idle ones too */

const volatile u32 events; /* counters of a CPU */

/* Event i of CPU c is number c * events + i. Made large enough by user space, as is the next. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} hw_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct hw_cpu);
} hw_cpus SEC(".maps");

static __always_inline void take(struct hw_count *total, const struct hw_count *start, const struct hw_count *now)
{
	if (!start->enabled || now->enabled < start->enabled || now->counter < start->counter) /* not read, or another one */
		return;
	total->counter += now->counter - start->counter;
	total->enabled += now->enabled - start->enabled;
	total->running += now->running - start->running;
}

/* Reads all counters of this CPU: for the thread that has run till now, if it is the target's, and for the next one. */
static __always_inline void look(struct hw_cpu *c, u32 cpu, bool next)
{
	for (u32 i = 0; i < HW_EVENTS && i < events; i++) {
		struct hw_count now;

		if (bpf_perf_event_read_value(&hw_events, cpu * events + i, (void *)&now, sizeof now))
			c->failed++; /* and now is zero */
		if (c->on)
			take(&c->total[i], &c->start[i], &now);
		c->start[i] = now;
	}
	c->on = next;
}

/* Somebody else runs here than was seen to begin: the hook has just been attached, or was not run. What was counted
 * since is not known to be anybody's. */
static __always_inline void unseen(struct hw_cpu *c, struct task_struct *prev)
{
	if (c->on || is_member(prev))
		c->failed++;
	c->on = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(tach_hw_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	bool member = !(next->flags & KERNEL_THREAD) && is_member(next);
	u32 cpu = bpf_get_smp_processor_id();
	struct hw_cpu *c = bpf_map_lookup_elem(&hw_cpus, &cpu);

	if (!c)
		return 0;
	if (c->tid != prev->pid)
		unseen(c, prev);
	c->tid = next->pid;
	if (c->on || member)
		look(c, cpu, member);
	return 0;
}

/* Run by user space on a CPU, in an interrupt of the thread that runs there: of one that has not been switched for long
 * the numbers up to now. */
SEC("raw_tp") int tach_hw_look(void *ctx)
{
	u32 cpu = bpf_get_smp_processor_id(), tid = (u32)bpf_get_current_pid_tgid();
	struct hw_cpu *c = bpf_map_lookup_elem(&hw_cpus, &cpu);

	if (!c || !is_current_member())
		return 0;
	if (c->tid != tid) {
		c->failed++;
		c->tid = tid;
		c->on = 0;
	}
	look(c, cpu, true);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
