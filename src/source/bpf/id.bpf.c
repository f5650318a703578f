/* Who belongs to the target: children of marked processes, whoever enters a watched cgroup, a thread that execs. */
#include "source/bpf/cgroup.bpf.h"

const volatile bool follow_children;

static __always_inline bool is_wanted(struct task_struct *parent, struct task_struct *child)
{
	if (cgroup_id)
		return is_under(BPF_CORE_READ(child, cgroups, dfl_cgrp));
	return follow_children && is_member(parent);
}

/* Before the child runs. A thread gets a mark too: by it its process is known again when the thread execs. */
SEC("tp_btf/sched_process_fork") int BPF_PROG(tach_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid != child->tgid ? is_member(parent) : is_wanted(parent, child))
		mark_make(child, 1);
	return 0;
}

/* A thread that execs becomes the first of its process; its own mark has come with it. */
SEC("tp_btf/sched_process_exec") int BPF_PROG(tach_exec, struct task_struct *task, int old_tid)
{
	u32 *mark, tid = (u32)old_tid, value;

	if ((u32)old_tid == task->pid)
		return 0;
	if (!has_task_storage) { /* its tid has changed: the place of the old mark goes to the new */
		mark = bpf_map_lookup_elem(&tid_marks, &tid);
		if (!mark)
			return 0;
		value = *mark | 1;
		bpf_map_delete_elem(&tid_marks, &tid);
		tid = task->pid;
		bpf_map_update_elem(&tid_marks, &tid, &value, BPF_ANY);
		return 0;
	}
	mark = mark_get(task);
	if (mark)
		*mark |= 1;
	return 0;
}

/* Only where marks are by tid: a mark goes with its task. */
SEC("tp_btf/sched_process_exit") int BPF_PROG(tach_exit, struct task_struct *task)
{
	u32 tid = task->pid;

	if (!has_task_storage && task->pid != task->tgid)
		bpf_map_delete_elem(&tid_marks, &tid);
	return 0;
}

/* Processes that enter the watched cgroup, or leave it. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(tach_move, struct cgroup *to, const char *path, struct task_struct *task, bool whole)
{
	u32 *mark;

	if (!cgroup_id)
		return 0;
	if (is_under(to)) {
		mark = mark_make(task->group_leader, 1);
		if (mark)
			*mark |= 1;
	} else if ((mark = mark_get(task->group_leader))) {
		*mark &= ~1u;
	}
	return 0;
}

/* Marks made by the walk below: it is repeated until there are none. */
u64 found;

/* Processes that belong to the target when tach comes: members of the cgroup, or children of those marked so far. Their
 * later children are marked by the hook above, which is attached before. */
SEC("iter/task") int tach_members(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	u32 *mark;

	if (!t || t->pid != t->tgid || is_member(t))
		return 0;
	if (!is_wanted(t->real_parent, t))
		return 0;
	mark = mark_make(t, 1);
	if (!mark)
		return 0;
	*mark |= 1;
	found++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
