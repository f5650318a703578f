/* In which order it is looked, and for how long. Knows nothing of metrics. */
#include "source/sockdiag/survey.h"

#include "source/sockdiag/lookup.h"

#include <netinet/in.h>
#include <sys/stat.h>

/* CPU time of a tick for sockets, and for descriptors: a share of the time since the last one. */
#define DUMP_SHARE 200
#define WALK_SHARE 500
#define WALK_LEAST (500 * NSEC_PER_USEC)
#define AT_FIRST (20 * NSEC_PER_MSEC)    /* each, at the first tick: what was there before must be known */
#define LEAST 1024                       /* sockets in a tick, however long it takes */
#define SEARCH_SHARE 500                 /* most of all time, for dumps that look for new sockets */
#define IDLE_SHARE 5000                  /* while nothing tells of such: for what came in the place of another */
#define IDLE_LATEST (3 * NSEC_PER_SEC)
#define COUNTED 32                       /* processes whose descriptors are counted for that, 3 us each */
#define LOOKUPS_MOST 256                 /* known connections that are asked for one by one, a microsecond or two each */

void survey_open(struct survey *s)
{
	s->holders = holders_new();
	spaces_open(&s->spaces);
}

void survey_close(struct survey *s)
{
	spaces_close(&s->spaces);
	holders_free(s->holders);
	cgroups_free(&s->cgroups);
	ledger_free(&s->ledger);
}

static bool is_ours(const void *context, const struct seen *seen)
{
	const struct survey *s = context;

	return holders_has(s->holders, seen->inode) || cgroups_have(&s->cgroups, seen->cgroup);
}

static void take_seen(void *context, struct seen *seen)
{
	struct survey *s = context;
	const struct space *space = &s->spaces.list[s->at];

	seen->space = (uint8_t)s->at;
	ledger_take(&s->ledger, seen, is_ours(s, seen), space->fresh && space->old, holders_complete(s->holders));
}

static void take_ending(void *context, struct seen *seen)
{
	struct survey *s = context;

	seen->space = (uint8_t)s->at;
	ledger_end(&s->ledger, seen);
}

/* ---- one namespace ---- */

/* Goes on with a dump, or begins one. Returns whether it is complete. */
static bool go_on(struct survey *s, struct dump *d, nsec_t until)
{
	enum dump_progress progress = dump_go(d, until, LEAST, take_seen, s, &s->failure);

	if (progress == DUMP_COMPLETE)
		s->failure.code = 0;
	return progress == DUMP_COMPLETE;
}

static void look_at_connections(struct survey *s, struct space *space, nsec_t until)
{
	nsec_t cpu = clock_cpu_thread();
	bool complete = go_on(s, &space->connections, until);

	space->cost += clock_cpu_thread() - cpu;
	if (!complete) {
		space->ticks++;
		return;
	}
	space->complete = s->ledger.cycle;
	space->fresh = false;
	space->rounds++;
	s->ticks = space->ticks;
	space->ticks = 0;
}

/* Whether all connections were dumped in this cycle, so that who was not seen is not there. */
static bool is_covered(const struct survey *s, const struct space *space)
{
	return space->complete == s->ledger.cycle && space->began == s->ledger.cycle;
}

/* How many descriptors the target has; 0: the kernel does not count them (before Linux 6.2), or not for us. */
static uint64_t count_files(const struct target *t)
{
	size_t n;
	const struct process *p = target_processes(t, &n);
	uint64_t files = 0;
	struct stat st;

	for (size_t i = 0; i < n && i < COUNTED; i++)
		if (!p[i].gone && fstatat(p[i].dir, "fd", &st, 0) == 0)
			files += (uint64_t)st.st_size;
	return files;
}

static void look_for_signs(struct survey *s, const struct target *t)
{
	uint64_t files = count_files(t);

	s->signs |= files == 0 || files != s->files;
	s->files = files;
}

static bool is_due(const struct survey *s, const struct space *space)
{
	nsec_t passed = clock_now() - space->started;

	if (passed < space->cost * SEARCH_SHARE)
		return false;
	return s->signs || passed >= IDLE_LATEST || passed >= space->cost * IDLE_SHARE;
}

/* Begins dumps where it is time for it. waited: the cycle could not be ended without one. */
static void begin_dumps(struct survey *s, bool waited)
{
	bool begun = false;

	for (size_t i = 0; i < SPACES_MOST; i++) {
		struct space *space = &s->spaces.list[i];

		if (!space->open || space->ticks || !((waited && !is_covered(s, space)) || is_due(s, space)))
			continue;
		space->began = s->ledger.cycle;
		space->started = clock_now();
		space->ticks = 1;
		space->cost = 0;
		begun = true;
	}
	s->signs &= !begun;
	s->others |= begun || s->ledger.datagrams;
}

/* Goes on with them. Returns whether all that are not asked for one by one have been seen. */
static bool look_at(struct survey *s, struct space *space, nsec_t until)
{
	if (s->others && space->others_complete != s->ledger.cycle && go_on(s, &space->others, until))
		space->others_complete = s->ledger.cycle;
	if (space->ticks)
		look_at_connections(s, space, until);
	return !s->others || space->others_complete == s->ledger.cycle;
}

/* ---- those that are known ---- */

static bool is_missing(const struct survey *s, const struct watched *w)
{
	const struct space *space = &s->spaces.list[w->seen.space];

	return w->seen.protocol == IPPROTO_TCP && w->seen.state != SEEN_LISTEN && w->cycle != s->ledger.cycle && !w->ended &&
		space->open && !is_covered(s, space);
}

static size_t count_missing(const struct survey *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->ledger.count; i++)
		n += is_missing(s, &s->ledger.list[i]);
	return n;
}

static void look_up(struct survey *s)
{
	const struct seen *batch[LOOKUP_BATCH];
	const struct ledger *l = &s->ledger;

	for (s->at = 0; s->at < SPACES_MOST; s->at++)
		for (size_t i = 0, n = 0; s->spaces.list[s->at].open && i <= l->count; i++) {
			if (i < l->count && l->list[i].seen.space == s->at && is_missing(s, &l->list[i]))
				batch[n++] = &l->list[i].seen;
			if (n == LOOKUP_BATCH || (n && i == l->count)) {
				lookup_visit(s->spaces.list[s->at].others.fd, batch, n, take_seen, s);
				n = 0;
			}
		}
}

/* ---- a tick ---- */

static void hear(struct survey *s)
{
	for (s->at = 0; s->at < SPACES_MOST; s->at++) {
		struct space *space = &s->spaces.list[s->at];

		if (space->open && !endings_hear(&space->endings, take_ending, s))
			s->ledger.lost++;
	}
}

static void begin(struct survey *s, const struct target *t)
{
	spaces_follow(&s->spaces, t);
	look_for_signs(s, t);
	cgroups_follow(&s->cgroups, t);
	ledger_begin(&s->ledger);
	s->going = true;
	s->others = false;
}

/* Returns whether all that are watched have been seen, if they are still there. */
static bool look(struct survey *s, nsec_t until, bool waited)
{
	bool swept = true, others = true;

	s->ledger.moment++;
	begin_dumps(s, waited);
	for (s->at = 0; s->at < SPACES_MOST; s->at++) {
		struct space *space = &s->spaces.list[s->at];

		if (!space->open)
			continue;
		others &= look_at(s, space, until);
		swept &= space->rounds > 0;
	}
	for (size_t i = 0; swept && i < SPACES_MOST; i++)
		s->spaces.list[i].rounds = 0;
	if (swept)
		ledger_sweep(&s->ledger);
	if (!others || count_missing(s) > LOOKUPS_MOST)
		return false;
	look_up(s);
	return true;
}

static nsec_t at_least(nsec_t a, nsec_t least)
{
	return a > least ? a : least;
}

/* Strangers are looked for among the descriptors of the target. */
static void identify(struct survey *s, const struct target *t, nsec_t until)
{
	nsec_t now = clock_cpu_thread();

	if (!s->ledger.npending)
		return;
	holders_ask(s->holders);
	if (now < until)
		holders_walk(s->holders, t, until - now, ++s->ledger.moment);
	ledger_adopt(&s->ledger, is_ours, s);
	s->signs |= s->ledger.npending > 0; /* those are to be seen again when all were asked */
}

bool survey_tick(struct survey *s, const struct target *t)
{
	bool first = s->last == 0, waited = s->going;
	nsec_t now = clock_now(), passed = now - s->last, walked = clock_cpu_thread();
	nsec_t walk = first ? AT_FIRST : at_least(passed / WALK_SHARE, WALK_LEAST);
	nsec_t dump = first ? AT_FIRST : passed / DUMP_SHARE;

	s->last = now;
	holders_walk(s->holders, t, walk, ++s->ledger.moment);
	walked = clock_cpu_thread() - walked;
	hear(s);
	if (!s->going)
		begin(s, t);
	s->going = !look(s, clock_cpu_thread() + dump, waited);
	identify(s, t, first || walked > walk ? 0 : clock_cpu_thread() + walk - walked);
	if (!s->going)
		ledger_finish(&s->ledger, s->others);
	return !s->going;
}
