/* Finding network namespaces, and opening a netlink socket in another one than ours. Knows nothing of sockets. */
#include "source/sockdiag/spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_OF_EACH "net/dev"
#define LOOKED_AT 64   /* processes a tick, 3 us each */
#define ABSENT_MOST 3

static ino_t inode_at(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, 0) == 0 ? st.st_ino : 0;
}

void spaces_open(struct spaces *s)
{
	s->own = inode_at(AT_FDCWD, "/proc/self/" FILE_OF_EACH);
}

/* ---- opening ---- */

static void close_space(struct space *space)
{
	if (!space->open)
		return;
	dump_close(&space->connections);
	dump_close(&space->others);
	endings_close(&space->endings);
	space->open = false;
}

void spaces_close(struct spaces *s)
{
	for (size_t i = 0; i < SPACES_MOST; i++)
		close_space(&s->list[i]);
}

/* In the network namespace of the calling thread. */
static void open_here(struct space *space)
{
	if (dump_open(&space->connections, DUMP_CONNECTIONS, &space->why) != 0)
		return;
	if (dump_open(&space->others, DUMP_OTHERS, &space->why) != 0) {
		dump_close(&space->connections);
		return;
	}
	endings_open(&space->endings);
	space->open = true;
}

struct errand {
	int dir; /* of the process whose namespace it is */
	struct space *space;
};

/* The thread is in the other namespace until it ends, and no other thread ever is. */
static void *open_there(void *context)
{
	struct errand *errand = context;
	struct space *space = errand->space;
	int fd = openat(errand->dir, "ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err_set(&space->why, errno, "its network namespace is not ours to see: %s", strerror(errno));
	else if (setns(fd, CLONE_NEWNET) != 0)
		err_set(&space->why, errno, "its network namespace is another one, which only root may enter");
	else
		open_here(space);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void open_space(struct space *space, const struct spaces *s, int dir)
{
	struct errand errand = { dir, space };
	pthread_t thread;

	if (space->inode == s->own)
		open_here(space);
	else if (pthread_create(&thread, NULL, open_there, &errand) != 0)
		err_set(&space->why, EAGAIN, "no thread can be started to enter its network namespace");
	else
		pthread_join(thread, NULL);
}

/* The space of that number, or an unused one; NULL: all are used. */
static struct space *place(struct spaces *s, ino_t inode)
{
	struct space *unused = NULL;

	for (size_t i = SPACES_MOST; i-- > 0;) {
		if (s->list[i].inode == inode)
			return &s->list[i];
		if (!s->list[i].inode)
			unused = &s->list[i];
	}
	return unused;
}

/* ---- following ---- */

static void look(struct spaces *s, const struct process *p)
{
	ino_t inode = inode_at(p->dir, FILE_OF_EACH);
	struct space *space = inode ? place(s, inode) : NULL; /* 0: it has ended */

	s->left_out |= inode && !space;
	if (!space)
		return;
	if (!space->inode) {
		*space = (struct space){ .inode = inode, .fresh = true };
		open_space(space, s, p->dir);
	}
	space->absent = 0;
	space->old |= !p->born;
}

/* A socket of ours keeps a namespace alive: it must not stay when the target's processes have left. */
static void drop_absent(struct spaces *s)
{
	s->left_out = false;
	for (size_t i = 0; i < SPACES_MOST; i++) {
		struct space *space = &s->list[i];

		if (!space->inode || space->absent++ < ABSENT_MOST)
			continue;
		close_space(space);
		space->inode = 0;
	}
}

void spaces_follow(struct spaces *s, const struct target *t)
{
	size_t n, alive = 0;
	const struct process *p = target_processes(t, &n);

	for (size_t i = 0; i < n; i++)
		alive += !p[i].gone;
	for (size_t i = 0; i < LOOKED_AT && alive; i++) {
		if (s->next >= n) {
			s->next = 0;
			drop_absent(s);
			if (i >= n)
				return;
		}
		if (!p[s->next].gone)
			look(s, &p[s->next]);
		s->next++;
	}
}
