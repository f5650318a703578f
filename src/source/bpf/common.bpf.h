/*
 * What every program shares: who belongs to the target, histograms, counters of losses. Each object has its own copy of
 * these maps' definitions; the loader gives them all the maps of the first.
 */
#ifndef TACH_SOURCE_BPF_COMMON_H
#define TACH_SOURCE_BPF_COMMON_H

#include "source/bpf/kernel.h"
#include "source/bpf/shared.h"

#include <bpf/bpf_helpers.h>

#define __VMLINUX_H__ /* kernel.h names registers as such a header does */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* What this kernel has; found by the loader. A branch that is not taken is not verified either. */
const volatile bool has_task_storage;
const volatile bool has_task_regs;

/* A task's mark: bit 0 says that it belongs to the target, the rest is its place in thread_slots + 1. User space marks
 * processes by pidfd, so that no reused pid can be taken for one; a walk over all tasks marks their threads, and the
 * kernel whatever they start. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u32);
} marks SEC(".maps");

/* The same by tid, for kernels before 5.11. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u32);
} tid_marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bpf_control);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSSES);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

static __always_inline void lose(u32 what)
{
	u64 *n = bpf_map_lookup_elem(&losses, &what);

	if (n)
		(*n)++;
}

static __always_inline struct bpf_control *control_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

/* Most tasks have none of any kind: that is soon seen. */
static __always_inline bool has_no_storage(struct task_struct *t)
{
	return bpf_core_field_exists(t->bpf_storage) && !t->bpf_storage;
}

static __always_inline u32 *mark_get(struct task_struct *t)
{
	u32 tid;

	if (has_task_storage && has_no_storage(t))
		return NULL;
	if (has_task_storage)
		return bpf_task_storage_get(&marks, t, 0, 0);
	tid = t->pid;
	return bpf_map_lookup_elem(&tid_marks, &tid);
}

/* The mark, made if there is none; NULL: no memory, which is counted. */
static __always_inline u32 *mark_make(struct task_struct *t, u32 value)
{
	u32 tid, *mark;

	if (has_task_storage) {
		mark = bpf_task_storage_get(&marks, t, &value, BPF_LOCAL_STORAGE_GET_F_CREATE);
	} else {
		tid = t->pid;
		bpf_map_update_elem(&tid_marks, &tid, &value, BPF_NOEXIST);
		mark = bpf_map_lookup_elem(&tid_marks, &tid);
	}
	if (!mark)
		lose(LOST_MARKS);
	return mark;
}

/* The mark of a task that belongs to the target; NULL: it does not. That is all that other tasks pay for. */
static __always_inline u32 *member_mark(struct task_struct *t)
{
	u32 *mark = mark_get(t);

	return mark && *mark & 1 ? mark : NULL;
}

static __always_inline bool is_member(struct task_struct *t)
{
	return member_mark(t) != NULL;
}

/* The same of the task that runs the program. */
static __always_inline u32 *member_mark_of_current(void)
{
	u32 tid, *mark;

	if (has_task_storage)
		return member_mark(bpf_get_current_task_btf());
	tid = (u32)bpf_get_current_pid_tgid();
	mark = bpf_map_lookup_elem(&tid_marks, &tid);
	return mark && *mark & 1 ? mark : NULL;
}

static __always_inline bool is_current_member(void)
{
	return member_mark_of_current() != NULL;
}

static __always_inline struct task_struct *current_task(void)
{
	if (has_task_storage)
		return bpf_get_current_task_btf();
	return (void *)bpf_get_current_task();
}

/* 32-bit code: its system calls have other numbers. */
static __always_inline bool is_compat(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->cs == COMPAT_CS;
#else
	return false;
#endif
}

/* A function of its own, which the verifier looks at once: inlined, its branches multiply those of every caller. */
__noinline u32 bin_of(u64 value)
{
	return tach_hist_bin(value);
}

/* How many events one stands for that is measured now; 0: this one is not drawn. */
static __always_inline u32 draw(const struct bpf_control *c, u32 staged)
{
	u32 stage = c->stage[staged];

	if (stage == PRICE_FULL)
		return 1;
	if (stage != PRICE_SAMPLED || bpf_get_prandom_u32() & ((1 << PRICE_SHIFT) - 1))
		return 0;
	return 1 << PRICE_SHIFT;
}

/* bin: of the value, by bin_of(), or where 10 ns matter more than the time to load by tach_hist_bin(). */
static __always_inline void hist_put(void *map, u32 which, u64 value, u64 bin, u64 weight, u64 epoch)
{
	struct bpf_hist *h = bpf_map_lookup_elem(map, &which);

	if (!h)
		return;
	h->sum += value * weight;
	if (h->epoch != epoch) {
		h->epoch = epoch;
		h->max = 0;
	}
	if (value > h->max)
		h->max = value;
	asm volatile("" : "+r"(bin)); /* clang 14 checks a 32-bit copy and then uses the other */
	if (bin < TACH_HIST_BINS)
		h->bins[bin] += weight;
}

static __always_inline void hist_record_for(void *map, u32 which, u64 value, u64 weight, u64 epoch)
{
	hist_put(map, which, value, bin_of(value), weight, epoch);
}

static __always_inline void hist_record(void *map, u32 which, u64 value, u64 epoch)
{
	hist_record_for(map, which, value, 1, epoch);
}

/* Only the CPU that switches the thread, or the thread itself, writes a part. */
static __always_inline void split_add(struct split_part *p, u64 events, u64 took, u32 window)
{
	p->events += events;
	if (p->window != window) {
		p->before = p->window + 1 == window ? p->longest : 0;
		p->longest = 0;
		p->window = window;
	}
	if (took > p->longest)
		p->longest = took;
}

#endif
