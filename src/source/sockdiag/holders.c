/* The rounds through /proc/PID/fd. Knows nothing of what a socket is but its name there. */
#include "source/sockdiag/holders.h"

#include "base/alloc.h"
#include "source/sockdiag/idmap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINK_TEXT "socket:["
#define CLOCK_EVERY 16                    /* descriptors between two looks at the clock */
#define REPEAT_AFTER (30 * NSEC_PER_SEC)  /* for sockets of others that were handed to the target */

struct visited {
	pid_t pid;
	uint64_t start;
};

struct holders {
	struct idmap known, found;  /* inodes: of the newest complete round, and of the one under way */
	struct visited *list;       /* processes of the round */
	size_t count, capacity, next;
	size_t hint;                /* where in the target's list the last one was */
	DIR *dir;                   /* of the process under way */
	bool refused;               /* its descriptors may be counted, but not looked at */
	bool walking, asked;
	uint32_t began, complete;   /* moments */
	size_t looked, denied;      /* in the round under way */
	size_t processes_looked, processes_denied; /* in the newest complete one */
	nsec_t ended;
	size_t joined;              /* processes that are older than the watch, when the round began */
};

struct holders *holders_new(void)
{
	return xcalloc(1, sizeof(struct holders));
}

static void leave(struct holders *h)
{
	if (h->dir)
		closedir(h->dir);
	h->dir = NULL;
}

void holders_free(struct holders *h)
{
	leave(h);
	idmap_free(&h->known);
	idmap_free(&h->found);
	free(h->list);
	free(h);
}

/* ---- a round ---- */

/* What a process opens that was born in the watch comes up as a socket that nobody knows. One that joined may hold old
 * ones. */
static size_t count_joined(const struct target *t)
{
	size_t n, joined = 0;
	const struct process *p = target_processes(t, &n);

	for (; n; n--, p++)
		joined += !p->gone && !p->born;
	return joined;
}

static void begin_round(struct holders *h, const struct target *t, uint32_t moment)
{
	size_t n;
	const struct process *p = target_processes(t, &n);

	h->list = xgrow(h->list, &h->capacity, n, sizeof *h->list);
	h->count = h->next = h->looked = h->denied = 0;
	for (; n; n--, p++)
		if (!p->gone)
			h->list[h->count++] = (struct visited){ p->pid, p->start };
	idmap_clear(&h->found);
	h->walking = true;
	h->asked = false;
	h->began = moment;
	h->joined = count_joined(t);
}

static void end_round(struct holders *h)
{
	struct idmap old = h->known;

	h->known = h->found;
	h->found = old;
	h->walking = false;
	h->complete = h->began;
	h->processes_looked = h->looked;
	h->processes_denied = h->denied;
	h->ended = clock_now();
}

/* The target keeps its order, so that the next one is found where the last one was, or behind it. */
static const struct process *find(struct holders *h, const struct target *t, const struct visited *v)
{
	size_t n;
	const struct process *p = target_processes(t, &n);

	for (size_t i = 0; i < n; i++) {
		size_t at = (h->hint + i) % n;

		if (p[at].pid != v->pid || p[at].start != v->start)
			continue;
		h->hint = at;
		return p[at].gone ? NULL : &p[at];
	}
	return NULL;
}

/* Opens the list of the next process; where there is none to be seen the process is over with. */
static void enter(struct holders *h, const struct target *t)
{
	const struct process *p = find(h, t, &h->list[h->next]);
	int fd = p ? openat(p->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	h->dir = fd >= 0 ? fdopendir(fd) : NULL;
	h->refused = p && fd < 0 && (errno == EACCES || errno == EPERM);
	h->looked += h->dir || h->refused;
	if (h->dir)
		return;
	h->denied += h->refused;
	if (fd >= 0)
		close(fd);
	h->next++;
}

static void look(struct holders *h, const char *name)
{
	char text[48];
	ssize_t n = readlinkat(dirfd(h->dir), name, text, sizeof text - 1);
	unsigned long inode;

	h->refused |= n < 0 && (errno == EACCES || errno == EPERM);
	if (n <= (ssize_t)strlen(LINK_TEXT) || memcmp(text, LINK_TEXT, strlen(LINK_TEXT)) != 0)
		return;
	text[n] = '\0';
	inode = strtoul(text + strlen(LINK_TEXT), NULL, 10);
	if (inode && inode <= UINT32_MAX)
		idmap_put(&h->found, inode);
}

/* True when the end of the list was reached in time. */
static bool list(struct holders *h, nsec_t until)
{
	const struct dirent *entry;

	for (unsigned n = 1; (entry = readdir(h->dir)); n++) {
		if (entry->d_name[0] != '.')
			look(h, entry->d_name);
		if (n % CLOCK_EVERY == 0 && clock_cpu_thread() >= until)
			return false;
	}
	leave(h);
	h->denied += h->refused;
	h->next++;
	return true;
}

static bool is_due(const struct holders *h, const struct target *t)
{
	return h->asked || !h->complete || count_joined(t) > h->joined || clock_now() - h->ended >= REPEAT_AFTER;
}

void holders_walk(struct holders *h, const struct target *t, nsec_t budget, uint32_t moment)
{
	nsec_t until = clock_cpu_thread() + budget;

	if (!h->walking) {
		if (!is_due(h, t))
			return;
		begin_round(h, t, moment);
	}
	while (h->next < h->count) {
		if (clock_cpu_thread() >= until)
			return;
		if (!h->dir)
			enter(h, t);
		if (h->dir && !list(h, until))
			return;
	}
	end_round(h);
}

/* ---- what they found ---- */

void holders_ask(struct holders *h)
{
	h->asked = true;
}

bool holders_has(const struct holders *h, uint32_t inode)
{
	return idmap_find(&h->known, inode) || (h->walking && idmap_find(&h->found, inode));
}

uint32_t holders_complete(const struct holders *h)
{
	return h->complete;
}

size_t holders_processes(const struct holders *h, size_t *denied)
{
	*denied = h->processes_denied;
	return h->processes_looked;
}
