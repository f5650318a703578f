/*
 * Where published memory is: walks the descriptors of the target's processes, a few at a time.
 *
 * To look at a descriptor costs some microseconds, and a program may have very many: a walk goes on from tick to tick
 * within its budget, and is repeated after 1, 2, 4, 8 and then every 10 ticks.
 */
#ifndef TACH_SOURCE_PUBLISH_FIND_H
#define TACH_SOURCE_PUBLISH_FIND_H

#include "base/clock.h"
#include "target/target.h"

#include <stddef.h>
#include <stdint.h>

struct publish_find;

struct publish_visitor {
	/* A walk through the descriptors of p begins. */
	void (*begin)(void *context, const struct process *p);
	/* This descriptor has the name of published memory. */
	void (*found)(void *context, const struct process *p, unsigned fd);
	void *context;
};

struct publish_find *publish_find_new(void);
void publish_find_free(struct publish_find *f);

/* Once a tick: takes up the target's processes and walks for `budget` at most. */
void publish_find_tick(struct publish_find *f, const struct target *t, nsec_t budget, const struct publish_visitor *v);

/* Has every process walked again as soon as the budget allows. */
void publish_find_hurry(struct publish_find *f);

/* The number of the tick now, from 1, and the one at which the oldest of the newest complete walks began (the number
 * now when there is no process): what was open in a process before that has been found. */
uint64_t publish_find_now(const struct publish_find *f);
uint64_t publish_find_oldest(const struct publish_find *f);

/* How many processes there are, and how many of them may not be looked at. */
size_t publish_find_processes(const struct publish_find *f, size_t *denied);

/* The process of that identity, NULL when it is not in the target (any more). Valid until the next tick. */
const struct process *publish_find_process(const struct publish_find *f, pid_t pid, uint64_t start);

#endif
