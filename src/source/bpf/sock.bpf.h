/*
 * The state that a socket of the target carries, and what a message does to it. Shared by all the ways to learn of one.
 */
#ifndef TACH_SOURCE_BPF_SOCK_BPF_H
#define TACH_SOURCE_BPF_SOCK_BPF_H

#include "source/bpf/common.bpf.h"
#include "source/bpf/kernel_net.h"
#include "source/bpf/slots.bpf.h"
#include "source/bpf/sock_shared.h"

const volatile bool has_sock_storage; /* states are with their sockets; else in a table by address */
const volatile bool has_slots;        /* the scheduler group is there */
const volatile bool time_requests;    /* somebody wants the times */

/* A listener's state goes to the sockets that it accepts: the kernel copies it when the connection is made. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sock_state);
} sock_states SEC(".maps");

/* Where a kernel lets no program keep a state with a socket. User space makes room in it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SOCK_KEPT);
	__type(key, u64);
	__type(value, struct sock_kept);
} sock_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sock_cpu);
} sock_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sock_closed);
} sock_closed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RECORDS_BYTES);
} records SEC(".maps");

struct sock_control sock_control;

/* ---- what a socket is ---- */

/* `typed`: the verifier knows what sk is, so that it can be read like anything else. */
static __always_inline u32 kind_of(const struct sock *sk, bool typed)
{
	u32 family = typed ? sk->__sk_common.skc_family : BPF_CORE_READ(sk, __sk_common.skc_family);
	u32 protocol = typed ? sk->sk_protocol : BPF_CORE_READ(sk, sk_protocol);

	if (family == AF_UNIX)
		return SOCK_UNIX;
	if (family != AF_INET && family != AF_INET6)
		return SOCK_OTHER;
	return protocol == IPPROTO_TCP ? SOCK_TCP : protocol == IPPROTO_UDP ? SOCK_UDP : SOCK_OTHER;
}

/*
 * Who called whom, from what TCP has counted so far: of what was sent, all is acknowledged or still under way; and with
 * whoever called, the SYN is acknowledged as well, which is one byte that was never counted as sent.
 */
static __noinline u8 tcp_role(const struct sock *sk)
{
	struct tcp_sock *tp = (void *)sk;
	u32 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	u32 known = (u32)BPF_CORE_READ(tp, bytes_acked) + (BPF_CORE_READ(tp, snd_nxt) - BPF_CORE_READ(tp, snd_una));
	u32 sent = (u32)BPF_CORE_READ(tp, bytes_sent) - (u32)BPF_CORE_READ(tp, bytes_retrans);

	if (state == TCP_LISTEN)
		return ROLE_LISTEN;
	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
		return ROLE_UNKNOWN; /* a FIN counts like the SYN */
	return known == sent ? ROLE_SERVER : known == sent + 1 ? ROLE_CLIENT : ROLE_UNKNOWN;
}

/* A socket that was accepted has the name of its listener; who connected has none, in most cases. */
static __always_inline u8 unix_role(const struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	bool named, other;

	if (BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM || !bpf_core_field_exists(u->peer))
		return ROLE_NONE;
	named = BPF_CORE_READ(u, addr) != NULL;
	u = (void *)BPF_CORE_READ(u, peer);
	other = u && BPF_CORE_READ(u, addr) != NULL;
	return named == other ? ROLE_NONE : named ? ROLE_SERVER : ROLE_CLIENT;
}

static __always_inline u8 role_of(const struct sock *sk, u32 kind)
{
	if (kind == SOCK_TCP)
		return tcp_role(sk);
	if (kind == SOCK_UNIX)
		return unix_role(sk);
	return kind == SOCK_UDP ? ROLE_GAP : ROLE_NONE;
}

static __always_inline u32 drops_of(const struct sock *sk)
{
	struct numa_drop_counters *more;
	u32 n = (u32)BPF_CORE_READ(sk, sk_drops.counter);

	if (!bpf_core_field_exists(sk->sk_drop_counters))
		return n;
	more = BPF_CORE_READ(sk, sk_drop_counters);
	return more ? (u32)BPF_CORE_READ(more, drops0.counter) + (u32)BPF_CORE_READ(more, drops1.counter) : n;
}

static __always_inline void read_totals(const struct sock *sk, u32 kind, struct sock_totals *out)
{
	struct tcp_sock *tp = (void *)sk;

	*out = (struct sock_totals){ .drops = drops_of(sk) };
	if (kind != SOCK_TCP)
		return;
	out->segments[SOCK_RX] = BPF_CORE_READ(tp, segs_in);
	out->segments[SOCK_TX] = BPF_CORE_READ(tp, segs_out);
	out->retransmits = BPF_CORE_READ(tp, total_retrans);
}

static __always_inline void subtract(struct sock_totals *from, const struct sock_totals *base)
{
	from->segments[SOCK_RX] -= base->segments[SOCK_RX];
	from->segments[SOCK_TX] -= base->segments[SOCK_TX];
	from->retransmits -= base->retransmits;
	from->drops -= base->drops;
}

static __always_inline void read_ends(const struct sock *sk, struct sock_row *r)
{
	r->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	r->peer_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (r->family == AF_INET6 && bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		bpf_probe_read_kernel(r->local, sizeof r->local, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_probe_read_kernel(r->peer, sizeof r->peer, &sk->__sk_common.skc_v6_daddr);
	} else if (r->family == AF_INET) {
		bpf_probe_read_kernel(r->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_probe_read_kernel(r->peer, 4, &sk->__sk_common.skc_daddr);
	}
}

static __always_inline void fill_row(const struct sock *sk, u32 kind, const struct sock_state *s, struct sock_row *r)
{
	r->cookie = (u64)BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	r->messages[SOCK_RX] = s->messages[SOCK_RX];
	r->messages[SOCK_TX] = s->messages[SOCK_TX];
	r->settled = s->settled;
	read_totals(sk, kind, &r->totals);
	subtract(&r->totals, &s->base);
	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->kind = (u8)kind;
	r->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	r->role = s->role;
	if (kind == SOCK_TCP)
		r->rtt = BPF_CORE_READ((struct tcp_sock *)sk, srtt_us) >> 3;
	if (kind == SOCK_TCP || kind == SOCK_UDP)
		read_ends(sk, r);
}

/* ---- its state ---- */

/* What tells a socket from an older one at the same address. */
static __always_inline u64 inode_of(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

static __always_inline struct sock_state *table_get(const struct sock *sk)
{
	u64 key = (u64)sk;
	struct sock_kept *k = bpf_map_lookup_elem(&sock_table, &key);
	u64 inode = k ? inode_of(sk) : 0;

	return k && (!inode || k->inode == inode) ? &k->state : NULL; /* one that its program has closed has no inode */
}

static const struct sock_kept empty;

static __always_inline struct sock_state *table_make(const struct sock *sk, const struct sock_state *new)
{
	u64 key = (u64)sk;
	struct sock_kept *k;

	bpf_map_update_elem(&sock_table, &key, &empty, BPF_ANY);
	k = bpf_map_lookup_elem(&sock_table, &key);
	if (!k)
		return NULL;
	k->inode = inode_of(sk);
	k->state = *new;
	return &k->state;
}

static __always_inline struct sock_state *state_get(const struct sock *sk)
{
	return has_sock_storage ? bpf_sk_storage_get(&sock_states, (void *)sk, 0, 0) : table_get(sk);
}

/* Who shares a listener accepts what may be another's: a connection is the target's when it has sent or received. */
static __always_inline bool is_taken(const struct sock *sk, const struct sock_state *s)
{
	return s->role != ROLE_LISTEN || BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN;
}

static __always_inline struct sock_state *state_make(const struct sock *sk, struct sock_state *new)
{
	struct sock_state *s = has_sock_storage ?
		bpf_sk_storage_get(&sock_states, (void *)sk, new, BPF_LOCAL_STORAGE_GET_F_CREATE) : table_make(sk, new);

	if (!s)
		lose(LOST_SOCKETS);
	return s;
}

/* Of a socket that was used before the target had it, or before tach came: what it did then is not the target's. */
static __noinline struct sock_state *state_found(const struct sock *sk, u32 kind)
{
	struct sock_state new = { .role = role_of(sk, kind) };

	read_totals(sk, kind, &new.base);
	return state_make(sk, &new);
}

/* ---- how long an answer takes ---- */

/* The thread's, as the scheduler group has it; NULL: it has not. */
static __always_inline struct thread_slot *slot_of(const u32 *mark)
{
	u32 place = (*mark >> 1) - 1;

	return has_slots && *mark >> 1 ? bpf_map_lookup_elem(&thread_slots, &place) : NULL;
}

static __always_inline void read_waits(const struct thread_slot *t, struct sock_waits *out)
{
	out->queue = t->queue;
	for (int i = 0; i < CAUSES; i++)
		out->blocked[i] = t->blocked[i];
}

static __always_inline void record(struct sock_cpu *c, u32 hist, u64 value)
{
	struct sock_hist_head *h = &c->heads[hist];
	u64 bin = tach_hist_bin(value);

	h->sum += value;
	if (h->epoch != sock_control.epoch) {
		h->epoch = sock_control.epoch;
		h->max = 0;
	}
	if (value > h->max)
		h->max = value;
	asm volatile("" : "+r"(bin)); /* as in hist_record() */
	if (bin < TACH_HIST_BINS)
		c->bins[hist][bin]++;
}

/* One in 1 << shift, evenly. */
static __always_inline bool is_left_out(struct sock_cpu *c)
{
	u32 shift = (u32)sock_control.shift & 31;

	return shift && ((u32)c->turn++ * 2654435769u) >> (32 - shift); /* 2^32 by the golden ratio */
}

static __always_inline void began(struct sock_cpu *c, struct sock_state *s, const u32 *mark)
{
	struct thread_slot *t;

	if (is_left_out(c))
		return;
	t = slot_of(mark);
	s->tid = 0;
	if (t) {
		s->tid = t->tid;
		read_waits(t, &s->began);
	}
	s->at = bpf_ktime_get_ns();
}

static __always_inline bool gate_passes(struct slow_gate *g, u64 took)
{
	if (took <= g->over)
		return false;
	if (g->left)
		g->left--;
	else if (took <= g->top)
		return false;
	if (took > g->top)
		g->top = took;
	return true;
}

static __noinline void tell(const struct sock_state *s, const u32 *mark, u32 hist, u64 took, u64 now)
{
	struct thread_slot *t = slot_of(mark);
	u64 id = bpf_get_current_pid_tgid();
	struct request_record *r = bpf_ringbuf_reserve(&records, sizeof *r, 0);

	if (!r) {
		lose(LOST_OTHER);
		return;
	}
	r->type = RECORD_REQUEST;
	r->hist = hist;
	r->ended = now;
	r->took = took;
	r->tid = (u32)id;
	r->tgid = id >> 32;
	r->began = s->tid;
	r->pad = 0;
	bpf_get_current_comm(r->comm, sizeof r->comm);
	r->waits = (struct sock_waits){ 0 };
	if (t && t->tid == s->tid) {
		r->waits.queue = t->queue - s->began.queue;
		for (int i = 0; i < CAUSES; i++)
			r->waits.blocked[i] = t->blocked[i] - s->began.blocked[i];
	}
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Is of the thread that answers. One that is timed stands for all that are not. */
static __always_inline void split(const u32 *mark, u32 hist, u64 took)
{
	u32 place = (*mark >> 1) - 1, shift = (u32)sock_control.shift & 31;
	struct thread_split *by = has_split && *mark >> 1 ? bpf_map_lookup_elem(&thread_splits, &place) : NULL;
	struct bpf_control *c = by ? control_get() : NULL;

	if (!c || hist >= PART_REQUESTS)
		return;
	split_add(&by->parts[PART_REQUEST + hist], 1ull << shift, took, c->window);
	by->requested[hist] += took << shift;
}

static __always_inline void ended(struct sock_cpu *c, struct sock_state *s, const u32 *mark, u32 role)
{
	u32 hist = role == ROLE_SERVER ? SOCK_REQUEST : role == ROLE_CLIENT ? SOCK_UPSTREAM : SOCK_GAP;
	u64 at = *(volatile u64 *)&s->at, now = bpf_ktime_get_ns(), took = now - at;

	s->at = 0;
	if (!at || at > now) /* another thread was quicker at this socket */
		return;
	record(c, hist, took);
	split(mark, hist, took);
	if (gate_passes(&sock_control.gates[hist], took))
		tell(s, mark, hist, took, now);
}

/* Several messages in the same direction are one: only the first of them begins, only the first one back ends. */
static __always_inline void time_message(struct sock_cpu *c, struct sock_state *s, const u32 *mark, u32 way)
{
	u32 role = s->role;

	if (role < ROLE_SERVER)
		return;
	if ((way == SOCK_RX) == (role == ROLE_CLIENT)) {
		if (s->at)
			ended(c, s, mark, role);
	} else if (!s->at) {
		began(c, s, mark);
	}
}

/* The smoothed round-trip time, at most once a socket and tick of the kernel. */
static __always_inline void look_at_rtt(struct sock_cpu *c, const struct sock *sk, struct sock_state *s)
{
	u64 tick = bpf_jiffies64();
	u32 rtt;

	if (s->looked == tick)
		return;
	s->looked = tick;
	rtt = BPF_CORE_READ((struct tcp_sock *)sk, srtt_us) >> 3;
	if (rtt)
		record(c, SOCK_RTT, rtt * 1000ull);
}

/* Only its last message can tell how a socket stands, where sockets cannot be walked. */
static __noinline int keep(const struct sock *sk, u32 kind, struct sock_state *s)
{
	fill_row(sk, kind, s, &((struct sock_kept *)s)->row);
	if (kind != SOCK_TCP)
		s->looked = bpf_jiffies64();
	return 0;
}

/* One or more messages at once, of all the bytes. */
static __always_inline void messages(const struct sock *sk, bool typed, const u32 *mark, u32 way, u32 n, u64 bytes)
{
	u32 kind = kind_of(sk, typed), zero = 0;
	struct sock_cpu *c = bpf_map_lookup_elem(&sock_cpus, &zero);
	struct sock_state *s;

	if (!c || kind >= SOCK_KINDS)
		return;
	c->messages[way][kind] += n;
	c->bytes[way][kind] += bytes;
	s = state_get(sk);
	if (!s && !(s = state_found(sk, kind)))
		return;
	s->messages[way] += n;
	if (kind == SOCK_TCP && s->role == ROLE_LISTEN) { /* a copy of the listener's: the kernel counts it anew */
		s->role = ROLE_SERVER;
		s->base = (struct sock_totals){ 0 };
	} else if (kind == SOCK_TCP && s->role == ROLE_UNKNOWN) {
		s->role = tcp_role(sk);
	}
	if (!has_sock_storage)
		keep(sk, kind, s);
	if (!time_requests)
		return;
	if (kind == SOCK_TCP)
		look_at_rtt(c, sk, s);
	time_message(c, s, mark, way);
}

/* What a function that sends or receives has returned. */
static __always_inline void message(const struct sock *sk, bool typed, u32 way, int ret, int flags)
{
	u32 *mark;

	if (ret < 0 || flags & (MSG_PEEK | MSG_ERRQUEUE) || !(mark = member_mark_of_current()))
		return;
	/* The end of a stream. A datagram may be empty. */
	if (!ret && (typed ? sk->sk_type : BPF_CORE_READ(sk, sk_type)) != SOCK_DGRAM)
		return;
	messages(sk, typed, mark, way, 1, (u32)ret);
}

#endif
