/* The metrics of the proc source: one row each, the whole truth of it; and how the parts of the room put them. */
#ifndef TACH_SOURCE_PROC_METRICS_H
#define TACH_SOURCE_PROC_METRICS_H

#include "source/source.h"

/* id, name, label, kind, unit, help. The parts of the room use neighbours as ranges: keep them together. */
#define PROC_METRICS(X) \
	/* counted: processes.c, fds.c */ \
	X(CPU_PROCESSES, "cpu.processes", "processes", GAUGE, COUNT, "Processes of the target that are alive.") \
	X(CPU_THREADS, "cpu.threads", "threads", GAUGE, COUNT, "Threads of the target that are alive.") \
	X(IO_FDS, "io.fds", "fds", GAUGE, COUNT, \
		"Open file descriptors; steady growth is a leak, and the limit is in /proc/PID/limits.") \
	/* processes.c */ \
	X(CPU_USER, "cpu.user_seconds", "usr", COUNTER, SECONDS, \
		"CPU time in user code, children that were waited for included; sampled by the kernel at its tick.") \
	X(CPU_SYSTEM, "cpu.system_seconds", "sys", COUNTER, SECONDS, \
		"CPU time in the kernel, children that were waited for included; sampled by the kernel at its tick.") \
	X(CPU_RUN, "cpu.run_seconds", "on cpu", COUNTER, SECONDS, \
		"CPU time by the scheduler's clock, to the nanosecond; what a child used after the last tick is not in it.") \
	X(MEM_MINOR, "mem.faults_minor", "minor flt", COUNTER, COUNT, \
		"Page faults that the kernel could serve from memory: first touch, copy on write, page cache.") \
	X(MEM_MAJOR, "mem.faults_major", "major flt", COUNTER, COUNT, \
		"Page faults that had to wait for storage; under load there should be none.") \
	X(IO_READ, "io.read_bytes", "read", COUNTER, BYTES, \
		"Bytes fetched from storage, page cache hits not counted; children that were waited for included.") \
	X(IO_WRITE, "io.write_bytes", "written", COUNTER, BYTES, \
		"Bytes of pages made dirty that go to storage; children that were waited for included.") \
	/* memory.c */ \
	X(MEM_RSS, "mem.rss_bytes", "RSS", GAUGE, BYTES, \
		"Resident memory; pages that several processes share count once for each.") \
	X(MEM_ANON, "mem.rss_anon_bytes", "anon", GAUGE, BYTES, \
		"Resident heap, stacks and private data: what the program itself allocated.") \
	X(MEM_FILE, "mem.rss_file_bytes", "file", GAUGE, BYTES, \
		"Resident pages of mapped files, code among them; the kernel can drop them under pressure.") \
	X(MEM_SHARED, "mem.rss_shared_bytes", "shared", GAUGE, BYTES, "Resident shared memory and tmpfs pages.") \
	X(MEM_SWAP, "mem.swap_bytes", "swap", GAUGE, BYTES, \
		"Private memory that was moved to swap; touching it again is a major fault.") \
	X(MEM_VIRTUAL, "mem.virtual_bytes", "virtual", GAUGE, BYTES, \
		"Address space; large is harmless, steady growth may be a leak of mappings.") \
	/* threads.c */ \
	X(CPU_RUNQUEUE, "cpu.runqueue_seconds", "run queue", COUNTER, SECONDS, \
		"Time that threads could have run and waited for a CPU, summed over threads.") \
	X(CPU_TIMESLICES, "cpu.timeslices", "slices", COUNTER, COUNT, "Turns on a CPU, summed over threads.") \
	X(CPU_VOLUNTARY, "cpu.switches_voluntary", "vol ctxsw", COUNTER, COUNT, \
		"Context switches because a thread waited: for a lock, for I/O, for a timer.") \
	X(CPU_INVOLUNTARY, "cpu.switches_involuntary", "inv ctxsw", COUNTER, COUNT, \
		"Context switches because another thread got the CPU: a sign of too few CPUs.") \
	X(CPU_IO_DELAY, "cpu.io_delay_seconds", "I/O delay", COUNTER, SECONDS, \
		"Time that threads waited for block I/O; of threads that started after the accounting was switched on.") \
	X(THR_USER, "thr.user_seconds", "usr", COUNTER, SECONDS, \
		"Thread time in user code; with the other thr metrics it adds up to threads times time.") \
	X(THR_SYSTEM, "thr.system_seconds", "sys", COUNTER, SECONDS, "Thread time in the kernel.") \
	X(THR_RUNQUEUE, "thr.runqueue_seconds", "runq", COUNTER, SECONDS, "Thread time waiting for a CPU.") \
	X(THR_IO, "thr.io_seconds", "io", COUNTER, SECONDS, "Thread time waiting for block I/O.") \
	X(THR_WAIT, "thr.wait_seconds", "wait", COUNTER, SECONDS, \
		"Thread time asleep: lock, I/O and idle, which cannot be told apart without the probes.") \
	/* cgroup.c */ \
	X(CPU_LIMIT, "cpu.limit", "cpu limit", GAUGE, COUNT, \
		"CPUs that the target's cgroup, or one around it, may use; the tightest limit counts.") \
	X(CPU_THROTTLED_PERIODS, "cpu.throttled_periods", "throttles", COUNTER, COUNT, \
		"Periods in which the cgroup with the tightest CPU limit used it up and was stopped.") \
	X(CPU_THROTTLED, "cpu.throttled_seconds", "throttled", COUNTER, SECONDS, \
		"Time for which that cgroup was stopped by its CPU limit, summed over CPUs; any is latency.") \
	X(MEM_LIMIT, "mem.limit_bytes", "mem limit", GAUGE, BYTES, \
		"Memory that the target's cgroup, or one around it, may use; the tightest limit counts.") \
	X(MEM_CGROUP, "mem.cgroup_bytes", "cgroup mem", GAUGE, BYTES, \
		"Memory charged to the cgroup with that limit (to its own without one), page cache included.") \
	/* pressure.c */ \
	X(CPU_PRESSURE_SOME, "cpu.pressure_some_seconds", "cpu psi", COUNTER, SECONDS, \
		"Time in which some task of the target's cgroup waited for a CPU.") \
	X(CPU_PRESSURE_FULL, "cpu.pressure_full_seconds", "cpu full", COUNTER, SECONDS, \
		"Time in which no task of the target's cgroup ran though one could have.") \
	X(MEM_PRESSURE_SOME, "mem.pressure_some_seconds", "mem psi", COUNTER, SECONDS, \
		"Time in which some task of the target's cgroup waited for memory.") \
	X(MEM_PRESSURE_FULL, "mem.pressure_full_seconds", "mem full", COUNTER, SECONDS, \
		"Time in which all tasks of the target's cgroup that had work waited for memory.") \
	X(IO_PRESSURE_SOME, "io.pressure_some_seconds", "io psi", COUNTER, SECONDS, \
		"Time in which some task of the target's cgroup waited for block I/O.") \
	X(IO_PRESSURE_FULL, "io.pressure_full_seconds", "io full", COUNTER, SECONDS, \
		"Time in which all tasks of the target's cgroup that had work waited for block I/O.") \
	X(HOST_CPU_SOME, "host.cpu_pressure_some_seconds", "host cpu", COUNTER, SECONDS, \
		"Time in which some task of the whole machine waited for a CPU.") \
	X(HOST_MEM_SOME, "host.mem_pressure_some_seconds", "host mem", COUNTER, SECONDS, \
		"Time in which some task of the whole machine waited for memory.") \
	X(HOST_MEM_FULL, "host.mem_pressure_full_seconds", "host mem f", COUNTER, SECONDS, \
		"Time in which all tasks of the whole machine that had work waited for memory.") \
	X(HOST_IO_SOME, "host.io_pressure_some_seconds", "host io", COUNTER, SECONDS, \
		"Time in which some task of the whole machine waited for block I/O.") \
	X(HOST_IO_FULL, "host.io_pressure_full_seconds", "host io f", COUNTER, SECONDS, \
		"Time in which all tasks of the whole machine that had work waited for block I/O.") \
	/* netns.c: of everybody in the network namespace, which is why each says so */ \
	X(NETNS_RX_PACKETS, "netns.rx_packets", "ns rx pkt", COUNTER, COUNT, \
		"IP packets received in the target's network namespace, by everybody in it; merged ones (GRO) count once.") \
	X(NETNS_TX_PACKETS, "netns.tx_packets", "ns tx pkt", COUNTER, COUNT, \
		"IP packets sent in the target's network namespace, by everybody in it; unsplit ones (GSO) count once.") \
	X(NETNS_RX_BYTES, "netns.rx_bytes", "ns rx", COUNTER, BYTES, \
		"Bytes of those received packets, IP headers included; the namespace's, not the process's.") \
	X(NETNS_TX_BYTES, "netns.tx_bytes", "ns tx", COUNTER, BYTES, \
		"Bytes of those sent packets, IP headers included; the namespace's, not the process's.") \
	X(NETNS_UDP_RX, "netns.udp_rx_datagrams", "ns udp rx", COUNTER, COUNT, \
		"UDP datagrams delivered to sockets of the network namespace, whoever holds them.") \
	X(NETNS_UDP_TX, "netns.udp_tx_datagrams", "ns udp tx", COUNTER, COUNT, \
		"UDP datagrams sent in the network namespace by everybody in it.") \
	X(NETNS_UDP_RCVBUF, "netns.udp_rcvbuf_errors", "ns udp ovf", COUNTER, COUNT, \
		"UDP datagrams lost in the namespace because a socket's receive buffer was full: read faster or enlarge it.") \
	X(NETNS_TCP_RX, "netns.tcp_rx_segments", "ns tcp rx", COUNTER, COUNT, \
		"TCP segments received in the network namespace, by everybody in it; merged ones count once.") \
	X(NETNS_TCP_TX, "netns.tcp_tx_segments", "ns tcp tx", COUNTER, COUNT, \
		"TCP segments sent in the network namespace, by everybody in it, retransmissions not counted.") \
	X(NETNS_TCP_RETRANSMITS, "netns.tcp_retransmits", "ns tcp rtx", COUNTER, COUNT, \
		"TCP segments sent again in the network namespace, by everybody in it; above 1 % look at the path.") \
	X(NETNS_RX_ERRORS, "netns.rx_errors", "ns rx err", COUNTER, COUNT, \
		"Receive errors of all devices of the network namespace.") \
	X(NETNS_RX_DROPS, "netns.rx_drops", "ns rx drop", COUNTER, COUNT, \
		"Received packets that devices of the network namespace dropped: a full ring or backlog.") \
	X(NETNS_TX_ERRORS, "netns.tx_errors", "ns tx err", COUNTER, COUNT, \
		"Send errors of all devices of the network namespace.") \
	X(NETNS_TX_DROPS, "netns.tx_drops", "ns tx drop", COUNTER, COUNT, \
		"Packets that devices of the network namespace dropped instead of sending: a full queue.")

enum proc_metric {
#define X(id, name, label, kind, unit, help) PROC_##id,
	PROC_METRICS(X)
#undef X
	PROC_METRIC_COUNT
};

extern const struct metric proc_rows[PROC_METRIC_COUNT];

/* What every part needs to fill a tick. */
struct proc_tick {
	const struct source_env *env;
	const struct target *target;
	struct sample *out;
};

/* The first process of the target that is alive, or NULL: what belongs to a namespace or a cgroup is read through it. */
const struct process *proc_first_alive(const struct target *t);

/* Whether anybody wants a metric of first .. last. */
bool proc_wants(const struct source_env *env, enum proc_metric first, enum proc_metric last);

/* Each puts only what is wanted. */
void proc_put(const struct proc_tick *t, enum proc_metric m, double value);
void proc_put_state(const struct proc_tick *t, enum proc_metric m, double value, enum point_state state);
void proc_missing(const struct proc_tick *t, enum proc_metric first, enum proc_metric last, enum point_state state,
	const char *why);

#endif
