/*
 * Whose numbers: the processes and threads that tach watches now. A target is opened by pid, name, cgroup, unit or by
 * starting a command, and refreshed once a tick by the sampler. A process is held by its pidfd and by a descriptor of
 * its /proc directory, so that a reused pid can never be taken for it.
 *
 * What a refresh costs depends on the target's own threads and children, never on how many others run.
 */
#ifndef TACH_TARGET_TARGET_H
#define TACH_TARGET_TARGET_H

#include "base/clock.h"
#include "base/err.h"
#include "model/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct thread {
	pid_t tid;
};

struct process {
	pid_t pid, parent;      /* parent at the time it was found */
	uint64_t start;         /* clock ticks after boot, /proc/PID/stat field 22: with pid, the identity */
	bool root;              /* named by the user (or started by tach), not found as a child */
	bool born;              /* started after tach began to watch: its totals count from 0 */
	bool gone;              /* ended, or left the cgroup; stays in the list for one refresh so that sources can
	                         * settle its totals. One that ended before it was first seen begins like this */
	int pidfd;              /* -1 where the kernel has none */
	int dir;                /* O_PATH|O_DIRECTORY of /proc/PID. Once it has ended and been waited for, opening a
	                         * file through it fails with ENOENT, reading an open one with ESRCH */
	struct thread *threads; /* in the order of /proc/PID/task */
	size_t nthreads, threads_capacity;
	struct follow *follow;  /* target's own */
};

struct target_options {
	bool children;      /* follow children, also those born later; cgroup targets hold all members anyway */
	const char *output; /* file for a spawned command's stdout and stderr; NULL: stdout goes to tach's stderr */
	bool detached;      /* a spawned command gets /dev/null as stdin (the dashboard owns the terminal). Else it has
	                     * tach's; if that is the terminal, the command is its foreground group until it ends */
};

struct target;

/* Opening raises the soft limit of open files to the hard one until target_close(); a spawned command gets the old one.
 * Each returns the target, or NULL with one sentence in e. The caller frees with target_close(). */
struct target *target_open_pids(const pid_t *pids, size_t count, const struct target_options *o, struct err *e);

/* A pattern (extended regular expression, as pgrep) on comm or the command line. Ambiguous: NULL, and in *list
 * (allocated, the caller frees) one line "pid  user  command" a match. tach itself never matches. */
struct target *target_open_name(const char *pattern, const struct target_options *o, char **list, struct err *e);

/* The directory of a cgroup, or its path from the root of a hierarchy ("system.slice/nginx.service"); v2 first, then
 * v1. One without processes is an error. tach itself never belongs to the target. */
struct target *target_open_cgroup(const char *path, const struct target_options *o, struct err *e);

/* A systemd unit: asks the cgroup tree, not systemd. ".service" may be left out; of several the one nearest the root
 * is taken. */
struct target *target_open_unit(const char *unit, const struct target_options *o, struct err *e);

/* Starts argv[0] (searched in PATH) in a process group of its own, stopped before its exec so that counters can be
 * attached first; target_go() lets it run. Until the target is closed tach is the subreaper of its orphans: children
 * that tach forks for other purposes must stay in its own process group, or they would be taken for such. One spawned
 * target at a time. */
struct target *target_spawn(char *const argv[], const struct target_options *o, struct err *e);
int target_go(struct target *t, struct err *e); /* reports exec's failure (ENOENT...) as the sentence a shell would */
bool target_is_held(const struct target *t);     /* a spawned command that was not let go yet */
const char *target_program(const struct target *t); /* of a spawned command as it was given (argv[0]); NULL: no such */

/* Looks again at who belongs: drops who was gone last time, marks who ended since, finds threads and children. Returns
 * true while somebody is left. A command that has ended is waited for one refresh later, so that its zombie can be
 * read, and not before the last of its descendants. Very many threads, and their children, are found in turns: 5,000
 * within 20 refreshes. */
bool target_refresh(struct target *t);
bool target_is_over(const struct target *t); /* nobody was left at the last refresh */

const struct process *target_processes(const struct target *t, size_t *count);
uint64_t target_generation(const struct target *t); /* changes whenever the set of processes or threads does */
nsec_t target_began(const struct target *t);        /* CLOCK_MONOTONIC when it was opened */
const char *target_cgroup_path(const struct target *t); /* absolute directory of a cgroup target; NULL otherwise */

/* The directory of a cgroup v2 that holds the target and nobody else, which the caller frees; NULL with the reason. For a
 * command that is still held one is made (*made), which the caller gives back with target_remove_cgroup(): who is left in
 * there goes where tach is. */
char *target_own_cgroup(const struct target *t, bool *made, struct err *e);
void target_remove_cgroup(const char *path);
bool target_is_alone_in(const struct target *t, const char *path); /* whether that still holds */

/* Name, pid, counts, command line, start, end: for the sample. */
void target_facts(const struct target *t, struct target_facts *out);

/* Ends what tach started and all that descends from it (SIGTERM, after `patience` SIGKILL), and nothing else; for
 * attached targets does nothing. Returns once they have ended, or a second after SIGKILL. */
void target_stop(struct target *t, nsec_t patience);

/* Stops nothing, but a command that was never let go does not run. NULL is fine. */
void target_close(struct target *t);

#endif
