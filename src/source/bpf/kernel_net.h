/* The kernel's sockets and packets, as kernel.h has its tasks. */
#ifndef TACH_SOURCE_BPF_KERNEL_NET_H
#define TACH_SOURCE_BPF_KERNEL_NET_H

#include "source/bpf/kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

struct in6_addr {
	u8 in6_u[16];
};

struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num; /* the second one in the host's order */
	u16 skc_family;
	volatile u8 skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

struct numa_drop_counters {
	atomic_t drops0, drops1;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	u16 sk_protocol, sk_type;
	atomic_t sk_drops;
	struct numa_drop_counters *sk_drop_counters; /* from 6.18 on; NULL: sk_drops has it all */
};

struct tcp_sock {
	u32 segs_in, segs_out, total_retrans, srtt_us;
	u32 snd_nxt, snd_una;
	u64 bytes_acked, bytes_sent, bytes_retrans;
};

struct unix_address;

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct bpf_map;

struct seq_file;

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop

enum { BPF_F_CLONE = 512 };

/* <net/tcp_states.h> */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
	TCP_LISTEN = 10,
	TCP_NEW_SYN_RECV = 12,
};

/* <linux/socket.h>, <linux/net.h>, <linux/in.h> */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_SEQPACKET 5
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define MSG_PEEK 2
#define MSG_ERRQUEUE 0x2000

#endif
