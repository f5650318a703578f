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

void spaces_close(struct spaces *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].open)
			dump_close(&s->list[i].dump);
	s->count = 0;
}

/* ---- opening ---- */

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
		space->open = dump_open(&space->dump, &space->why) == 0;
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void open_space(struct space *space, const struct spaces *s, int dir)
{
	struct errand errand = { dir, space };
	pthread_t thread;

	if (space->inode == s->own)
		space->open = dump_open(&space->dump, &space->why) == 0;
	else if (pthread_create(&thread, NULL, open_there, &errand) != 0)
		err_set(&space->why, EAGAIN, "no thread can be started to enter its network namespace");
	else
		pthread_join(thread, NULL);
}

static void add(struct spaces *s, ino_t inode, const struct process *p)
{
	struct space *space = &s->list[s->count];

	if (s->count == SPACES_MOST) {
		s->left_out = true;
		return;
	}
	*space = (struct space){ .inode = inode, .fresh = true };
	open_space(space, s, p->dir);
	s->count++;
}

/* ---- following ---- */

static void look(struct spaces *s, const struct process *p)
{
	ino_t inode = inode_at(p->dir, FILE_OF_EACH);
	size_t i;

	if (!inode)
		return; /* it has ended */
	for (i = 0; i < s->count && s->list[i].inode != inode; i++)
		;
	if (i == s->count)
		add(s, inode, p);
	if (i == s->count)
		return;
	s->list[i].absent = 0;
	s->list[i].old |= !p->born;
}

/* A socket of ours keeps a namespace alive: it must not stay when the target's processes have left. */
static void drop_absent(struct spaces *s)
{
	size_t kept = 0;

	s->left_out = false;
	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].absent++ < ABSENT_MOST)
			s->list[kept++] = s->list[i];
		else if (s->list[i].open)
			dump_close(&s->list[i].dump);
	}
	s->count = kept;
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
