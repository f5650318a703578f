/*
 * Page faults of the target by cause, and where in the program they happen, one in 64 or more with its stack. The fault
 * tells only whether a page was there; what the kernel then puts in its place shows where it counts resident pages.
 */
#include "source/bpf/stack.bpf.h"

const volatile bool has_rss_stat; /* for each page, and so in the fault: since 6.2 */

u32 counts_only;     /* too many: neither told apart nor with stacks */
u32 sample_mask;     /* one fault in sample_mask + 1 gives its stack */
u32 stacks_left;     /* of faults, until the next tick */

/* Error code of the fault, <asm/trap_pf.h>. */
enum { FAULT_PRESENT = 1, FAULT_WRITE = 2 };

/* Kinds of resident pages, <linux/mm_types_task.h>. */
enum { RSS_FILE = 0, RSS_ANON = 1, RSS_SHMEM = 3 };

/* A thread's fault that the kernel has not brought a page for yet. */
struct open_fault {
	u64 addr; /* 0: none */
	u32 in_kernel, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct open_fault);
} open_faults SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct mem_counts);
} mem_counts SEC(".maps");

static __always_inline struct mem_counts *counts_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&mem_counts, &zero);
}

/* Counts it, and now and then takes the stack. */
static __always_inline void fault(struct mem_counts *n, u32 cause, u64 addr)
{
	struct bpf_control *c = control_get();

	if (cause < FAULT_CAUSES)
		n->faults[cause]++;
	if (counts_only || !c || bpf_get_prandom_u32() & sample_mask)
		return;
	n->due++;
	if (!stacks_left)
		return;
	stacks_left--;
	n->taken += take_stack(regs_of(current_task()), c, addr, STACK_FAULT, cause, sample_mask + 1, bpf_ktime_get_ns());
}

static __always_inline int faulted(u64 addr, u64 error, bool in_kernel)
{
	struct open_fault none = { 0 }, *f;
	struct mem_counts *n;

	if (!is_current_member())
		return 0;
	n = counts_get();
	if (!n)
		return 0;
	n->all++;
	if (error & FAULT_PRESENT && error & FAULT_WRITE)
		fault(n, FAULT_COPY, addr);
	else if (error & FAULT_PRESENT)
		n->allowed++;
	else if (!has_rss_stat)
		fault(n, FAULT_UNKNOWN, addr);
	if (error & FAULT_PRESENT || !has_rss_stat || counts_only)
		return 0;
	n->absent++;
	f = bpf_task_storage_get(&open_faults, bpf_get_current_task_btf(), &none, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (f) {
		f->addr = addr;
		f->in_kernel = in_kernel;
	} else {
		lose(LOST_FAULTS);
	}
	return 0;
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(tach_fault_user, unsigned long addr, struct pt_regs *regs, unsigned long error)
{
	return faulted(addr, error, false);
}

/* By the kernel for the program, in a system call that reads or fills its memory. */
SEC("tp_btf/page_fault_kernel")
int BPF_PROG(tach_fault_kernel, unsigned long addr, struct pt_regs *regs, unsigned long error)
{
	if ((long)addr < 0) /* the upper half is the kernel's */
		return 0;
	if (bpf_get_current_task_btf()->pagefault_disabled) /* a copy that may fail: the probes' own, too */
		return 0;
	return faulted(addr, error, true);
}

/* In a fault of the program there is no system call; otherwise the pages come and go for another reason. */
static __always_inline bool is_in_call(struct task_struct *t)
{
#if defined(__TARGET_ARCH_x86)
	return (long)BPF_CORE_READ(regs_of(t), orig_ax) >= 0;
#else
	return false;
#endif
}

SEC("tp_btf/rss_stat") int BPF_PROG(tach_rss, struct mm_struct *mm, int member)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct mem_counts *n;
	struct open_fault *f;
	u64 addr;

	if (has_no_storage(t))
		return 0;
	f = bpf_task_storage_get(&open_faults, t, 0, 0);
	if (!f || !f->addr || t->mm != mm)
		return 0;
	addr = f->addr;
	if (member != RSS_ANON && member != RSS_FILE && member != RSS_SHMEM)
		return 0;
	if (!f->in_kernel && is_in_call(t))
		return 0;
	f->addr = 0;
	n = counts_get();
	if (n)
		fault(n, member == RSS_ANON ? FAULT_ANON : FAULT_FILE, addr);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
