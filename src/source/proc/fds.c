/* Counting open file descriptors, within a budget where the kernel does not count them. Never looks at what they are. */
#include "source/proc/fds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTED_A_TICK 4096    /* entries of /proc/PID/fd, about 1 ms */
#define PROCESSES_A_TICK 1024

struct count {
	double open;
	size_t seen, denied;
	unsigned budget; /* entries that may still be listed */
};

bool fds_have_size(void)
{
	struct stat st;

	return stat("/proc/self/fd", &st) == 0 && st.st_size > 0;
}

static int list(int dir, struct count *c)
{
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!entries) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	for (; c->budget && (entry = readdir(entries)); c->budget--)
		c->open += entry->d_name[0] != '.';
	closedir(entries);
	return 0;
}

static void count_process(int dir, bool have_size, struct count *c)
{
	struct stat st;
	int rc = have_size ? fstatat(dir, "fd", &st, 0) : list(dir, c);

	c->denied += rc != 0 && (errno == EACCES || errno == EPERM);
	c->seen += rc == 0;
	c->open += rc == 0 && have_size ? (double)st.st_size : 0;
}

void fds_read(const struct proc_tick *t, bool have_size)
{
	struct count c = { .budget = LISTED_A_TICK };
	size_t n, read = 0;
	const struct process *process;

	if (!t->env->wanted[PROC_IO_FDS])
		return;
	process = target_processes(t->target, &n);
	for (; n && c.budget && read < PROCESSES_A_TICK; n--, process++)
		if (!process->gone) {
			count_process(process->dir, have_size, &c);
			read++;
		}
	if (c.denied && !c.seen)
		proc_missing(t, PROC_IO_FDS, PROC_IO_FDS, POINT_DENIED,
			"only root and the program's own user may count its descriptors: run tach as root or as the same user");
	else
		proc_put_state(t, PROC_IO_FDS, c.open, n || c.denied || !c.budget ? POINT_PARTIAL : POINT_OK);
}
