/* Block requests: opening with the hooks as this kernel has them, and reading. */
#include "source/bpf/blk.h"

#include "source/bpf/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "blk.skel.h"

/* Hooks that came later, or whose arguments changed (5.11). */
static void choose_programs(const struct bpf_room *r, struct blk_bpf *s)
{
	bool start = group_has_hook(r, "block_io_start");
	int insert = group_hook_args(r, "block_rq_insert");

	s->rodata->has_io_start = start;
	bpf_program__set_autoload(s->progs.tach_io_start, start);
	bpf_program__set_autoload(s->progs.tach_insert, !start && insert == 1);
	bpf_program__set_autoload(s->progs.tach_insert_old, !start && insert == 2);
	bpf_program__set_autoload(s->progs.tach_merge, group_hook_args(r, "block_rq_merge") == 1);
	bpf_program__set_autoload(s->progs.tach_issue, group_hook_args(r, "block_rq_issue") == 1);
	bpf_program__set_autoload(s->progs.tach_issue_old, group_hook_args(r, "block_rq_issue") == 2);
}

static int blk_open(struct group *g, struct err *e)
{
	struct blk_bpf *s = blk_bpf__open();
	u64 cgroup;
	u32 level;

	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	if (id_cgroup(g->room->target, &cgroup, &level)) {
		s->rodata->cgroup_id = cgroup;
		s->rodata->cgroup_level = level;
	}
	choose_programs(g->room, s);
	if (!group_has_hook(g->room, "block_rq_issue") || !group_has_hook(g->room, "block_rq_complete"))
		return err_set(e, ENOENT, "this kernel does not tell of block requests");
	return 0;
}

static void blk_read(struct group *g, struct sample *out)
{
	static const enum bpf_metric of_count[BLK_COUNTS] = {
		[BLK_READS] = BPF_BLOCK_READS,
		[BLK_WRITES] = BPF_BLOCK_WRITES,
		[BLK_READ_BYTES] = BPF_BLOCK_READ_BYTES,
		[BLK_WRITE_BYTES] = BPF_BLOCK_WRITE_BYTES,
	};
	struct hist *h = hist_new();

	for (u32 i = 0; i < BLK_COUNTS; i++)
		group_put_count(g, out, of_count[i], (double)group_read_count(g, group_map(g, "blk_counts"), i));
	if (group_read_hist(g, group_map(g, "blk_hists"), 0, h))
		group_put_hist(g, out, BPF_LAT_BLOCK, h);
	else
		free(h);
}

static double blk_events(struct group *g)
{
	int map = group_map(g, "blk_counts");

	return (double)group_read_count(g, map, BLK_READS) + (double)group_read_count(g, map, BLK_WRITES);
}

static const struct price_row blk_price = { .target = { 400, 0, 0 }, .bystander = 150 };
static const char *const blk_counted[] = { "tach_complete", NULL };

const struct group_ops group_blk = {
	.name = "blk",
	.summary = "block requests: how many, how large, how long the device takes",
	.first = BPF_LAT_BLOCK,
	.last = BPF_BLOCK_WRITE_BYTES,
	.losses = LOSS_BIT(LOST_BLOCKS),
	.price = &blk_price,
	.counted = blk_counted,
	.events = blk_events,
	.open = blk_open,
	.read = blk_read,
};
