/*
 * The kernel's structures as far as tach's programs read them: field names only, their places are found when a program
 * is loaded (CO-RE). So that it builds anywhere, this stands for a vmlinux.h generated from one kernel. Suffixes after
 * three underscores are dropped by the loader: they tell two shapes of one structure apart.
 */
#ifndef TACH_SOURCE_BPF_KERNEL_H
#define TACH_SOURCE_BPF_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
typedef _Bool bool;
typedef u8 __u8;
typedef u16 __u16, __be16, __le16;
typedef u32 __u32, __be32, __le32, __wsum;
typedef u64 __u64, __be64;
typedef signed char __s8;
typedef short __s16;
typedef s32 __s32;
typedef s64 __s64;
typedef u64 uint64_t; /* tach/histogram.h */
typedef u32 uint32_t;
#define true 1
#define false 0
#define NULL ((void *)0)

/* What <linux/bpf.h> and the system's headers would bring, and no kernel gives a name by its type information. */
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1024 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { BPF_RB_NO_WAKEUP = 1 };
enum tach_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, flags, sp;
	u16 cs; /* 8 bytes of the stack, of which the upper ones belong to something else since 6.8 */
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31], sp, pc, pstate;
};
struct pt_regs {
	u64 regs[31], sp, pc, pstate, orig_x0;
	s32 syscallno;
};
#endif

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct kernfs_node {
	u64 id;
};

struct cgroup_root;

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root; /* of its hierarchy */
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct inode {
	unsigned long i_ino;
	u16 i_mode;
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

/* Only their addresses are asked for. */
struct spinlock {
	int unread;
};

struct rw_semaphore {
	int unread;
};

struct files_struct {
	struct fdtable *fdt;
	struct spinlock file_lock;
};

struct sighand_struct {
	struct spinlock siglock;
};

struct rq {
	struct spinlock __lock; /* since 5.14 */
};

struct cfs_rq {
	struct rq *rq; /* where processes have groups of their own */
};

struct mm_struct {
	struct rw_semaphore mmap_lock; /* since 5.8 */
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
	u64 sum_exec_runtime;
	u8 sched_delayed; /* since 6.12 */
};

struct bpf_local_storage;

struct task_struct {
	struct sched_entity se;
	unsigned int __state;
	u32 pid, tgid; /* int there; the same bits */
	unsigned long nvcsw, nivcsw;
	u64 start_boottime;
	char comm[16];
	void *stack;
	unsigned int flags;
	int on_cpu, on_rq, pagefault_disabled;
	unsigned in_iowait : 1;
	struct files_struct *files;
	struct mm_struct *mm;
	struct sighand_struct *sighand;
	struct pid *thread_pid;
	struct task_struct *group_leader, *real_parent;
	struct css_set *cgroups;
	struct bpf_local_storage *bpf_storage; /* from 5.11 on */
};

struct task_struct___old {
	long state; /* before 5.14 */
};

struct seq_file;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct blkcg {
	struct cgroup_subsys_state css;
};

struct blkcg_gq {
	struct blkcg *blkcg;
};

struct bio {
	struct blkcg_gq *bi_blkg; /* since 4.20, where I/O is accounted to cgroups at all */
};

struct request_queue {
	void *elevator; /* its scheduler */
};

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	struct bio *bio;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#define COMPAT_CS 0x23 /* <asm/segment.h>: the code segment of 32-bit programs, __USER32_CS */

/* <linux/sched.h> */
#define TASK_RUNNING 0
#define TASK_STOPPED 4
#define TASK_TRACED 8
#define TASK_DEAD 0x80
#define PF_EXITING 4

#endif
