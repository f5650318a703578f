/*
 * The thread that looks: at its own pace, so that a look that has to wait (a program in the middle of an exec) holds up
 * nobody else. The tick hands it the list of threads and takes a report.
 */
#ifndef TACH_SOURCE_BLOCKED_SAMPLER_H
#define TACH_SOURCE_BLOCKED_SAMPLER_H

#include "base/err.h"
#include "source/blocked/tally.h"
#include "source/blocked/watch.h"

/* Sums are estimates, nanoseconds, since the sampler began. */
struct report {
	nsec_t time;
	nsec_t sum[CAUSES];
	uint64_t looks;             /* since it began */
	size_t count;               /* threads that can be looked at now */
	bool whole;                 /* each sweep since the last report looked at all of them */
	struct tally *locks;        /* by address, and pid and kind: lock_key() */
	struct tally *pairs;        /* by tid: who waits, who owns */
	struct watch list;          /* copies, without descriptors */
};

/* The second half of a lock's key. */
uint64_t lock_key(pid_t pid, enum futex_kind kind);
pid_t lock_key_pid(uint64_t key);
enum futex_kind lock_key_kind(uint64_t key);

struct sampler;

struct sampler *sampler_open(struct err *e);
void sampler_close(struct sampler *s); /* NULL is fine; waits until it has ended */

void sampler_follow(struct sampler *s, struct watch *take);

/* The newest report, the sampler's own until the next call; NULL: it is held up. */
const struct report *sampler_report(struct sampler *s);

#endif
