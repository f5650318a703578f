/*
 * Packets of a cgroup's sockets as they are on the wire: what the network card or the kernel splits (GSO) and has merged
 * (GRO) counts as many times as there are packets. Nobody outside of the cgroup pays for it. Every packet passes.
 */
#include "source/bpf/common.bpf.h"
#include "source/bpf/wire_shared.h"

/* <linux/bpf.h>: the kernel's own names for what it lets such programs see. */
struct __sk_buff {
	u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority, ingress_ifindex, ifindex,
		tc_index, cb[5], hash, tc_classid, data, data_end, napi_id, family, remote_ip4, local_ip4, remote_ip6[4],
		local_ip6[4], remote_port, local_port, data_meta;
	u64 flow_keys, tstamp;
	u32 wire_len, gso_segs;
};

#define IPPROTO_TCP 6

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PACKET_WAYS);
	__type(key, u32);
	__type(value, struct packet_counts);
} packet_counts SEC(".maps");

static __always_inline u32 byte_at(struct __sk_buff *skb, u32 at)
{
	u8 byte = 0;

	bpf_skb_load_bytes(skb, at, &byte, sizeof byte);
	return byte;
}

/* What each packet repeats of one that stands for several: the headers of IP and of TCP or UDP. */
static __always_inline u32 headers_of(struct __sk_buff *skb)
{
	u32 first = byte_at(skb, 0), ip = first >> 4 == 6 ? 40 : (first & 15) * 4;
	u32 protocol = byte_at(skb, first >> 4 == 6 ? 6 : 9);

	return ip + (protocol == IPPROTO_TCP ? (byte_at(skb, ip + 12) >> 4) * 4 : 8);
}

/* By atomic additions: what a process sends is interrupted by what the kernel sends for it. */
static __always_inline int count(struct __sk_buff *skb, u32 way)
{
	struct packet_counts *c = bpf_map_lookup_elem(&packet_counts, &way);
	u32 packets = skb->gso_segs ?: 1, bytes = skb->len;

	if (packets > 1)
		bytes += (packets - 1) * headers_of(skb);
	if (c) {
		__sync_fetch_and_add(&c->packets, packets);
		__sync_fetch_and_add(&c->bytes, bytes);
	}
	return 1;
}

SEC("cgroup_skb/ingress") int tach_in(struct __sk_buff *skb)
{
	return count(skb, PACKETS_RX);
}

SEC("cgroup_skb/egress") int tach_out(struct __sk_buff *skb)
{
	return count(skb, PACKETS_TX);
}

char LICENSE[] SEC("license") = "GPL";
