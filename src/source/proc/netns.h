/* The counters of the target's network namespace: of everybody in it, not of the target alone. */
#ifndef TACH_SOURCE_PROC_NETNS_H
#define TACH_SOURCE_PROC_NETNS_H

#include "source/proc/kept.h"
#include "source/proc/metrics.h"

enum netns_file { NETNS_SNMP, NETNS_SNMP6, NETNS_NETSTAT, NETNS_DEV, NETNS_FILES };

struct netns {
	struct kept files[NETNS_FILES]; /* of the first process that is alive */
	bool wanted[NETNS_FILES];
	pid_t pid;
	uint64_t start;
	ino_t inode;           /* of its namespace; 0: not ours to see */
	uint64_t generation;
	bool several, unknown; /* its processes are in different ones; it cannot be told */
};

void netns_open(struct netns *n, const struct source_env *env);
void netns_close(struct netns *n, struct kept_budget *b);
void netns_read(struct netns *n, const struct proc_tick *t, struct kept_budget *b);

#endif
