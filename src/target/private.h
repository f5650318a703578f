/* What the files of this room share: the target's inside. No other room includes it, but for tests. */
#ifndef TACH_TARGET_PRIVATE_H
#define TACH_TARGET_PRIVATE_H

#include "target/stat.h"
#include "target/target.h"

#include <sys/resource.h>

/* What is kept of one process beside what sources see. */
struct follow {
	struct proc_stat now;         /* of its leader thread, as of the last look */
	bool dead;                    /* a zombie: its parent has not waited for it yet */
	bool signalled;               /* target_stop() has asked it to end */
	uint64_t seen;                /* round in which its cgroup listed it */
	uint64_t listed;              /* how many threads it had when the last listing began */
	uint64_t listed_round;
	size_t next_thread;           /* whose children are read next */
	int listing;                  /* /proc/PID/task while a long listing goes on over several rounds, else -1 */
	struct thread *fresh;         /* what that listing found so far */
	size_t nfresh, fresh_capacity;
};

/* pid to place in a list; open addressing, never more than half full. */
struct pidmap {
	struct pidslot {
		pid_t pid; /* 0: free */
		uint32_t value;
	} *slots;
	size_t size, used;
};

#define PIDMAP_BURIED UINT32_MAX

void pidmap_put(struct pidmap *m, pid_t pid, uint32_t value);
const uint32_t *pidmap_get(const struct pidmap *m, pid_t pid); /* NULL: not there */
void pidmap_clear(struct pidmap *m);

/* A zombie that had its round in the list and whose parent still has not waited for it: not to be found again. */
struct corpse {
	pid_t pid;
	uint64_t start;
};

enum target_kind { TARGET_PIDS, TARGET_SPAWNED, TARGET_CGROUP };

struct spawn {
	pid_t pid;       /* also of its process group */
	int line;        /* socket to the child: a byte out lets it run, exec's errno comes in; -1 once it runs */
	bool reaped;     /* until then its pid, which is its group's too, cannot be another's */
	bool subreaper;  /* tach became one for it */
	bool terminal;   /* its group was given the terminal */
	char *program;   /* argv[0] */
	char command[100];
};

struct target {
	enum target_kind kind;
	bool children;
	struct process *list;
	size_t count, capacity;
	struct pidmap known;          /* index in list, or PIDMAP_BURIED */
	struct corpse *buried;
	size_t nburied, buried_capacity, next_buried;
	uint64_t generation, round;   /* round: refreshes so far */
	bool alive;                   /* somebody was, at the last refresh */
	nsec_t began;                 /* CLOCK_MONOTONIC */
	uint64_t began_ticks;         /* the same moment as /proc counts start times */
	bool scan_proc;               /* no CONFIG_PROC_CHILDREN: children are found by their parent */
	nsec_t scanned;               /* when that was done last */
	char *text;                   /* scratch */
	size_t text_size;
	pid_t first;                  /* the process that the header speaks of */
	uint64_t first_start;
	int first_pidfd;              /* outlives its place in the list, for the exit status */
	char comm[65];                /* its raw name when its texts were read */
	char end[96];                 /* how it ended, "" as long as that is not known */
	struct target_facts facts;
	struct spawn spawn;
	int cgroup_dir;
	char *cgroup_path;
	struct rlimit files;          /* as it was before tach raised it; a spawned command gets it back */
};

/* target.c */
struct target *target_new(enum target_kind kind, const struct target_options *o);
bool target_take(struct target *t, struct process *p); /* into the list, which then owns it; false: known already */
int target_take_root(struct target *t, pid_t pid, uint64_t start, struct err *e); /* named by the user */
void target_start(struct target *t); /* first refresh; whoever is found later may have been born under tach's eyes */

/* Reads a file of any length (to 4 MiB) into t->text. Returns its length, or -1 with errno. */
ssize_t target_read(struct target *t, int dirfd, const char *path);

/* process.c. Those with an int return 0, or -1 with errno: ESRCH when it has ended and been waited for. */
int process_open(struct process *p, pid_t pid, uint64_t start); /* start: what it must be; 0: any */
int process_look(struct process *p);
void process_close(struct process *p);
bool process_vanished(int error); /* whether errno after a read below /proc/PID says that the process is no more */
int process_stat(int dir, pid_t pid, struct proc_stat *out); /* of one thread: no sum over all of them, hence cheap */
int process_peek(pid_t pid, struct proc_stat *out);

/* threads.c. True when the set changed. */
bool threads_refresh(const struct target *t, struct process *p);

/* children.c */
void children_refresh(struct target *t);
bool children_file_exists(void);

/* scan.c: all processes of the machine, for what cannot be had otherwise. The directory is open during the visit. */
void scan_processes(void (*visit)(void *context, pid_t pid, int dir), void *context);

/* cgroup.c */
void cgroup_refresh(struct target *t);

/* spawn.c */
bool spawn_reap(const struct target *t, const struct process *p); /* true when it was tach's child and is waited for */
void spawn_refresh(struct target *t); /* once nobody is left, waits for the command; takes the terminal back */
void spawn_close(struct target *t);

/* facts.c */
void facts_begin(struct target *t);
void facts_name_command(struct target *t, char *const argv[]); /* until it runs and can be asked itself */
void facts_refresh(struct target *t);
void facts_end(struct target *t, const struct process *p); /* p has ended */

#endif
