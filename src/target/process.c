/*
 * Holding one process so that a reused pid cannot be taken for it: the /proc directory first, then the pidfd, then a
 * read through the directory. If that read still answers, the pid was this process's all the while, also when the
 * pidfd was opened.
 */
#include "target/private.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

bool process_vanished(int error)
{
	return error == ESRCH || error == ENOENT;
}

int process_stat(int dir, pid_t pid, struct proc_stat *out)
{
	char path[48], text[STAT_TEXT_SIZE];
	ssize_t n;

	snprintf(path, sizeof path, "task/%d/stat", (int)pid);
	n = file_read_at(dir, path, text, sizeof text);
	if (n < 0) {
		errno = process_vanished(errno) ? ESRCH : errno;
		return -1;
	}
	if (!stat_parse(text, (size_t)n, out)) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int process_look(struct process *p)
{
	if (process_stat(p->dir, p->pid, &p->follow->now) != 0)
		return -1;
	p->follow->dead = stat_is_dead(&p->follow->now);
	return 0;
}

static int open_directory(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		errno = ESRCH;
	return fd;
}

int process_peek(pid_t pid, struct proc_stat *out)
{
	int dir = open_directory(pid), rc, saved;

	if (dir < 0)
		return -1;
	rc = process_stat(dir, pid, out);
	saved = errno;
	close(dir);
	errno = saved;
	return rc;
}

/* Fills p, whose directory is open. */
static int hold(struct process *p, uint64_t start)
{
	p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd < 0 && (errno == EMFILE || errno == ENFILE || errno == ESRCH))
		return -1;
	if (process_look(p) != 0)
		return -1;
	p->start = p->follow->now.starttime;
	p->parent = p->follow->now.ppid;
	errno = ESRCH;
	return start == 0 || p->start == start ? 0 : -1;
}

int process_open(struct process *p, pid_t pid, uint64_t start)
{
	int dir = open_directory(pid), saved;

	if (dir < 0)
		return -1;
	*p = (struct process){ .pid = pid, .pidfd = -1, .dir = dir, .follow = xcalloc(1, sizeof *p->follow) };
	p->follow->listing = -1;
	if (hold(p, start) == 0)
		return 0;
	saved = errno;
	process_close(p);
	errno = saved;
	return -1;
}

void process_close(struct process *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->follow->listing >= 0)
		close(p->follow->listing);
	close(p->dir);
	free(p->threads);
	free(p->follow->fresh);
	free(p->follow);
}
