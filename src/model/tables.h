/*
 * The tables that more than one source fills, or that panes know by their columns: one row of the lists below a
 * column. A source fills totals (COUNTER) and levels (GAUGE), the store makes rates of totals; NaN and "" are unknown.
 * Texts from outside are cleaned (str_clean) by who fills them.
 */
#ifndef TACH_MODEL_TABLES_H
#define TACH_MODEL_TABLES_H

#include "model/sample.h"

/* Each: id, name, label, kind, unit, meaning. */

/* Key: tid and start time (table_thread_key()). user + system + runqueue + lock + disk + net + sleep + idle + other is the
 * wall time; the last six only by the scheduler's probe. */
#define TABLE_THREADS(X) \
	X(THREADS_PID, "pid", "pid", GAUGE, COUNT, "process") \
	X(THREADS_TID, "tid", "tid", GAUGE, COUNT, "thread") \
	X(THREADS_NAME, "name", "name", TEXT, COUNT, "its name") \
	X(THREADS_STATE, "state", "S", TEXT, COUNT, "as ps has it: R, S, D, ...") \
	X(THREADS_CPU, "cpu", "on", GAUGE, COUNT, "CPU that it ran on last") \
	X(THREADS_USER, "user_seconds", "usr", COUNTER, SECONDS, "in code of the program") \
	X(THREADS_SYSTEM, "system_seconds", "sys", COUNTER, SECONDS, "in the kernel") \
	X(THREADS_RUN, "run_seconds", "cpu", COUNTER, SECONDS, "on a CPU") \
	X(THREADS_RUNQUEUE, "runqueue_seconds", "runq", COUNTER, SECONDS, "wanted to run, had no CPU") \
	X(THREADS_IO, "io_delay_seconds", "io", COUNTER, SECONDS, "waited for block I/O, by the kernel's delay accounting") \
	X(THREADS_VOLUNTARY, "switches_voluntary", "vol", COUNTER, COUNT, "switches because it waited") \
	X(THREADS_INVOLUNTARY, "switches_involuntary", "inv", COUNTER, COUNT, "switches because its CPU was taken") \
	X(THREADS_LOCK, "lock_seconds", "lock", COUNTER, SECONDS, "blocked on contended locks") \
	X(THREADS_DISK, "disk_seconds", "disk", COUNTER, SECONDS, "file I/O, page faults that wait for storage") \
	X(THREADS_NET, "net_seconds", "net", COUNTER, SECONDS, "sockets, and poll, epoll, select") \
	X(THREADS_SLEEP, "sleep_seconds", "slp", COUNTER, SECONDS, "asked for: nanosleep, timers") \
	X(THREADS_IDLE, "idle_seconds", "idle", COUNTER, SECONDS, "condition variables, joins, waiting for children") \
	X(THREADS_OTHER, "other_seconds", "oth", COUNTER, SECONDS, "off the CPU for another reason") \
	X(THREADS_WAITS_FOR, "waits_for", "waits for", TEXT, COUNT, "now: conn_tbl, epoll_wait; nothing when it runs")

/* Key: tgid and address. */
#define TABLE_LOCKS(X) \
	X(LOCKS_LOCK, "lock", "lock", TEXT, COUNT, "conn_tbl, [heap]+0x40, 0x7f3a91c8") \
	X(LOCKS_KIND, "kind", "kind", TEXT, COUNT, "mutex, rwlock, pi, sem, barrier, futex; cond, join, queue") \
	X(LOCKS_GROUP, "group", "group", TEXT, COUNT, "lock: contention; work: waits for work, no contention") \
	X(LOCKS_ADDR, "addr", "address", TEXT, COUNT, "of the futex") \
	X(LOCKS_PID, "pid", "pid", GAUGE, COUNT, "process") \
	X(LOCKS_WAITS, "waits", "waits", COUNTER, COUNT, "waits that have ended") \
	X(LOCKS_WAIT, "wait_seconds", "wait", COUNTER, SECONDS, "blocked, of all threads") \
	X(LOCKS_RUNQUEUE, "runqueue_seconds", "runq", COUNTER, SECONDS, "then woken, but not yet on a CPU") \
	X(LOCKS_P50, "p50", "p50", GAUGE, SECONDS, "of single waits, of the last 10 to 20 s") \
	X(LOCKS_P99, "p99", "p99", GAUGE, SECONDS, "of single waits, of the last 10 to 20 s") \
	X(LOCKS_MAX, "max", "max", GAUGE, SECONDS, "longest wait of the last 10 to 20 s") \
	X(LOCKS_WAITERS, "waiters", "now", GAUGE, COUNT, "threads that wait at this moment") \
	X(LOCKS_HOLDER, "holder", "held by", TEXT, COUNT, "ctl/18236; with ~ whoever woke the last waiter, a guess") \
	X(LOCKS_WAITS_AT, "waits_at", "waits at", TEXT, COUNT, "place in the code where most wait") \
	X(LOCKS_HELD_AT, "held_at", "held at", TEXT, COUNT, "place in the code where it is held, or let go")

/* One row a lock, role, thread and call site. Shares are of `samples`. */
#define TABLE_LOCK_SITES(X) \
	X(SITES_ADDR, "addr", "address", TEXT, COUNT, "of the lock") \
	X(SITES_PID, "pid", "pid", GAUGE, COUNT, "process") \
	X(SITES_ROLE, "role", "role", TEXT, COUNT, "wait or hold") \
	X(SITES_THREAD, "thread", "thread", TEXT, COUNT, "its name; nothing: several threads together") \
	X(SITES_TID, "tid", "tid", GAUGE, COUNT, "thread") \
	X(SITES_SITE, "site", "where", TEXT, COUNT, "fwd.c:212 or ct_lookup+0x1c") \
	X(SITES_CALLERS, "callers", "callers", TEXT, COUNT, "fwd_rx > ct_lookup") \
	X(SITES_SAMPLES, "samples", "samples", GAUGE, COUNT, "stacks taken there so far")

#define TABLE_LOCK_PAIRS(X) \
	X(PAIRS_WAITER, "waiter", "waiter", TEXT, COUNT, "rx1/18233") \
	X(PAIRS_OWNER, "owner", "owner", TEXT, COUNT, "of the lock that it waited for") \
	X(PAIRS_WAITS, "waits", "waits", COUNTER, COUNT, "waits that have ended") \
	X(PAIRS_WAIT, "wait_seconds", "wait", COUNTER, SECONDS, "blocked")

#define TABLE_LOCK_CHAINS(X) \
	X(CHAINS_CHAIN, "chain", "longest chain now", TEXT, COUNT, "rx1 > ctl") \
	X(CHAINS_LOCK, "lock", "lock", TEXT, COUNT, "that the first one waits for") \
	X(CHAINS_WAIT, "seconds", "for", GAUGE, SECONDS, "how long, so far") \
	X(CHAINS_END, "end", "ends at", TEXT, COUNT, "ctl runs on cpu 3, ctl in epoll_wait")

#define TABLE_KERNEL_LOCKS(X) \
	X(KLOCKS_LOCK, "lock", "lock", TEXT, COUNT, "its name, else its address") \
	X(KLOCKS_KIND, "kind", "kind", TEXT, COUNT, "spin, rwspin, mutex, rwsem, rtmutex, pcpu") \
	X(KLOCKS_SITE, "site", "waits at", TEXT, COUNT, "functions of the kernel") \
	X(KLOCKS_WAITS, "waits", "waits", COUNTER, COUNT, "waits that have ended") \
	X(KLOCKS_WAIT, "wait_seconds", "wait", COUNTER, SECONDS, "waited, spinning included") \
	X(KLOCKS_MAX, "max", "max", GAUGE, SECONDS, "longest wait of the last 10 to 20 s")

/* Calls, errors and time only while every call is timed. */
#define TABLE_SYSCALLS(X) \
	X(SYSCALLS_NAME, "name", "call", TEXT, COUNT, "epoll_wait") \
	X(SYSCALLS_CAUSE, "cause", "cause", TEXT, COUNT, "lock, disk, net, sleep, idle, other") \
	X(SYSCALLS_WAITS, "waits", "waits", COUNTER, COUNT, "waits in it that have ended") \
	X(SYSCALLS_WAIT, "wait_seconds", "blocked", COUNTER, SECONDS, "blocked in it") \
	X(SYSCALLS_MAX, "max", "max", GAUGE, SECONDS, "longest wait of the last 10 to 20 s") \
	X(SYSCALLS_CALLS, "calls", "calls", COUNTER, COUNT, "only while every call is timed") \
	X(SYSCALLS_ERRORS, "errors", "errors", COUNTER, COUNT, "calls that returned one; only while every call is timed") \
	X(SYSCALLS_TIME, "call_seconds", "time", COUNTER, SECONDS, "in the call, blocked or not; only while all are timed")

/* Key: the kernel's socket cookie. */
#define TABLE_SOCKETS(X) \
	X(SOCKETS_PROTOCOL, "protocol", "proto", TEXT, COUNT, "tcp, udp") \
	X(SOCKETS_LOCAL, "local", "local", TEXT, COUNT, "10.0.0.1:443, [::1]:53") \
	X(SOCKETS_PEER, "peer", "peer", TEXT, COUNT, "the other end") \
	X(SOCKETS_ROLE, "role", "role", TEXT, COUNT, "server, client, listen") \
	X(SOCKETS_STATE, "state", "state", TEXT, COUNT, "as ss has it: ESTAB, LISTEN, ...") \
	X(SOCKETS_RX_BYTES, "rx_bytes", "rx", COUNTER, BYTES, "received, without headers") \
	X(SOCKETS_TX_BYTES, "tx_bytes", "tx", COUNTER, BYTES, "sent, without headers") \
	X(SOCKETS_RX_SEGMENTS, "rx_segments", "rx seg", COUNTER, COUNT, "TCP segments received") \
	X(SOCKETS_TX_SEGMENTS, "tx_segments", "tx seg", COUNTER, COUNT, "TCP segments sent") \
	X(SOCKETS_RX_MESSAGES, "rx_messages", "rx msg", COUNTER, COUNT, "receives that returned something") \
	X(SOCKETS_TX_MESSAGES, "tx_messages", "tx msg", COUNTER, COUNT, "sends") \
	X(SOCKETS_RETRANSMITS, "retransmits", "rtx", COUNTER, COUNT, "segments that were sent again") \
	X(SOCKETS_RTT, "rtt_seconds", "rtt", GAUGE, SECONDS, "round trip, smoothed by the kernel") \
	X(SOCKETS_RX_QUEUE, "rx_queue_bytes", "rxq", GAUGE, BYTES, "received, not yet read by the program") \
	X(SOCKETS_TX_QUEUE, "tx_queue_bytes", "txq", GAUGE, BYTES, "sent, not yet acknowledged") \
	X(SOCKETS_DROPS, "drops", "drop", COUNTER, COUNT, "packets dropped at the socket")

#define TABLE_SLOW(X) \
	X(SLOW_METRIC, "metric", "what", TEXT, COUNT, "name of the histogram metric it belongs to") \
	X(SLOW_WALL, "wall", "when", GAUGE, SECONDS, "when it ended, seconds since 1970") \
	X(SLOW_SECONDS, "seconds", "took", GAUGE, SECONDS, "how long it took") \
	X(SLOW_THREAD, "thread", "thread", TEXT, COUNT, "rx1/18233") \
	X(SLOW_WAITED, "waited_for", "waited for", TEXT, COUNT, "conn_tbl 3.7ms, run queue 1.2ms, fsync 3ms")

/* Key: thread and metric. What goes on at this moment is in it. */
#define TABLE_LATENCY_THREADS(X) \
	X(SPLIT_METRIC, "metric", "what", TEXT, COUNT, "name of the histogram metric it belongs to") \
	X(SPLIT_THREAD, "thread", "thread", TEXT, COUNT, "rx1/18233") \
	X(SPLIT_TID, "tid", "tid", GAUGE, COUNT, "thread") \
	X(SPLIT_EVENTS, "events", "events", COUNTER, COUNT, "those that have ended") \
	X(SPLIT_SECONDS, "seconds", "time", COUNTER, SECONDS, "their time, what goes on now included") \
	X(SPLIT_MAX, "max", "max", GAUGE, SECONDS, "longest of the last 10 to 20 s")

/* Extrapolated from the faults that gave their stacks. */
#define TABLE_GROWTH(X) \
	X(GROWTH_SITE, "site", "where", TEXT, COUNT, "place in the code") \
	X(GROWTH_CALLERS, "callers", "callers", TEXT, COUNT, "main > load_table") \
	X(GROWTH_CAUSE, "cause", "cause", TEXT, COUNT, "anon, file, write (copy on write)") \
	X(GROWTH_FAULTS, "faults", "faults", COUNTER, COUNT, "page faults there") \
	X(GROWTH_BYTES, "bytes", "bytes", COUNTER, BYTES, "pages that these brought")

/* All tables: identifier, name, list of its columns, meaning. */
#define TABLES(T) \
	T(table_threads, "threads", TABLE_THREADS, "threads, and what their time went to") \
	T(table_locks, "locks", TABLE_LOCKS, "what threads wait for, by futex address") \
	T(table_lock_sites, "lock_sites", TABLE_LOCK_SITES, "where locks are waited for and let go") \
	T(table_lock_pairs, "lock_pairs", TABLE_LOCK_PAIRS, "who waited for whom") \
	T(table_lock_chains, "lock_chains", TABLE_LOCK_CHAINS, "chains of waiting at this moment, the longest first") \
	T(table_kernel_locks, "kernel_locks", TABLE_KERNEL_LOCKS, "contended locks of the kernel, by call site") \
	T(table_syscalls, "syscalls", TABLE_SYSCALLS, "system calls that threads were blocked in") \
	T(table_sockets, "sockets", TABLE_SOCKETS, "sockets of the target") \
	T(table_slow, "slow", TABLE_SLOW, "the slowest events of the last minute, slowest first") \
	T(table_latency_threads, "latency_threads", TABLE_LATENCY_THREADS, \
		"a latency by thread: of each metric the threads in which most time passed lately") \
	T(table_growth, "growth", TABLE_GROWTH, "memory growth by call site")

#define COLUMN_ID(id, name, label, kind, unit, help) id,
#define TABLE_ENUM(table, name, LIST, help) enum table##_column { LIST(COLUMN_ID) table##_columns };
TABLES(TABLE_ENUM)
#undef TABLE_ENUM
#undef COLUMN_ID

#define TABLE_DECLARE(table, name, LIST, help) extern const struct table_def table;
TABLES(TABLE_DECLARE)
#undef TABLE_DECLARE

extern const struct table_def *const table_list[]; /* all of them, NULL-ended */

/* The key of a thread's row: tid, and its start time in clock ticks after boot. */
uint64_t table_thread_key(pid_t tid, uint64_t start);
pid_t table_thread_tid(uint64_t key);

/* The table of that definition in a sample that is being filled, by whichever source; NULL: nobody has made it. */
struct table *sample_find_table(const struct sample *s, const struct table_def *def);

/* The row of a key; NULL: not there. Looks from `*hint` on, which it moves, so that a walk in the same order is quick. */
union cell *table_find(const struct table *t, uint64_t key, size_t *hint);

#endif
