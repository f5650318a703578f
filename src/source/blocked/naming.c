/* Questions to the symbol worker and what becomes of the answers. */
#include "source/blocked/naming.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "model/tables.h"
#include "symbol/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED 100       /* locks, the hottest */
#define PENDING 16
#define SITES 256
#define PROCESSES 64    /* that the worker knows */

#if defined(__x86_64__)
enum { WORD_PC = 16, WORD_SP = 19 }; /* of struct pt_regs */
#else
enum { WORD_PC = 32, WORD_SP = 31 }; /* of struct user_pt_regs */
#endif

/* Where somebody stood: one place in the code, thread, lock and role. */
struct stand {
	enum stack_role role;
	pid_t pid, tid;
	uint64_t lock[2], pc;
	uint64_t samples;
	bool lined;
	char thread[40], where[96], callers[160];
};

struct pending {
	uint64_t id;
	struct stand stand;
};

struct naming {
	struct symbol_worker *worker; /* NULL: not needed so far, or it cannot be */
	bool tried;
	struct lock_info *locks;
	size_t nlocks, locks_capacity;
	struct pending pending[PENDING];
	size_t npending;
	uint64_t last_id;
	struct stand *sites;
	size_t nsites, sites_capacity;
	bool full;          /* there were more */
	pid_t known[PROCESSES];
	size_t nknown;
};

struct naming *naming_open(void)
{
	return xcalloc(1, sizeof(struct naming));
}

void naming_close(struct naming *n)
{
	if (!n)
		return;
	symbol_worker_stop(n->worker);
	free(n->locks);
	free(n->sites);
	free(n);
}

static bool is_key(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

static struct lock_info *find(const struct naming *n, const uint64_t key[2])
{
	for (size_t i = 0; i < n->nlocks; i++)
		if (is_key(n->locks[i].key, key))
			return &n->locks[i];
	return NULL;
}

const struct lock_info *naming_find(const struct naming *n, const uint64_t key[2])
{
	return find(n, key);
}

/* ---- which locks and processes ---- */

/* Those of the report, with what was known of them. */
static void follow_locks(struct naming *n, const struct report *r)
{
	size_t count = r->locks->count < NAMED ? r->locks->count : NAMED;
	struct lock_info *next = xcalloc(count + 1, sizeof *next);

	for (size_t i = 0; i < count; i++) {
		const struct lock_info *old = find(n, r->locks->rows[i].key);

		if (old)
			next[i] = *old;
		memcpy(next[i].key, r->locks->rows[i].key, sizeof next[i].key);
	}
	free(n->locks);
	n->locks = next;
	n->nlocks = count;
}

static const struct process *process_of(const struct target *t, pid_t pid)
{
	size_t count;
	const struct process *p = target_processes(t, &count);

	for (size_t i = 0; i < count; i++)
		if (p[i].pid == pid && !p[i].gone)
			return &p[i];
	return NULL;
}

/* Tells the worker of a process; false: there is none such, or no room for it. */
static bool know(struct naming *n, const struct target *t, pid_t pid)
{
	const struct process *p = process_of(t, pid);

	for (size_t i = 0; p && i < n->nknown; i++)
		if (n->known[i] == pid)
			return true;
	if (!p || n->nknown == PROCESSES)
		return false;
	symbol_worker_know(n->worker, pid, p->dir);
	n->known[n->nknown++] = pid;
	return true;
}

static void forget_ended(struct naming *n, const struct target *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->nknown; i++) {
		if (process_of(t, n->known[i]))
			n->known[kept++] = n->known[i];
		else
			symbol_worker_forget(n->worker, n->known[i]);
	}
	n->nknown = kept;
}

/* ---- names ---- */

static void name_lock(struct naming *n, const struct target *t, struct lock_info *lock)
{
	struct symbol_key key = { lock_key_pid(lock->key[1]), SYMBOL_ASK_NAME, lock->key[0] };
	struct symbol_result *r = NULL;

	switch (symbol_worker_take(n->worker, key, &r)) {
	case SYMBOL_STATE_DONE:
		symbol_name_text(lock->name, sizeof lock->name, &r->names[0]);
		lock->named = true;
		break;
	case SYMBOL_STATE_NONE:
		if (know(n, t, key.pid))
			symbol_worker_ask(n->worker, key);
		break;
	default:
		break;
	}
	free(r);
}

/* ---- stacks ---- */

static void ask_stack(struct naming *n, const struct target *t, const struct stack_copy *copy)
{
	struct symbol_key key = { copy->pid, SYMBOL_ASK_STACK, n->last_id + 1 };
	struct symbol_regs regs = { { 0 } };
	struct pending *p = &n->pending[n->npending];
	char path[64], name[64];
	ssize_t length;

	if (n->npending == PENDING || !know(n, t, copy->pid))
		return;
	regs.word[WORD_PC] = copy->pc; /* the others are not told: code that counts on them ends the stack */
	regs.word[WORD_SP] = copy->sp;
	if (!symbol_worker_ask_stack(n->worker, key, &regs, copy->bytes, copy->size, copy->sp))
		return;
	*p = (struct pending){ .id = ++n->last_id, .stand = { .role = copy->role, .pid = copy->pid, .tid = copy->tid,
		.lock = { copy->lock[0], copy->lock[1] } } };
	n->npending++;
	snprintf(path, sizeof path, "/proc/%d/task/%d/comm", (int)copy->pid, (int)copy->tid);
	length = file_read_at(AT_FDCWD, path, name, sizeof name);
	str_clean(p->stand.thread, sizeof p->stand.thread, name, length > 0 ? (size_t)length - 1 : 0);
}

static struct stand *site_of(struct naming *n, const struct stand *s)
{
	for (size_t i = 0; i < n->nsites; i++) {
		struct stand *known = &n->sites[i];

		if (known->role == s->role && known->tid == s->tid && known->pc == s->pc && is_key(known->lock, s->lock))
			return known;
	}
	if (n->nsites == SITES) {
		n->full = true;
		return NULL;
	}
	n->sites = xgrow(n->sites, &n->sites_capacity, n->nsites + 1, sizeof *n->sites);
	n->sites[n->nsites] = *s;
	return &n->sites[n->nsites++];
}

static void learn_place(struct naming *n, const struct stand *site)
{
	struct lock_info *lock = find(n, site->lock);

	if (lock)
		str_copy(lock->at[site->role], sizeof lock->at[0], site->where);
}

static void take_stack(struct naming *n, struct stand *s, const struct symbol_result *r)
{
	struct callers c = callers_of(r->names, r->count);
	struct lock_info *lock = find(n, s->lock);
	struct stand *site;

	if (!r->count || !lock)
		return;
	if (s->role == STACK_WAITS && c.nature != NATURE_UNKNOWN)
		lock->nature = c.nature;
	s->pc = r->names[c.own].address;
	site = site_of(n, s);
	if (!site)
		return;
	if (!site->samples++) {
		symbol_name_text(site->where, sizeof site->where, &r->names[c.own]);
		callers_text(site->callers, sizeof site->callers, &r->names[c.own], c.end - c.own);
	}
	learn_place(n, site);
}

static void take_stacks(struct naming *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->npending; i++) {
		struct symbol_key key = { n->pending[i].stand.pid, SYMBOL_ASK_STACK, n->pending[i].id };
		struct symbol_result *r = NULL;
		enum symbol_state state = symbol_worker_take(n->worker, key, &r);

		if (state == SYMBOL_STATE_WAITS)
			n->pending[kept++] = n->pending[i];
		else if (state == SYMBOL_STATE_DONE)
			take_stack(n, &n->pending[i].stand, r);
		free(r);
	}
	n->npending = kept;
}

/* Of all sites of that place, of whatever lock and thread: the answer comes once. */
static void set_line(struct naming *n, const struct symbol_key *key, const struct symbol_result *r)
{
	for (size_t i = 0; i < n->nsites; i++) {
		struct stand *site = &n->sites[i];

		if (site->lined || site->pid != key->pid || site->pc != key->id)
			continue;
		site->lined = true;
		if (r->has_line)
			symbol_line_text(site->where, sizeof site->where, &r->line);
		learn_place(n, site);
	}
}

/* "fwd.c:212" in place of "ct_lookup+0x1c", once it is known. Sites of locks that are forgotten go. */
static void read_lines(struct naming *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->nsites; i++) {
		struct stand *site = &n->sites[i];
		struct symbol_key key = { site->pid, SYMBOL_ASK_LINE, site->pc };
		struct symbol_result *r = NULL;
		enum symbol_state state;

		if (!find(n, site->lock))
			continue;
		state = site->lined ? SYMBOL_STATE_WAITS : symbol_worker_take(n->worker, key, &r);
		if (state == SYMBOL_STATE_NONE)
			symbol_worker_ask(n->worker, key);
		if (state == SYMBOL_STATE_DONE)
			set_line(n, &key, r);
		free(r);
		n->sites[kept++] = *site;
	}
	n->nsites = kept;
}

/* ---- a tick ---- */

static void start_worker(struct naming *n)
{
	struct err e;

	n->tried = true;
	n->worker = symbol_worker_start(&e);
	if (!n->worker)
		log_line("no names of locks: %s", e.text);
}

void naming_read(struct naming *n, const struct target *t, const struct report *r, struct sampler *s)
{
	follow_locks(n, r);
	if (n->nlocks && !n->tried)
		start_worker(n);
	if (!n->worker)
		return;
	forget_ended(n, t);
	for (size_t i = 0; i < r->nstacks; i++)
		ask_stack(n, t, &r->stacks[i]);
	take_stacks(n);
	read_lines(n);
	for (size_t i = 0; i < n->nlocks; i++) {
		if (!n->locks[i].named)
			name_lock(n, t, &n->locks[i]);
		if (lock_nature_contends(n->locks[i].nature) && !lock_contends(&r->locks->rows[i]))
			sampler_learn(s, n->locks[i].key);
	}
}

bool naming_put_sites(const struct naming *n, struct sample *out)
{
	struct table *t = sample_table(out, &table_lock_sites);

	for (size_t i = 0; i < n->nsites; i++) {
		const struct stand *s = &n->sites[i];
		union cell *row = table_row(t, s->lock[0] ^ s->pc << 8 ^ (uint64_t)s->tid << 40 ^ s->role);
		char addr[24];

		snprintf(addr, sizeof addr, "0x%llx", (unsigned long long)s->lock[0]);
		row[SITES_ADDR].text = sample_text(out, addr);
		row[SITES_PID].number = s->pid;
		row[SITES_ROLE].text = s->role == STACK_HOLDS ? "hold" : "wait";
		row[SITES_THREAD].text = sample_text(out, s->thread);
		row[SITES_TID].number = s->tid;
		row[SITES_SITE].text = sample_text(out, s->where);
		row[SITES_CALLERS].text = sample_text(out, s->callers);
		row[SITES_SAMPLES].number = (double)s->samples;
	}
	return n->full;
}
