/* A workload as a program: its command line, its publisher, what ends it. Knows no single workload. */
#include "workload/workload.h"

#include "base/str.h"
#include "workload/options.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY (100 * NSEC_PER_MSEC) /* for a thread that failed */

const struct workload_ops *workload_find(const char *name)
{
	for (const struct workload_ops *const *w = workload_table; *w; w++)
		if (strcmp((*w)->name, name) == 0)
			return *w;
	return NULL;
}

int workload_unknown(const char *name, struct err *e)
{
	const char *names[32];
	char clean[40];
	size_t n = 0;

	for (const struct workload_ops *const *w = workload_table; *w && n < 32; w++)
		names[n++] = (*w)->name;
	str_clean(clean, sizeof clean, name, strlen(name));
	return err_unknown(e, "workload", clean, str_nearest(clean, names, n));
}

/* Signals that ask it to end become readable; every thread started from here on leaves them to this descriptor. */
static int catch_signals(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "cannot catch signals: %s", strerror(errno)) : fd;
}

/* Makes *fd readable when the parent ends, -1 where it does not matter. Of the process, not of a thread in it as
 * PR_SET_PDEATHSIG is. Who is the parent after its descriptor was opened was it before, so the pid is no other's. */
static int watch_parent(pid_t pid, int *fd, struct err *e)
{
	*fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (!pid || (*fd >= 0 && getppid() == pid))
		return 0;
	if (getppid() == pid)
		return err_set(e, errno, "cannot watch the parent: %s", strerror(errno));
	if (*fd >= 0)
		close(*fd);
	return err_set(e, 0, "process %d is not the parent, or has ended", (int)pid);
}

void workload_wait(struct workload_run *r)
{
	struct pollfd fds[] = { { r->signals, POLLIN, 0 }, { r->parent, POLLIN, 0 } };
	nsec_t gone = 0;

	r->began = clock_now();
	while (!atomic_load(&r->stop) && (!r->duration || gone < r->duration)) {
		nsec_t left = r->duration && r->duration - gone < LOOK_EVERY ? r->duration - gone : LOOK_EVERY;
		struct timespec t = { 0, (long)left };

		if (ppoll(fds, 2, &t, NULL) > 0)
			break;
		gone = clock_now() - r->began;
	}
	atomic_store(&r->stop, true);
	r->elapsed = clock_now() - r->began;
}

static int run(const struct workload_ops *w, struct workload_run *r, const uint64_t common[WORKLOAD_COMMON],
	struct err *e)
{
	int rc;

	r->duration = common[WORKLOAD_DURATION];
	r->out = stdout;
	if (watch_parent((pid_t)common[WORKLOAD_PARENT], &r->parent, e) < 0)
		return -1;
	r->signals = catch_signals(e);
	if (r->signals < 0)
		return -1;
	r->publisher = tach_publish_open();
	rc = w->run(r, e);
	tach_publish_close(r->publisher);
	if (fflush(stdout) != 0 && rc == 0)
		return err_set(e, errno, "cannot write to stdout: %s", strerror(errno));
	return rc;
}

static int fail(int status, const struct err *e)
{
	fprintf(stderr, "tach: %s\n", e->text);
	return status;
}

int workload_main(int argc, char **argv)
{
	struct workload_run r = { .duration = 0 };
	uint64_t common[WORKLOAD_COMMON];
	const struct workload_ops *w;
	struct err e;

	w = argc > 0 ? workload_find(argv[0]) : NULL;
	if (!w) {
		workload_unknown(argc > 0 ? argv[0] : "", &e);
		return fail(2, &e);
	}
	if (workload_options(w, argc - 1, argv + 1, r.value, common, &e) < 0)
		return fail(2, &e);
	if (w->missing)
		err_set(&e, 0, "%s %s", w->name, w->missing);
	if (w->missing || run(w, &r, common, &e) < 0)
		return fail(1, &e);
	return 0;
}
