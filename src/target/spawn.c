/*
 * A command that tach starts: in a process group of its own, waiting before its exec until counters are attached.
 * While tach has such a target it is the subreaper of what the command leaves behind; if tach itself is killed the
 * command is left alone.
 */
#include "target/private.h"

#include "base/alloc.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child needs to know. */
struct launch {
	char *const *argv;
	int line[2];	  /* tach's end, the child's end */
	int in, out, err; /* what become its standard descriptors */
	bool terminal;	  /* it may read from the terminal: its group comes to the foreground */
	struct rlimit files;
};

/* A file for the command's output: never through a symbolic link, never into a pipe that blocks. */
static int open_output(const char *path, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
	char shown[120];
	struct stat st;

	str_clean(shown, sizeof shown, path, strlen(path));
	if (fd < 0 && errno == ELOOP)
		return err_set(e, ELOOP, "the command's output does not go to %s: it is a symbolic link", shown);
	if (fd < 0)
		return err_set(e, errno, "cannot write the command's output to %s: %s", shown, strerror(errno));
	if (fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))) {
		close(fd);
		return err_set(e, EINVAL, "the command's output does not go to %s: it is not a file", shown);
	}
	fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

static void reset_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i <= SIGRTMAX; i++)
		sigaction(i, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child, all signals still blocked: only calls that are safe after fork. */
static _Noreturn void run_child(const struct launch *l)
{
	char go;
	ssize_t n;
	int failure;

	close(l->line[0]);
	setpgid(0, 0);
	do
		n = recv(l->line[1], &go, 1, MSG_PEEK); /* it is no message that the command received */
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(127); /* tach has ended or will not have it */
	if (l->terminal)
		tcsetpgrp(STDIN_FILENO, getpid());
	dup2(l->in, STDIN_FILENO);
	dup2(l->out, STDOUT_FILENO);
	dup2(l->err, STDERR_FILENO);
	setrlimit(RLIMIT_NOFILE, &l->files);
	reset_signals();
	execvp(l->argv[0], l->argv);
	failure = errno;
	send(l->line[1], &failure, sizeof failure, MSG_NOSIGNAL);
	_exit(failure == ENOENT ? 127 : 126);
}

/* fork with every signal blocked, so that none of tach's handlers runs in the child. */
static pid_t fork_blocked(const struct launch *l)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		run_child(l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* The command's status would be lost if whoever started tach had it ignore its children. */
static void keep_children(void)
{
	struct sigaction sa;

	if (sigaction(SIGCHLD, NULL, &sa) == 0 && (sa.sa_handler == SIG_IGN || (sa.sa_flags & SA_NOCLDWAIT))) {
		sa.sa_handler = SIG_DFL;
		sa.sa_flags = 0;
		sigaction(SIGCHLD, &sa, NULL);
	}
}

/* Orphans of the command come to tach, where they can be found and waited for. */
static void become_subreaper(struct target *t)
{
	int already = 0;

	if (prctl(PR_GET_CHILD_SUBREAPER, &already) == 0 && !already)
		t->spawn.subreaper = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static int open_streams(struct launch *l, const struct target_options *o, struct err *e)
{
	l->in = STDIN_FILENO;
	l->out = l->err = STDERR_FILENO;
	if (o->output && (l->out = l->err = open_output(o->output, e)) < 0)
		return -1;
	if (o->detached && (l->in = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		return err_set(e, errno, "cannot open /dev/null: %s", strerror(errno));
	l->terminal = !o->detached && tcgetpgrp(STDIN_FILENO) == getpgrp();
	return 0;
}

static void close_streams(const struct launch *l)
{
	if (l->in > STDERR_FILENO)
		close(l->in);
	if (l->out > STDERR_FILENO)
		close(l->out);
}

static int launch(struct target *t, struct launch *l, struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->line) != 0)
		return err_set(e, errno, "cannot start a command: %s", strerror(errno));
	keep_children();
	become_subreaper(t);
	t->spawn.pid = fork_blocked(l);
	t->spawn.line = l->line[0];
	close(l->line[1]);
	if (t->spawn.pid < 0)
		return err_set(e, errno, "cannot start a command: %s", strerror(errno));
	setpgid(t->spawn.pid, t->spawn.pid); /* both do it, so that neither need wait for the other */
	t->spawn.terminal = l->terminal;
	return 0;
}

struct target *target_spawn(char *const argv[], const struct target_options *o, struct err *e)
{
	struct target *t = target_new(TARGET_SPAWNED, o);
	struct launch l = { .argv = argv, .in = -1, .out = -1, .files = t->files };
	struct process p;
	int rc = open_streams(&l, o, e);

	if (rc == 0)
		rc = launch(t, &l, e);
	close_streams(&l);
	if (rc == 0 && process_open(&p, t->spawn.pid, 0) != 0)
		rc = err_set(e, errno, "cannot look at the command: %s", strerror(errno));
	if (rc != 0) {
		target_close(t);
		return NULL;
	}
	p.root = true;
	target_take(t, &p);
	str_clean(t->spawn.command, sizeof t->spawn.command, argv[0], strlen(argv[0]));
	t->spawn.program = xstrdup(argv[0]);
	facts_name_command(t, argv);
	target_start(t);
	return t;
}

bool target_is_held(const struct target *t)
{
	return t->kind == TARGET_SPAWNED && t->spawn.line >= 0;
}

const char *target_program(const struct target *t)
{
	return t->spawn.program;
}

int target_go(struct target *t, struct err *e)
{
	int failure = 0, line = t->spawn.line;
	bool sent;
	ssize_t n;

	if (line < 0)
		return 0;
	sent = send(line, "", 1, MSG_NOSIGNAL) == 1;
	do
		n = recv(line, &failure, sizeof failure, 0); /* 0 bytes: exec has closed the other end */
	while (n < 0 && errno == EINTR);
	close(line);
	t->spawn.line = -1;
	if (sent && !failure)
		return 0;
	waitid(P_PID, (id_t)t->spawn.pid, NULL, WEXITED | WNOWAIT); /* so that target_close() finds it ended */
	if (!sent)
		return err_set(e, ECHILD, "'%s' was killed before it began", t->spawn.command);
	return err_set(e, failure, "cannot run '%s': %s", t->spawn.command, strerror(failure));
}

static void take_terminal(struct target *t)
{
	sigset_t stop, before;

	if (!t->spawn.terminal)
		return;
	t->spawn.terminal = false;
	if (tcgetpgrp(STDIN_FILENO) != t->spawn.pid)
		return;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &stop, &before);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool spawn_reap(const struct target *t, const struct process *p)
{
	if (t->kind != TARGET_SPAWNED || p->pid == t->spawn.pid)
		return t->kind == TARGET_SPAWNED; /* the command itself waits for spawn_refresh() */
	return p->follow->dead && waitid(P_PID, (id_t)p->pid, NULL, WEXITED | WNOHANG) == 0;
}

static void wait_for_command(struct target *t)
{
	siginfo_t si = { 0 };

	if (!t->spawn.reaped && waitid(P_PID, (id_t)t->spawn.pid, &si, WEXITED | WNOHANG) == 0)
		t->spawn.reaped = si.si_pid == t->spawn.pid;
}

void spawn_refresh(struct target *t)
{
	const uint32_t *place = t->kind == TARGET_SPAWNED ? pidmap_get(&t->known, t->spawn.pid) : NULL;
	const struct process *p = place && *place != PIDMAP_BURIED ? &t->list[*place] : NULL;

	if (t->kind != TARGET_SPAWNED)
		return;
	if (!p || p->gone || p->follow->now.state == 'T')
		take_terminal(t); /* also when it was stopped by a key: else the keyboard would speak to nobody */
	if (!p && !t->alive)
		wait_for_command(t);
}

void spawn_close(struct target *t)
{
	if (t->kind != TARGET_SPAWNED)
		return;
	free(t->spawn.program);
	take_terminal(t);
	if (t->spawn.line >= 0) {
		close(t->spawn.line);
		if (t->spawn.pid > 0 && kill(t->spawn.pid, SIGKILL) == 0) /* it never ran */
			waitid(P_PID, (id_t)t->spawn.pid, NULL, WEXITED);
		t->spawn.reaped = true;
	}
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].gone)
			spawn_reap(t, &t->list[i]);
	if (t->spawn.pid > 0)
		wait_for_command(t);
	if (t->spawn.subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 0);
}
