/*
 * A group: one object of programs that is loaded, fails and is read by itself, with its own rows, status and reason.
 * The groups share a few maps (who belongs to the target, the threads' places), which the first that has them makes.
 */
#ifndef TACH_SOURCE_BPF_GROUP_H
#define TACH_SOURCE_BPF_GROUP_H

#include "base/clock.h"
#include "base/err.h"
#include "source/bpf/price.h"
#include "source/bpf/rows.h"
#include "source/bpf/shared.h"
#include "source/source.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* What this kernel can do, found by trying. */
struct bpf_features {
	bool task_storage; /* marks on tasks from tracing programs: 5.11 */
	bool task_regs;    /* bpf_task_pt_regs(): 5.15 */
	bool sk_storage;   /* values on sockets from tracing programs: 5.11 */
	bool functions;    /* programs on kernel functions; where they are refused, or the architecture has none, there are none */
	struct bpf_hook {
		char *name;
		int args;
	} *hooks;          /* its tracepoints, by name */
	size_t nhooks;
};

struct group;

/* All that groups share. */
struct bpf_room {
	const struct source_env *env;
	const struct target *target;
	struct bpf_features features;
	int ncpus;                 /* possible ones: per-CPU maps have so many values */
	struct bpf_control *control; /* mapped */
	struct group *groups;
	size_t ngroups;
	u64 lost[LOSSES];          /* so far */
	unsigned losing;           /* bits of enum loss: which grew since the last tick */
	struct records *records;   /* NULL: no group that is loaded has any */
	struct stacks *stacks;     /* NULL: no records, or no thread for it */
	struct slow *slow;
	struct symbol_worker *symbols; /* finds names; NULL: not there yet, or it cannot be started */
	double faults_a_stack;     /* times its weight: what each stack of a fault of this tick stands for */
	const struct slots *slots; /* the threads, of the scheduler group; NULL: it is not loaded */
	struct locks *locks;       /* the same */
	struct meter *meter;       /* what it all costs; NULL: it is not known yet */
};

struct group_ops {
	const char *name, *summary;
	enum bpf_metric first, last; /* its rows */
	bool always;                 /* also when none of them is wanted: the others need it */
	bool opt_in;                 /* only when asked for by name */
	unsigned variants;           /* ways to do it, the best first; 0: one. g->variant is the one to open */
	unsigned losses;             /* bits of enum loss: when one grows, its numbers are lower bounds */
	const char *how;             /* then: what asks for it, "--latency syscall"; NULL: the room */

	const struct price_row *price; /* of its events; NULL: they are rare, or free */
	const char *const *counted;    /* its programs that run once an event, NULL-ended; with price */
	double (*events)(struct group *g); /* of the target so far; with price */
	const struct table_def *const *tables; /* that hold its times, NULL-ended; NULL: none */
	int staged;                    /* its place in control.stage + 1; 0: it measures all or nothing */

	/* Where the rows do not say it; NULL: they do. Of an opt-in group: it is asked for by the room, not by name. */
	bool (*wanted)(const struct bpf_room *r);

	/* Opens the skeleton: sets g->typed, g->skeleton and read-only data. */
	int (*open)(struct group *g, struct err *e);
	int (*attached)(struct group *g, struct err *e); /* after its programs are attached; NULL: nothing to do */
	void (*marked)(struct group *g); /* the target is marked, or more of it is; NULL: nothing to do */
	void (*detached)(struct group *g); /* switched off: what it was in the midst of is not to be counted; NULL */
	void (*read)(struct group *g, struct sample *out);
	void (*refused)(struct group *g); /* once a tick while it cannot be had; NULL: nothing to do */
	void (*close)(struct group *g); /* its own state; the skeleton is closed after */
};

struct group {
	const struct group_ops *ops;
	struct bpf_room *room;
	struct bpf_object_skeleton *skeleton; /* NULL: not loaded */
	void *typed;                          /* the skeleton as generated */
	void *state;                          /* the group's own */
	unsigned variant;                     /* below ops->variants: the one that is loaded */
	struct err refused;                   /* why it is not the first of them */
	bool switching;                       /* a thread attaches or detaches it: asked, keep, until and stage apart it is that one's */
	bool attached;                        /* its programs run */
	bool asked, keep;                     /* opt-in: to be switched on; and to stay so */
	bool again;                           /* it was too dear a while ago, and is to be tried again */
	enum price_stage stage;               /* how much it measures; PRICE_OFF: it was too dear */
	nsec_t until;                         /* opt-in, not kept: when it is switched off again */
	char missing[160];                    /* hooks that this kernel does not have: "a, b"; "" none */
	char note[120];                       /* what else is to be said of its numbers; "" nothing */
	char partial[160];                    /* why its numbers are not all there now; "" they are */
	struct err why, fix;                  /* when it is not loaded */
};

extern const struct group_ops *const group_table[]; /* NULL-ended; the first one says who belongs */

/* What every object has in its read-only data. */
#define GROUP_SET_FEATURES(g, skel) \
	do { \
		(skel)->rodata->has_task_storage = (g)->room->features.task_storage; \
		(skel)->rodata->has_task_regs = (g)->room->features.task_regs; \
	} while (0)

/* Takes over a skeleton: its generic part and itself. */
#define GROUP_TAKE(g, skel) ((g)->typed = (skel), (g)->skeleton = (skel)->skeleton)

void group_load(struct group *g);   /* open, load, attach; g->why when it cannot */
void group_unload(struct group *g);
int group_attach(struct group *g, struct err *e); /* also again, after group_detach() */
void group_detach(struct group *g);               /* nobody pays for it any more; its totals stay */
void group_read(struct group *g, struct sample *out);
bool group_may_come_back(const struct group *g); /* after PRICE_OFF */
void group_set_stage(struct group *g, enum price_stage stage); /* its programs are told; PRICE_OFF has to be detached too */

/* Whether this kernel has a tracepoint. */
bool group_has_hook(const struct bpf_room *r, const char *tracepoint);

/* How many arguments the kernel gives there: they have changed at some. -1: it has no such tracepoint. */
int group_hook_args(const struct bpf_room *r, const char *tracepoint);

int group_map(const struct group *g, const char *name); /* descriptor of a loaded map; -1: it has none such */

/* Puts, each only if wanted; values are totals or levels. A histogram is taken over. */
bool group_wants(const struct group *g, enum bpf_metric m);
void group_put(const struct group *g, struct sample *out, enum bpf_metric m, double value);
void group_put_state(const struct group *g, struct sample *out, enum bpf_metric m, double value, enum point_state state);
enum point_state group_state(const struct group *g); /* partial while something of its own is lost, scaled while it samples */

/* A number that is exact also where only some events are timed. */
void group_put_count(const struct group *g, struct sample *out, enum bpf_metric m, double value);
void group_put_hist(const struct group *g, struct sample *out, enum bpf_metric m, struct hist *take);
void group_missing(const struct group *g, struct sample *out, enum bpf_metric m, enum point_state state, const char *why);

/* The sum over CPUs of a histogram in a per-CPU array; false: it cannot be read. */
bool group_read_hist(const struct group *g, int map, u32 which, struct hist *out);

/* The sum over CPUs of a u64 in a per-CPU array. */
u64 group_read_count(const struct group *g, int map, u32 which);

/* Runs a task iterator over all tasks. */
int group_iterate(const struct bpf_program *p, struct err *e);

#endif
