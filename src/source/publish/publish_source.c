/*
 * The publishers of a target: found, mapped, read once a tick, and let go. A publisher is held by the process in which
 * it was found; when that lets it go (exit, exec, close) it is an orphan and still read, until every other process has
 * been walked through: a child may have inherited it. Then its totals are kept and it is forgotten.
 */
#include "source/publish/publish_source.h"

#include "base/alloc.h"
#include "source/publish/publish_find.h"
#include "source/publish/publish_memory.h"
#include "source/publish/publish_parse.h"
#include "source/publish/publish_totals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET (2 * NSEC_PER_MSEC) /* a tick, for looking at descriptors */
#define PUBLISHERS_MAX 64
#define COMPLAINTS_MAX 8
#define UNPLACED (-1) /* a name that was not looked at yet */
#define LEFT_OUT (-2)

struct publisher {
	struct publish_memory memory;
	struct publish_view view;
	int place[TACH_PUBLISH_NAMES]; /* in the totals, by the view's names */
	pid_t pid;                     /* its holder: a process of the target and a descriptor in it */
	uint64_t start;
	unsigned fd;
	bool before;       /* it may have counted before tach came: that is left out */
	bool fresh;        /* not read yet */
	uint64_t orphaned; /* tick at which its holder let it go; 0: it is held */
};

/* Why some memory, or a name in it, is not shown. Forgotten when its process is walked through again. */
struct complaint {
	pid_t pid;
	uint64_t start;
	char text[280];
};

struct publish {
	int mount;
	struct publish_find *find;
	struct publish_totals *totals;
	struct publisher *publishers[PUBLISHERS_MAX];
	size_t npublishers;
	struct complaint complaints[COMPLAINTS_MAX];
	size_t ncomplaints;
	bool ever; /* something was found once */
};

static bool probe(struct err *why, struct err *fix)
{
	(void)fix;
	return publish_memory_mount(why) >= 0;
}

static void *open_publish(const struct source_env *env, const struct target *t, struct err *e)
{
	int mount = publish_memory_mount(e);
	struct publish *s;

	(void)t;
	if (mount < 0)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->mount = mount;
	s->find = publish_find_new();
	s->totals = publish_totals_new(env->registry);
	return s;
}

static void forget(struct publish *s, size_t i)
{
	publish_memory_close(&s->publishers[i]->memory);
	free(s->publishers[i]);
	s->publishers[i] = s->publishers[--s->npublishers];
}

static void close_publish(void *state)
{
	struct publish *s = state;

	while (s->npublishers)
		forget(s, 0);
	publish_find_free(s->find);
	publish_totals_free(s->totals);
	free(s);
}

/* ---- finding ---- */

static void complain(struct publish *s, pid_t pid, uint64_t start, unsigned fd, const char *text)
{
	struct complaint *c = &s->complaints[s->ncomplaints];

	if (s->ncomplaints == COMPLAINTS_MAX)
		return;
	s->ncomplaints++;
	*c = (struct complaint){ .pid = pid, .start = start };
	snprintf(c->text, sizeof c->text, "process %d, descriptor %u: %s", (int)pid, fd, text);
}

static void drop_complaints(struct publish *s, pid_t pid, uint64_t start)
{
	for (size_t i = s->ncomplaints; i-- > 0;)
		if (s->complaints[i].pid == pid && s->complaints[i].start == start)
			s->complaints[i] = s->complaints[--s->ncomplaints];
}

/* What is left out is looked at again, and complained of again. */
static void walk_begins(void *context, const struct process *process)
{
	struct publish *s = context;

	drop_complaints(s, process->pid, process->start);
	for (size_t i = 0; i < s->npublishers; i++) {
		struct publisher *p = s->publishers[i];

		for (size_t n = 0; p->pid == process->pid && n < TACH_PUBLISH_NAMES; n++)
			p->place[n] = p->place[n] == LEFT_OUT ? UNPLACED : p->place[n];
	}
}

static struct publisher *find_inode(const struct publish *s, uint64_t inode)
{
	for (size_t i = 0; i < s->npublishers; i++)
		if (s->publishers[i]->memory.inode == inode)
			return s->publishers[i];
	return NULL;
}

static void hold(struct publisher *p, const struct process *holder, unsigned fd)
{
	p->pid = holder->pid;
	p->start = holder->start;
	p->fd = fd;
	p->orphaned = 0;
}

static void add_publisher(struct publish *s, const struct process *holder, unsigned fd)
{
	struct publish_memory memory;
	struct publisher *p;
	struct err why;
	int rc;

	if (s->npublishers == PUBLISHERS_MAX)
		rc = err_set(&why, ENOSPC, "it is left out: %d publishers are read at most", PUBLISHERS_MAX);
	else
		rc = publish_memory_open(holder, fd, s->mount, &memory, &why);
	if (rc < 0) {
		if (why.code != ENOENT)
			complain(s, holder->pid, holder->start, fd, why.text);
		return;
	}
	p = xcalloc(1, sizeof *p);
	p->memory = memory;
	p->before = !holder->born;
	p->fresh = true;
	for (size_t i = 0; i < TACH_PUBLISH_NAMES; i++)
		p->place[i] = UNPLACED;
	hold(p, holder, fd);
	s->publishers[s->npublishers++] = p;
}

static void walk_finds(void *context, const struct process *holder, unsigned fd)
{
	struct publish *s = context;
	struct publisher *known = find_inode(s, publish_memory_inode(holder, fd, s->mount));

	if (!known)
		add_publisher(s, holder, fd);
	else if (known->orphaned)
		hold(known, holder, fd);
}

/* ---- reading ---- */

/* Finds a place for the names that came since the last tick. */
static void place_names(struct publish *s, struct publisher *p)
{
	struct err why;

	for (size_t i = 1; i < TACH_PUBLISH_NAMES; i++) {
		if (!p->view.names[i].kind || p->place[i] != UNPLACED)
			continue;
		p->place[i] = publish_totals_find(s->totals, &p->view.names[i], &why);
		if (p->place[i] >= 0)
			continue;
		p->place[i] = LEFT_OUT;
		complain(s, p->pid, p->start, p->fd, why.text);
	}
}

static void add_name(struct publish *s, const struct publisher *p, size_t i, enum publish_into into)
{
	const struct publish_name *n = &p->view.names[i];
	struct hist h;

	if (n->kind == TACH_COUNTER) {
		publish_totals_count(s->totals, p->place[i], publish_count(p->memory.at, &p->view, n), into);
	} else if (n->kind == TACH_HISTOGRAM) {
		memset(&h, 0, sizeof h);
		publish_bins(p->memory.at, &p->view, n, &h);
		publish_totals_bins(s->totals, p->place[i], &h, into);
	} else if (into == PUBLISH_NOW && !p->orphaned) { /* the level of a program that has gone is no longer one */
		publish_totals_level(s->totals, p->place[i], publish_level(p->memory.at, n));
	}
}

static void add_names(struct publish *s, const struct publisher *p, enum publish_into into)
{
	for (size_t i = 1; i < TACH_PUBLISH_NAMES; i++)
		if (p->place[i] >= 0)
			add_name(s, p, i, into);
}

/* Marks who was let go since the last tick. */
static void check_holder(struct publish *s, struct publisher *p)
{
	const struct process *holder = publish_find_process(s->find, p->pid, p->start);

	if (p->orphaned || (holder && publish_memory_inode(holder, p->fd, s->mount) == p->memory.inode))
		return;
	p->orphaned = publish_find_now(s->find);
	publish_find_hurry(s->find);
}

/* Adds one publisher to this tick. False when it is over with it: what it had counted is kept. */
static bool read_publisher(struct publish *s, struct publisher *p)
{
	struct err why;

	check_holder(s, p);
	if (publish_parse(p->memory.at, p->memory.size, &p->view, &why) < 0) {
		complain(s, p->pid, p->start, p->fd, why.text);
		add_names(s, p, PUBLISH_KEEP);
		return false;
	}
	place_names(s, p);
	if (p->fresh && p->before)
		add_names(s, p, PUBLISH_LEAVE_OUT);
	p->fresh = false;
	s->ever = true;
	if (p->orphaned && publish_find_oldest(s->find) > p->orphaned) {
		add_names(s, p, PUBLISH_KEEP);
		return false;
	}
	add_names(s, p, PUBLISH_NOW);
	return true;
}

/* ---- what is said of it ---- */

static void put_summary(const struct publish *s, struct sample *out)
{
	size_t denied, processes = publish_find_processes(s->find, &denied);
	const char *fix = "run tach as root or as the user of the program";
	char text[120] = "";

	if (processes && denied == processes) {
		sample_status(out, source_publish.name, STATUS_DENIED,
			"the descriptors of the program may not be looked at", fix);
	} else if (denied) {
		snprintf(text, sizeof text, "%zu of %zu processes may not be looked at", denied, processes);
		sample_status(out, source_publish.name, STATUS_PARTIAL, text, fix);
	} else if (s->npublishers) {
		sample_status(out, source_publish.name, STATUS_ON, "", "");
	} else {
		sample_status(out, source_publish.name, STATUS_OFF, s->ever ? "the program that published has ended" :
			"no program here publishes: see man 3 tach-publish", "");
	}
}

static void put_complaints(struct publish *s, struct sample *out)
{
	for (size_t i = s->ncomplaints; i-- > 0;) {
		struct complaint *c = &s->complaints[i];

		if (publish_find_process(s->find, c->pid, c->start))
			sample_status(out, "published", STATUS_PARTIAL, c->text, "");
		else
			*c = s->complaints[--s->ncomplaints];
	}
}

static void read_publish(void *state, const struct target *t, struct sample *out)
{
	struct publish *s = state;
	const struct publish_visitor visitor = { walk_begins, walk_finds, s };

	publish_find_tick(s->find, t, BUDGET, &visitor);
	publish_totals_begin(s->totals);
	for (size_t i = s->npublishers; i-- > 0;)
		if (!read_publisher(s, s->publishers[i]))
			forget(s, i);
	publish_totals_put(s->totals, out);
	put_summary(s, out);
	put_complaints(s, out);
}

const struct source_ops source_publish = {
	.name = "publish",
	.summary = "counters, gauges and latencies that the program publishes through tach/publish.h",
	.probe = probe,
	.open = open_publish,
	.read = read_publish,
	.close = close_publish,
};
