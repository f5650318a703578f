/*
 * Why a thread is off the CPU, and the metrics that say so: what the scheduler's hooks tell and what sampling estimates
 * go by the same names. Plain C for programs in the kernel too.
 */
#ifndef TACH_SOURCE_WAITS_H
#define TACH_SOURCE_WAITS_H

/* Why a thread is off the CPU. A list so that user space has names for them: word, column of the threads table. */
#define WAIT_CAUSES(X) \
	X(CAUSE_LOCK, "lock", THREADS_LOCK)    /* a contended lock */ \
	X(CAUSE_DISK, "disk", THREADS_DISK)    /* file system and block devices */ \
	X(CAUSE_NET, "net", THREADS_NET)       /* sockets; poll, select, epoll */ \
	X(CAUSE_SLEEP, "sleep", THREADS_SLEEP) /* asked for */ \
	X(CAUSE_IDLE, "idle", THREADS_IDLE)    /* condition variables, joins, children: waits for work */ \
	X(CAUSE_FAULT, "fault", THREADS_DISK)  /* page faults */ \
	X(CAUSE_OTHER, "other", THREADS_OTHER)

#define X(id, word, column) id,
enum wait_cause { WAIT_CAUSES(X) CAUSES };
#undef X
#define CAUSE_BY_FD 0x80 /* read and write: what the descriptor is decides */

#define CALLS 512          /* system call numbers, 0 .. 511 */
#define CALL_FOREIGN 511   /* stands for those of 32-bit code, whose numbers are others, and of a number beyond */
#define CALL_NONE 0xffffu  /* blocked outside a system call: page fault, exit */

/* id, name, label, kind, unit, help. Those of threads in the order of the columns of their table. */
#define WAIT_METRICS(X) \
	X(LOCK_WAIT, "lock.wait_seconds", "lock wait", COUNTER, SECONDS, \
		"Time that threads slept for contended locks, summed over threads.") \
	X(THR_LOCK, "thr.lock_seconds", "lock", COUNTER, SECONDS, "Thread time blocked on contended locks.") \
	X(THR_DISK, "thr.disk_seconds", "disk", COUNTER, SECONDS, "Thread time blocked in file I/O and page faults.") \
	X(THR_NET, "thr.net_seconds", "net", COUNTER, SECONDS, "Thread time waiting for sockets, or in poll and epoll.") \
	X(THR_SLEEP, "thr.sleep_seconds", "sleep", COUNTER, SECONDS, "Thread time in sleep that was asked for.") \
	X(THR_IDLE, "thr.idle_seconds", "idle", COUNTER, SECONDS, \
		"Thread time waiting for work: condition variables, joins, children.") \
	X(THR_OTHER, "thr.other_seconds", "other", COUNTER, SECONDS, "Thread time off the CPU for another reason.")

#endif
