/* The threads of the target: a table row each, sums over all, and where their time went. */
#ifndef TACH_SOURCE_PROC_THREADS_H
#define TACH_SOURCE_PROC_THREADS_H

#include "source/proc/kept.h"
#include "source/proc/metrics.h"
#include "source/proc/spend.h"

/* Up to so many are all read at every tick. Of more, those that ran when last seen and then the rest in turn, as many as
 * there is time for. */
#define THREADS_WHOLE 512
#define THREADS_A_TICK 1024
#define THREADS_LEAST 128
#define THREADS_TIME (2 * NSEC_PER_MSEC) /* CPU time of tach */

enum thread_field {
	THREAD_RUN,        /* ns */
	THREAD_RUNQUEUE,   /* ns */
	THREAD_TIMESLICES,
	THREAD_VOLUNTARY,
	THREAD_INVOLUNTARY,
	THREAD_IO,         /* ns */
	THREAD_FIELDS
};

struct watched {
	pid_t tid, pid;
	int dir;           /* of its process; borrowed from the target */
	uint64_t start;    /* clock ticks after boot; with tid, the identity. 0: not read yet */
	bool ran;          /* between the last two reads of it */
	uint64_t round;    /* of its last read */
	nsec_t read_at;
	struct kept stat, schedstat, status;
	uint64_t last[THREAD_FIELDS], total[THREAD_FIELDS]; /* as read; since tach began to watch */
	struct spend spend;
	char name[32];
	char state[2];
	int cpu;
};

struct threads {
	struct watched **list; /* by tid */
	size_t count, capacity;
	uint64_t generation, round;
	size_t next;           /* whose turn it is */
	size_t read, left_out; /* in the last tick */
	bool ended;            /* some did since the last tick, and what they used after it nobody knows */
	uint64_t began;        /* clock ticks after boot: who started later counts from 0 */
	uint64_t total[THREAD_FIELDS];
	nsec_t part[SPEND_PARTS];
	struct kept delays_switch; /* kernel.task_delayacct */
	bool has_times, has_delays, has_switches, wants_switches, wants_table;
};

void threads_open(struct threads *t, const struct source_env *env);
void threads_close(struct threads *t, struct kept_budget *b);

/* incomplete: the sums by thread miss what children did that came and went between two ticks. */
void threads_read(struct threads *t, const struct proc_tick *tick, struct kept_budget *b, bool incomplete);

#endif
