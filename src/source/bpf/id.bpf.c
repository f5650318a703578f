/* Who belongs to the target: children of marked processes, whoever enters a watched cgroup, a thread that execs. */
#include "source/bpf/cgroup.bpf.h"

const volatile bool follow_children;

static __always_inline bool is_wanted(struct task_struct *process, bool parent_is_member)
{
	if (cgroup_id)
		return is_under(BPF_CORE_READ(process, cgroups, dfl_cgrp));
	return follow_children && parent_is_member;
}

/* Before it runs; threads that the kernel makes for a program come by here too (io_uring's). A thread gets a mark as well:
 * by it its process is known again when the thread execs. */
SEC("tp_btf/task_newtask") int BPF_PROG(tach_fork, struct task_struct *child)
{
	bool by_member = is_current_member();

	if (child->pid != child->tgid ? by_member : is_wanted(child, by_member))
		mark_make(child, 1);
	return 0;
}

/* Counted for user space, which then forgets what the addresses of the program before meant. */
u64 execs;

/* Where marks are by tid, the one of a thread that execs moves to the tid that it gets: that of its process. */
SEC("tp_btf/sched_process_exec") int BPF_PROG(tach_exec, struct task_struct *task, int old_tid)
{
	u32 *mark, tid = (u32)old_tid, value;

	if (is_member(task))
		execs++;
	if (has_task_storage || tid == task->pid)
		return 0;
	mark = bpf_map_lookup_elem(&tid_marks, &tid);
	if (!mark)
		return 0;
	value = *mark;
	bpf_map_delete_elem(&tid_marks, &tid);
	tid = task->pid;
	bpf_map_update_elem(&tid_marks, &tid, &value, BPF_ANY);
	return 0;
}

/* Where marks are by tid they do not go with their task. Not at its exit: its last switch comes after that. */
SEC("tp_btf/sched_process_free") int BPF_PROG(tach_free, struct task_struct *task)
{
	u32 tid = task->pid;

	bpf_map_delete_elem(&tid_marks, &tid);
	return 0;
}

/* Counted for user space: marks made by the walk below, which is repeated until there are none; and processes that came
 * into the watched cgroup or left it, whose other threads the walk has to look at. */
u64 found, moved;

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(tach_move, struct cgroup *to, const char *path, struct task_struct *task, bool whole)
{
	u32 *mark;

	if (!cgroup_id || BPF_CORE_READ(to, root) != BPF_CORE_READ(task, cgroups, dfl_cgrp, root))
		return 0; /* not of the hierarchy of cgroups v2 */
	if (is_under(to)) {
		mark = mark_make(task->group_leader, 1);
		if (mark)
			*mark |= 1;
		moved++;
	} else if ((mark = member_mark(task->group_leader))) {
		*mark &= ~1u;
		moved++;
	}
	return 0;
}

/* Every task: threads are what their process is; a process belongs when it is in the cgroup, or a child of a member. What
 * is started after this is marked by the hook above, which is attached before. */
SEC("iter/task") int tach_members(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	u32 *mark;
	bool wanted;

	if (!t)
		return 0;
	wanted = t->pid != t->tgid ? is_member(t->group_leader) : is_member(t) || is_wanted(t, is_member(t->real_parent));
	mark = mark_get(t);
	if (!wanted) {
		if (mark)
			*mark &= ~1u;
		return 0;
	}
	if (mark && *mark & 1)
		return 0;
	mark = mark_make(t, 1);
	if (!mark)
		return 0;
	*mark |= 1;
	found++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
