/*
 * The small texts of /proc and the cgroup tree that tell who belongs to a target. Works on text only; opens nothing.
 * Each reader takes any bytes: what does not fit is skipped or refused, never read past `end`.
 */
#ifndef TACH_TARGET_PARSE_H
#define TACH_TARGET_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The next number of a list (/proc/PID/task/TID/children, cgroup.procs) from *at on; false at its end. 0, which stands
 * for a process of another pid namespace, and what is not a number are passed over. */
bool parse_pid(const char **at, const char *end, pid_t *out);

struct proc_status {
	pid_t tgid; /* of the process that this thread belongs to */
	uid_t uid;  /* effective */
};

/* /proc/PID/status; false when a field is missing. */
bool parse_status(const char *text, size_t length, struct proc_status *out);

/* /proc/PID/cgroup: the path in the hierarchy that has `controller` ("memory", "name=systemd"), or with NULL in v2.
 * False where there is no such hierarchy or the path does not fit. */
bool parse_cgroup(const char *text, size_t length, const char *controller, char *out, size_t size);

struct mount {
	char root[1024];   /* which part of the file system is mounted there; "/" where it is all of it. Unescaped */
	char point[1024];  /* unescaped */
	char type[32];     /* "cgroup2" */
	char options[512]; /* of the file system: "rw,memory" */
};

/* The next line of /proc/PID/mountinfo (proc(5)) from *at on that is whole and fits; false at the end of the text. */
bool parse_mount(const char **at, const char *end, struct mount *out);

/* Whether a comma-separated list holds the word. */
bool parse_has_word(const char *list, const char *word);

#endif
