/* What this kernel can do, found by loading programs of a few instructions, never by its version. */
#include "source/bpf/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <unistd.h>

#define LOAD(to, from, offset) \
	{ .code = BPF_LDX | BPF_DW | BPF_MEM, .dst_reg = (to), .src_reg = (from), .off = (offset) }
#define SET(to, value) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value) }
#define MAP(to, fd) \
	{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (to), .src_reg = BPF_PSEUDO_MAP_FD, .imm = (fd) }, { .code = 0 }
#define CALL(helper) { .code = BPF_JMP | BPF_CALL, .imm = (helper) }
#define EXIT { .code = BPF_JMP | BPF_EXIT }

/* Whether a program on sched_switch is accepted. */
static bool accepts(const struct btf *kernel, const struct bpf_insn *code, size_t size)
{
	int hook = btf__find_by_name_kind(kernel, "btf_trace_sched_switch", BTF_KIND_TYPEDEF), fd;
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = BPF_TRACE_RAW_TP);

	if (hook < 0)
		return false;
	o.attach_btf_id = (u32)hook;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "tach_try", "GPL", code, size / sizeof *code, &o);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A map of u32 on tasks; -1: there are none such. */
static int task_map(void)
{
	struct btf *types = btf__new_empty();
	LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = BPF_F_NO_PREALLOC);
	int fd = -1;

	if (!types)
		return -1;
	o.btf_key_type_id = o.btf_value_type_id = (u32)btf__add_int(types, "int", 4, BTF_INT_SIGNED);
	if (btf__load_into_kernel(types) == 0) {
		o.btf_fd = (u32)btf__fd(types);
		fd = bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, "tach_try", sizeof(int), sizeof(int), 0, &o);
	}
	btf__free(types);
	return fd;
}

void features_find(const struct btf *kernel, struct bpf_features *out)
{
	int map = task_map();
	/* The second argument of the hook is a task. */
	const struct bpf_insn storage[] = { LOAD(2, 1, 8), MAP(1, map), SET(3, 0), SET(4, 0), CALL(BPF_FUNC_task_storage_get),
		SET(0, 0), EXIT };
	const struct bpf_insn regs[] = { LOAD(1, 1, 8), CALL(BPF_FUNC_task_pt_regs), SET(0, 0), EXIT };

	out->task_storage = map >= 0 && accepts(kernel, storage, sizeof storage);
	out->task_regs = accepts(kernel, regs, sizeof regs);
	if (map >= 0)
		close(map);
}
