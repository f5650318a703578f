/*
 * The network namespaces of the target's processes, and in each some netlink sockets of ours. Which namespace a process is in
 * anybody may know: the files of /proc/PID/net are other ones in each.
 */
#ifndef TACH_SOURCE_SOCKDIAG_SPACES_H
#define TACH_SOURCE_SOCKDIAG_SPACES_H

#include "source/sockdiag/dump.h"
#include "source/sockdiag/endings.h"
#include "target/target.h"

#include <sys/types.h>

#define SPACES_MOST 16

struct space {
	ino_t inode;     /* 0: unused */
	bool open;
	bool fresh;      /* its connections have not been dumped yet */
	bool old;        /* there are processes in it that are older than the watch */
	unsigned absent; /* times that all processes were looked at and none was in it */
	struct dump connections, others;
	uint32_t began, complete; /* the surveyor's: cycles in which the dump of connections began, and was complete */
	uint32_t others_complete; /* cycle in which the other one was */
	unsigned ticks;           /* of the dump of connections that is under way, this one too; 0: none is */
	unsigned rounds;          /* dumps of connections since the last time that there was one in each namespace */
	nsec_t started, cost;     /* of it: when, and CPU time of tach */
	struct endings endings;
	struct err why;  /* when it is not open */
};

struct spaces {
	struct space list[SPACES_MOST]; /* each stays where it is */
	ino_t own;       /* tach's */
	size_t next;     /* process whose turn it is */
	bool left_out;   /* there are more */
};

void spaces_open(struct spaces *s);
void spaces_close(struct spaces *s);

/* Once a cycle: looks where the processes are, a few at a time. Without any left the namespaces stay as they are. */
void spaces_follow(struct spaces *s, const struct target *t);

#endif
