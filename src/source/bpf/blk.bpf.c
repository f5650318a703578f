/*
 * Block requests of the target: counted, and timed from when the device gets them until it is done. Whose a request is
 * shows where it is made, in the thread that wants it; where it is done, anybody may have been interrupted.
 */
#include "source/bpf/cgroup.bpf.h"

/* Tells of each request that is made. Without it, one that was neither queued by a scheduler nor seen before is given to
 * the device by who made it. */
const volatile bool has_io_start;

/* Requests by address. Those with `issued` 0 have not reached the device yet. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u64);
	__type(value, u64);
} blk_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BLK_COUNTS);
	__type(key, u32);
	__type(value, u64);
} blk_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bpf_hist);
} blk_hists SEC(".maps");

/* The low bits of cmd_flags, the same in all kernels. */
enum { OP_READ = 0, OP_WRITE = 1, OP_MASK = 0xff };

/* Written back for a cgroup by a thread of the kernel: its pages are the cgroup's. Only where I/O is accounted to
 * cgroups v2, and not to those of another hierarchy, whose ids mean nothing here. */
static __always_inline bool is_of_cgroup(struct request *rq)
{
	struct cgroup *c, *own;

	if (!cgroup_id || !bpf_core_field_exists(rq->bio->bi_blkg))
		return false;
	c = BPF_CORE_READ(rq, bio, bi_blkg, blkcg, css.cgroup);
	own = BPF_CORE_READ(current_task(), cgroups, dfl_cgrp);
	return c && BPF_CORE_READ(c, root) == BPF_CORE_READ(own, root) && is_under(c);
}

static __always_inline bool is_mine(struct request *rq)
{
	return is_current_member() || is_of_cgroup(rq);
}

/* The memory of requests is used again and again: what is still known under this address has ended unseen. */
static __always_inline int made(struct request *rq)
{
	u64 key = (u64)rq, issued = 0;

	if (!is_mine(rq))
		bpf_map_delete_elem(&blk_requests, &key);
	else if (bpf_map_update_elem(&blk_requests, &key, &issued, BPF_ANY))
		lose(LOST_BLOCKS);
	return 0;
}

static __always_inline int issued(struct request *rq)
{
	u64 key = (u64)rq, *issued = bpf_map_lookup_elem(&blk_requests, &key);

	if (!issued && !has_io_start && !BPF_CORE_READ(rq, q, elevator)) {
		made(rq);
		issued = bpf_map_lookup_elem(&blk_requests, &key);
	}
	if (issued)
		*issued = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/block_io_start") int BPF_PROG(tach_io_start, struct request *rq)
{
	return made(rq);
}

SEC("tp_btf/block_rq_insert") int BPF_PROG(tach_insert, struct request *rq)
{
	return made(rq);
}

SEC("tp_btf/block_rq_issue") int BPF_PROG(tach_issue, struct request *rq)
{
	return issued(rq);
}

/* Before 5.11. */
SEC("tp_btf/block_rq_insert") int BPF_PROG(tach_insert_old, struct request_queue *q, struct request *rq)
{
	return made(rq);
}

SEC("tp_btf/block_rq_issue") int BPF_PROG(tach_issue_old, struct request_queue *q, struct request *rq)
{
	return issued(rq);
}

/* It has become a part of the one before it, and is gone. */
SEC("tp_btf/block_rq_merge") int BPF_PROG(tach_merge, struct request *rq)
{
	u64 key = (u64)rq;

	bpf_map_delete_elem(&blk_requests, &key);
	return 0;
}

static __always_inline void count(u32 which, u64 n)
{
	u64 *total = bpf_map_lookup_elem(&blk_counts, &which);

	if (total)
		*total += n;
}

SEC("tp_btf/block_rq_complete") int BPF_PROG(tach_complete, struct request *rq, int error, unsigned int bytes)
{
	u64 key = (u64)rq, began, *issued = bpf_map_lookup_elem(&blk_requests, &key);
	u32 op = rq->cmd_flags & OP_MASK;
	struct bpf_control *c;
	bool done;

	if (!issued)
		return 0;
	began = *issued;
	done = bytes >= rq->__data_len; /* what is left of it, before these are taken off */
	if (done)
		bpf_map_delete_elem(&blk_requests, &key);
	if (op == OP_READ || op == OP_WRITE)
		count(op == OP_READ ? BLK_READ_BYTES : BLK_WRITE_BYTES, bytes);
	c = control_get();
	if (!done || !began || !c) /* not issued: an empty flush, which goes to the device as another request */
		return 0;
	if (op == OP_READ || op == OP_WRITE)
		count(op == OP_READ ? BLK_READS : BLK_WRITES, 1);
	hist_record(&blk_hists, 0, bpf_ktime_get_ns() - began, c->epoch);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
