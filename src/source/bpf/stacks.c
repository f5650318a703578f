/* Asking for stacks and names, and what becomes of the answers. The sites themselves are sites.c's. */
#include "source/bpf/stacks.h"

#include "base/alloc.h"
#include "base/str.h"
#include "source/bpf/id.h"
#include "source/bpf/sites.h"
#include "source/bpf/slots.h"
#include "source/callers.h"
#include "symbol/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PENDING 256

/* A stack that is being unwound. */
struct pending {
	u64 id;
	struct site_key key;
	u64 weight;
	char thread[24]; /* name of who stood there */
};

struct stacks {
	struct bpf_room *room;
	struct symbol_worker *worker; /* the room's */
	struct pending pending[PENDING];
	size_t npending;
	u64 last_id;
	pid_t *known;      /* processes that the worker was told of */
	size_t nknown, known_capacity;
	u64 generation, execs; /* of the target and of the kernel's count, when they were looked at last */
	struct sites *sites, *growth; /* of locks; of faults */
	u64 whole, broken, lost; /* stacks unwound to their end, or not; without room to wait for that */
	char why[160];     /* of the last that was not */
};

struct stacks *stacks_open(struct bpf_room *r)
{
	struct stacks *s = xcalloc(1, sizeof *s);

	s->room = r;
	s->worker = r->symbols;
	s->sites = sites_new();
	s->growth = sites_new();
	return s;
}

void stacks_close(struct stacks *s)
{
	if (!s)
		return;
	sites_free(s->sites);
	free(s->known);
	sites_free(s->growth);
	free(s);
}

static void remember(struct stacks *s, pid_t pid)
{
	for (size_t i = 0; i < s->nknown; i++)
		if (s->known[i] == pid)
			return;
	s->known = xgrow(s->known, &s->known_capacity, s->nknown + 1, sizeof *s->known);
	s->known[s->nknown++] = pid;
}

/* Tells the worker of a process; false: it is not one of the target's. */
static bool know(struct stacks *s, pid_t pid)
{
	size_t n;
	const struct process *p = target_processes(s->room->target, &n);

	for (size_t i = 0; i < n; i++)
		if (p[i].pid == pid) {
			symbol_worker_know(s->worker, pid, p[i].dir);
			remember(s, pid);
			return true;
		}
	return false;
}

/* Processes that have ended are let go of, and addresses of one that has called exec mean something else. */
static void follow_processes(struct stacks *s)
{
	u64 generation = target_generation(s->room->target), execs = id_execs(&s->room->groups[0]);
	size_t n, kept = 0;
	const struct process *p = target_processes(s->room->target, &n);

	if (generation == s->generation && execs == s->execs)
		return;
	for (size_t k = 0; k < s->nknown; k++) {
		size_t i = 0;

		while (i < n && (p[i].pid != s->known[k] || p[i].gone))
			i++;
		if (i == n) {
			symbol_worker_forget(s->worker, s->known[k]);
			continue;
		}
		if (execs != s->execs)
			symbol_worker_exec(s->worker, s->known[k]);
		s->known[kept++] = s->known[k];
	}
	s->nknown = kept;
	s->generation = generation;
	s->execs = execs;
}

void stacks_take(struct bpf_room *r, const void *record, size_t size)
{
	const struct stack_record *rec = record;
	struct stacks *s = r->stacks;
	const struct thread_slot *t;
	struct symbol_regs regs = { { 0 } };
	struct symbol_key key;
	struct pending *p;

	if (size < sizeof *rec || rec->size > STACK_BYTES || !s || !know(s, (pid_t)rec->tgid))
		return;
	key = (struct symbol_key){ .pid = (pid_t)rec->tgid, .ask = SYMBOL_ASK_STACK, .id = s->last_id + 1 };
	memcpy(regs.word, rec->regs, sizeof rec->regs);
	if (s->npending == PENDING || !symbol_worker_ask_stack(s->worker, key, &regs, rec->stack, rec->size, rec->sp)) {
		s->lost++;
		return;
	}
	p = &s->pending[s->npending++];
	*p = (struct pending){ .id = ++s->last_id, .weight = rec->weight };
	p->key = (struct site_key){ .tgid = rec->tgid, .role = rec->role, .kind = rec->kind };
	if (rec->role == STACK_FAULT) { /* its address is not a thing that others meet at, and memory is all threads' */
		p->weight = (u64)((double)rec->weight * r->faults_a_stack);
		return;
	}
	p->key.tid = rec->tid;
	p->key.addr = rec->addr;
	t = r->slots ? slots_by_tid(r->slots, rec->tid) : NULL;
	if (t)
		str_clean(p->thread, sizeof p->thread, t->comm, strnlen(t->comm, sizeof t->comm));
}

/* ---- answers ---- */

static void take_stack_of(struct stacks *s, const struct pending *p, const struct symbol_result *r, struct locks *locks)
{
	struct callers c = callers_of(r->names, r->count);
	struct site_key key = p->key;
	const struct site *site;

	if (r->unwound.whole)
		s->whole++;
	else {
		s->broken++;
		str_copy(s->why, sizeof s->why, r->unwound.why);
	}
	if (locks && key.role == STACK_WAIT && c.nature != NATURE_UNKNOWN)
		locks_learn(locks, key.tgid, key.addr, c.nature);
	if (!r->count)
		return;
	key.pc = r->names[c.own].address;
	site = sites_add(key.role == STACK_FAULT ? s->growth : s->sites, &key, p->weight, p->thread, &r->names[c.own],
		c.end - c.own);
	if (locks && key.role != STACK_FAULT)
		locks_learn_site(locks, key.tgid, key.addr, key.role == STACK_HOLD, site->where);
}

static void read_pending(struct stacks *s, struct locks *locks)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->npending; i++) {
		struct pending *p = &s->pending[i];
		struct symbol_key key = { (pid_t)p->key.tgid, SYMBOL_ASK_STACK, p->id };
		struct symbol_result *r = NULL;
		enum symbol_state state = symbol_worker_take(s->worker, key, &r);

		if (state == SYMBOL_STATE_WAITS)
			s->pending[kept++] = *p;
		else if (state == SYMBOL_STATE_DONE)
			take_stack_of(s, p, r, locks);
		else
			s->lost++;
		free(r);
	}
	s->npending = kept;
}

/* Of all sites of that place, of whatever lock and thread: the answer comes once. */
static void set_line(struct sites *sites, const struct symbol_key *key, const struct symbol_result *r, struct locks *locks)
{
	struct site *site = NULL;

	while ((site = sites_unlined_at(sites, site, (u32)key->pid, key->id))) {
		site->lined = true;
		if (r->has_line)
			symbol_line_text(site->where, sizeof site->where, &r->line);
		if (locks)
			locks_learn_site(locks, site->key.tgid, site->key.addr, site->key.role == STACK_HOLD, site->where);
	}
}

/* "fwd.c:212" in place of "ct_lookup+0x1c", once it is known. */
static void read_line(void *context, struct site *site, struct locks *locks)
{
	struct stacks *s = context;
	struct symbol_key key = { (pid_t)site->key.tgid, SYMBOL_ASK_LINE, site->key.pc };
	struct symbol_result *r = NULL;

	switch (symbol_worker_take(s->worker, key, &r)) {
	case SYMBOL_STATE_DONE:
		set_line(s->sites, &key, r, locks);
		set_line(s->growth, &key, r, NULL);
		break;
	case SYMBOL_STATE_NONE:
		symbol_worker_ask(s->worker, key);
		break;
	default:
		break;
	}
	free(r);
}

struct naming {
	struct stacks *stacks;
	struct locks *locks;
};

static void name_lock(void *context, u32 tgid, u64 addr)
{
	struct naming *n = context;
	struct symbol_key key = { (pid_t)tgid, SYMBOL_ASK_NAME, addr };
	struct symbol_result *r = NULL;
	char text[64];

	switch (symbol_worker_take(n->stacks->worker, key, &r)) {
	case SYMBOL_STATE_DONE:
		locks_learn_name(n->locks, tgid, addr, symbol_name_text(text, sizeof text, &r->names[0]));
		break;
	case SYMBOL_STATE_NONE:
		if (know(n->stacks, (pid_t)tgid))
			symbol_worker_ask(n->stacks->worker, key);
		break;
	default:
		break;
	}
	free(r);
}

void stacks_read(struct stacks *s, struct locks *locks)
{
	follow_processes(s);
	read_pending(s, locks);
	sites_each_unlined(s->sites, read_line, s, locks);
	sites_each_unlined(s->growth, read_line, s, locks);
	if (locks)
		locks_unnamed(locks, name_lock, &(struct naming){ s, locks });
}

void stacks_put(const struct stacks *s, struct sample *out)
{
	u64 all = s->broken + s->whole + s->lost;
	char why[240] = "", lost[80] = "";

	sites_put(s->sites, out);
	sites_put_growth(s->growth, out);
	if (s->lost)
		snprintf(lost, sizeof lost, "%llu of %llu stacks came too fast and are left out", (unsigned long long)s->lost,
			(unsigned long long)all);
	if (s->broken)
		snprintf(why, sizeof why, "%llu of %llu stacks are cut off: %s", (unsigned long long)s->broken,
			(unsigned long long)all, s->why);
	if (s->broken && s->lost)
		str_copy(why + strlen(why), sizeof why - strlen(why), "; ");
	str_copy(why + strlen(why), sizeof why - strlen(why), lost);
	if (all)
		sample_status(out, "stacks", why[0] ? STATUS_PARTIAL : STATUS_ON, why, "");
}
