/*
 * Which sockets the target's processes hold: the inodes behind /proc/PID/fd. To look at a descriptor costs some
 * microseconds and a program may have very many, so that a round through all of them is made only when somebody asks for
 * one (a socket has come up that nobody knows) and now and then, and goes on from tick to tick within a budget.
 */
#ifndef TACH_SOURCE_SOCKDIAG_HOLDERS_H
#define TACH_SOURCE_SOCKDIAG_HOLDERS_H

#include "base/clock.h"
#include "target/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct holders;

struct holders *holders_new(void);
void holders_free(struct holders *h);

/* Goes on with a round, or begins one when it is time for it, for `budget` of CPU time at most. `moment` is the caller's
 * count of what happens: it only grows. */
void holders_walk(struct holders *h, const struct target *t, nsec_t budget, uint32_t moment);

/* Has a round made that begins after now. */
void holders_ask(struct holders *h);

bool holders_has(const struct holders *h, uint32_t inode);

/* The moment at which the newest complete round began; 0: none is complete. What was held then has been found. */
uint32_t holders_complete(const struct holders *h);

/* Of the newest round: how many processes were looked at, and how many of them may not be. */
size_t holders_processes(const struct holders *h, size_t *denied);

#endif
