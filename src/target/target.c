/*
 * The list of processes that belong to a target, and the refresh that keeps it true. Where they come from (children,
 * orphans, a cgroup) is the business of the other files; nothing here knows what is measured about them.
 */
#include "target/private.h"

#include "base/alloc.h"
#include "base/file.h"
#include "target/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_LIMIT (4u << 20)
#define EXHUMED 64 /* corpses looked at again in each round */

/* A process costs two descriptors, a performance counter one a thread: the default of 1,024 is soon used up. */
static void raise_file_limit(struct target *t)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &t->files) != 0)
		return;
	most = t->files;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
}

struct target *target_new(enum target_kind kind, const struct target_options *o)
{
	struct target *t = xcalloc(1, sizeof *t);

	t->kind = kind;
	t->children = o->children && kind != TARGET_CGROUP;
	t->began = clock_now();
	t->began_ticks = clock_boot() / (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	t->scan_proc = !children_file_exists();
	t->text = xgrow(NULL, &t->text_size, 32768, 1);
	t->first_pidfd = t->spawn.line = t->cgroup_dir = -1;
	raise_file_limit(t);
	return t;
}

void target_close(struct target *t)
{
	if (!t)
		return;
	spawn_close(t);
	if (t->files.rlim_max)
		setrlimit(RLIMIT_NOFILE, &t->files);
	for (size_t i = 0; i < t->count; i++)
		process_close(&t->list[i]);
	if (t->first_pidfd >= 0)
		close(t->first_pidfd);
	if (t->cgroup_dir >= 0)
		close(t->cgroup_dir);
	free(t->cgroup_path);
	free(t->list);
	free(t->buried);
	free(t->known.slots);
	free(t->text);
	free(t);
}

ssize_t target_read(struct target *t, int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC), saved;
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, t->text + have, t->text_size - have)) > 0 || (n < 0 && errno == EINTR)) {
		have += n > 0 ? (size_t)n : 0;
		if (have == t->text_size && have < TEXT_LIMIT)
			t->text = xgrow(t->text, &t->text_size, have + 1, 1);
	}
	saved = errno;
	close(fd);
	errno = saved;
	return n < 0 ? -1 : (ssize_t)have;
}

bool target_take(struct target *t, struct process *p)
{
	if (pidmap_get(&t->known, p->pid) || p->pid == getpid()) {
		process_close(p);
		return false;
	}
	p->born = t->kind == TARGET_SPAWNED || (t->round > 1 && p->start >= t->began_ticks);
	p->gone = p->follow->dead; /* lived so short that only its zombie was seen: one round for its totals */
	p->follow->seen = t->round;
	if (!p->gone)
		threads_refresh(t, p);
	pidmap_put(&t->known, p->pid, (uint32_t)t->count);
	t->list = xgrow(t->list, &t->capacity, t->count + 1, sizeof *t->list);
	t->list[t->count++] = *p;
	t->generation++;
	return true;
}

static void bury(struct target *t, const struct process *p)
{
	t->buried = xgrow(t->buried, &t->buried_capacity, t->nburied + 1, sizeof *t->buried);
	t->buried[t->nburied++] = (struct corpse){ .pid = p->pid, .start = p->start };
}

/* Whether the zombie is still what its pid stands for. */
static bool still_lies(const struct corpse *c)
{
	struct proc_stat st;

	return process_peek(c->pid, &st) == 0 ? st.starttime == c->start : errno != ESRCH;
}

/* Forgets some of the buried whose parents have waited for them, so that their pids may come again. */
static bool exhume(struct target *t)
{
	bool changed = false;

	for (size_t i = 0; i < EXHUMED && t->nburied; i++) {
		size_t at = t->next_buried++ % t->nburied;

		if (still_lies(&t->buried[at]))
			continue;
		t->buried[at] = t->buried[--t->nburied];
		changed = true;
	}
	return changed;
}

static void map_again(struct target *t)
{
	pidmap_clear(&t->known);
	for (size_t i = 0; i < t->nburied; i++)
		pidmap_put(&t->known, t->buried[i].pid, PIDMAP_BURIED);
	for (size_t i = 0; i < t->count; i++)
		pidmap_put(&t->known, t->list[i].pid, (uint32_t)i);
}

/* Drops those that had their last round; keeps the order of the others. */
static bool drop_gone(struct target *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct process *p = &t->list[i];

		if (!p->gone) {
			t->list[kept++] = *p;
			continue;
		}
		if (!spawn_reap(t, p) && p->follow->dead)
			bury(t, p);
		process_close(p);
	}
	if (kept == t->count)
		return false;
	t->count = kept;
	t->generation++;
	return true;
}

static void look_again(struct target *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct process *p = &t->list[i];

		if (process_look(p) != 0) {
			p->gone = process_vanished(errno);
			p->follow->dead = false;
		} else {
			p->gone = p->follow->dead;
		}
		if (p->gone || threads_refresh(t, p))
			t->generation++;
	}
}

/* What has changed for the header and the return value. */
static void settle(struct target *t)
{
	unsigned processes = 0;
	uint64_t threads = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct process *p = &t->list[i];

		if (p->gone) {
			facts_end(t, p);
			continue;
		}
		processes++;
		threads += p->follow->now.num_threads;
	}
	t->alive = processes > 0;
	t->facts.processes = processes;
	t->facts.threads = (unsigned)threads;
}

bool target_refresh(struct target *t)
{
	bool changed;

	t->round++;
	changed = drop_gone(t);
	changed |= exhume(t);
	if (changed)
		map_again(t);
	look_again(t);
	if (t->kind == TARGET_CGROUP)
		cgroup_refresh(t);
	else if (t->children || t->kind == TARGET_SPAWNED)
		children_refresh(t);
	settle(t);
	spawn_refresh(t);
	facts_refresh(t);
	return t->alive;
}

bool target_is_over(const struct target *t)
{
	return !t->alive;
}

void target_start(struct target *t)
{
	facts_begin(t);
	target_refresh(t);
}

/* What speaks against watching p, which the user named. */
static int check_root(const struct process *p, struct err *e)
{
	struct proc_status status;
	char text[8192];
	ssize_t n = file_read_at(p->dir, "status", text, sizeof text);

	if (n < 0 || !parse_status(text, (size_t)n, &status))
		return err_set(e, n < 0 ? errno : EIO, "cannot look at process %d: %s", (int)p->pid,
			strerror(n < 0 ? errno : EIO));
	if (status.tgid == getpid())
		return err_set(e, 0, "tach cannot watch itself");
	if (status.tgid != p->pid)
		return err_set(e, 0, "%d is a thread of %d; name the process", (int)p->pid, (int)status.tgid);
	if (p->follow->dead)
		return err_set(e, ESRCH, "process %d has already ended", (int)p->pid);
	return 0;
}

int target_take_root(struct target *t, pid_t pid, uint64_t start, struct err *e)
{
	struct process p;

	if (process_open(&p, pid, start) != 0)
		return errno == ESRCH ? err_set(e, ESRCH, "no process %d", (int)pid)
				      : err_set(e, errno, "cannot look at process %d: %s", (int)pid, strerror(errno));
	if (check_root(&p, e) != 0) {
		process_close(&p);
		return -1;
	}
	p.root = true;
	target_take(t, &p);
	return 0;
}

struct target *target_open_pids(const pid_t *pids, size_t count, const struct target_options *o, struct err *e)
{
	struct target *t = target_new(TARGET_PIDS, o);

	for (size_t i = 0; i < count; i++)
		if (target_take_root(t, pids[i], 0, e) != 0) {
			target_close(t);
			return NULL;
		}
	target_start(t);
	return t;
}

const struct process *target_processes(const struct target *t, size_t *count)
{
	*count = t->count;
	return t->list;
}

uint64_t target_generation(const struct target *t)
{
	return t->generation;
}

nsec_t target_began(const struct target *t)
{
	return t->began;
}

const char *target_cgroup_path(const struct target *t)
{
	return t->cgroup_path;
}
