/*
 * Ending what tach started, and nothing else. A process is signalled through its pidfd; the command's group only while
 * the command has not been waited for, because until then its number cannot be another's.
 */
#include "target/private.h"

#include <signal.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#define STEP (5 * NSEC_PER_MSEC)
#define LAST_WAIT NSEC_PER_SEC /* after SIGKILL, for what the kernel does not let go at once */

static void rest(void)
{
	struct timespec ts = { .tv_nsec = STEP };

	nanosleep(&ts, NULL);
}

/* With a full search also on kernels where that is done once a second only. */
static bool look(struct target *t)
{
	t->scanned = 0;
	return target_refresh(t);
}

static void signal_group(const struct target *t, int signal)
{
	if (!t->spawn.reaped)
		kill(-t->spawn.pid, signal);
}

/* Without a pidfd (an old kernel) only tach's own children: they keep their pids until tach has waited for them. The
 * others become its children as their parents end. */
static bool signal_process(const struct process *p, int signal)
{
	if (p->pidfd >= 0)
		return pidfd_send_signal(p->pidfd, signal, NULL, 0) == 0;
	return p->follow->now.ppid == getpid() && kill(p->pid, signal) == 0;
}

/* Everyone whom the signal to the group did not reach, once. SIGTERM is of no use to a process that is stopped. */
static void ask_to_end(struct target *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct process *p = &t->list[i];
		bool in_group = p->follow->now.pgrp == t->spawn.pid && !t->spawn.reaped;

		if (p->gone || p->follow->signalled)
			continue;
		p->follow->signalled = in_group || signal_process(p, SIGTERM);
		if (p->follow->signalled)
			signal_process(p, SIGCONT);
	}
}

static void kill_all(struct target *t)
{
	signal_group(t, SIGKILL);
	for (size_t i = 0; i < t->count; i++)
		if (!t->list[i].gone)
			signal_process(&t->list[i], SIGKILL);
}

void target_stop(struct target *t, nsec_t patience)
{
	nsec_t end = clock_now() + patience;

	if (t->kind != TARGET_SPAWNED || t->spawn.line >= 0)
		return;	    /* attached, or it never ran */
	t->children = true; /* whatever descends from the command, also when the user did not want to see it */
	if (look(t))
		signal_group(t, SIGTERM);
	while (t->alive && clock_now() < end) {
		ask_to_end(t);
		rest();
		look(t);
	}
	for (end = clock_now() + LAST_WAIT; t->alive && clock_now() < end; look(t)) {
		kill_all(t);
		rest();
	}
}
