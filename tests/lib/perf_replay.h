/*
 * Plays back what kernels answered to src/source/perf, from tests/data/perf/NAME. One thing a line, # begins a comment:
 *
 *   file PATH TEXT...              content of a small file; any other file is not there
 *   dir PATH NAME...               a directory
 *   tasks PID TID...               threads of a process; a further line is the next look at it, the last one stays
 *   fds N                          as many descriptors may be open at once, then EMFILE
 *   limit N                        RLIMIT_NOFILE (default 20000)
 *   open EVENT PART TID ANSWER [N] first line that fits answers, N times (for ever without N): EVENT as `tach -e` has
 *                                  it, EVENT@TYPE of one kind of core, or *; PART any, user (kernel part excluded),
 *                                  kernel, or threads (inherited by threads only); TID a number, self (tach's own
 *                                  thread), target (all others) or *; ANSWER ok or an errno's name
 *   group N                        a group of more than N events is refused (EINVAL)
 *   read EVENT TID ENABLED RUNNING VALUE...     of the group that EVENT leads; a further line is the next look, the
 *                                  last one stays; instead of numbers an errno's name, or "short"
 *
 * What has no open line succeeds, what has no read line has counted nothing.
 */
#ifndef TACH_TESTS_PERF_REPLAY_H
#define TACH_TESTS_PERF_REPLAY_H

#include "source/perf/kernel.h"

struct replay;

struct replay *replay_load(const char *name); /* ends the program with a sentence when the recording is malformed */
void replay_free(struct replay *r);
const struct perf_kernel *replay_kernel(struct replay *r); /* a process's dir is its pid */
void replay_set_uptime(struct replay *r, uint64_t ticks);  /* default 1000 */

size_t replay_open_now(const struct replay *r);                  /* descriptors */
size_t replay_opened(const struct replay *r, pid_t tid);         /* how often any event was opened on a thread */
const struct perf_event_attr *replay_last(const struct replay *r, pid_t tid); /* attr of the last of them */

#endif
