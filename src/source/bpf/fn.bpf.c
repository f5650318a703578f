/*
 * Functions of the target, at their entry and where they return to. A program is at many functions at once: the cookie of
 * a probe says which one was hit. Who is hit belongs to the target, as probes are set into its processes alone.
 *
 * Programs of probes in user space can be preempted, also by each other: what is counted here is counted by atomic
 * additions, although each CPU has its own.
 */
#include "source/bpf/common.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FN_SLOTS + 1);
	__type(key, u32);
	__type(value, struct bpf_hist);
} fn_hists SEC(".maps");

/* Entries. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FN_SLOTS + 1);
	__type(key, u32);
	__type(value, u64);
} fn_entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct fn_calls);
} fn_calls SEC(".maps");

#if defined(__TARGET_ARCH_x86)
#define RETURN_ADDRESS_BYTES 8 /* on the stack at entry, gone after return */
#else
#define RETURN_ADDRESS_BYTES 0
#endif

static __always_inline void count_entry(u32 slot)
{
	u64 *n = bpf_map_lookup_elem(&fn_entries, &slot);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("uprobe") int tach_fn_count(struct pt_regs *regs)
{
	count_entry((u32)bpf_get_attach_cookie(regs));
	return 0;
}

SEC("uprobe") int tach_fn_enter(struct pt_regs *regs)
{
	u32 slot = (u32)bpf_get_attach_cookie(regs);
	struct fn_calls *calls = bpf_task_storage_get(&fn_calls, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct fn_frame *f;

	count_entry(slot);
	if (!calls) {
		lose(LOST_RETURNS);
		return 0;
	}
	f = &calls->frames[calls->next++ & (FN_DEPTH - 1)];
	if (f->slot)
		lose(LOST_RETURNS);
	f->slot = slot + 1;
	f->sp = regs->sp + RETURN_ADDRESS_BYTES;
	f->since = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void record(u32 slot, u64 took)
{
	struct bpf_hist *h = bpf_map_lookup_elem(&fn_hists, &slot);
	struct bpf_control *c = control_get();
	u64 bin = bin_of(took);

	if (!h || !c)
		return;
	__sync_fetch_and_add(&h->sum, took);
	if (h->epoch != c->epoch) {
		h->epoch = c->epoch;
		h->max = 0;
	}
	if (took > h->max)
		h->max = took;
	asm volatile("" : "+r"(bin)); /* clang 14 checks a 32-bit copy and then uses the other */
	if (bin < TACH_HIST_BINS)
		__sync_fetch_and_add(&h->bins[bin], 1);
}

/* The newest call of that function from that place. A return without one is of a call that was lost, and counted then. */
SEC("uretprobe") int tach_fn_return(struct pt_regs *regs)
{
	u64 now = bpf_ktime_get_ns();
	u32 slot = (u32)bpf_get_attach_cookie(regs);
	struct fn_calls *calls = bpf_task_storage_get(&fn_calls, bpf_get_current_task_btf(), 0, 0);

	if (!calls)
		return 0;
	for (u32 i = 1; i <= FN_DEPTH; i++) {
		struct fn_frame *f = &calls->frames[(calls->next - i) & (FN_DEPTH - 1)];

		if (f->slot != slot + 1 || f->sp != regs->sp)
			continue;
		f->slot = 0;
		if (i == 1)
			calls->next--;
		record(slot, now - f->since);
		return 0;
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
