/* The list, and reading one thread of it. */
#include "source/blocked/watch.h"

#include "base/alloc.h"
#include "base/file.h"
#include "source/calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_MOST 2048u
#define DISCOVER_MOST 512u /* threads of a process */

void watch_begin(struct watch *w)
{
	struct rlimit limit = { .rlim_cur = 1024 };

	*w = (struct watch){ .nthreads = 0 };
	getrlimit(RLIMIT_NOFILE, &limit);
	w->spare = limit.rlim_cur / 4 < KEPT_MOST ? (unsigned)(limit.rlim_cur / 4) : KEPT_MOST;
	calls_fill_causes(w->causes);
}

static void let_go(struct watch *w, struct watched_thread *t)
{
	if (!t->kept)
		return;
	close(t->kept - 1);
	t->kept = 0;
	w->spare++;
}

void watch_free(struct watch *w)
{
	for (size_t i = 0; i < w->nthreads; i++)
		let_go(w, &w->threads[i]);
	for (size_t i = 0; i < w->nprocesses; i++)
		close(w->processes[i].dir);
	free(w->processes);
	free(w->threads);
}

/* ---- who there is ---- */

static int by_tid(const void *a, const void *b)
{
	const struct watched_thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static void read_namespace(int dir, const char *path, char *name, size_t size)
{
	ssize_t n = readlinkat(dir, path, name, size - 1);

	name[n < 0 ? 0 : n] = '\0';
}

struct watch watch_list(const struct target *target)
{
	struct watch w = { .nthreads = 0 };
	size_t n, total = 0;
	const struct process *p = target_processes(target, &n);
	char own[64], its[64];

	read_namespace(AT_FDCWD, "/proc/self/ns/pid", own, sizeof own);

	for (size_t i = 0; i < n; i++)
		total += p[i].gone ? 0 : p[i].nthreads;
	w.processes = xcalloc(n ? n : 1, sizeof *w.processes);
	w.capacity = total ? total : 1;
	w.threads = xcalloc(w.capacity, sizeof *w.threads);
	for (size_t i = 0; i < n; i++) {
		int dir = p[i].gone ? -1 : fcntl(p[i].dir, F_DUPFD_CLOEXEC, 0);

		if (dir < 0)
			continue;
		read_namespace(dir, "ns/pid", its, sizeof its);
		for (size_t t = 0; t < p[i].nthreads; t++)
			w.threads[w.nthreads++] = (struct watched_thread){ .tid = p[i].threads[t].tid,
				.process = (uint32_t)w.nprocesses };
		w.processes[w.nprocesses++] = (struct watched_process){ .pid = p[i].pid, .start = p[i].start, .dir = dir, .threads = (unsigned)p[i].nthreads,
			.nested = its[0] && strcmp(own, its) != 0 };
	}
	qsort(w.threads, w.nthreads, sizeof *w.threads, by_tid);
	return w;
}

static bool is_same(const struct watch *a, const struct watched_thread *x, const struct watch *b,
	const struct watched_thread *y)
{
	const struct watched_process *p = &a->processes[x->process], *q = &b->processes[y->process];

	return x->tid == y->tid && p->pid == q->pid && p->start == q->start && !x->gone;
}

void watch_follow(struct watch *w, struct watch *list)
{
	size_t old = 0;

	for (size_t i = 0; i < list->nthreads; i++) {
		struct watched_thread *t = &list->threads[i];
		uint32_t process = t->process;

		while (old < w->nthreads && w->threads[old].tid < t->tid)
			old++;
		if (old == w->nthreads || !is_same(w, &w->threads[old], list, t))
			continue;
		*t = w->threads[old];
		t->process = process;
		w->threads[old].kept = 0;
	}
	memcpy(list->causes, w->causes, sizeof list->causes);
	watch_free(w); /* what it still keeps goes back to its count of spare ones */
	list->spare = w->spare;
	*w = *list;
}

/* ---- who has come since ---- */

/* Takes over those tids of a process that are not known. Returns how many threads it has. */
static unsigned add_unknown(struct watch *w, uint32_t process, DIR *tasks)
{
	size_t known = w->nthreads;
	unsigned count = 0;

	for (struct dirent *d; (d = readdir(tasks));) {
		struct watched_thread t = { .tid = (pid_t)strtol(d->d_name, NULL, 10), .process = process }, *found;

		if (t.tid <= 0)
			continue;
		count++;
		found = known ? bsearch(&t, w->threads, known, sizeof t, by_tid) : NULL;
		if (found && found->process == process && !found->gone)
			continue;
		if (found) { /* its number is another one's now */
			let_go(w, found);
			*found = t;
			continue;
		}
		w->threads = xgrow(w->threads, &w->capacity, w->nthreads + 1, sizeof t);
		w->threads[w->nthreads++] = t;
	}
	if (w->nthreads > known)
		qsort(w->threads, w->nthreads, sizeof *w->threads, by_tid);
	return count;
}

void watch_discover(struct watch *w)
{
	struct watched_process *p = w->nprocesses ? &w->processes[w->turn++ % w->nprocesses] : NULL;
	struct stat st; /* the links of the directory are its threads and two more */
	DIR *tasks;
	int fd;

	if (!p || p->refused || fstatat(p->dir, "task", &st, 0) < 0 || st.st_nlink - 2 == p->threads ||
		st.st_nlink > DISCOVER_MOST)
		return;
	fd = openat(p->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tasks = fd < 0 ? NULL : fdopendir(fd);
	if (!tasks)
		return;
	p->threads = add_unknown(w, (uint32_t)(p - w->processes), tasks);
	closedir(tasks);
}

size_t watch_count(const struct watch *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->nthreads; i++)
		n += !w->threads[i].gone && !w->processes[w->threads[i].process].refused;
	return n;
}

const struct watched_thread *watch_find(const struct watch *w, uint32_t process, uint32_t inner)
{
	struct watched_thread key = { .tid = (pid_t)inner };
	const struct watched_thread *t;

	if (!inner || !w->nthreads)
		return NULL;
	if (!w->processes[process].nested) {
		t = bsearch(&key, w->threads, w->nthreads, sizeof key, by_tid);
		return t && t->process == process ? t : NULL;
	}
	for (size_t i = 0; i < w->nthreads; i++)
		if (w->threads[i].process == process && w->threads[i].inner == inner)
			return &w->threads[i];
	return NULL;
}

/* ---- one of them ---- */

/* Names the thread as its process does; once. */
static void learn_inner(const struct watched_process *p, struct watched_thread *t)
{
	char path[64];

	t->inner = (uint32_t)t->tid;
	if (!p->nested)
		return;
	snprintf(path, sizeof path, "task/%d/status", (int)t->tid);
	t->inner = (uint32_t)file_status_number(p->dir, path, "NSpid:", 0);
}

static ssize_t read_line(struct watch *w, struct watched_thread *t, char *line, size_t size)
{
	const struct watched_process *p = &w->processes[t->process];
	char path[64];
	ssize_t n;
	int fd;

	if (t->kept)
		return file_reread(t->kept - 1, line, size);
	snprintf(path, sizeof path, "task/%d/syscall", (int)t->tid);
	fd = openat(p->dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!t->inner)
		learn_inner(p, t);
	n = file_reread(fd, line, size);
	if (n > 0 && w->spare) {
		t->kept = fd + 1;
		w->spare--;
	} else {
		int error = errno;

		close(fd);
		errno = error;
	}
	return n;
}

/* Sockets, files or something else: what a read or write waits for. By name: to ask for more could wait for a server. */
static enum wait_cause cause_of_fd(const struct watched_process *p, uint64_t fd)
{
	char path[32], name[16];
	ssize_t n;

	snprintf(path, sizeof path, "fd/%u", (unsigned)fd);
	n = readlinkat(p->dir, path, name, sizeof name - 1);
	name[n < 0 ? 0 : n] = '\0';
	if (strncmp(name, "socket:", 7) == 0)
		return CAUSE_NET;
	return name[0] == '/' && strncmp(name, "/dev/", 5) != 0 ? CAUSE_DISK : CAUSE_OTHER;
}

static enum wait_cause cause_of(const struct watch *w, const struct watched_thread *t, const struct look *l)
{
	uint8_t cause;

	if (l->kind)
		return look_is_contention(l) ? CAUSE_LOCK : CAUSE_IDLE;
	if (l->call == CALL_NONE)
		return CAUSE_FAULT;
	cause = w->causes[l->call];
	if (cause != CAUSE_BY_FD)
		return cause;
	if (t->last.blocked && t->last.call == l->call && t->last.arg[0] == l->arg[0])
		return t->cause;
	return cause_of_fd(&w->processes[t->process], l->arg[0]);
}

/* An owner, or who is joined, must be another thread of the same process. */
static void check_owner(const struct watch *w, const struct watched_thread *t, struct look *l)
{
	if (!watch_find(w, t->process, l->owner) || l->owner == t->inner)
		l->owner = 0;
	if (l->kind == FUTEX_KIND_JOIN && !l->owner)
		l->kind = FUTEX_KIND_OTHER;
}

bool watch_look(struct watch *w, struct watched_thread *t, nsec_t now)
{
	struct watched_process *p = &w->processes[t->process];
	enum wait_cause cause;
	char line[256];
	struct look l;

	errno = 0;
	if (read_line(w, t, line, sizeof line) <= 0 || !look_parse(line, &l)) {
		if (errno == ESRCH || (errno == ENOENT && t->inner))
			t->gone = true;
		else
			p->refused = errno ? errno : EIO;
		let_go(w, t);
		return false;
	}
	look_at_futex(p->pid, &l);
	check_owner(w, t, &l);
	cause = l.blocked ? cause_of(w, t, &l) : CAUSE_OTHER;
	if (l.blocked != t->last.blocked || l.call != t->last.call || l.addr != t->last.addr || !t->since)
		t->since = now;
	t->last = l;
	t->cause = cause;
	return true;
}

void watch_confirm(const struct watch *w, struct watched_thread *t, nsec_t now)
{
	char path[64], text[128], *at = text;
	uint64_t turns = 0;

	snprintf(path, sizeof path, "task/%d/schedstat", (int)t->tid);
	if (file_read_at(w->processes[t->process].dir, path, text, sizeof text) > 0)
		for (int i = 0; i < 3; i++) /* time on a CPU, time in the queue, turns */
			turns = strtoull(at, &at, 10);
	if (turns != t->turns)
		t->since = now;
	t->turns = turns;
}
