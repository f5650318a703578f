/*
 * Packets of the target on their way into a network device, by the socket that each belongs to. Every packet that anybody
 * sends pays. On the way in no packet has a socket yet at the device.
 */
#include "source/bpf/common.bpf.h"
#include "source/bpf/kernel_net.h"
#include "source/bpf/sock_shared.h"
#include "source/bpf/wire_shared.h"

struct skb_shared_info {
	u16 gso_segs;
} __attribute__((preserve_access_index));

struct sk_buff {
	struct sock *sk;
	u32 len, end; /* of 64-bit machines: from head on */
	u16 transport_header, mac_header;
	u8 *head;
} __attribute__((preserve_access_index));

/* Of the group sock. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sock_state);
} sock_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct packet_counts);
} device_counts SEC(".maps");

/* A datagram socket has a state from its first message on, which is told when it has been sent: who sends that one is the
 * task that runs. */
static __always_inline bool is_ours(struct sock *sk)
{
	struct sock_state *s = bpf_sk_storage_get(&sock_states, sk, 0, 0);
	u32 state = sk->__sk_common.skc_state;

	if (s)
		return s->role != ROLE_LISTEN;
	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		return false; /* not all of a socket */
	return BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP && is_current_member();
}

/* What each of the packets repeats that one stands for: all up to the end of the header of TCP or UDP. */
static __always_inline u32 headers_of(const struct sk_buff *skb, const struct sock *sk)
{
	u8 *transport = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, transport_header), offset = 0;
	u32 before = BPF_CORE_READ(skb, transport_header) - BPF_CORE_READ(skb, mac_header);

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return before + 8;
	bpf_probe_read_kernel(&offset, sizeof offset, transport + 12);
	return before + (offset >> 4) * 4;
}

SEC("tp_btf/net_dev_start_xmit") int BPF_PROG(tach_xmit, const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	struct skb_shared_info *info;
	struct packet_counts *c;
	u32 zero = 0, packets;

	if (!sk || !is_ours(sk) || !(c = bpf_map_lookup_elem(&device_counts, &zero)))
		return 0;
	info = (void *)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end);
	packets = BPF_CORE_READ(info, gso_segs) ?: 1;
	c->packets += packets;
	c->bytes += skb->len;
	if (packets > 1)
		c->bytes += (packets - 1) * headers_of(skb, sk);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
