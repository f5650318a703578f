/*
 * The thread that looks: at its own pace, so that a look that has to wait (a program in the middle of an exec) holds up
 * nobody else. The tick hands it the list of threads and takes a report.
 */
#ifndef TACH_SOURCE_BLOCKED_SAMPLER_H
#define TACH_SOURCE_BLOCKED_SAMPLER_H

#include "base/err.h"
#include "source/blocked/tally.h"
#include "source/blocked/watch.h"

#define STACK_COPIES 4      /* a report */
#define STACK_BYTES 8192

enum stack_role { STACK_WAITS, STACK_HOLDS };

/* A blocked thread's stack, for finding out where it stands. */
struct stack_copy {
	enum stack_role role;
	pid_t pid, tid;
	uint64_t lock[2];       /* key of the lock that it waits for, or holds */
	uint64_t sp, pc;
	size_t size;
	uint8_t bytes[STACK_BYTES];
};

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
	struct stack_copy stacks[STACK_COPIES]; /* of the first and then each 64th look at a lock */
	size_t nstacks;
};

bool lock_contends(const struct tally_row *lock);

/* The second half of a lock's key. */
uint64_t lock_key(pid_t pid, enum futex_kind kind);
pid_t lock_key_pid(uint64_t key);
enum futex_kind lock_key_kind(uint64_t key);

struct sampler;

/* That lock is contended for: tells the sampler what it cannot see from the call. */
void sampler_learn(struct sampler *s, const uint64_t lock[2]);

struct sampler *sampler_open(struct err *e);
void sampler_close(struct sampler *s); /* NULL is fine. Returns within a second, also when a look hangs */

void sampler_follow(struct sampler *s, struct watch *take);

/* The newest report, the sampler's own until the next call; NULL: it is held up. */
const struct report *sampler_report(struct sampler *s);

#endif
