/* What a thread waits for when it leaves the CPU: by its system call, its descriptor, or the futex and who holds that. */
#ifndef TACH_SOURCE_BPF_SCHED_BLOCK_BPF_H
#define TACH_SOURCE_BPF_SCHED_BLOCK_BPF_H

#include "source/bpf/stack.bpf.h"

/* What waiting in a system call is, by its number: enum wait_cause, or CAUSE_BY_FD. */
const volatile u8 call_causes[CALLS];
const volatile u32 call_futex, call_futex_waitv, call_futex_wait;

/* The locks that user space gave a histogram: their places in lock_hists, with PLACE_CONTENDED or without. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LOCK_PLACES);
	__type(key, struct lock_key);
	__type(value, u32);
} lock_places SEC(".maps");

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
		out->call = CALL_FOREIGN;
#endif
}

static __always_inline long state_of(struct task_struct *t)
{
	struct task_struct___old *old = (void *)t;

	return bpf_core_field_exists(t->__state) ? t->__state : old->state;
}

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
		if (operation == 0) /* the C library's; others have something else behind the word */
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
	if (s->owner >= TIDS)
		s->owner = 0;
}

static __always_inline void slot_block(struct thread_slot *s, struct task_struct *t, long state)
{
	struct registers r;

	read_regs(t, &r);
	s->addr = 0;
	s->value = s->owner = 0;
	s->kind = LOCK_NONE;
	s->call = CALL_NONE;
	s->cause = CAUSE_FAULT;
	if (r.call >= CALLS)
		r.call = CALL_FOREIGN;
	if (r.call >= 0) {
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
	if (state & (TASK_STOPPED | TASK_TRACED))
		s->cause = CAUSE_OTHER;
}

#endif
