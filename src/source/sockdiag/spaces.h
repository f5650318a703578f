/*
 * The network namespaces of the target's processes, and in each a netlink socket of ours. Which namespace a process is in
 * anybody may know: the files of /proc/PID/net are other ones in each.
 */
#ifndef TACH_SOURCE_SOCKDIAG_SPACES_H
#define TACH_SOURCE_SOCKDIAG_SPACES_H

#include "source/sockdiag/dump.h"
#include "target/target.h"

#include <sys/types.h>

#define SPACES_MOST 16

struct space {
	ino_t inode;
	bool open;
	bool fresh;      /* not dumped yet */
	bool old;        /* there are processes in it that are older than the watch */
	unsigned absent; /* rounds in which no process was found in it */
	struct dump dump;
	struct err why;  /* when it is not open */
};

struct spaces {
	struct space list[SPACES_MOST];
	size_t count;
	ino_t own;       /* tach's */
	size_t next;     /* process whose turn it is */
	bool left_out;   /* there are more */
};

void spaces_open(struct spaces *s);
void spaces_close(struct spaces *s);

/* Once a tick, while no dump is under way: looks where the processes are, a few at a time. */
void spaces_follow(struct spaces *s, const struct target *t);

#endif
