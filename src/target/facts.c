/*
 * What the header says of the target: names, counts, start, and how it ended. Texts are read again only when the
 * process took another name: reading a command line takes the lock of the target's memory map.
 */
#include "target/private.h"

#include "base/file.h"
#include "base/str.h"
#include "target/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/pidfd.h of Linux 6.15: what a pidfd still tells of a process that has ended and been waited for. */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t exit_code; /* as waitpid() has it */
};
#define PIDFD_GET_INFO_V0 _IOWR(0xff, 11, struct pidfd_info_v0)
#define PIDFD_INFO_EXIT_BIT (1ull << 3)

static void read_cgroup(struct target *t, const struct process *p)
{
	char text[8192], path[1024] = "";
	ssize_t n = file_read_at(p->dir, "cgroup", text, sizeof text);

	if (n < 0)
		return;
	if (!parse_cgroup(text, (size_t)n, NULL, path, sizeof path) || strcmp(path, "/") == 0)
		if (!parse_cgroup(text, (size_t)n, "memory", path, sizeof path) || strcmp(path, "/") == 0)
			path[0] = '\0';
	str_clean(t->facts.cgroup, sizeof t->facts.cgroup, path, strlen(path));
}

static void read_texts(struct target *t, const struct process *p)
{
	char text[4096];
	ssize_t n = file_read_at(p->dir, "cmdline", text, sizeof text);

	str_clean(t->facts.name, sizeof t->facts.name, p->follow->now.comm, strlen(p->follow->now.comm));
	if (n > 0)
		str_clean(t->facts.cmdline, sizeof t->facts.cmdline, text, (size_t)n);
	read_cgroup(t, p);
	if (n > 0 || p->follow->now.kernel) /* exec gives the new name first: the command line comes a moment later */
		str_copy(t->comm, sizeof t->comm, p->follow->now.comm);
}

/* Start times count from boot; the two clocks tell when that was. */
static nsec_t wall_of(uint64_t ticks)
{
	nsec_t since_boot = ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK)), boot = clock_boot();

	return clock_wall() - (boot > since_boot ? boot - since_boot : 0);
}

void facts_begin(struct target *t)
{
	const struct process *p = t->count ? &t->list[0] : NULL;
	char host[HOST_NAME_MAX + 1] = "";

	if (gethostname(host, sizeof host - 1) == 0)
		str_clean(t->facts.host, sizeof t->facts.host, host, strlen(host));
	t->facts.exit_status = -1;
	if (!p)
		return;
	t->first = t->facts.pid = p->pid;
	t->first_start = p->start;
	t->first_pidfd = p->pidfd >= 0 ? fcntl(p->pidfd, F_DUPFD_CLOEXEC, 0) : -1;
	t->facts.started_wall = wall_of(p->start);
}

void facts_name_command(struct target *t, char *const argv[])
{
	char text[sizeof t->facts.cmdline * 2];
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	size_t n = 0;

	for (size_t i = 0; argv[i] && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, i ? " %s" : "%s", argv[i]);
	str_clean(t->facts.cmdline, sizeof t->facts.cmdline, text, strlen(text));
	str_clean(t->facts.name, sizeof t->facts.name, name, strlen(name));
	str_copy(t->comm, sizeof t->comm, t->list[0].follow->now.comm);
	read_cgroup(t, &t->list[0]);
}

/* status is as waitpid() has it. */
static void note_end(struct target *t, int status)
{
	int signal = WTERMSIG(status);
	const char *name = sigabbrev_np(signal);

	if (WIFEXITED(status)) {
		t->facts.exit_status = WEXITSTATUS(status);
		snprintf(t->end, sizeof t->end, "exited with status %d", WEXITSTATUS(status));
		return;
	}
	t->facts.exit_status = 128 + signal;
	if (name)
		snprintf(t->end, sizeof t->end, "killed by SIG%s%s", name, WCOREDUMP(status) ? " (core dumped)" : "");
	else
		snprintf(t->end, sizeof t->end, "killed by signal %d%s", signal,
			WCOREDUMP(status) ? " (core dumped)" : "");
}

/* tach's own child: stays a zombie, so that sources can still read it. */
static void ask_wait(struct target *t)
{
	siginfo_t si = { 0 };
	int killed;

	if (waitid(P_PID, (id_t)t->first, &si, WEXITED | WNOWAIT | WNOHANG) != 0 || si.si_pid != t->first)
		return;
	killed = si.si_status | (si.si_code == CLD_DUMPED ? WCOREFLAG : 0);
	note_end(t, si.si_code == CLD_EXITED ? si.si_status << 8 : killed);
}

/* Another's zombie shows its status in /proc/PID/stat to whoever may ptrace it, and 0 to all others. Which of the two
 * it is tells /proc/PID/exe: a zombie has none (ENOENT), but without the right not even that is told (EACCES). */
static void ask_zombie(struct target *t, const struct process *p)
{
	char nothing[8];

	if (readlinkat(p->dir, "exe", nothing, sizeof nothing) < 0 && errno == ENOENT)
		note_end(t, p->follow->now.exit_code);
}

static void ask_pidfd(struct target *t)
{
	struct pidfd_info_v0 info = { .mask = PIDFD_INFO_EXIT_BIT };

	if (t->first_pidfd >= 0 && ioctl(t->first_pidfd, PIDFD_GET_INFO_V0, &info) == 0 &&
		(info.mask & PIDFD_INFO_EXIT_BIT))
		note_end(t, info.exit_code);
}

void facts_end(struct target *t, const struct process *p)
{
	if (p->pid != t->first || p->start != t->first_start || t->end[0])
		return;
	if (t->kind == TARGET_SPAWNED)
		ask_wait(t);
	else if (p->follow->dead)
		ask_zombie(t, p);
}

static const struct process *find_first(const struct target *t)
{
	const uint32_t *place = pidmap_get(&t->known, t->first);
	const struct process *p = place && *place != PIDMAP_BURIED ? &t->list[*place] : NULL;

	return p && p->start == t->first_start ? p : NULL;
}

/* A cgroup began with the oldest process that was in it. */
static void date_cgroup(struct target *t)
{
	uint64_t start = UINT64_MAX;

	for (size_t i = 0; i < t->count; i++)
		start = t->list[i].start < start ? t->list[i].start : start;
	if (t->count)
		t->facts.started_wall = wall_of(start);
}

void facts_refresh(struct target *t)
{
	const struct process *p = find_first(t);

	if (t->kind == TARGET_CGROUP && !t->facts.started_wall)
		date_cgroup(t);
	if (p && !p->gone && strcmp(p->follow->now.comm, t->comm) != 0)
		read_texts(t, p);
	if (!p && !t->end[0])
		ask_pidfd(t);
	t->facts.state = t->alive ? TARGET_RUNNING : TARGET_ENDED;
	if (t->alive)
		t->facts.ended[0] = '\0';
	else if (t->kind == TARGET_CGROUP)
		str_copy(t->facts.ended, sizeof t->facts.ended, "the last process of the cgroup has ended");
	else
		str_copy(t->facts.ended, sizeof t->facts.ended,
			t->end[0] ? t->end : "ended; its exit status is known to its parent only");
}

void target_facts(const struct target *t, struct target_facts *out)
{
	*out = t->facts;
}
