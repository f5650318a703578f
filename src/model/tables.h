/*
 * The tables that more than one source fills, or that panes know by their columns: one row of the lists below a
 * column. A source fills totals (COUNTER) and levels (GAUGE), the store makes rates of totals; NaN and "" are unknown.
 * Texts from outside are cleaned (str_clean) by who fills them.
 */
#ifndef TACH_MODEL_TABLES_H
#define TACH_MODEL_TABLES_H

#include "model/sample.h"

/* Each: id, name, label, kind, unit. */

/* Threads; key: tid and start time (table_thread_key()). The split of a thread's time: user + system + runqueue + lock +
 * disk + net + sleep + idle + other is its wall time; the last six only by the scheduler probe. */
#define TABLE_THREADS(X) \
	X(THREADS_PID, "pid", "pid", GAUGE, COUNT) \
	X(THREADS_TID, "tid", "tid", GAUGE, COUNT) \
	X(THREADS_NAME, "name", "name", TEXT, COUNT) \
	X(THREADS_STATE, "state", "S", TEXT, COUNT) \
	X(THREADS_CPU, "cpu", "on", GAUGE, COUNT) \
	X(THREADS_USER, "user_seconds", "usr", COUNTER, SECONDS) \
	X(THREADS_SYSTEM, "system_seconds", "sys", COUNTER, SECONDS) \
	X(THREADS_RUN, "run_seconds", "cpu", COUNTER, SECONDS) \
	X(THREADS_RUNQUEUE, "runqueue_seconds", "runq", COUNTER, SECONDS) \
	X(THREADS_IO, "io_delay_seconds", "io", COUNTER, SECONDS) \
	X(THREADS_VOLUNTARY, "switches_voluntary", "vol", COUNTER, COUNT) \
	X(THREADS_INVOLUNTARY, "switches_involuntary", "inv", COUNTER, COUNT) \
	X(THREADS_LOCK, "lock_seconds", "lock", COUNTER, SECONDS)    /* contended lock */ \
	X(THREADS_DISK, "disk_seconds", "disk", COUNTER, SECONDS)    /* file I/O, page faults that wait for storage */ \
	X(THREADS_NET, "net_seconds", "net", COUNTER, SECONDS)       /* sockets, and poll, epoll, select */ \
	X(THREADS_SLEEP, "sleep_seconds", "slp", COUNTER, SECONDS)   /* asked for: nanosleep, timers */ \
	X(THREADS_IDLE, "idle_seconds", "idle", COUNTER, SECONDS)    /* condition variables, joins, waiting for children */ \
	X(THREADS_OTHER, "other_seconds", "oth", COUNTER, SECONDS)   /* off the CPU for another reason */ \
	X(THREADS_WAITS_FOR, "waits_for", "waits for", TEXT, COUNT)  /* now: "conn_tbl", "epoll_wait"; "" when it runs */

/* What threads wait for by futex address; key: tgid and address. p50, p99 and max are of the last 10 seconds. */
#define TABLE_LOCKS(X) \
	X(LOCKS_LOCK, "lock", "lock", TEXT, COUNT)         /* "conn_tbl", "[heap]+0x40", "0x7f3a91c8" */ \
	X(LOCKS_KIND, "kind", "kind", TEXT, COUNT)         /* mutex, rwlock, pi, sem, barrier, futex; cond, join, queue */ \
	X(LOCKS_GROUP, "group", "group", TEXT, COUNT)      /* "lock": contention. "work": waits for work, no contention */ \
	X(LOCKS_ADDR, "addr", "address", TEXT, COUNT)      /* "0x5581f2a041c0" */ \
	X(LOCKS_PID, "pid", "pid", GAUGE, COUNT) \
	X(LOCKS_WAITS, "waits", "waits", COUNTER, COUNT) \
	X(LOCKS_WAIT, "wait_seconds", "wait", COUNTER, SECONDS)          /* blocked */ \
	X(LOCKS_RUNQUEUE, "runqueue_seconds", "runq", COUNTER, SECONDS)  /* then woken, but not yet on a CPU */ \
	X(LOCKS_P50, "p50", "p50", GAUGE, SECONDS) \
	X(LOCKS_P99, "p99", "p99", GAUGE, SECONDS) \
	X(LOCKS_MAX, "max", "max", GAUGE, SECONDS) \
	X(LOCKS_WAITERS, "waiters", "now", GAUGE, COUNT)   /* threads that wait at this moment */ \
	X(LOCKS_HOLDER, "holder", "held by", TEXT, COUNT)  /* "ctl/18236"; "~ctl/18236": last waker, a guess */ \
	X(LOCKS_WAITS_AT, "waits_at", "waits at", TEXT, COUNT) \
	X(LOCKS_HELD_AT, "held_at", "held at", TEXT, COUNT)

/* Where a lock is waited for and let go: one row a lock, role, thread and call site. Shares are of `samples`. */
#define TABLE_LOCK_SITES(X) \
	X(SITES_ADDR, "addr", "address", TEXT, COUNT)      /* of the lock */ \
	X(SITES_PID, "pid", "pid", GAUGE, COUNT) \
	X(SITES_ROLE, "role", "role", TEXT, COUNT)         /* "wait" or "hold" */ \
	X(SITES_THREAD, "thread", "thread", TEXT, COUNT)   /* name */ \
	X(SITES_TID, "tid", "tid", GAUGE, COUNT) \
	X(SITES_SITE, "site", "where", TEXT, COUNT)        /* "fwd.c:212" or "ct_lookup+0x1c" */ \
	X(SITES_CALLERS, "callers", "callers", TEXT, COUNT) /* "fwd_rx > ct_lookup" */ \
	X(SITES_SAMPLES, "samples", "samples", GAUGE, COUNT) /* stacks taken there so far */

/* Who waited for whom. */
#define TABLE_LOCK_PAIRS(X) \
	X(PAIRS_WAITER, "waiter", "waiter", TEXT, COUNT)   /* "rx1/18233" */ \
	X(PAIRS_OWNER, "owner", "owner", TEXT, COUNT) \
	X(PAIRS_WAITS, "waits", "waits", COUNTER, COUNT) \
	X(PAIRS_WAIT, "wait_seconds", "wait", COUNTER, SECONDS)

/* Chains of waiting at this moment, the longest first. */
#define TABLE_LOCK_CHAINS(X) \
	X(CHAINS_CHAIN, "chain", "longest chain now", TEXT, COUNT) /* "rx1 > ctl" */ \
	X(CHAINS_LOCK, "lock", "lock", TEXT, COUNT) \
	X(CHAINS_WAIT, "seconds", "for", GAUGE, SECONDS)           /* so far */ \
	X(CHAINS_END, "end", "ends at", TEXT, COUNT)               /* "ctl runs on cpu 3", "ctl in epoll_wait" */

/* Contended locks of the kernel, by call site. */
#define TABLE_KERNEL_LOCKS(X) \
	X(KLOCKS_LOCK, "lock", "lock", TEXT, COUNT) \
	X(KLOCKS_KIND, "kind", "kind", TEXT, COUNT)        /* spin, rwspin, mutex, rwsem, rtmutex, pcpu */ \
	X(KLOCKS_SITE, "site", "waits at", TEXT, COUNT) \
	X(KLOCKS_WAITS, "waits", "waits", COUNTER, COUNT) \
	X(KLOCKS_WAIT, "wait_seconds", "wait", COUNTER, SECONDS) \
	X(KLOCKS_MAX, "max", "max", GAUGE, SECONDS)

/* System calls that threads were blocked in (calls: only while every call is timed). */
#define TABLE_SYSCALLS(X) \
	X(SYSCALLS_NAME, "name", "call", TEXT, COUNT) \
	X(SYSCALLS_CAUSE, "cause", "cause", TEXT, COUNT)   /* lock, disk, net, sleep, idle, other */ \
	X(SYSCALLS_WAITS, "waits", "waits", COUNTER, COUNT) \
	X(SYSCALLS_WAIT, "wait_seconds", "blocked", COUNTER, SECONDS) \
	X(SYSCALLS_MAX, "max", "max", GAUGE, SECONDS)      /* longest wait of the last 10 seconds */ \
	X(SYSCALLS_CALLS, "calls", "calls", COUNTER, COUNT) \
	X(SYSCALLS_ERRORS, "errors", "errors", COUNTER, COUNT) \
	X(SYSCALLS_TIME, "call_seconds", "time", COUNTER, SECONDS) /* in the call, blocked or not */

/* Sockets of the target; key: the kernel's socket cookie. */
#define TABLE_SOCKETS(X) \
	X(SOCKETS_PROTOCOL, "protocol", "proto", TEXT, COUNT) /* tcp, udp */ \
	X(SOCKETS_LOCAL, "local", "local", TEXT, COUNT)       /* "10.0.0.1:443", "[::1]:53" */ \
	X(SOCKETS_PEER, "peer", "peer", TEXT, COUNT) \
	X(SOCKETS_ROLE, "role", "role", TEXT, COUNT)          /* server, client, listen */ \
	X(SOCKETS_STATE, "state", "state", TEXT, COUNT)       /* as ss has it: ESTAB, LISTEN, ... */ \
	X(SOCKETS_RX_BYTES, "rx_bytes", "rx", COUNTER, BYTES) \
	X(SOCKETS_TX_BYTES, "tx_bytes", "tx", COUNTER, BYTES) \
	X(SOCKETS_RX_SEGMENTS, "rx_segments", "rx seg", COUNTER, COUNT) \
	X(SOCKETS_TX_SEGMENTS, "tx_segments", "tx seg", COUNTER, COUNT) \
	X(SOCKETS_RX_MESSAGES, "rx_messages", "rx msg", COUNTER, COUNT) \
	X(SOCKETS_TX_MESSAGES, "tx_messages", "tx msg", COUNTER, COUNT) \
	X(SOCKETS_RETRANSMITS, "retransmits", "rtx", COUNTER, COUNT) \
	X(SOCKETS_RTT, "rtt_seconds", "rtt", GAUGE, SECONDS)  /* smoothed, of the kernel */ \
	X(SOCKETS_RX_QUEUE, "rx_queue_bytes", "rxq", GAUGE, BYTES) \
	X(SOCKETS_TX_QUEUE, "tx_queue_bytes", "txq", GAUGE, BYTES) \
	X(SOCKETS_DROPS, "drops", "drop", COUNTER, COUNT)

/* The slowest events of the last minute, slowest first. */
#define TABLE_SLOW(X) \
	X(SLOW_METRIC, "metric", "what", TEXT, COUNT)      /* name of the histogram metric it belongs to */ \
	X(SLOW_WALL, "wall", "when", GAUGE, SECONDS)       /* wall time at which it ended, seconds since 1970 */ \
	X(SLOW_SECONDS, "seconds", "took", GAUGE, SECONDS) \
	X(SLOW_THREAD, "thread", "thread", TEXT, COUNT)    /* "rx1/18233" */ \
	X(SLOW_WAITED, "waited_for", "waited for", TEXT, COUNT) /* "conn_tbl 3.7ms", "run queue 1.2ms", "fsync 3ms" */

/* A latency by thread: the threads of each metric in which most time passed lately; key: thread and metric. What goes on
 * at this moment is in it. */
#define TABLE_LATENCY_THREADS(X) \
	X(SPLIT_METRIC, "metric", "what", TEXT, COUNT)     /* name of the histogram metric it belongs to */ \
	X(SPLIT_THREAD, "thread", "thread", TEXT, COUNT)   /* "rx1/18233" */ \
	X(SPLIT_TID, "tid", "tid", GAUGE, COUNT) \
	X(SPLIT_EVENTS, "events", "events", COUNTER, COUNT) \
	X(SPLIT_SECONDS, "seconds", "time", COUNTER, SECONDS) \
	X(SPLIT_MAX, "max", "max", GAUGE, SECONDS)         /* longest of the last 10 to 20 seconds */

/* Memory growth by call site, extrapolated from one fault in 64. */
#define TABLE_GROWTH(X) \
	X(GROWTH_SITE, "site", "where", TEXT, COUNT) \
	X(GROWTH_CALLERS, "callers", "callers", TEXT, COUNT) \
	X(GROWTH_CAUSE, "cause", "cause", TEXT, COUNT)     /* anon, file, write (copy on write) */ \
	X(GROWTH_FAULTS, "faults", "faults", COUNTER, COUNT) \
	X(GROWTH_BYTES, "bytes", "bytes", COUNTER, BYTES)

/* All tables: identifier, name, list of its columns. */
#define TABLES(T) \
	T(table_threads, "threads", TABLE_THREADS) \
	T(table_locks, "locks", TABLE_LOCKS) \
	T(table_lock_sites, "lock_sites", TABLE_LOCK_SITES) \
	T(table_lock_pairs, "lock_pairs", TABLE_LOCK_PAIRS) \
	T(table_lock_chains, "lock_chains", TABLE_LOCK_CHAINS) \
	T(table_kernel_locks, "kernel_locks", TABLE_KERNEL_LOCKS) \
	T(table_syscalls, "syscalls", TABLE_SYSCALLS) \
	T(table_sockets, "sockets", TABLE_SOCKETS) \
	T(table_slow, "slow", TABLE_SLOW) \
	T(table_latency_threads, "latency_threads", TABLE_LATENCY_THREADS) \
	T(table_growth, "growth", TABLE_GROWTH)

#define COLUMN_ID(id, name, label, kind, unit) id,
#define TABLE_ENUM(table, name, LIST) enum table##_column { LIST(COLUMN_ID) table##_columns };
TABLES(TABLE_ENUM)
#undef TABLE_ENUM
#undef COLUMN_ID

#define TABLE_DECLARE(table, name, LIST) extern const struct table_def table;
TABLES(TABLE_DECLARE)
#undef TABLE_DECLARE

/* The key of a thread's row: tid, and its start time in clock ticks after boot. */
uint64_t table_thread_key(pid_t tid, uint64_t start);
pid_t table_thread_tid(uint64_t key);

/* The table of that definition in a sample that is being filled, by whichever source; NULL: nobody has made it. */
struct table *sample_find_table(const struct sample *s, const struct table_def *def);

/* The row of a key; NULL: not there. Looks from `*hint` on, which it moves, so that a walk in the same order is quick. */
union cell *table_find(const struct table *t, uint64_t key, size_t *hint);

#endif
