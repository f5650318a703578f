/*
 * What the files of this room share. The life of a counter: rows and -e names become groups (groups.c), each is tried
 * on tach's own thread to learn what this machine and these rights allow (trial.c), then opened on every thread of the
 * target that has not inherited it (follow.c, attach.c), and read, scaled and summed at each tick (count.c); what is
 * missing gets its sentence on the way (explain.c), and report.c puts all of it into the sample. Where the threads are very
 * many the groups are given to another source instead (give.c).
 */
#ifndef TACH_SOURCE_PERF_ENGINE_H
#define TACH_SOURCE_PERF_ENGINE_H

#include "model/sample.h"
#include "source/perf/event.h"
#include "source/perf/kernel.h"
#include "source/perf/rows.h"
#include "source/source.h"
#include "target/target.h"

#define PERF_PMUS 4             /* kinds of cores on one machine */
#define PERF_SHARE 2            /* one in so many of the descriptors is perf's; a third is /proc's, the rest the probes' */
#define PERF_GROUP_READS 2048   /* threads times groups read in a tick, 1 to 2 ms; above, groups are left out */

/* Why a number is not there. POINT_OK: it is. */
struct perf_reason {
	enum point_state state;
	char why[200];
	char fix[100]; /* the command that mends it, or "" */
};

/* One number: what it asks of the kernel and what was counted since tach began to watch. */
struct perf_event {
	char name[64]; /* for sentences: the metric's name, or the -e name */
	struct perf_code code;
	metric_id id;
	double unit;    /* of one count: 1, or 1e-9 for nanoseconds shown as seconds */
	bool user_only; /* the kernel part was refused */
	bool one_pmu;   /* of a hybrid CPU: counts on one kind of core only */
	struct perf_reason reason;
	double total;
};

enum perf_kind { PERF_SOFTWARE, PERF_HARDWARE, PERF_EXTRA, PERF_KINDS }; /* a status row each; PERF_EXTRA is -e */

/* What the threads of a group said since the last report. */
struct perf_tally {
	uint64_t enabled, running; /* nanoseconds of thread time that should have been, and were, counted */
	uint64_t uncounted;        /* the part of enabled of threads on which the group never ran in this interval */
	size_t taken, lost;        /* threads that could and could not be read */
};

/*
 * Events that are counted together. On each thread a unit of the group is open: a lane on each kind of core, each lane
 * with a descriptor for each counted event, the first one being the leader, by which all are read. Arrays are flat:
 * lane l of unit u is number u * npmus + l.
 */
struct perf_group {
	enum perf_kind kind;
	struct perf_event events[PERF_GROUP_SIZE];
	size_t nevents;
	struct perf_event *counted[PERF_GROUP_SIZE]; /* those of them that can be counted, in the kernel's order */
	size_t ncounted;                             /* 0: the group is not opened */
	size_t npmus;

	int *fds;              /* [lane][ncounted] */
	uint64_t *before;      /* [lane][2 + ncounted]: enabled, running, values at the last look */
	unsigned *trees;       /* [unit] */
	size_t nunits, fds_capacity, before_capacity, trees_capacity;
	size_t opened, missed; /* threads on which it could and could not be opened, ever */

	struct perf_tally tally;
	bool ran;              /* was seen running, ever */
	bool offered, given;   /* to another source; given: ncounted is 0 */
	unsigned waited;       /* ticks in which it should have run but never had */
	struct perf_reason reason; /* why no counted event has a number at this tick */
};

struct perf_pmu {
	uint32_t type;
	char name[32];
};

/* A process that is counted: a unit was opened on its threads, or it inherited its parent's. */
struct perf_member {
	pid_t pid;
	uint64_t start; /* as in struct process */
	uint64_t since; /* from when on its children are born counted, in the unit of start; 0: not decided yet */
	unsigned tree;  /* the opening that it descends from; 0: none of its threads could be opened */
};

struct perf {
	const struct perf_kernel *kernel;
	bool children;      /* forked children are counted, not only threads */
	bool cgroup;        /* the target's list is all that counts: who left it is not counted any more */
	bool inherit_thread; /* the kernel can tell threads from children */

	struct perf_group *groups;
	size_t ngroups;
	struct perf_pmu pmus[PERF_PMUS]; /* kinds of cores that the kernel names */
	size_t kinds;       /* of them; two or more: the CPU is hybrid */
	size_t npmus;       /* on how many of them a generic event is opened: all, or 1 */

	struct perf_member *members; /* sorted by pid */
	size_t nmembers;
	unsigned trees;
	uint64_t file_limit;
	size_t threads;     /* found alive when they were to be opened */
	size_t newborn;     /* of them born while tach attached: these may be counted twice */
	int failure;        /* errno of the first unit that could not be opened */
	bool full;          /* no descriptor is left */
	struct handover *handover; /* NULL: nobody takes any */
	bool waiting;       /* for the answer; nothing is open meanwhile */
	const char *cpu;    /* what libpfm4 takes the CPU for, NULL: unknown; only where there are -e events */
};

/* Everything for perf_new(); the pointers outlive it. */
struct perf_options {
	const struct perf_kernel *kernel;
	struct registry *registry;
	metric_id first;
	const bool *wanted;        /* one for each of perf_metrics */
	const char *const *events; /* NULL or NULL-ended */
	bool children, cgroup;
	struct handover *handover; /* or NULL */
};

/* The engine without a target: it is told of processes. NULL with e when perf_event_open does not work at all. */
struct perf *perf_new(const struct perf_options *o, struct err *e);
void perf_follow(struct perf *p, const struct process *list, size_t count); /* at first, and when the list changed */
void perf_tick(struct perf *p, struct sample *out);
void perf_free(struct perf *p);

/* groups.c: fills p->groups from the wanted rows and the -e names. */
void perf_groups_make(struct perf *p, const struct perf_options *o);

/* trial.c: whether perf_event_open works at all (0, or -1 with the reason), and which events can be counted. */
int perf_trial_basic(const struct perf_kernel *k, struct perf_reason *reason);
void perf_trial(struct perf *p);

/* explain.c: errno of perf_event_open as a sentence. */
void perf_explain_basic(const struct perf_kernel *k, int code, struct perf_reason *out);
void perf_explain_event(const struct perf_kernel *k, int code, const char *name, struct perf_reason *out);
void perf_explain_attach(int code, struct perf_reason *out);
void perf_explain_no_pmu(const struct perf_kernel *k, struct perf_reason *out);
void perf_explain_idle_pmu(const struct perf_kernel *k, struct perf_reason *out);
void perf_explain_never_ran(const struct perf_kernel *k, struct perf_reason *out);
void perf_reason_set(struct perf_reason *r, enum point_state state, const char *fix, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* lane.c: opens the counted events of a group on one thread (0: the caller's) and one kind of core; fds is
 * [ncounted]. 0, or -1 with errno and nothing left open. */
int perf_lane_open(const struct perf *p, const struct perf_group *g, pid_t tid, size_t pmu, int *fds);
int perf_event_open_one(const struct perf *p, const struct perf_event *ev, pid_t tid, size_t pmu, int leader);
void perf_lane_close(const struct perf *p, const int *fds, size_t count);

/* Reads a lane: enabled, running and count values into out. 0, or -1 with errno (EIO: less than that came). */
int perf_lane_read(const struct perf_kernel *k, int leader, size_t count, uint64_t *out);

/* attach.c: opens all threads of a process, again and again until no new one shows up. Whether any could be opened. */
bool perf_attach(struct perf *p, const struct process *process, unsigned tree);

/* follow.c: whether the groups are more than may be opened on so many threads or read in a tick. */
bool perf_too_many(const struct perf *p, size_t threads);

/* follow.c: ends the units of a group, without a last look. */
void perf_group_close(const struct perf *p, struct perf_group *g);

/* give.c: offers the groups if the threads are too many, at most once. */
void perf_offer(struct perf *p, size_t threads);

/* give.c: takes the answer. Whether the target is to be followed (again): nothing was open while the engine waited. */
bool perf_settle(struct perf *p);

/* count.c: adds what a unit counted since the last look to its group. */
void perf_unit_take(const struct perf *p, struct perf_group *g, size_t unit);

/* report.c: puts what was taken since the last report into the sample. */
void perf_report(struct perf *p, struct sample *out);

#endif
