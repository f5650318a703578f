/* The metrics of the bpf source: one row each, by group; a group's rows stand together. */
#ifndef TACH_SOURCE_BPF_ROWS_H
#define TACH_SOURCE_BPF_ROWS_H

#include "model/metric.h"
#include "source/waits.h"

/* id, name, label, kind, unit, help */
#define BPF_METRICS(X) \
	/* sched.c */ \
	X(LAT_RUNQUEUE, "lat.runqueue_seconds", "run queue", HISTOGRAM, SECONDS, \
		"Wait for a CPU: from the wake-up, or from being pushed off, until it runs.") \
	X(LAT_OFFCPU, "lat.offcpu_seconds", "off CPU", HISTOGRAM, SECONDS, \
		"Every wait off the CPU until it was woken, whatever for.") \
	X(LAT_OFFCPU_LOCK, "lat.offcpu_lock_seconds", "lock", HISTOGRAM, SECONDS, \
		"Waits for a contended lock: mutexes, and futexes that hold their owner.") \
	X(LAT_OFFCPU_DISK, "lat.offcpu_disk_seconds", "disk", HISTOGRAM, SECONDS, \
		"Waits in system calls on files and block devices.") \
	X(LAT_OFFCPU_NET, "lat.offcpu_net_seconds", "net", HISTOGRAM, SECONDS, \
		"Waits for sockets, and in poll, select and epoll; for a server mostly waiting for work.") \
	X(LAT_OFFCPU_SLEEP, "lat.offcpu_sleep_seconds", "sleep", HISTOGRAM, SECONDS, \
		"Sleep that the program asked for.") \
	X(LAT_OFFCPU_IDLE, "lat.offcpu_idle_seconds", "idle", HISTOGRAM, SECONDS, \
		"Waits for work: condition variables, semaphores, joins, children.") \
	X(LAT_OFFCPU_FAULT, "lat.offcpu_fault_seconds", "fault", HISTOGRAM, SECONDS, \
		"Waits in page faults: for storage, or for the lock on the address space.") \
	X(LAT_OFFCPU_OTHER, "lat.offcpu_other_seconds", "other", HISTOGRAM, SECONDS, \
		"Waits for something else: pipes, terminals, other system calls.") \
	X(LOCK_WAITS, "lock.waits", "waits", COUNTER, COUNT, \
		"Times that a thread had to sleep for a contended lock; taking a free one is not seen and costs nothing.") \
	WAIT_METRICS(X) \
	X(SCHED_SWITCHES, "cpu.switches_exact", "switches", COUNTER, COUNT, \
		"Context switches away from the target's threads, voluntary or not, each one counted.") \
	/* blk.c */ \
	X(LAT_BLOCK, "lat.block_seconds", "block I/O", HISTOGRAM, SECONDS, \
		"Block requests of the target, from when the device gets them until it is done.") \
	X(BLOCK_READS, "io.block_reads", "reads", COUNTER, COUNT, \
		"Block requests that read, each one counted. What the page cache answers is none.") \
	X(BLOCK_WRITES, "io.block_writes", "writes", COUNTER, COUNT, \
		"Block requests that write. Buffered writes are made later by the kernel's own threads and are not the target's " \
		"here, unless it is a cgroup v2 with the io controller; see the time in fsync.") \
	X(BLOCK_READ_BYTES, "io.block_read_bytes", "read", COUNTER, BYTES, "Bytes that the target's block requests read.") \
	X(BLOCK_WRITE_BYTES, "io.block_write_bytes", "written", COUNTER, BYTES, \
		"Bytes that the target's block requests wrote.") \
	/* klock.c */ \
	X(KLOCK_WAITS, "lock.kernel_waits", "kernel waits", COUNTER, COUNT, \
		"Times that a thread waited for a lock inside the kernel, asleep or spinning; a free lock is not seen.") \
	X(KLOCK_WAIT, "lock.kernel_wait_seconds", "kernel wait", COUNTER, SECONDS, \
		"Time that threads waited for locks inside the kernel; interrupts on top of them included.") \
	X(LAT_KLOCK, "lat.kernel_lock_seconds", "kernel lock", HISTOGRAM, SECONDS, \
		"Each wait for a contended lock inside the kernel.") \
	/* mem.c */ \
	X(FAULTS_ANON, "mem.faults_anon", "anon", COUNTER, COUNT, \
		"Page faults that brought memory of the program's own: new, or back from swap. A huge page is one fault.") \
	X(FAULTS_FILE, "mem.faults_file", "file", COUNTER, COUNT, \
		"Page faults that brought pages of files or shared memory, several at once where they are cached.") \
	X(FAULTS_WRITE, "mem.faults_write", "on write", COUNTER, COUNT, \
		"Writes to pages that may only be read so far: copied after a fork, or written to in a mapped file the first time.") \
	X(FAULTS_OTHER, "mem.faults_other", "other", COUNTER, COUNT, \
		"Page faults without a new page: reads of untouched memory, huge pages of hugetlbfs, hints for NUMA.") \
	/* sys.c */ \
	X(LAT_SYSCALL, "lat.syscall_seconds", "system call", HISTOGRAM, SECONDS, \
		"Time in each system call, blocked or not; every process of the machine pays while it is on.") \
	/* sock.c */ \
	X(SOCK_RX_MESSAGES, "sock.rx_messages", "rx msg", COUNTER, COUNT, \
		"Messages that its processes received at sockets: datagrams, or reads from a stream. One for all that a UDP socket " \
		"has merged (GRO).") \
	X(SOCK_TX_MESSAGES, "sock.tx_messages", "tx msg", COUNTER, COUNT, \
		"Messages that its processes sent at sockets: datagrams, also those of one sendmmsg, or writes to a stream. One for " \
		"all that a UDP socket splits (UDP_SEGMENT).") \
	X(SOCK_RX_BYTES, "sock.rx_bytes", "rx B", COUNTER, BYTES, "Payload that its processes received at sockets.") \
	X(SOCK_TX_BYTES, "sock.tx_bytes", "tx B", COUNTER, BYTES, "Payload that its processes sent at sockets.") \
	X(SOCK_TCP_RX_MESSAGES, "sock.tcp_rx_messages", "tcp rx", COUNTER, COUNT, "Messages received at TCP sockets.") \
	X(SOCK_TCP_RX_BYTES, "sock.tcp_rx_bytes", "tcp rx B", COUNTER, BYTES, "Payload received at TCP sockets.") \
	X(SOCK_TCP_TX_MESSAGES, "sock.tcp_tx_messages", "tcp tx", COUNTER, COUNT, "Messages sent at TCP sockets.") \
	X(SOCK_TCP_TX_BYTES, "sock.tcp_tx_bytes", "tcp tx B", COUNTER, BYTES, "Payload sent at TCP sockets.") \
	X(SOCK_UDP_RX_MESSAGES, "sock.udp_rx_messages", "udp rx", COUNTER, COUNT, "Messages received at UDP sockets.") \
	X(SOCK_UDP_RX_BYTES, "sock.udp_rx_bytes", "udp rx B", COUNTER, BYTES, "Payload received at UDP sockets.") \
	X(SOCK_UDP_TX_MESSAGES, "sock.udp_tx_messages", "udp tx", COUNTER, COUNT, "Messages sent at UDP sockets.") \
	X(SOCK_UDP_TX_BYTES, "sock.udp_tx_bytes", "udp tx B", COUNTER, BYTES, "Payload sent at UDP sockets.") \
	X(SOCK_UNIX_RX_MESSAGES, "sock.unix_rx_messages", "unix rx", COUNTER, COUNT, "Messages received at Unix sockets.") \
	X(SOCK_UNIX_RX_BYTES, "sock.unix_rx_bytes", "unix rx B", COUNTER, BYTES, "Payload received at Unix sockets.") \
	X(SOCK_UNIX_TX_MESSAGES, "sock.unix_tx_messages", "unix tx", COUNTER, COUNT, "Messages sent at Unix sockets.") \
	X(SOCK_UNIX_TX_BYTES, "sock.unix_tx_bytes", "unix tx B", COUNTER, BYTES, "Payload sent at Unix sockets.") \
	X(SOCK_OTHER_RX_MESSAGES, "sock.other_rx_messages", "other rx", COUNTER, COUNT, "Messages received at other sockets.") \
	X(SOCK_OTHER_RX_BYTES, "sock.other_rx_bytes", "other rx B", COUNTER, BYTES, "Payload received at other sockets.") \
	X(SOCK_OTHER_TX_MESSAGES, "sock.other_tx_messages", "other tx", COUNTER, COUNT, "Messages sent at other sockets.") \
	X(SOCK_OTHER_TX_BYTES, "sock.other_tx_bytes", "other tx B", COUNTER, BYTES, "Payload sent at other sockets.") \
	X(SOCK_TCP_RX_SEGMENTS, "sock.tcp_rx_segments", "rx seg", COUNTER, COUNT, \
		"TCP segments that its sockets received, acknowledgements included, merged ones (GRO) one by one.") \
	X(SOCK_TCP_TX_SEGMENTS, "sock.tcp_tx_segments", "tx seg", COUNTER, COUNT, \
		"TCP segments that its sockets sent, acknowledgements and retransmissions included, unsplit ones (GSO) one by one.") \
	X(SOCK_TCP_RETRANSMITS, "sock.tcp_retransmits", "tcp rtx", COUNTER, COUNT, \
		"TCP segments that its sockets sent again; above 1 % of those sent look at the path.") \
	X(SOCK_RX_DROPS, "sock.rx_drops", "rx drop", COUNTER, COUNT, \
		"Packets that its sockets threw away, mostly because the receive buffer was full. A UDP socket that is closed takes " \
		"those since the last tick with it.") \
	X(LAT_REQUEST, "lat.request_seconds", "request", HISTOGRAM, SECONDS, \
		"From the first message in to the first one out on a connection that it accepted (TCP, Unix). Several requests at " \
		"once (pipelining) are one; streams, and answers on another socket, are not requests.") \
	X(LAT_UPSTREAM, "lat.upstream_seconds", "upstream", HISTOGRAM, SECONDS, \
		"From the first message out to the first one in on a connection that it opened (TCP, Unix): what it waits for others.") \
	X(LAT_GAP, "lat.gap_seconds", "udp gap", HISTOGRAM, SECONDS, \
		"From a datagram in to the next one out on the same UDP socket, whoever they are for: of a busy server not one " \
		"request's time.") \
	X(LAT_RTT, "lat.rtt_seconds", "tcp rtt", HISTOGRAM, SECONDS, \
		"Round-trip times as the kernel has smoothed them, one value for each TCP socket and tick of the kernel (1 to 10 ms) " \
		"in which it was used; of idle connections nothing.") \
	/* dev.c */ \
	X(NETDEV_RX_PACKETS, "netdev.rx_packets", "dev rx", COUNTER, COUNT, \
		"Packets that network devices received for the target; whose one is cannot be told at the device.") \
	X(NETDEV_RX_BYTES, "netdev.rx_bytes", "dev rx B", COUNTER, BYTES, \
		"Bytes that network devices received for the target; whose a packet is cannot be told at the device.") \
	X(NETDEV_TX_PACKETS, "netdev.tx_packets", "dev tx", COUNTER, COUNT, \
		"Packets that its sockets sent into network devices, unsplit ones (GSO) one by one; through stacked devices (VLAN, " \
		"bonding) once each. What a UDP socket sends first is known by who runs.") \
	X(NETDEV_TX_BYTES, "netdev.tx_bytes", "dev tx B", COUNTER, BYTES, \
		"Bytes of these packets, each with all of its headers.") \
	/* wire.c */ \
	X(NET_RX_PACKETS, "net.rx_packets", "wire rx", COUNTER, COUNT, \
		"Packets that sockets of its cgroup received, as they were on the wire: merged ones (GRO) one by one.") \
	X(NET_RX_BYTES, "net.rx_bytes", "wire rx B", COUNTER, BYTES, \
		"Bytes of these packets from the IP header on, each with its own headers.") \
	X(NET_TX_PACKETS, "net.tx_packets", "wire tx", COUNTER, COUNT, \
		"Packets that sockets of its cgroup sent, as they are on the wire: unsplit ones (GSO) one by one.") \
	X(NET_TX_BYTES, "net.tx_bytes", "wire tx B", COUNTER, BYTES, \
		"Bytes of these packets from the IP header on, each with its own headers.") \
	/* meter.c */ \
	X(TARGET_COST, "tach.target_cost_ratio", "probe cost", GAUGE, RATIO, \
		"What the probes take of the target's CPU time, from a table of prices and what really happens; beyond --max-cost " \
		"less is measured.") \
	X(BYSTANDER_COST, "tach.bystander_cost_seconds", "others pay", COUNTER, SECONDS, \
		"CPU time that everybody else pays for the probes. Without root only the scheduler's hooks are known, hence a lower " \
		"bound.") \
	/* end */

#define X(id, name, label, kind, unit, help) BPF_##id,
enum bpf_metric { BPF_METRICS(X) BPF_METRIC_COUNT, BPF_NO_METRIC = BPF_METRIC_COUNT };
#undef X

extern const struct metric bpf_rows[BPF_METRIC_COUNT];

#endif
