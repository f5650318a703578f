/* Reading threads within a budget, their table and sums. Knows nothing of processes but their directories. */
#include "source/proc/threads.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "model/tables.h"
#include "source/proc/text.h"
#include "target/stat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_SHARE (THREADS_A_TICK * 3 / 4) /* of a tick for those that run, so that the others have their turn too */
#define KEPT_WHOLE 256 /* of more threads only schedstat stays open, which alone is read of those that sleep */

static nsec_t clock_tick(void)
{
	return NSEC_PER_SEC / (nsec_t)sysconf(_SC_CLK_TCK);
}

/* Whether the scheduler keeps times of threads; where it does not, the file is missing or has zeros only. */
static bool scheduler_counts(void)
{
	struct text_schedstat own;
	char text[128];

	return file_read_at(AT_FDCWD, "/proc/self/schedstat", text, sizeof text) > 0 && text_schedstat(text, &own) &&
		own.timeslices > 0;
}

void threads_open(struct threads *t, const struct source_env *env)
{
	t->has_times = scheduler_counts();
	t->began = clock_boot() / clock_tick();
	t->wants_table = proc_wants(env, PROC_THR_USER, PROC_THR_WAIT);
	t->wants_switches = proc_wants(env, PROC_CPU_VOLUNTARY, PROC_CPU_INVOLUNTARY);
}

static void close_files(struct watched *w, struct kept_budget *b)
{
	kept_close(&w->schedstat, b);
	kept_close(&w->stat, b);
	kept_close(&w->status, b);
}

static void free_watched(struct watched *w, struct kept_budget *b)
{
	close_files(w, b);
	free(w);
}

void threads_close(struct threads *t, struct kept_budget *b)
{
	for (size_t i = 0; i < t->count; i++)
		free_watched(t->list[i], b);
	free(t->list);
	kept_close(&t->delays_switch, b);
}

/* ---- who is watched ---- */

static int by_tid(const void *a, const void *b)
{
	const struct watched *x = *(struct watched *const *)a, *y = *(struct watched *const *)b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static struct watched *find(const struct threads *t, size_t n, pid_t tid)
{
	struct watched key = { .tid = tid }, *wanted = &key;
	struct watched **found = n ? bsearch(&wanted, t->list, n, sizeof(struct watched *), by_tid) : NULL;

	return found ? *found : NULL;
}

static void follow_thread(struct threads *t, size_t known, const struct process *p, pid_t tid)
{
	struct watched *w = find(t, known, tid);

	if (!w) {
		w = xcalloc(1, sizeof *w);
		w->tid = tid;
		t->list = xgrow(t->list, &t->capacity, t->count + 1, sizeof(struct watched *));
		t->list[t->count++] = w;
	}
	w->pid = p->pid;
	w->dir = p->dir;
}

/* Takes over the target's list; who is not in it any more has given all that it will ever give. */
static void follow_target(struct threads *t, const struct target *target, struct kept_budget *b)
{
	size_t n, known = t->count, kept = 0;
	const struct process *p = target_processes(target, &n);

	for (size_t i = 0; i < known; i++)
		t->list[i]->dir = -1;
	for (; n; n--, p++)
		for (size_t i = 0; !p->gone && i < p->nthreads; i++)
			follow_thread(t, known, p, p->threads[i].tid);
	for (size_t i = 0; i < t->count; i++) {
		if (t->list[i]->dir < 0)
			free_watched(t->list[i], b);
		else
			t->list[kept++] = t->list[i];
	}
	t->ended = kept < t->count;
	t->count = kept;
	if (kept)
		qsort(t->list, t->count, sizeof(struct watched *), by_tid);
}

/* ---- reading one ---- */

static ssize_t read_file(struct watched *w, struct kept *k, struct kept_budget *b, const char *name, char *buf,
	size_t size)
{
	char path[64];

	if (k->opened)
		return kept_read(k, b, -1, NULL, buf, size);
	snprintf(path, sizeof path, "task/%d/%s", (int)w->tid, name);
	return kept_read(k, b, w->dir, path, buf, size);
}

static bool read_schedstat(struct watched *w, struct kept_budget *b, struct text_schedstat *out)
{
	char text[128];
	ssize_t n = read_file(w, &w->schedstat, b, "schedstat", text, sizeof text);

	if (n < 0 && kept_vanished(errno) && w->schedstat.opened) { /* perhaps its number is another one's now */
		close_files(w, b);
		n = read_file(w, &w->schedstat, b, "schedstat", text, sizeof text);
	}
	return n > 0 && text_schedstat(text, out);
}

/* A thread that has its number from one that ended is another one. */
static void begin_anew(struct watched *w, uint64_t start)
{
	w->start = start;
	w->read_at = 0;
	memset(w->last, 0, sizeof w->last);
	memset(w->total, 0, sizeof w->total);
	w->spend = (struct spend){ .owed = 0 };
}

static bool read_stat(struct watched *w, struct kept_budget *b, struct proc_stat *st)
{
	char text[STAT_TEXT_SIZE];
	ssize_t n = read_file(w, &w->stat, b, "stat", text, sizeof text);

	if (n < 0 || !stat_parse(text, (size_t)n, st))
		return false;
	if (w->start != st->starttime)
		begin_anew(w, st->starttime);
	str_clean(w->name, sizeof w->name, st->comm, strlen(st->comm));
	w->state[0] = st->state;
	w->cpu = st->processor;
	return true;
}

static bool read_switches(struct watched *w, struct kept_budget *b, uint64_t now[THREAD_FIELDS])
{
	static const char *const names[] = { "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches" };
	char text[8192]; /* the lists of allowed CPUs and nodes grow with the machine */
	uint64_t v[2];

	if (read_file(w, &w->status, b, "status", text, sizeof text) < 0 || text_keyed(text, names, 2, v) != 3)
		return false;
	now[THREAD_VOLUNTARY] = v[0];
	now[THREAD_INVOLUNTARY] = v[1];
	return true;
}

/* Whether it counts from 0, not from its first read. */
static bool is_born(const struct threads *t, const struct watched *w)
{
	return w->start > t->began;
}

static void take_growth(struct threads *t, struct watched *w, const uint64_t now[THREAD_FIELDS])
{
	bool count = w->read_at || is_born(t, w);

	for (int i = 0; i < THREAD_FIELDS; i++) {
		uint64_t more = count && now[i] > w->last[i] ? now[i] - w->last[i] : 0;

		w->total[i] += more;
		t->total[i] += more;
		if (now[i] > w->last[i])
			w->last[i] = now[i];
	}
}

static void take_spend(struct threads *t, struct watched *w, const struct spend_totals *totals, nsec_t at)
{
	struct spend before = w->spend;
	nsec_t born = w->start * clock_tick(), boot = clock_boot();

	if (w->read_at)
		spend_add(&w->spend, at - w->read_at, totals);
	else if (is_born(t, w))
		spend_add(&w->spend, boot > born ? boot - born : 0, totals);
	else
		w->spend.last = *totals;
	for (int i = 0; i < SPEND_PARTS; i++)
		t->part[i] += w->spend.part[i] - before.part[i];
	w->read_at = at;
}

/* The other files of a thread that has been on a CPU: only then do they say anything new. */
static bool read_rest(struct threads *t, struct watched *w, struct kept_budget *b, const struct text_schedstat *sched,
	nsec_t at)
{
	struct kept_budget none = { 0 }, *few = t->count > KEPT_WHOLE ? &none : b;
	uint64_t now[THREAD_FIELDS];
	struct spend_totals totals;
	struct proc_stat st;

	if (!read_stat(w, few, &st))
		return false;
	memcpy(now, w->last, sizeof now);
	now[THREAD_RUN] = sched->run;
	now[THREAD_RUNQUEUE] = sched->runqueue;
	now[THREAD_TIMESLICES] = sched->timeslices;
	now[THREAD_IO] = t->has_delays ? st.delayacct_blkio_ticks * clock_tick() : 0;
	if (t->wants_switches)
		t->has_switches |= read_switches(w, few, now);
	w->ran = w->read_at != 0;
	take_growth(t, w, now);
	totals = (struct spend_totals){ .run = w->last[THREAD_RUN], .runqueue = w->last[THREAD_RUNQUEUE],
		.io = w->last[THREAD_IO], .user_ticks = st.utime, .system_ticks = st.stime };
	take_spend(t, w, &totals, at);
	return true;
}

static bool read_watched(struct threads *t, struct watched *w, struct kept_budget *b)
{
	struct text_schedstat sched;
	nsec_t at = clock_now();

	if (!read_schedstat(w, b, &sched))
		return false;
	if (!w->read_at || sched.run != w->last[THREAD_RUN] || sched.timeslices != w->last[THREAD_TIMESLICES])
		return read_rest(t, w, b, &sched, at);
	w->ran = false;
	take_spend(t, w, &w->spend.last, at);
	return true;
}

/* ---- a tick ---- */

static void put_row(const struct threads *t, const struct watched *w, struct sample *out, struct table *table)
{
	union cell *row = table_row(table, table_thread_key(w->tid, w->start));

	row[THREADS_PID].number = w->pid;
	row[THREADS_TID].number = w->tid;
	row[THREADS_NAME].text = sample_text(out, w->name);
	row[THREADS_STATE].text = sample_text(out, w->state);
	row[THREADS_CPU].number = w->cpu;
	row[THREADS_USER].number = nsec_to_seconds(w->spend.part[SPEND_USER]);
	row[THREADS_SYSTEM].number = nsec_to_seconds(w->spend.part[SPEND_SYSTEM]);
	row[THREADS_RUN].number = nsec_to_seconds(w->total[THREAD_RUN]);
	row[THREADS_RUNQUEUE].number = nsec_to_seconds(w->total[THREAD_RUNQUEUE]);
	if (t->has_delays)
		row[THREADS_IO].number = nsec_to_seconds(w->total[THREAD_IO]);
	if (t->wants_switches && t->has_switches) {
		row[THREADS_VOLUNTARY].number = (double)w->total[THREAD_VOLUNTARY];
		row[THREADS_INVOLUNTARY].number = (double)w->total[THREAD_INVOLUNTARY];
	}
}

struct sweep {
	const struct proc_tick *tick;
	struct kept_budget *budget;
	struct table *table; /* NULL: not wanted */
	nsec_t end;          /* in CPU time of tach: what the machine does meanwhile must not shorten the list */
	size_t tried;
};

static bool may_read(const struct threads *t, const struct sweep *s, size_t limit)
{
	if (t->count <= THREADS_WHOLE)
		return true;
	return s->tried < limit && (s->tried < THREADS_LEAST || s->tried % 16 || clock_cpu_self() < s->end);
}

static void sweep_one(struct threads *t, struct watched *w, struct sweep *s)
{
	s->tried++;
	w->round = t->round;
	if (!read_watched(t, w, s->budget))
		return;
	t->read++;
	if (s->table)
		put_row(t, w, s->tick->out, s->table);
}

/* Those that ran when last seen, then, from where the last tick stopped, whoever has not been read. */
static void sweep(struct threads *t, struct sweep *s)
{
	size_t i;

	t->round++;
	t->read = 0;
	for (i = 0; t->count > THREADS_WHOLE && i < t->count && may_read(t, s, BUSY_SHARE); i++)
		if (t->list[(t->next + i) % t->count]->ran)
			sweep_one(t, t->list[(t->next + i) % t->count], s);
	for (i = 0; i < t->count && may_read(t, s, THREADS_A_TICK); i++)
		if (t->list[(t->next + i) % t->count]->round != t->round)
			sweep_one(t, t->list[(t->next + i) % t->count], s);
	t->next = t->count ? (t->next + i) % t->count : 0;
	t->left_out = t->count - s->tried;
	if (s->table)
		s->table->left_out = t->left_out;
}

static void put_sums(const struct threads *t, const struct proc_tick *tick, bool incomplete)
{
	static const char no_delays[] = "the kernel does not account delays (kernel.task_delayacct is 0)";
	enum point_state state = incomplete || t->ended || t->left_out ? POINT_PARTIAL : POINT_OK;

	proc_put_state(tick, PROC_CPU_RUNQUEUE, nsec_to_seconds(t->total[THREAD_RUNQUEUE]), state);
	proc_put_state(tick, PROC_CPU_TIMESLICES, (double)t->total[THREAD_TIMESLICES], state);
	if (t->has_switches || !t->count) {
		proc_put_state(tick, PROC_CPU_VOLUNTARY, (double)t->total[THREAD_VOLUNTARY], state);
		proc_put_state(tick, PROC_CPU_INVOLUNTARY, (double)t->total[THREAD_INVOLUNTARY], state);
	}
	proc_put_state(tick, PROC_CPU_IO_DELAY, nsec_to_seconds(t->total[THREAD_IO]), state);
	for (int i = 0; i < SPEND_PARTS; i++)
		proc_put_state(tick, PROC_THR_USER + i, nsec_to_seconds(t->part[i]), state);
	if (t->has_delays)
		return;
	proc_missing(tick, PROC_CPU_IO_DELAY, PROC_CPU_IO_DELAY, POINT_ABSENT, no_delays);
	proc_missing(tick, PROC_THR_IO, PROC_THR_IO, POINT_ABSENT, no_delays);
	if (proc_wants(tick->env, PROC_CPU_IO_DELAY, PROC_CPU_IO_DELAY) || proc_wants(tick->env, PROC_THR_IO, PROC_THR_IO))
		sample_status(tick->out, "I/O delay", STATUS_ABSENT, no_delays,
			"sysctl kernel.task_delayacct=1, then start the program anew");
}

static void put_status(const struct threads *t, const struct proc_tick *tick)
{
	char why[128];

	if (!t->left_out)
		return;
	snprintf(why, sizeof why, "%zu of its %zu threads were not read in this tick; all are in turn, busy ones first",
		t->left_out, t->count);
	sample_status(tick->out, "threads", STATUS_PARTIAL, why, "");
}

static bool delays_are_on(struct threads *t, struct kept_budget *b)
{
	char text[16];

	return kept_read(&t->delays_switch, b, AT_FDCWD, "/proc/sys/kernel/task_delayacct", text, sizeof text) > 0 &&
		text[0] == '1';
}

void threads_read(struct threads *t, const struct proc_tick *tick, struct kept_budget *b, bool incomplete)
{
	struct sweep s = { .tick = tick, .budget = b, .end = clock_cpu_self() + THREADS_TIME };

	if (!proc_wants(tick->env, PROC_CPU_RUNQUEUE, PROC_THR_WAIT))
		return;
	if (!t->has_times) {
		proc_missing(tick, PROC_CPU_RUNQUEUE, PROC_THR_WAIT, POINT_ABSENT,
			"this kernel keeps no scheduler times of threads (CONFIG_SCHED_INFO)");
		return;
	}
	t->ended = false;
	if (!t->round || t->generation != target_generation(tick->target))
		follow_target(t, tick->target, b);
	t->generation = target_generation(tick->target);
	t->has_delays = delays_are_on(t, b);
	if (t->wants_table)
		s.table = sample_table(tick->out, &table_threads);
	sweep(t, &s);
	put_sums(t, tick, incomplete);
	put_status(t, tick);
}
