/* What the programs in the kernel and the readers in user space share: the layouts of maps. Plain C for both. */
#ifndef TACH_SOURCE_BPF_SHARED_H
#define TACH_SOURCE_BPF_SHARED_H

#ifndef __bpf__
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#include "source/waits.h"

#include <tach/histogram.h>

/* How a futex is waited for. */
enum lock_kind {
	LOCK_NONE,
	LOCK_MUTEX, /* FUTEX_WAIT with the value 2: glibc's low-level lock, Rust's mutex; glibc keeps the owner */
	LOCK_WORD,  /* the value holds the owner's tid and the waiters bit: musl */
	LOCK_PI,    /* priority inheritance: the word holds the owner's tid */
	LOCK_JOIN,  /* the value is a tid of the process: pthread_join */
	LOCK_WORK,  /* a bitset wait: condition variable, semaphore, read-write lock, barrier */
	LOCK_FUTEX, /* a plain wait with another value */
};

#define SLOTS 16384         /* threads at a time */
#define TIDS (1u << 22)     /* the kernel's PID_MAX_LIMIT */
#define LOCKS 4096
#define LOCK_HISTS 64
#define LOCK_PLACES 256
#define PLACE_NONE 0x7fffffffu
#define PLACE_CONTENDED 0x80000000u
#define PAIRS 2048
#define RECORDS_BYTES (1 << 19) /* is mapped twice */

enum slot_state {
	SLOT_FREE,
	SLOT_RUNNING,
	SLOT_RUNNABLE,
	SLOT_BLOCKED,
	SLOT_DEAD,
	SLOT_UNSEEN /* only some waits are measured, and this is none of them: what it does is not known */
};

/* One thread. Written by the CPU that switches it; `seq` is odd meanwhile (woken, waker and comm are others'). Times are nanoseconds of the kernel's
 * monotonic clock. Totals do not hold what goes on: that is now - since. */
struct thread_slot {
	u32 seq, state;
	u32 tid, tgid;
	u64 start;       /* since boot */
	char comm[16];
	u64 since;       /* when the state began */
	u64 woken;       /* when it was woken from a block; 0: it has not been */
	u64 run, queue;  /* totals: on a CPU, ready to run */
	u64 executed;    /* the kernel's own total on a CPU when it last left one */
	u64 blocked[CAUSES];
	u64 voluntary, involuntary; /* since the place was taken */
	u64 voluntary_before, involuntary_before; /* what the kernel had counted by then */
	u64 left;        /* the tick of the kernel in which it left the CPU last, where only some waits are measured */
	u64 addr;        /* of the futex it is blocked on */
	u32 value;       /* that it expected there */
	u32 owner;       /* tid as the program sees it, LOCK_MUTEX, _WORD, _PI; 0: unknown */
	u32 waker;       /* who woke it last */
	u32 cpu;         /* where it ran last */
	u16 call, cause, kind;
	u16 weight;      /* waits that this one stands for */
	u32 fd, fd_cause; /* last descriptor looked at + 1, and what waiting for it is */
	u32 inner_tid;   /* its tid in its own pid namespace, as locks hold it */
	u32 pad[9];      /* so that no two of them, on two CPUs, are in one line of the cache */
};

/* One histogram a CPU. The count is the sum of the bins. max is of the epoch it carries. */
struct bpf_hist {
	u64 sum, max, epoch;
	u64 bins[TACH_HIST_BINS];
};

struct lock_key {
	u64 addr;
	u32 tgid;
	u32 kind;
};

struct lock_total {
	u64 waits, blocked, queue; /* queue: from the wake-up to the CPU */
	u64 max, epoch;
	u32 owner, waker, value, pad; /* of the last wait */
	u64 stacks[2];             /* when the last ones were taken, by role */
};

struct lock_bins {
	u64 bins[TACH_HIST_BINS];
};

#define PAIR_BY_WAKER 0x100 /* in kind: owner is who woke it, by its tid */

struct pair_key {
	u32 tgid, waiter, owner; /* owner: as the program sees it */
	u32 kind;
};

struct pair_total {
	u64 waits, blocked;
};

#define CALL_SHARDS 2 /* so that CPUs seldom share a line */

/* Waits in one system call for one cause, on some CPUs: the place is (shard, cause, call). */
struct call_total {
	u64 waits, blocked;
	u64 max, epoch;
};

/* Why a page was not there, or could not be written to. */
#define BPF_FAULTS(X) \
	X(FAULT_ANON, "anon") \
	X(FAULT_FILE, "file") \
	X(FAULT_COPY, "write")

#define X(id, text) id,
enum fault_cause { BPF_FAULTS(X) FAULT_UNKNOWN, FAULT_CAUSES };
#undef X

/* Page faults on one CPU. */
struct mem_counts {
	u64 all, faults[FAULT_CAUSES];
	u64 absent;  /* of them, without a page and to be told apart: as anon and file, where the kernel brings one */
	u64 allowed; /* the page was there and might be written to */
	u64 due, taken; /* stacks: wanted, and those that there was room for */
};

#define KLOCKS 2048

/* A lock of the kernel and where it is waited for: return addresses; 0: unknown. */
struct klock_key {
	u64 lock, site, caller;
};

struct klock_total {
	u64 waits, time;
	u64 max, epoch;
	u32 flags;    /* of the hook: what kind of lock */
	u32 identity; /* KLOCK_... */
};

/* Locks that are known by whose they are. */
#define BPF_KLOCKS(X) \
	X(KLOCK_UNKNOWN, "") \
	X(KLOCK_MMAP, "mmap_lock") \
	X(KLOCK_SIGNALS, "siglock") \
	X(KLOCK_FILES, "file_lock") \
	X(KLOCK_RUNQUEUE, "runqueue")

#define X(id, text) id,
enum klock_identity { BPF_KLOCKS(X) KLOCK_IDENTITIES };
#undef X

/* Places in the counters of the group blk. */
enum { BLK_READS, BLK_WRITES, BLK_READ_BYTES, BLK_WRITE_BYTES, BLK_COUNTS };

/* One system call, on one CPU, while all are timed. */
struct sys_total {
	u64 calls, errors, time;
};

enum stack_role { STACK_WAIT, STACK_HOLD, STACK_FAULT };

#define STACK_BYTES 8192
#define STACK_EVERY 50000000u /* ns between two of one lock and role */

/* struct pt_regs of <asm/ptrace.h> on x86-64, struct user_pt_regs on arm64: the layouts that programs see. */
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
#define STACK_REGS 34
#else
#define STACK_REGS 21
#endif

enum record_type { RECORD_STACK, RECORD_SLOW, RECORD_REQUEST, RECORD_TYPES };

/* A user stack to unwind. */
struct stack_record {
	u32 type;      /* RECORD_STACK */
	u32 role;
	u64 time;
	u64 addr;      /* of the lock, or of the fault */
	u32 tid, tgid;
	u32 kind;      /* of the lock, or the cause of the fault */
	u32 size;      /* bytes of stack, from sp on */
	u64 sp;
	u64 weight;    /* how many events it stands for */
	u64 regs[STACK_REGS];
	u8 stack[STACK_BYTES];
};

/* A wait that was slower than the control asks for. */
struct slow_record {
	u32 type;              /* RECORD_SLOW */
	u32 hist;              /* place in the histograms of the scheduler group */
	u64 time, took, queue; /* when it ended; how long it was blocked, and then ready to run */
	u64 addr;
	u32 tid, tgid, owner, value;
	u16 call, cause, kind, pad;
};

/* What went wrong, a CPU. Each is a `>` somewhere. */
#define BPF_LOSSES(X) \
	X(LOST_MARKS, "children that could not be marked") \
	X(LOST_SLOTS, "threads without a place") \
	X(LOST_LOCKS, "waits on locks without a place") \
	X(LOST_PAIRS, "waits of pairs without a place") \
	X(LOST_STACKS, "stacks") \
	X(LOST_CALLS, "system calls") \
	X(LOST_KLOCKS, "waits on kernel locks without a place") \
	X(LOST_FAULTS, "causes of page faults") \
	X(LOST_BLOCKS, "block requests without a place") \
	X(LOST_SOCKETS, "sockets without memory for their state") \
	X(LOST_RETURNS, "returns of timed functions") \
	X(LOST_OTHER, "records of other maps")

#define X(id, text) id,
enum loss { BPF_LOSSES(X) LOSSES };
#undef X
#define LOSS_BIT(loss) (1u << (loss))

/* Places in the histograms of the scheduler group. */
enum { HIST_RUNQUEUE, HIST_OFFCPU, SCHED_HISTS = HIST_OFFCPU + CAUSES };

/* What is split by thread: the same, then requests by their kind (enum sock_hist). */
#define PART_REQUESTS 3
enum { PART_REQUEST = SCHED_HISTS, PARTS = PART_REQUEST + PART_REQUESTS };

/* Events of a thread, and the longest of this window and of the one before. */
struct split_part {
	u64 events, longest, before;
	u32 window, pad;
};

/* Of the thread with the same place in thread_slots, which has the time of its waits. */
struct thread_split {
	struct split_part parts[PARTS];
	u64 requested[PART_REQUESTS]; /* time */
};

#define FN_SLOTS 32            /* functions of --fn */
#define FN_TRIAL FN_SLOTS      /* the place of what tach calls itself, to know what a probe costs */
#define FN_DEPTH 32            /* timed calls of a thread that are not over */

/* A call of a timed function. The stack pointer tells the calls of a recursion, and of coroutines, apart. */
struct fn_frame {
	u64 sp;    /* as it is when the call has returned */
	u64 since;
	u32 slot;  /* + 1; 0: none */
	u32 pad;
};

/* A thread's calls: a ring, so that those that never return (longjmp) are overwritten. */
struct fn_calls {
	u64 next;
	struct fn_frame frames[FN_DEPTH];
};

#define HW_EVENTS 32 /* counters of a CPU */

/* A counter as the kernel reads it (struct bpf_perf_event_value), and sums of these. */
struct hw_count {
	u64 counter, enabled, running;
};

/* The counters of one CPU while threads of the target run there. Written there only, read as it goes. */
struct hw_cpu {
	u32 on;     /* one of them runs now, and `start` is of when it began, or was looked at last */
	u32 tid;    /* of whoever was the last to be seen to begin */
	u32 failed; /* counters that could not be read, and threads of the target whose beginning or end was not seen */
	u32 pad;
	struct hw_count start[HW_EVENTS], total[HW_EVENTS];
};

/* How much a group measures; price.h says when. */
enum price_stage {
	PRICE_FULL,
	PRICE_SAMPLED, /* one event in 1 << PRICE_SHIFT, each for so many */
	PRICE_COUNTS,  /* only counts, no times */
	PRICE_OFF,
	PRICE_STAGES
};

#define PRICE_SHIFT 4

enum { STAGED_SCHED, STAGED_SYS, STAGED };

/* Written by user space, read by programs. */
#define SLOW_HISTS 16 /* a power of two */

struct bpf_control {
	u64 epoch;       /* maxima of an older one are stale */
	u32 stacks_left; /* how many may be taken until it is written anew */
	u32 window;      /* of maxima by thread; begins anew every ten seconds */
	u32 stage[STAGED]; /* enum price_stage of the groups that have more than all or nothing */
	u64 slow[SLOW_HISTS];     /* waits (SCHED_HISTS of them) that take longer are told one by one */
	u32 slow_left[SLOW_HISTS]; /* how many; then only those that take longer than all told */
};

#endif
