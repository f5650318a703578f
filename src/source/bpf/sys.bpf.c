/*
 * Every system call of the target, timed from its entry to its return. The hooks are in everybody's way, so what does not
 * belong to the target leaves at once, and the group runs only while somebody looks.
 */
#include "source/bpf/common.bpf.h"

const volatile u32 call_sigreturn; /* gives back the registers of what was interrupted: no result of its own */
const volatile u32 call_restart;
const volatile bool may_leave; /* the target is a cgroup: who was in it once may be out of it by now */

/* A call that began before is not one that was seen to begin. Set while the programs are detached. */
u64 not_before;

struct open_call {
	u64 began; /* 0: none is open */
	u32 call, weight;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct open_call);
} open_calls SEC(".maps");

/* The same by tid, for kernels before 5.11; those of threads that have ended give way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct open_call);
} tid_calls SEC(".maps");

/* CALLS places for each CPU; the loader makes it as large as that. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CALLS);
	__type(key, u32);
	__type(value, struct sys_total);
} sys_totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bpf_hist);
} sys_hists SEC(".maps");

/* NULL: the current task has none. */
static __always_inline struct open_call *call_get(void)
{
	struct task_struct *t;
	u32 tid;

	if (has_task_storage) {
		t = bpf_get_current_task_btf();
		if (has_no_storage(t))
			return NULL;
		return bpf_task_storage_get(&open_calls, t, 0, 0);
	}
	tid = (u32)bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&tid_calls, &tid);
}

static __always_inline struct open_call *call_make(void)
{
	struct open_call none = { 0 };
	u32 tid;

	if (has_task_storage)
		return bpf_task_storage_get(&open_calls, bpf_get_current_task_btf(), &none, BPF_LOCAL_STORAGE_GET_F_CREATE);
	tid = (u32)bpf_get_current_pid_tgid();
	bpf_map_update_elem(&tid_calls, &tid, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tid_calls, &tid);
}

/* What a task of the target has from its first call on is enough to know it by. */
SEC("tp_btf/sys_enter") int BPF_PROG(tach_sys_enter, struct pt_regs *regs, long number)
{
	struct open_call *c = call_get();
	struct bpf_control *control;
	u32 weight;

	if ((!c || may_leave || !has_task_storage) && !is_current_member()) /* a tid is used again */
		return 0;
	control = control_get();
	weight = control ? draw(control, STAGED_SYS) : 0;
	if (!weight)
		return 0;
	if (!c && !(c = call_make())) {
		lose(LOST_CALLS);
		return 0;
	}
	/* What goes on by restart_syscall is the call that was interrupted, whose number is still there. */
	if (number != call_restart)
		c->call = number >= 0 && number < CALL_FOREIGN && !is_compat(regs) ? (u32)number : CALL_FOREIGN;
	c->weight = weight;
	c->began = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit") int BPF_PROG(tach_sys_exit, struct pt_regs *regs, long result)
{
	struct open_call *c = call_get();
	struct bpf_control *control;
	struct sys_total *t;
	u64 began, took;
	u32 call, place;

	if (!c || !c->began)
		return 0;
	began = c->began;
	call = c->call;
	c->began = 0;
	if (!has_task_storage && !is_current_member()) /* a tid is used again */
		return 0;
	control = control_get();
	if (began < not_before || !control)
		return 0;
	took = bpf_ktime_get_ns() - began;
	hist_put(&sys_hists, 0, took, tach_hist_bin(took), c->weight, control->epoch);
	place = bpf_get_smp_processor_id() * CALLS + (call & (CALLS - 1));
	t = bpf_map_lookup_elem(&sys_totals, &place);
	if (!t)
		return 0;
	t->calls += c->weight;
	t->time += took * c->weight;
	if (result < 0 && result >= -4095 && call != call_sigreturn)
		t->errors += c->weight;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
