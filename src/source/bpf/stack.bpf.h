/* The registers with which a task entered the kernel, and copies of its user stack for user space to unwind. */
#ifndef TACH_SOURCE_BPF_STACK_H
#define TACH_SOURCE_BPF_STACK_H

#include "source/bpf/common.bpf.h"

const volatile u32 thread_stack_size; /* of the kernel, where has_task_regs is false */

/* Stacks and slow waits, read at the tick: never a wake-up. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RECORDS_BYTES);
} records SEC(".maps");

static __always_inline struct pt_regs *regs_of(struct task_struct *t)
{
	if (has_task_regs)
		return (void *)bpf_task_pt_regs(t);
	return BPF_CORE_READ(t, stack) + thread_stack_size - bpf_core_type_size(struct pt_regs); /* the kernel's, not ours */
}

/* The user stack of the current task into the records, for user space to unwind. False: not now. */
static __always_inline bool take_stack(struct pt_regs *r, struct bpf_control *c, u64 addr, u32 role, u32 kind, u64 weight,
	u64 now)
{
	u64 sp, first, id = bpf_get_current_pid_tgid();
	struct stack_record *out;

	if (!c->stacks_left)
		return false;
	c->stacks_left--;
	out = bpf_ringbuf_reserve(&records, sizeof *out, 0);
	if (!out) {
		lose(LOST_STACKS);
		return false;
	}
	out->type = RECORD_STACK;
	out->role = role;
	out->time = now;
	out->addr = addr;
	out->tid = (u32)id;
	out->tgid = id >> 32;
	out->kind = kind;
	out->weight = weight;
	bpf_probe_read_kernel(out->regs, sizeof out->regs, r);
	out->sp = sp = BPF_CORE_READ(r, sp);
	/* Page by page: what lies beyond the end of the stack cannot be read, and then nothing of that read is. */
	first = 4096 - (sp & 4095);
	out->size = 0;
	if (!bpf_probe_read_user(out->stack, STACK_BYTES, (void *)sp))
		out->size = STACK_BYTES;
	else if (!bpf_probe_read_user(out->stack, first & 4095 ?: 4096, (void *)sp))
		out->size = (u32)first;
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return true;
}

#endif
