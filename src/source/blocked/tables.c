/* Rows from a report. Names of threads are read when a row needs them. */
#include "source/blocked/tables.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "model/tables.h"
#include "source/calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_ROWS 100
#define PAIR_ROWS 100
#define CHAIN_ROWS 8
#define CHAIN_LINKS 16

static const struct watched_thread *by_tid(const struct report *r, uint64_t tid)
{
	size_t low = 0, high = r->list.nthreads;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uint64_t)r->list.threads[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->list.nthreads && (uint64_t)r->list.threads[low].tid == tid ? &r->list.threads[low] : NULL;
}

static const struct watched_process *process_of(const struct report *r, const struct watched_thread *t)
{
	return &r->list.processes[t->process];
}

/* "ctl/18236", clean; "" for NULL. Returns buf. */
static const char *label(const struct report *r, const struct watched_thread *t, char *buf, size_t size)
{
	char path[64], raw[64], name[40];
	ssize_t n;

	buf[0] = '\0';
	if (!t)
		return buf;
	snprintf(path, sizeof path, "/proc/%d/task/%d/comm", (int)process_of(r, t)->pid, (int)t->tid);
	n = file_read_at(AT_FDCWD, path, raw, sizeof raw);
	str_clean(name, sizeof name, raw, n > 0 && raw[n - 1] == '\n' ? (size_t)n - 1 : 0);
	snprintf(buf, size, "%s/%d", name[0] ? name : "?", (int)t->tid);
	return buf;
}

static const struct watched_thread *owner_of(const struct report *r, const struct watched_thread *t)
{
	return t->last.blocked ? watch_find(&r->list, t->process, t->last.owner) : NULL;
}

/* What a lock is called; who is joined, by name. Returns buf. */
static const char *lock_name(const struct told *told, const uint64_t key[2], uint32_t owner, char *buf, size_t size)
{
	const struct watched_thread *joined = lock_key_kind(key[1]) == FUTEX_KIND_JOIN ? by_tid(told->report, owner) : NULL;
	const struct lock_info *info = naming_find(told->naming, key);

	if (joined)
		return label(told->report, joined, buf, size);
	if (info && info->name[0])
		str_copy(buf, size, info->name);
	else
		snprintf(buf, size, "0x%llx", (unsigned long long)key[0]);
	return buf;
}

/* ---- locks ---- */

/* Threads that wait there now, of those that were looked at. */
static unsigned count_waiters(const struct report *r, const struct tally_row *k)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->list.nthreads; i++) {
		const struct watched_thread *t = &r->list.threads[i];

		n += !t->gone && t->last.blocked && t->last.kind && t->last.addr == k->key[0] &&
			lock_key(process_of(r, t)->pid, t->last.kind) == k->key[1];
	}
	return n;
}

static void put_lock(const struct told *told, const struct tally_row *k, struct table *t, struct sample *out)
{
	const struct report *r = told->report;
	const struct lock_info *info = naming_find(told->naming, k->key);
	const char *nature = info ? lock_nature_name(info->nature) : NULL;
	enum futex_kind kind = lock_key_kind(k->key[1]);
	pid_t pid = lock_key_pid(k->key[1]);
	union cell *row = table_row(t, k->key[0] ^ (uint64_t)pid << 40 ^ (uint64_t)kind << 60);
	char text[64];

	row[LOCKS_LOCK].text = sample_text(out, lock_name(told, k->key, k->owner, text, sizeof text));
	row[LOCKS_KIND].text = sample_text(out, nature && kind != FUTEX_KIND_PI ? nature : futex_kind_name(kind));
	row[LOCKS_GROUP].text = sample_text(out, lock_contends(k) ? "lock" : "work");
	snprintf(text, sizeof text, "0x%llx", (unsigned long long)k->key[0]);
	row[LOCKS_ADDR].text = sample_text(out, text);
	row[LOCKS_PID].number = pid;
	row[LOCKS_WAIT].number = nsec_to_seconds(k->wait);
	if (r->whole)
		row[LOCKS_WAITERS].number = count_waiters(r, k);
	if (lock_contends(k))
		row[LOCKS_HOLDER].text = sample_text(out, label(r, by_tid(r, k->owner), text, sizeof text));
	if (info) {
		row[LOCKS_WAITS_AT].text = sample_text(out, info->at[STACK_WAITS]);
		row[LOCKS_HELD_AT].text = sample_text(out, info->at[STACK_HOLDS]);
	}
}

static void put_locks(const struct told *told, struct sample *out)
{
	const struct tally *locks = told->report->locks;
	struct table *t = sample_table(out, &table_locks);

	for (size_t i = 0; i < locks->count && i < LOCK_ROWS; i++)
		put_lock(told, &locks->rows[i], t, out);
	t->left_out = locks->count - t->nrows;
}

static void put_pairs(const struct report *r, struct sample *out)
{
	struct table *t = sample_table(out, &table_lock_pairs);
	char text[64];

	for (size_t i = 0; i < r->pairs->count && t->nrows < PAIR_ROWS; i++) {
		const struct tally_row *pair = &r->pairs->rows[i];
		const struct watched_thread *waiter = by_tid(r, pair->key[0]), *owner = by_tid(r, pair->key[1]);
		union cell *row;

		if (!waiter || !owner)
			continue;
		row = table_row(t, pair->key[0] << 32 | pair->key[1]);
		row[PAIRS_WAITER].text = sample_text(out, label(r, waiter, text, sizeof text));
		row[PAIRS_OWNER].text = sample_text(out, label(r, owner, text, sizeof text));
		row[PAIRS_WAIT].number = nsec_to_seconds(pair->wait);
	}
	t->left_out = r->pairs->count - t->nrows;
}

/* ---- chains ---- */

struct chain {
	const struct watched_thread *links[CHAIN_LINKS];
	size_t count;
	bool circle; /* the last waits for one before it */
};

static const struct watched_thread *holder_of(const struct report *r, const struct watched_thread *t)
{
	return look_is_contention(&t->last) ? owner_of(r, t) : NULL;
}

static void follow(const struct report *r, const struct watched_thread *t, struct chain *out)
{
	*out = (struct chain){ .count = 0 };
	for (; t && !out->circle && out->count < CHAIN_LINKS; t = holder_of(r, t)) {
		for (size_t i = 0; i < out->count; i++)
			out->circle = out->circle || out->links[i] == t;
		out->links[out->count++] = t;
	}
}

static int by_length(const void *a, const void *b)
{
	const struct chain *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->links[0]->since < y->links[0]->since ? -1 : x->links[0]->since > y->links[0]->since;
}

static const char *waits_for(const struct told *told, const struct watched_thread *t, char *buf, size_t size)
{
	const struct watched_thread *owner = owner_of(told->report, t);
	const uint64_t key[2] = { t->last.addr, lock_key(process_of(told->report, t)->pid, t->last.kind) };
	const char *call = t->last.call == CALL_NONE ? "page fault" : calls_name(t->last.call);

	if (t->last.kind)
		return lock_name(told, key, owner ? (uint32_t)owner->tid : 0, buf, size);
	snprintf(buf, size, "%s", call ? call : "an unknown call");
	return buf;
}

static void put_chain(const struct told *told, const struct chain *c, struct table *t, struct sample *out)
{
	const struct report *r = told->report;
	const struct watched_thread *first = c->links[0], *last = c->links[c->count - 1];
	union cell *row = table_row(t, (uint64_t)first->tid);
	char text[256], name[64], what[64];
	size_t n = 0;

	for (size_t i = 0; i < c->count && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " > " : "", label(r, c->links[i], name, sizeof name));
	row[CHAINS_CHAIN].text = sample_text(out, text);
	row[CHAINS_LOCK].text = sample_text(out, waits_for(told, first, what, sizeof what));
	row[CHAINS_WAIT].number = nsec_to_seconds(r->time - first->since);
	label(r, last, name, sizeof name);
	if (c->circle)
		snprintf(text, sizeof text, "a circle: deadlock");
	else if (last->last.blocked)
		snprintf(text, sizeof text, "%s in %s", name, waits_for(told, last, what, sizeof what));
	else
		snprintf(text, sizeof text, "%s runs", name);
	row[CHAINS_END].text = sample_text(out, text);
}

/* Whether somebody waits for the owner of a chain's first link: then that is part of a longer one. */
static void mark_waited_for(const struct report *r, bool *waited_for)
{
	for (size_t i = 0; i < r->list.nthreads; i++) {
		const struct watched_thread *owner = holder_of(r, &r->list.threads[i]);

		if (owner)
			waited_for[owner - r->list.threads] = true;
	}
}

/* Of those that begin where nobody waits, and of circles. Only from one moment: links of different ones make none. */
static void put_chains(const struct told *told, struct sample *out)
{
	const struct report *r = told->report;
	struct table *t = sample_table(out, &table_lock_chains);
	bool *waited_for = xcalloc(r->list.nthreads + 1, sizeof *waited_for);
	struct chain *chains = NULL, c;
	size_t found = 0, capacity = 0;

	mark_waited_for(r, waited_for);
	for (size_t i = 0; r->whole && i < r->list.nthreads; i++) {
		if (!holder_of(r, &r->list.threads[i]))
			continue;
		follow(r, &r->list.threads[i], &c);
		if (waited_for[i] && !(c.circle && c.links[c.count - 1] == c.links[0]))
			continue;
		chains = xgrow(chains, &capacity, found + 1, sizeof *chains);
		chains[found++] = c;
	}
	if (found)
		qsort(chains, found, sizeof *chains, by_length);
	for (size_t i = 0; i < found && i < CHAIN_ROWS; i++)
		put_chain(told, &chains[i], t, out);
	t->left_out = found - t->nrows;
	free(chains);
	free(waited_for);
}

/* ---- threads ---- */

static void fill_thread(const struct told *told, const struct watched_thread *t, union cell *row, struct sample *out)
{
	static const int column[CAUSES] = {
#define X(id, word, place) [id] = (place),
		WAIT_CAUSES(X)
#undef X
	};
	double sum[table_threads_columns] = { 0 };
	char text[64];

	for (int c = 0; c < CAUSES; c++)
		sum[column[c]] += nsec_to_seconds(t->total[c]);
	for (int c = THREADS_LOCK; c <= THREADS_OTHER; c++)
		row[c].number = sum[c];
	if (t->last.blocked)
		row[THREADS_WAITS_FOR].text = sample_text(out, waits_for(told, t, text, sizeof text));
}

/* The rows are proc's. Of threads that are looked at now and then only, nothing is said of each. */
static void fill_threads(const struct told *told, struct sample *out)
{
	const struct report *r = told->report;
	struct table *threads = sample_find_table(out, &table_threads);

	if (!threads || !r->whole)
		return;
	for (size_t i = 0; i < threads->nrows; i++) {
		union cell *row = threads->cells + i * threads->def->ncolumns;
		const struct watched_thread *t = by_tid(r, (uint64_t)row[THREADS_TID].number);

		if (t && t->since && !process_of(r, t)->refused)
			fill_thread(told, t, row, out);
	}
	sample_table_note(out, &table_threads, true, told->note);
}

/* too_many: NULL, or that some found no room. */
static void note_table(const struct told *told, const struct table_def *def, const char *too_many, struct sample *out)
{
	char note[160];

	snprintf(note, sizeof note, "%s%s%s", told->note, too_many ? "; " : "", too_many ? too_many : "");
	sample_table_note(out, def, true, note);
}

void blocked_put_tables(const struct told *told, struct sample *out)
{
	const struct report *r = told->report;
	bool full;

	put_locks(told, out);
	put_pairs(r, out);
	put_chains(told, out);
	full = naming_put_sites(told->naming, out);
	fill_threads(told, out);
	note_table(told, &table_locks, r->locks->lost ? "too many locks: the rest is left out" : NULL, out);
	note_table(told, &table_lock_pairs, r->pairs->lost ? "too many pairs: the rest is left out" : NULL, out);
	note_table(told, &table_lock_chains, NULL, out);
	note_table(told, &table_lock_sites, full ? "too many places: the rest is left out" : NULL, out);
}
