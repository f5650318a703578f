/* What this kernel can do, found by loading programs of a few instructions, never by its version. */
#include "source/bpf/features.h"

#include "base/alloc.h"
#include "base/str.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOOK "btf_trace_"

#define LOAD(to, from, offset) \
	{ .code = BPF_LDX | BPF_DW | BPF_MEM, .dst_reg = (to), .src_reg = (from), .off = (offset) }
#define SET(to, value) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value) }
#define MAP(to, fd) \
	{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (to), .src_reg = BPF_PSEUDO_MAP_FD, .imm = (fd) }, { .code = 0 }
#define CALL(helper) { .code = BPF_JMP | BPF_CALL, .imm = (helper) }
#define EXIT { .code = BPF_JMP | BPF_EXIT }

/* Where a program is tried: a type of the kernel, and how it would be attached. */
struct place {
	const char *type;
	u32 kind;
	enum bpf_attach_type how;
};

static bool accepts(const struct btf *kernel, const struct place *at, const struct bpf_insn *code, size_t size)
{
	int type = btf__find_by_name_kind(kernel, at->type, at->kind), fd;
	struct bpf_prog_load_opts o = { .sz = sizeof o, .expected_attach_type = at->how };

	if (type < 0)
		return false;
	o.attach_btf_id = (u32)type;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "tach_try", "GPL", code, size / sizeof *code, &o);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A map of u32 on tasks or sockets; -1: there are none such. */
static int storage_map(enum bpf_map_type type)
{
	struct btf *types = btf__new_empty();
	struct bpf_map_create_opts o = { .sz = sizeof o, .map_flags = BPF_F_NO_PREALLOC };
	int fd = -1;

	if (!types)
		return -1;
	o.btf_key_type_id = o.btf_value_type_id = (u32)btf__add_int(types, "int", 4, BTF_INT_SIGNED);
	if (btf__load_into_kernel(types) == 0) {
		o.btf_fd = (u32)btf__fd(types);
		fd = bpf_map_create(type, "tach_try", sizeof(int), sizeof(int), 0, &o);
	}
	btf__free(types);
	return fd;
}

/* `argument` of the hook: the task or socket. */
static bool try_storage(const struct btf *kernel, const struct place *at, short argument, enum bpf_map_type type, int helper)
{
	int map = storage_map(type);
	const struct bpf_insn code[] = { LOAD(2, 1, 8 * argument), MAP(1, map), SET(3, 0), SET(4, 0), CALL(helper), SET(0, 0),
		EXIT };
	bool good = map >= 0 && accepts(kernel, at, code, sizeof code);

	if (map >= 0)
		close(map);
	return good;
}

static void try_helpers(const struct btf *kernel, struct bpf_features *out)
{
	static const struct place on_switch = { HOOK "sched_switch", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP };
	static const struct place on_socket = { HOOK "inet_sock_set_state", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP };
	static const struct place on_function = { "inet_sendmsg", BTF_KIND_FUNC, BPF_TRACE_FEXIT };
	static const struct bpf_insn regs[] = { LOAD(1, 1, 8), CALL(BPF_FUNC_task_pt_regs), SET(0, 0), EXIT };
	static const struct bpf_insn nothing[] = { SET(0, 0), EXIT };

	out->task_storage = try_storage(kernel, &on_switch, 1, BPF_MAP_TYPE_TASK_STORAGE, BPF_FUNC_task_storage_get);
	out->sk_storage = try_storage(kernel, &on_socket, 0, BPF_MAP_TYPE_SK_STORAGE, BPF_FUNC_sk_storage_get);
	out->task_regs = accepts(kernel, &on_switch, regs, sizeof regs);
	out->functions = accepts(kernel, &on_function, nothing, sizeof nothing);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct bpf_hook *)a)->name, ((const struct bpf_hook *)b)->name);
}

/* How many arguments: the type is a typedef of a pointer to a function, whose first one is for who hooks. */
static int args_of(const struct btf *kernel, const struct btf_type *t)
{
	while (t && (btf_is_typedef(t) || btf_is_ptr(t)))
		t = btf__type_by_id(kernel, t->type);
	return t && btf_is_func_proto(t) ? btf_vlen(t) - 1 : -1;
}

/* Each tracepoint has a type "btf_trace_NAME". */
static void keep_hooks(const struct btf *kernel, struct bpf_features *out)
{
	u32 types = btf__type_cnt(kernel);
	size_t capacity = 0;

	for (u32 i = 1; i < types; i++) {
		const struct btf_type *type = btf__type_by_id(kernel, i);
		const char *name = btf_is_typedef(type) ? btf__name_by_offset(kernel, type->name_off) : NULL;

		if (!name || !str_starts(name, HOOK))
			continue;
		out->hooks = xgrow(out->hooks, &capacity, out->nhooks + 1, sizeof *out->hooks);
		out->hooks[out->nhooks++] = (struct bpf_hook){ xstrdup(name + sizeof HOOK - 1), args_of(kernel, type) };
	}
	if (out->nhooks)
		qsort(out->hooks, out->nhooks, sizeof *out->hooks, compare);
}

void features_find(struct bpf_features *out)
{
	struct btf *kernel = btf__load_vmlinux_btf();

	*out = (struct bpf_features){ .nhooks = 0 };
	if (!kernel)
		return;
	try_helpers(kernel, out);
	keep_hooks(kernel, out);
	btf__free(kernel);
}

void features_free(struct bpf_features *f)
{
	for (size_t i = 0; i < f->nhooks; i++)
		free(f->hooks[i].name);
	free(f->hooks);
}

static const struct bpf_hook *find_hook(const struct bpf_room *r, const char *tracepoint)
{
	const struct bpf_hook key = { .name = (char *)tracepoint };

	return r->features.nhooks ?
		bsearch(&key, r->features.hooks, r->features.nhooks, sizeof key, compare) : NULL;
}

bool group_has_hook(const struct bpf_room *r, const char *tracepoint)
{
	return find_hook(r, tracepoint) != NULL;
}

int group_hook_args(const struct bpf_room *r, const char *tracepoint)
{
	const struct bpf_hook *hook = find_hook(r, tracepoint);

	return hook ? hook->args : -1;
}
