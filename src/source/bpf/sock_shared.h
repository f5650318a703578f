/* What the programs of the group sock and its readers share. Plain C for both. */
#ifndef TACH_SOURCE_BPF_SOCK_SHARED_H
#define TACH_SOURCE_BPF_SOCK_SHARED_H

#include "source/bpf/shared.h"

enum sock_way { SOCK_RX, SOCK_TX, SOCK_WAYS };

/* Word, and the first of its four rows: rx messages, rx bytes, tx messages, tx bytes. */
#define SOCK_PROTOCOLS(X) \
	X(SOCK_TCP, "tcp") \
	X(SOCK_UDP, "udp") \
	X(SOCK_UNIX, "unix") \
	X(SOCK_OTHER, "other")

#define X(id, word) id,
enum sock_protocol { SOCK_PROTOCOLS(X) SOCK_KINDS };
#undef X

/* Which end of a conversation a socket is: decides between which messages time is taken. */
enum sock_role {
	ROLE_UNKNOWN, /* TCP that was there before tach, not told yet: asked again at its next message */
	ROLE_NONE,    /* neither */
	ROLE_LISTEN,  /* it listens; or it was accepted, has this from the listener, and nobody of the target has used it yet */
	ROLE_SERVER,  /* from the first message in to the first one out */
	ROLE_CLIENT,  /* from the first message out to the first one in */
	ROLE_GAP,     /* datagrams: as a server, but whose they are is not known */
	ROLES
};

enum sock_hist { SOCK_REQUEST, SOCK_UPSTREAM, SOCK_GAP, SOCK_TIMED, SOCK_RTT = SOCK_TIMED, SOCK_HISTS };

struct sock_hist_head {
	u64 sum, max, epoch;
};

/* Of a CPU: what processes of the target sent and received, and histograms. One value, what is used together close
 * together: each page more that a message touches costs as much as the rest. */
struct sock_cpu {
	u64 messages[SOCK_WAYS][SOCK_KINDS], bytes[SOCK_WAYS][SOCK_KINDS];
	u64 turn;
	struct sock_hist_head heads[SOCK_HISTS];
	u64 bins[SOCK_HISTS][TACH_HIST_BINS];
};

/* What only grows with a socket, as the kernel keeps it. */
struct sock_totals {
	u32 segments[SOCK_WAYS]; /* of TCP */
	u32 retransmits;         /* segments of TCP */
	u32 drops;               /* received and thrown away */
};

/* TCP sockets of the target that were closed: their totals, since the target had them. A CPU. */
struct sock_closed {
	u64 segments[SOCK_WAYS], retransmits, drops;
};

/* The times of a thread; what goes on is not in them. */
struct sock_waits {
	u64 queue, blocked[CAUSES];
};

/* A socket of the target. */
struct sock_state {
	u64 messages[SOCK_WAYS]; /* without atomic additions: when threads share a socket, a few can be missed */
	u64 at;                  /* when that began which is waited for to end; 0: nothing */
	u64 looked;              /* the kernel's tick in which its round-trip time was taken last; in a table: it was used */
	struct sock_totals base; /* what stood there when the target got it */
	u8 role, settled, pad[2]; /* settled: it is in sock_closed */
	u32 tid;                 /* who began; 0: not known */
	struct sock_waits began; /* of that thread, when it began */
};

/* One socket, as it is told to user space. Addresses as on the wire, IPv4 in the first four bytes. */
struct sock_row {
	u64 cookie;
	u64 messages[SOCK_WAYS];
	struct sock_totals totals; /* since the target had it */
	u32 rtt;                   /* smoothed, microseconds; 0: none yet */
	u8 local[16], peer[16];
	u16 local_port, peer_port; /* the second one as on the wire */
	u16 family;
	u8 kind, role, state, settled, pad[6];
};

#define SOCK_KEPT 8192

/* The same where there is only a table, by the address of the socket. */
struct sock_kept {
	struct sock_state state; /* first: it is found by it */
	struct sock_row row;     /* as of its last message, or nearly */
	u64 inode;
};

/* What a system call does at a socket. */
enum sock_call_kind {
	SOCK_CALL_NONE,
	SOCK_CALL_SEND,
	SOCK_CALL_SEND_MANY,
	SOCK_CALL_RECEIVE, /* read() and its like */
	SOCK_CALL_RECEIVE_FROM,
	SOCK_CALL_RECEIVE_MESSAGE,
	SOCK_CALL_RECEIVE_MANY,
};

/* One that took longer than its gate lets pass untold. */
struct request_record {
	u32 type;                /* RECORD_REQUEST */
	u32 hist;                /* enum sock_hist */
	u64 ended, took;
	struct sock_waits waits; /* of the thread, meanwhile */
	u32 tid, tgid;           /* of who ended it */
	u32 began;               /* tid of who began it; 0: not known, and waits is empty */
	u32 pad;
	char comm[16];
};

/* Written by user space at each tick. */
struct sock_control {
	u64 epoch; /* maxima of an older one are stale */
	u64 shift; /* one request in 1 << shift is timed; below 32 */
	/* What is told one by one: what takes more than `over`, `left` times; then what is longer than all of those. */
	struct slow_gate {
		u64 over, top, left;
	} gates[SOCK_TIMED];
};

#endif
