/*
 * What the target sends and receives at its sockets, and how long it takes to answer: a socket of the target carries its
 * state with it. What the kernel itself counts for a socket (TCP's segments, drops) is read where the socket is, at the
 * tick and when it is closed, so that no message pays for it.
 */
#include "source/bpf/sock.bpf.h"

/* ---- messages: by the kernel's tracepoints ---- */

SEC("tp_btf/sock_send_length") int BPF_PROG(tach_send, struct sock *sk, int ret, int flags)
{
	message(sk, true, SOCK_TX, ret, flags);
	return 0;
}

SEC("tp_btf/sock_recv_length") int BPF_PROG(tach_recv, struct sock *sk, int ret, int flags)
{
	message(sk, true, SOCK_RX, ret, flags);
	return 0;
}

/* ---- before 6.3: by the functions that such calls end in ---- */

#define SENDERS(X) X(inet_sendmsg) X(inet6_sendmsg) X(unix_stream_sendmsg) X(unix_dgram_sendmsg)
#define RECEIVERS(X) X(inet_recvmsg) X(inet6_recvmsg) X(unix_stream_recvmsg) X(unix_dgram_recvmsg)

#define EXIT_OF_SENDER(f) \
	SEC("fexit/" #f) int BPF_PROG(exit_##f, struct socket *socket, void *text, u64 size, int ret) \
	{ \
		message(socket->sk, true, SOCK_TX, ret, 0); \
		return 0; \
	}
#define EXIT_OF_RECEIVER(f) \
	SEC("fexit/" #f) int BPF_PROG(exit_##f, struct socket *socket, void *text, u64 size, int flags, int ret) \
	{ \
		message(socket->sk, true, SOCK_RX, ret, flags); \
		return 0; \
	}
SENDERS(EXIT_OF_SENDER)
RECEIVERS(EXIT_OF_RECEIVER)

/* The same where functions can only be broken into: what was asked for, by thread, until it is done. */
struct sock_call {
	struct socket *socket;
	int flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct sock_call);
} sock_calls SEC(".maps");

static __always_inline int call_begins(struct socket *socket, int flags)
{
	struct sock_call c = { .socket = socket, .flags = flags };
	u32 tid = (u32)bpf_get_current_pid_tgid();

	if (is_current_member() && bpf_map_update_elem(&sock_calls, &tid, &c, BPF_ANY))
		lose(LOST_OTHER);
	return 0;
}

static __always_inline int call_ends(u32 way, int ret)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct sock_call *c = bpf_map_lookup_elem(&sock_calls, &tid);
	struct socket *socket = c ? c->socket : NULL;

	if (!socket)
		return 0;
	message(BPF_CORE_READ(socket, sk), false, way, ret, c->flags);
	bpf_map_delete_elem(&sock_calls, &tid);
	return 0;
}

#define BREAK_OF_SENDER(f) \
	SEC("kprobe/" #f) int BPF_KPROBE(begin_##f, struct socket *socket) { return call_begins(socket, 0); } \
	SEC("kretprobe/" #f) int BPF_KRETPROBE(end_##f, int ret) { return call_ends(SOCK_TX, ret); }
#define BREAK_OF_RECEIVER(f) \
	SEC("kprobe/" #f) int BPF_KPROBE(begin_##f, struct socket *socket, void *text, u64 size, int flags) \
	{ \
		return call_begins(socket, flags); \
	} \
	SEC("kretprobe/" #f) int BPF_KRETPROBE(end_##f, int ret) { return call_ends(SOCK_RX, ret); }
SENDERS(BREAK_OF_SENDER)
RECEIVERS(BREAK_OF_RECEIVER)

/* ---- where neither can be had: by what system calls return; every call of the machine pays ---- */

const volatile u8 sock_call_kinds[CALLS]; /* enum sock_call_kind by number */

static __always_inline u64 argument(struct pt_regs *r, u32 n)
{
#if defined(__TARGET_ARCH_x86)
	return n == 0 ? r->di : n == 1 ? r->si : n == 2 ? r->dx : r->r10;
#elif defined(__TARGET_ARCH_arm64)
	return n == 0 ? r->orig_x0 : r->regs[n];
#endif
}

static __always_inline struct sock *sock_of_fd(u64 fd)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(t, files, fdt);
	struct file **list = BPF_CORE_READ(table, fd), *file = NULL;
	struct socket *socket;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof file, list + fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & 0170000) != 0140000)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

#define MANY_MOST 1024 /* the kernel takes no more at once */
#define MANY_SIZE 64   /* of struct mmsghdr, and where its length is */
#define MANY_LENGTH 56

static __always_inline u64 bytes_of_many(u64 list, u32 n)
{
	u64 sum = 0;

	for (u32 i = 0; i < MANY_MOST && i < n; i++) {
		u32 length = 0;

		bpf_probe_read_user(&length, sizeof length, (void *)(list + i * MANY_SIZE + MANY_LENGTH));
		sum += length;
	}
	return sum;
}

SEC("tp_btf/sys_exit") int BPF_PROG(tach_call, struct pt_regs *regs, long ret)
{
	u32 *mark = ret >= 0 ? member_mark_of_current() : NULL, kind, way, flags = 0;
	struct sock *sk;
	long call;

	if (!mark || is_compat(regs))
		return 0;
#if defined(__TARGET_ARCH_x86)
	call = (long)regs->orig_ax;
#else
	call = regs->syscallno;
#endif
	if (call < 0 || call >= CALLS)
		return 0;
	kind = sock_call_kinds[call & (CALLS - 1)];
	if (!kind || !(sk = sock_of_fd(argument(regs, 0))))
		return 0;
	way = kind == SOCK_CALL_SEND || kind == SOCK_CALL_SEND_MANY ? SOCK_TX : SOCK_RX;
	if (kind == SOCK_CALL_RECEIVE_MANY || kind == SOCK_CALL_SEND_MANY) {
		if (!(argument(regs, 3) & (MSG_PEEK | MSG_ERRQUEUE)))
			messages(sk, false, mark, way, (u32)ret, bytes_of_many(argument(regs, 1), (u32)ret));
		return 0;
	}
	if (kind == SOCK_CALL_RECEIVE_FROM)
		flags = (u32)argument(regs, 3);
	else if (kind == SOCK_CALL_RECEIVE_MESSAGE)
		flags = (u32)argument(regs, 2);
	message(sk, false, way, (int)ret, (int)flags);
	return 0;
}

/* ---- connections ---- */

static __always_inline void settle(const struct sock *sk, int old)
{
	struct sock_state *s = state_get(sk);
	struct sock_closed *c;
	struct sock_totals t;
	u64 key = (u64)sk;
	u32 zero = 0;

	if (!s || s->settled || !(c = bpf_map_lookup_elem(&sock_closed, &zero)))
		return;
	if (s->role != ROLE_LISTEN || old == TCP_LISTEN) { /* an accepted one may still have the listener's */
		s->settled = true;
		read_totals(sk, SOCK_TCP, &t);
		subtract(&t, &s->base);
		c->segments[SOCK_RX] += t.segments[SOCK_RX];
		c->segments[SOCK_TX] += t.segments[SOCK_TX];
		c->retransmits += t.retransmits;
		c->drops += t.drops;
	}
	if (!has_sock_storage)
		bpf_map_delete_elem(&sock_table, &key);
}

/* Where the target itself calls, or begins to listen: everything is its own from the beginning. */
static __always_inline void begin(const struct sock *sk, u8 role, u8 state)
{
	struct sock_state new = { .role = role }, *s;

	if (!is_current_member())
		return;
	s = state_get(sk);
	if (s)
		*s = new; /* used before, and closed: the kernel's totals began anew too */
	else
		s = state_make(sk, &new);
	if (s && !has_sock_storage) {
		keep(sk, SOCK_TCP, s);
		((struct sock_kept *)s)->row.state = state; /* as they will be */
		((struct sock_kept *)s)->row.role = role;
	}
}

/* Closing happens wherever the last packet is seen: whose it is, the socket says. */
SEC("tp_btf/inet_sock_set_state") int BPF_PROG(tach_state, const struct sock *sk, int old, int new)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (new == TCP_CLOSE)
		settle(sk, old);
	else if (new == TCP_SYN_SENT)
		begin(sk, ROLE_CLIENT, TCP_SYN_SENT);
	else if (new == TCP_LISTEN)
		begin(sk, ROLE_LISTEN, TCP_LISTEN);
	return 0;
}

/* ---- walks ---- */

/* Sockets that the target has when tach comes. */
SEC("iter/task_file") int tach_there(struct bpf_iter__task_file *ctx)
{
	struct task_struct *t = ctx->task;
	struct file *f = ctx->file;
	struct socket *socket;
	struct sock *sk;

	if (!t || !f || !is_member(t))
		return 0;
	socket = bpf_sock_from_file(f);
	sk = socket ? socket->sk : NULL;
	if (sk && !state_get(sk))
		state_found(sk, kind_of(sk, true));
	return 0;
}

/* All sockets with a state, at the tick. */
SEC("iter/bpf_sk_storage_map") int tach_sockets(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock_row r = { 0 };
	struct sock_state *s = ctx->value;
	struct sock *sk = ctx->sk;

	if (!s || !sk || !is_taken(sk, s))
		return 0;
	fill_row(sk, kind_of(sk, true), s, &r);
	r.cookie = bpf_get_socket_cookie(sk); /* makes one */
	bpf_seq_write(ctx->meta->seq, &r, sizeof r);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
