/* The processes of the target: their own counters, settled into totals that outlive them. */
#ifndef TACH_SOURCE_PROC_PROCESSES_H
#define TACH_SOURCE_PROC_PROCESSES_H

#include "source/proc/kept.h"
#include "source/proc/metrics.h"
#include "source/proc/settle.h"

#define PROCESSES_A_TICK 1024 /* most that are read in one tick; those of a larger target take turns */

/* In the order of the metrics PROC_MEM_RSS and following; bytes. */
enum memory_part { MEMORY_RSS, MEMORY_ANON, MEMORY_FILE, MEMORY_SHARED, MEMORY_SWAP, MEMORY_VIRTUAL, MEMORY_PARTS };

struct member {
	struct settle_member settle;
	uint64_t start;  /* clock ticks after boot; with pid, the identity */
	bool born;       /* started after tach began to watch */
	bool listed;     /* the target has it; a zombie stays a member until its parent has waited for it */
	bool has_io;     /* its storage bytes have been read once */
	bool left;       /* alive, but the target's no more: it was moved out of the cgroup */
	int dir;         /* borrowed from the target; -1 when not listed */
	struct kept stat, io;
	bool has_memory;
	uint64_t memory[MEMORY_PARTS]; /* as last read */
};

struct processes {
	struct member **list; /* parents before their children: by start time */
	struct settle_member **settle; /* the same members, for settle_tick() */
	size_t count, capacity, settle_capacity;
	struct settle_totals totals;
	uint64_t generation;
	size_t next;      /* whose turn it is in a target that is too large for one tick */
	size_t left_out;  /* not read in this tick */
	size_t io_read, io_denied; /* members whose storage bytes could and could not be read */
	bool children, followed;
	bool started_here; /* by tach: what it waits for is the target's */
};

void processes_open(struct processes *p, const struct source_env *env);
void processes_close(struct processes *p, struct kept_budget *b);

/* Whether totals by thread miss something in this tick: children that came and went, or whose turn it was not. */
bool processes_incomplete(const struct processes *p);

void processes_read(struct processes *p, const struct proc_tick *t, struct kept_budget *b);

#endif
