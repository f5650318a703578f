/*
 * Functions of --fn. fn.c is the group and puts the numbers, on the sampler. On a thread of its own fn_follow.c looks at the
 * target's processes and sets probes, fn_places.c finds where in their files, fn_guard.c refuses what costs too much.
 * fn_spec, fn_file, fn_resolve, fn_entry, fn_link and fn_trial serve them and know nothing of it all.
 */
#ifndef TACH_SOURCE_BPF_FN_H
#define TACH_SOURCE_BPF_FN_H

#include "source/bpf/fn_resolve.h"
#include "source/bpf/fn_trial.h"
#include "source/bpf/group.h"
#include "source/bpf/shared.h"
#include "symbol/maps.h"

#include <pthread.h>

#define FN_PROCESSES 64        /* that have probes at a time */
#define FN_PRICE_MOST 5e-6     /* seconds a call: dearer only by --force */
#define FN_COST_MOST 0.02      /* where --max-cost does not say */

/* One function: its metrics, and one counter and histogram in the kernel. */
struct fn_slot {
	size_t spec;
	char shown[FN_TEXT];       /* "SSL_read" */
	char metric[FN_NAME];      /* "libssl_ssl_read" */
	struct err why;            /* why it is not measured, or not wholly */
	bool found;                /* probes are set */
	bool timed;                /* may be, as far as it goes by the function itself */
	bool ever_timed, refused, past_landing_pad;
	double price;              /* seconds a call; NaN: not known */
};

struct fn_found { /* one place in a file, of one slot */
	size_t spec;
	uint32_t slot;
	struct fn_match match;
};

/* A file that was looked at. Kept until the end: processes come and go, and have the same files. */
struct fn_known {
	dev_t device;
	ino_t inode;
	dev_t mapped_device;       /* the same as maps have it: a union of file systems shows others there */
	ino_t mapped_inode;
	struct timespec written;   /* as it was when it was read */
	off_t size;
	struct fn_file file;
	bool usable, resolved[FN_SLOTS];
	struct fn_found *found;
	size_t nfound, capacity;
};

/* Probes that a process has: of one spec, in one file. They outlive an exec, and are there again when the new program
 * maps the same file. */
struct fn_set {
	size_t known, spec;
	struct fn_links links;
};

struct fn_member {
	pid_t pid;
	uint64_t start;
	bool born;                 /* after tach began to watch */
	int dir;                   /* of /proc/PID, owned */
};

struct fn_process {
	struct fn_process *next;
	struct fn_member who;
	ino_t exe;                 /* of the program at the last look; 0: none yet */
	bool held;                 /* it was tach's own copy until its exec */
	bool done[FN_SLOTS];       /* specs that are found in this program */
	unsigned looks;            /* at this program, that left specs to be found */
	nsec_t due;
	bool throws;               /* exceptions may pass through its functions */
	struct fn_set *sets;
	size_t nsets, capacity;
	nsec_t cpu;                /* its CPU time at the last look of the guard */
};

struct fn {
	struct group *group;
	const struct fn_bpf *programs;
	int entries, hists;        /* maps */
	bool many, force;
	double max_cost;
	ino_t own;                 /* tach's program */

	/* The follower's own. */
	struct fn_trial trial;
	struct fn_known *known;
	size_t nknown, known_capacity;
	u64 guarded[FN_SLOTS];     /* entries at the last look of the guard */
	nsec_t guard_began, guard_due; /* 0: none yet */
	struct fn_process *processes;

	pthread_t thread;
	bool running; /* the follower */
	pthread_mutex_t lock;      /* guards all below */
	pthread_cond_t wake;
	bool stop;
	struct fn_member posted[FN_PROCESSES]; /* who belongs to the target, when has_posted */
	size_t nposted;
	bool has_posted;
	size_t left_out;           /* processes beyond FN_PROCESSES */
	bool late;                 /* probes came into a process that ran already and was born under tach's eyes */
	struct fn_spec specs[FN_SLOTS];
	struct err whys[FN_SLOTS]; /* why nothing is found of a spec */
	bool found[FN_SLOTS];      /* of each spec, somewhere */
	size_t more[FN_SLOTS];     /* functions beyond FN_SLOTS that it would have */
	size_t nspecs;
	struct fn_slot slots[FN_SLOTS];
	size_t nslots;
};

extern const struct group_ops group_fn;

/* fn_follow.c */
void fn_follow_post(struct fn *f, const struct target *t); /* who belongs now; called by the sampler */
void fn_follow_held(struct fn *f, const char *program); /* a command that waits before its exec */
int fn_follow_start(struct fn *f, struct err *e);
bool fn_follow_stop(struct fn *f); /* takes everything out. False: it hangs in a file of the target's, and keeps what it has */
void fn_follow_refuse(struct fn *f, size_t slot, const struct err *why);

/* fn_places.c: files, and what of the specs is in them. */
size_t fn_known_open(struct fn *f, int fd); /* takes fd over; SIZE_MAX: too many files */
size_t fn_known_mapped(struct fn *f, const struct fn_process *p, const struct maps *m, const struct map *map,
	const char **why); /* SIZE_MAX: in *why a static text */
bool fn_known_throws(const struct fn_known *program); /* exceptions may pass through its functions */
bool fn_known_has(struct fn *f, size_t known, size_t spec); /* resolves the spec there, fills f->whys where it is not */

/* fn_guard.c, called by the follower. */
void fn_guard_admit(struct fn *f, size_t slot, const struct fn_match *m);
nsec_t fn_guard_look(struct fn *f, nsec_t now); /* returns when to look again */

#endif
