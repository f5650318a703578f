/* The walk through /proc/PID/fd. Knows the name that a publisher's memfd has, and nothing of what is in it. */
#include "source/publish/publish_find.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINK_TEXT "/memfd:tach-publish (deleted)"
#define LONGEST_WAIT 10 /* ticks between two walks through the same process */
#define CLOCK_EVERY 16  /* descriptors between two looks at the clock */

/* One process of the target. */
struct scan {
	pid_t pid;
	uint64_t start;
	size_t index;                  /* among the target's processes */
	const struct process *process; /* valid during this tick */
	uint64_t due, wait;            /* tick of the next walk, ticks between walks */
	uint64_t began;                /* tick at which the newest complete walk began; 0: none yet */
	bool denied;
};

struct publish_find {
	struct scan *scans; /* by pid and start */
	size_t count, cursor;
	uint64_t tick;
	DIR *dir; /* of the walk that is under way, through scans[cursor]; NULL: none is */
	uint64_t began;
};

struct publish_find *publish_find_new(void)
{
	return xcalloc(1, sizeof(struct publish_find));
}

static void stop_walk(struct publish_find *f)
{
	if (f->dir)
		closedir(f->dir);
	f->dir = NULL;
}

void publish_find_free(struct publish_find *f)
{
	stop_walk(f);
	free(f->scans);
	free(f);
}

static int compare(const void *a, const void *b)
{
	const struct scan *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static struct scan *lookup(const struct publish_find *f, pid_t pid, uint64_t start)
{
	struct scan key = { .pid = pid, .start = start };

	return f->count ? bsearch(&key, f->scans, f->count, sizeof key, compare) : NULL;
}

/* True when the target has the processes of the last tick: then only their addresses are taken up. */
static bool same(struct publish_find *f, const struct process *processes, size_t n)
{
	if (n != f->count)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct scan *s = &f->scans[i];

		s->process = &processes[s->index];
		if (s->process->pid != s->pid || s->process->start != s->start)
			return false;
	}
	return true;
}

static struct scan *sorted_scans(const struct publish_find *f, const struct process *processes, size_t n)
{
	struct scan *scans = xcalloc(n, sizeof *scans);

	for (size_t i = 0; i < n; i++) {
		const struct process *p = &processes[i];
		const struct scan *old = lookup(f, p->pid, p->start);

		scans[i] = old ? *old : (struct scan){ .pid = p->pid, .start = p->start, .due = f->tick, .wait = 1 };
		scans[i].index = i;
		scans[i].process = p;
	}
	if (n)
		qsort(scans, n, sizeof *scans, compare);
	return scans;
}

/* Takes up the processes of this tick; what is known of those that were there before stays, also a walk under way. */
static void take_processes(struct publish_find *f, const struct target *t)
{
	size_t n;
	const struct process *processes = target_processes(t, &n);
	struct scan at = f->count ? f->scans[f->cursor] : (struct scan){ .pid = 0 };
	struct scan *scans;

	if (same(f, processes, n))
		return;
	scans = sorted_scans(f, processes, n);
	free(f->scans);
	f->scans = scans;
	f->count = n;
	for (f->cursor = 0; f->cursor < n && compare(&scans[f->cursor], &at) < 0;)
		f->cursor++;
	if (f->cursor == n || compare(&scans[f->cursor], &at) != 0)
		stop_walk(f);
	f->cursor = f->cursor < n ? f->cursor : 0;
}

/* The next walk of this process is twice as far away as the last one was. */
static void end_walk(struct publish_find *f)
{
	struct scan *s = &f->scans[f->cursor];

	stop_walk(f);
	s->began = f->began;
	s->due = f->tick + s->wait;
	s->wait = s->wait * 2 < LONGEST_WAIT ? s->wait * 2 : LONGEST_WAIT;
}

/* Begins a walk through scans[cursor] if one is due; where nothing can be seen it is over at once. */
static void start_walk(struct publish_find *f, const struct publish_visitor *v)
{
	struct scan *s = &f->scans[f->cursor];
	int fd;

	if (s->due > f->tick || s->process->gone)
		return;
	f->began = f->tick;
	fd = openat(s->process->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->denied = fd < 0 && (errno == EACCES || errno == EPERM);
	f->dir = fd < 0 ? NULL : fdopendir(fd);
	if (f->dir) {
		v->begin(v->context, s->process);
		return;
	}
	if (fd >= 0)
		close(fd);
	end_walk(f);
}

static void look(struct publish_find *f, const char *name, const struct publish_visitor *v)
{
	struct scan *s = &f->scans[f->cursor];
	char text[sizeof LINK_TEXT];
	ssize_t n = readlinkat(dirfd(f->dir), name, text, sizeof text);

	if (n < 0 && (errno == EACCES || errno == EPERM))
		s->denied = true;
	if (n == sizeof LINK_TEXT - 1 && memcmp(text, LINK_TEXT, sizeof LINK_TEXT - 1) == 0)
		v->found(v->context, s->process, (unsigned)strtoul(name, NULL, 10));
}

/* Goes on with the walk under way. True when it came to its end before the deadline. */
static bool walk(struct publish_find *f, nsec_t deadline, const struct publish_visitor *v)
{
	const struct dirent *entry;

	for (unsigned n = 1; (entry = readdir(f->dir)); n++) {
		if (entry->d_name[0] != '.')
			look(f, entry->d_name, v);
		if (n % CLOCK_EVERY == 0 && clock_now() >= deadline)
			return false;
	}
	return true;
}

void publish_find_tick(struct publish_find *f, const struct target *t, nsec_t budget, const struct publish_visitor *v)
{
	nsec_t deadline = clock_now() + budget;

	f->tick++;
	take_processes(f, t);
	for (size_t n = 0; n < f->count && clock_now() < deadline; n++) {
		if (!f->dir)
			start_walk(f, v);
		if (f->dir && !walk(f, deadline, v))
			return;
		if (f->dir)
			end_walk(f);
		f->cursor = (f->cursor + 1) % f->count;
	}
}

void publish_find_hurry(struct publish_find *f)
{
	for (size_t i = 0; i < f->count; i++)
		f->scans[i].due = f->tick;
}

uint64_t publish_find_now(const struct publish_find *f)
{
	return f->tick;
}

uint64_t publish_find_oldest(const struct publish_find *f)
{
	uint64_t oldest = f->tick;

	for (size_t i = 0; i < f->count; i++)
		if (!f->scans[i].process->gone && f->scans[i].began < oldest)
			oldest = f->scans[i].began;
	return oldest;
}

size_t publish_find_processes(const struct publish_find *f, size_t *denied)
{
	*denied = 0;
	for (size_t i = 0; i < f->count; i++)
		*denied += f->scans[i].denied;
	return f->count;
}

const struct process *publish_find_process(const struct publish_find *f, pid_t pid, uint64_t start)
{
	const struct scan *s = lookup(f, pid, start);

	return s ? s->process : NULL;
}
