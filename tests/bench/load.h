/* Programs at work, to be measured: how much CPU time an operation takes them. */
#ifndef TACH_TESTS_BENCH_LOAD_H
#define TACH_TESTS_BENCH_LOAD_H

#include "../lib/child.h"

#include <stdatomic.h>
#include <sys/types.h>

struct load {
	pid_t pid;                     /* 0: not installed */
	atomic_ullong *operations;     /* counted by a process of ours */
	struct child *redis, *clients; /* or asked of a redis-server */
	char folder[32], socket[64], program[64];
	int fd;
	int cpu;                       /* where a process of ours is to stay, from 1 on; 0: anywhere */
};

typedef void load_starter(struct load *l);

load_starter load_calls;     /* a function that begins with a push and does nothing */
load_starter load_getppid;   /* a system call and nothing else */
load_starter load_ping_pong; /* a byte to a second process and back, on one CPU */
load_starter load_switches;  /* the same between two threads of one process */
load_starter load_faults;    /* new anonymous pages, and their return by 256 */
load_starter load_datagrams; /* 64 bytes to itself by UDP */
load_starter load_reads;     /* 4 KiB of a file past the page cache, over and over */
load_starter load_redis;     /* GET by 16 connections, without pipelining: the server is busy all the time */

void load_stop(struct load *l);
double load_operations(const struct load *l); /* so far */
double load_cpu_ns(pid_t pid);
double load_measure(const struct load *l, int ms); /* CPU nanoseconds an operation over a window */

#endif
