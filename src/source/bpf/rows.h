/* The metrics of the bpf source: one row each, by group; a group's rows stand together. */
#ifndef TACH_SOURCE_BPF_ROWS_H
#define TACH_SOURCE_BPF_ROWS_H

#include "model/metric.h"

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
	X(THR_LOCK, "thr.lock_seconds", "lock", COUNTER, SECONDS, "Thread time blocked on contended locks.") \
	X(THR_DISK, "thr.disk_seconds", "disk", COUNTER, SECONDS, "Thread time blocked in file I/O and page faults.") \
	X(THR_NET, "thr.net_seconds", "net", COUNTER, SECONDS, "Thread time waiting for sockets, or in poll and epoll.") \
	X(THR_SLEEP, "thr.sleep_seconds", "sleep", COUNTER, SECONDS, "Thread time in sleep that was asked for.") \
	X(THR_IDLE, "thr.idle_seconds", "idle", COUNTER, SECONDS, \
		"Thread time waiting for work: condition variables, joins, children.") \
	X(THR_OTHER, "thr.other_seconds", "other", COUNTER, SECONDS, "Thread time off the CPU for another reason.") \
	X(LOCK_WAITS, "lock.waits", "waits", COUNTER, COUNT, \
		"Times that a thread had to sleep for a contended lock; taking a free one is not seen and costs nothing.") \
	X(LOCK_WAIT, "lock.wait_seconds", "lock wait", COUNTER, SECONDS, \
		"Time that threads slept for contended locks, summed over threads.") \
	X(SCHED_SWITCHES, "cpu.switches_exact", "switches", COUNTER, COUNT, \
		"Context switches away from the target's threads, voluntary or not, each one counted.") \
	/* sys.c */ \
	X(LAT_SYSCALL, "lat.syscall_seconds", "system call", HISTOGRAM, SECONDS, \
		"Time in each system call, blocked or not; every process of the machine pays while it is on.") \
	/* end */

#define X(id, name, label, kind, unit, help) BPF_##id,
enum bpf_metric { BPF_METRICS(X) BPF_METRIC_COUNT, BPF_NO_METRIC = BPF_METRIC_COUNT };
#undef X

extern const struct metric bpf_rows[BPF_METRIC_COUNT];

#endif
