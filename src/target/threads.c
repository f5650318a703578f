/*
 * The threads of a process, from /proc/PID/task. One getdents call lists about a thousand; a longer listing goes on
 * in the following rounds, so that 5,000 threads (4 ms in one go) stay within a tick. The set that sources see changes
 * only when a listing is whole.
 */
#include "target/private.h"

#include "base/alloc.h"
#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 32768 /* bytes of one getdents call: 1,000 to 1,300 threads */
#define SLICE 900   /* threads after which a listing rests until the next round */
#define ALWAYS 64   /* so few threads are listed at every refresh; more when their number changed... */
#define ROUNDS 8    /* ...or this long ago, because one may have ended and another begun */

static void keep(struct follow *f, pid_t tid)
{
	f->fresh = xgrow(f->fresh, &f->fresh_capacity, f->nfresh + 1, sizeof *f->fresh);
	f->fresh[f->nfresh++] = (struct thread){ .tid = tid };
}

/* One getdents call. Returns 0 at the end of the listing, -1 when the process has ended. */
static ssize_t list_some(struct follow *f)
{
	_Alignas(struct dirent64) char piece[PIECE];
	ssize_t n = getdents64(f->listing, piece, sizeof piece), at = 0;

	while (at < n) {
		const struct dirent64 *entry = (const void *)(piece + at);
		uint64_t tid;

		if (str_to_u64(entry->d_name, INT_MAX, &tid)) /* not "." and ".." */
			keep(f, (pid_t)tid);
		at += entry->d_reclen;
	}
	return n;
}

static void begin(const struct target *t, struct process *p)
{
	struct follow *f = p->follow;

	f->listing = openat(p->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->nfresh = 0;
	f->listed = f->now.num_threads;
	f->listed_round = t->round;
}

static bool is_same(const struct process *p)
{
	const struct follow *f = p->follow;

	return f->nfresh == p->nthreads && memcmp(f->fresh, p->threads, f->nfresh * sizeof *f->fresh) == 0;
}

static void end(struct follow *f)
{
	close(f->listing);
	f->listing = -1;
}

/* What a whole listing found becomes the set. */
static bool adopt(struct process *p)
{
	struct follow *f = p->follow;
	struct thread *old = p->threads;
	size_t old_capacity = p->threads_capacity;

	if (!f->nfresh || is_same(p))
		return false;
	p->threads = f->fresh;
	p->nthreads = f->nfresh;
	p->threads_capacity = f->fresh_capacity;
	f->fresh = old;
	f->fresh_capacity = old_capacity;
	return true;
}

static bool is_due(const struct target *t, const struct process *p)
{
	const struct follow *f = p->follow;

	return p->nthreads <= ALWAYS || f->now.num_threads != f->listed || t->round - f->listed_round >= ROUNDS;
}

/* A process of one thread needs no listing: its leader stays with it to the end. */
static bool has_only_leader(struct process *p)
{
	struct follow *f = p->follow;

	if (f->now.num_threads != 1)
		return false;
	if (f->listing >= 0)
		end(f);
	f->nfresh = 0;
	keep(f, p->pid);
	return true;
}

bool threads_refresh(const struct target *t, struct process *p)
{
	struct follow *f = p->follow;
	size_t before;
	ssize_t n;

	if (has_only_leader(p))
		return adopt(p);
	if (f->listing < 0 && !is_due(t, p))
		return false;
	if (f->listing < 0)
		begin(t, p);
	if (f->listing < 0)
		return false;
	before = f->nfresh;
	while ((n = list_some(f)) > 0)
		if (p->nthreads && f->nfresh - before >= SLICE)
			return false; /* the very first listing is done in one go */
	end(f);
	return n == 0 && adopt(p);
}
