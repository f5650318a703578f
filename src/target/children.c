/*
 * Children of the processes in the list, theirs, and so on: from /proc/PID/task/TID/children, whose cost is the
 * target's own. Where the kernel lacks that file, a walk over all processes once a second. Orphans of a spawned
 * command become tach's own children, because tach is their subreaper then.
 */
#include "target/private.h"

#include "base/alloc.h"
#include "target/parse.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES 256 /* children files of one process that are read in one round, about 2 us each */

bool children_file_exists(void)
{
	return access("/proc/thread-self/children", F_OK) == 0;
}

/* Takes pid when it is what the list said: a child of `parent`, or by now an orphan of the spawned command. */
static void take_child(struct target *t, pid_t pid, pid_t parent)
{
	struct process p;

	if (pidmap_get(&t->known, pid) || process_open(&p, pid, 0) != 0)
		return;
	if (p.parent == parent || (t->kind == TARGET_SPAWNED && p.parent == getpid()))
		target_take(t, &p);
	else
		process_close(&p);
}

static void read_children(struct target *t, int dir, pid_t parent, pid_t tid)
{
	char path[48];
	const char *at;
	ssize_t n;
	pid_t pid;

	snprintf(path, sizeof path, "task/%d/children", (int)tid);
	n = target_read(t, dir, path);
	if (n <= 0)
		return;
	at = t->text;
	while (parse_pid(&at, t->text + n, &pid))
		take_child(t, pid, parent);
}

/* All threads when there are few or nothing is known yet; else the leader, which forks most, and a part in turn. */
static void follow_children(struct target *t, size_t index)
{
	const struct process *p = &t->list[index]; /* the list may move below, what is copied here stays */
	struct follow *f = p->follow;
	const struct thread *threads = p->threads;
	size_t n = p->nthreads, some = n <= FILES || t->round <= 1 ? n : FILES;
	pid_t pid = p->pid;
	int dir = p->dir;

	for (size_t i = 0; i < some; i++) {
		if (i > 0)
			f->next_thread = f->next_thread % (n - 1) + 1;
		read_children(t, dir, pid, threads[i > 0 ? f->next_thread : 0].tid);
	}
}

struct kin {
	pid_t pid, parent;
};

struct family {
	struct kin *all;
	size_t count, capacity;
};

static void note_parent(void *context, pid_t pid, int dir)
{
	struct family *family = context;
	struct proc_stat st;

	if (process_stat(dir, pid, &st) != 0)
		return;
	family->all = xgrow(family->all, &family->capacity, family->count + 1, sizeof *family->all);
	family->all[family->count++] = (struct kin){ .pid = pid, .parent = st.ppid };
}

static bool in_list(const struct target *t, pid_t pid)
{
	const uint32_t *place = pidmap_get(&t->known, pid);

	return place && *place != PIDMAP_BURIED;
}

/* tach's own helpers stay in its process group; whatever comes from the spawned command is in another. */
static bool is_orphan(const struct target *t, const struct process *p)
{
	return p->parent == getpid() && p->follow->now.pgrp != getpgrp() && p->start >= t->first_start;
}

/* A child of tach: takes it when it is an orphan of the spawned command, and waits for it when it has had its round. */
static void adopt(struct target *t, pid_t pid)
{
	struct process p;

	if (pid == t->spawn.pid || in_list(t, pid) || process_open(&p, pid, 0) != 0)
		return;
	if (is_orphan(t, &p) && t->children && !pidmap_get(&t->known, pid)) {
		target_take(t, &p);
		return;
	}
	if (is_orphan(t, &p) && p.follow->dead)
		waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOHANG);
	process_close(&p);
}

static void adopt_listed(struct target *t)
{
	char path[64];
	const char *at;
	ssize_t n;
	pid_t pid;

	/* the kernel gives orphans to the first thread of their subreaper */
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
	n = target_read(t, AT_FDCWD, path);
	at = t->text;
	while (n > 0 && parse_pid(&at, t->text + n, &pid))
		adopt(t, pid);
}

static void find_by_parent(struct target *t)
{
	struct family family = { 0 };
	size_t before;

	scan_processes(note_parent, &family);
	for (size_t i = 0; i < family.count; i++)
		if (t->kind == TARGET_SPAWNED && family.all[i].parent == getpid())
			adopt(t, family.all[i].pid);
	do {
		before = t->count;
		for (size_t i = 0; t->children && i < family.count; i++)
			if (in_list(t, family.all[i].parent))
				take_child(t, family.all[i].pid, family.all[i].parent);
	} while (t->count != before);
	free(family.all);
}

void children_refresh(struct target *t)
{
	if (t->scan_proc) {
		if (clock_now() - t->scanned >= NSEC_PER_SEC) {
			t->scanned = clock_now();
			find_by_parent(t);
		}
		return;
	}
	if (t->kind == TARGET_SPAWNED)
		adopt_listed(t);
	for (size_t i = 0; t->children && i < t->count; i++) /* the list grows meanwhile */
		if (!t->list[i].gone)
			follow_children(t, i);
}
