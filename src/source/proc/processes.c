/* Who is a member, reading each one's counters, putting the totals. How they add up is settle.c's. */
#include "source/proc/processes.h"

#include "base/alloc.h"
#include "source/proc/text.h"
#include "target/stat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* tach itself, a member where it started the target: what its child had used up to the end arrives in its own waited-for
 * counters, and nowhere else. */
static struct member *new_self(void)
{
	struct member *m = xcalloc(1, sizeof *m);

	m->settle.pid = getpid();
	m->dir = -1;
	return m;
}

static bool is_self(const struct member *m)
{
	return m->start == 0;
}

void processes_open(struct processes *p, const struct source_env *env)
{
	p->children = env->children;
	p->list = xgrow(NULL, &p->capacity, 1, sizeof(struct member *));
	p->list[p->count++] = new_self();
}

static void free_member(struct member *m, struct kept_budget *b)
{
	kept_close(&m->stat, b);
	kept_close(&m->io, b);
	free(m);
}

void processes_close(struct processes *p, struct kept_budget *b)
{
	for (size_t i = 0; i < p->count; i++)
		free_member(p->list[i], b);
	free(p->list);
	free(p->settle);
}

/* ---- who is a member ---- */

static int by_start(const void *a, const void *b)
{
	const struct member *x = *(struct member *const *)a, *y = *(struct member *const *)b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->settle.pid > y->settle.pid) - (x->settle.pid < y->settle.pid);
}

/* Among the first n, which are in order. */
static struct member *find(const struct processes *p, size_t n, const struct process *process)
{
	struct member key = { .start = process->start, .settle.pid = process->pid }, *wanted = &key;
	struct member **found = bsearch(&wanted, p->list, n, sizeof(struct member *), by_start);

	return found ? *found : NULL;
}

static void add(struct processes *p, const struct process *process)
{
	struct member *m = xcalloc(1, sizeof *m);

	m->settle.pid = process->pid;
	m->settle.parent = process->parent;
	m->start = process->start;
	m->born = process->born;
	m->listed = true;
	m->dir = process->dir;
	p->started_here |= process->parent == getpid();
	p->list = xgrow(p->list, &p->capacity, p->count + 1, sizeof(struct member *));
	p->list[p->count++] = m;
}

static void follow_target(struct processes *p, const struct target *target)
{
	size_t n, known = p->count;
	const struct process *process = target_processes(target, &n);

	for (size_t i = 0; i < known; i++) {
		p->list[i]->listed = false;
		p->list[i]->dir = -1;
	}
	for (; n; n--, process++) {
		struct member *m = find(p, known, process);

		if (m) {
			m->listed = true;
			m->dir = process->dir;
		} else if (!process->gone) {
			add(p, process);
		}
	}
	qsort(p->list, p->count, sizeof(struct member *), by_start);
	p->settle = xgrow(p->settle, &p->settle_capacity, p->count, sizeof *p->settle);
}

static void drop_ended(struct processes *p, struct kept_budget *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct member *m = p->list[i];

		if (m->settle.dead || m->left)
			free_member(m, b);
		else
			p->list[kept++] = m;
	}
	p->count = kept;
}

/* ---- reading one ---- */

/* CPU time of all threads that a process ever had. The clock of any process may be read; that it is still the same one
 * shows when its stat is read afterwards. */
static uint64_t read_run(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void read_io(struct processes *p, struct member *m, struct kept_budget *b, uint64_t own[SETTLE_FIELDS])
{
	static const char *const names[] = { "read_bytes", "write_bytes" };
	char text[512];
	uint64_t v[2];

	if (kept_read(&m->io, b, m->dir, "io", text, sizeof text) < 0) {
		p->io_denied += errno == EACCES || errno == EPERM;
		return;
	}
	if (text_keyed(text, names, 2, v) != 3)
		return;
	p->io_read++;
	if (!m->has_io && !m->born) { /* as with all counters: from the first look on */
		m->settle.own[SETTLE_READ] = v[0];
		m->settle.own[SETTLE_WRITE] = v[1];
	}
	m->has_io = true;
	own[SETTLE_READ] = v[0];
	own[SETTLE_WRITE] = v[1];
}

static void take_stat(const struct proc_stat *st, uint64_t own[SETTLE_FIELDS], uint64_t waited[SETTLE_FIELDS])
{
	own[SETTLE_USER] = st->utime;
	own[SETTLE_SYSTEM] = st->stime;
	own[SETTLE_MINOR] = st->minflt;
	own[SETTLE_MAJOR] = st->majflt;
	waited[SETTLE_USER] = st->cutime;
	waited[SETTLE_SYSTEM] = st->cstime;
	waited[SETTLE_MINOR] = st->cminflt;
	waited[SETTLE_MAJOR] = st->cmajflt;
}

/* What cannot be read keeps the value that it had. */
static void read_member(struct processes *p, const struct proc_tick *t, struct member *m, struct kept_budget *b)
{
	uint64_t own[SETTLE_FIELDS], waited[SETTLE_FIELDS];
	char text[STAT_TEXT_SIZE];
	struct proc_stat st;
	ssize_t n;

	if (is_self(m) && !p->started_here)
		return;
	memcpy(own, m->settle.own, sizeof own);
	memcpy(waited, m->settle.waited, sizeof waited);
	if (!is_self(m)) {
		own[SETTLE_RUN] = read_run(m->settle.pid);
		if (proc_wants(t->env, PROC_IO_READ, PROC_IO_WRITE))
			read_io(p, m, b, own);
	}
	n = kept_read(&m->stat, b, m->dir, is_self(m) ? "/proc/self/stat" : "stat", text, sizeof text);
	if (n < 0 || !stat_parse(text, (size_t)n, &st)) {
		m->settle.dead = n < 0 && !is_self(m) && kept_vanished(errno);
		return;
	}
	take_stat(&st, own, waited);
	if (is_self(m))
		memset(own, 0, sizeof own);
	m->settle.parent = st.ppid;
	m->left = !is_self(m) && !m->listed && !stat_is_dead(&st);
	if (!m->left)
		settle_read(&p->totals, &m->settle, m->born, own, waited);
}

/* ---- a tick ---- */

/* Parents first, as settle_tick() wants it. */
static void read_members(struct processes *p, const struct proc_tick *t, struct kept_budget *b)
{
	size_t n = p->count < PROCESSES_A_TICK ? p->count : PROCESSES_A_TICK;
	size_t first = n < p->count ? p->next % p->count : 0;

	p->io_read = p->io_denied = 0;
	for (size_t i = 0; i < n; i++)
		read_member(p, t, p->list[(first + i) % p->count], b);
	p->next = first + n;
	p->left_out = p->count - n;
	for (size_t i = 0; i < p->count; i++)
		p->settle[i] = &p->list[i]->settle;
	settle_tick(&p->totals, p->settle, p->count, p->children);
	drop_ended(p, b);
}

bool processes_incomplete(const struct processes *p)
{
	return p->totals.unseen || p->left_out;
}

static void put_counters(const struct processes *p, const struct proc_tick *t)
{
	enum point_state some = p->left_out ? POINT_PARTIAL : POINT_OK;
	double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	const uint64_t *total = p->totals.total;

	if (p->left_out)
		sample_status(t->out, "processes", STATUS_PARTIAL,
			"the target has more processes than are read in one tick; they take turns", "");
	proc_put_state(t, PROC_CPU_USER, (double)total[SETTLE_USER] * tick, some);
	proc_put_state(t, PROC_CPU_SYSTEM, (double)total[SETTLE_SYSTEM] * tick, some);
	proc_put_state(t, PROC_CPU_RUN, nsec_to_seconds(total[SETTLE_RUN]),
		processes_incomplete(p) ? POINT_PARTIAL : POINT_OK);
	proc_put_state(t, PROC_MEM_MINOR, (double)total[SETTLE_MINOR], some);
	proc_put_state(t, PROC_MEM_MAJOR, (double)total[SETTLE_MAJOR], some);
}

static void put_io(const struct processes *p, const struct proc_tick *t)
{
	static const char why[] = "only root and the program's own user may see how much it reads and writes";
	enum point_state some = p->left_out || p->io_denied ? POINT_PARTIAL : POINT_OK;

	if (!proc_wants(t->env, PROC_IO_READ, PROC_IO_WRITE))
		return;
	if (p->io_denied)
		sample_status(t->out, "storage bytes", p->io_read ? STATUS_PARTIAL : STATUS_DENIED, why,
			"run tach as root or as the same user");
	if (p->io_denied && !p->io_read) {
		proc_missing(t, PROC_IO_READ, PROC_IO_WRITE, POINT_DENIED, why);
		return;
	}
	proc_put_state(t, PROC_IO_READ, (double)p->totals.total[SETTLE_READ], some);
	proc_put_state(t, PROC_IO_WRITE, (double)p->totals.total[SETTLE_WRITE], some);
}

static void put_counts(const struct proc_tick *t)
{
	size_t n, alive = 0, threads = 0;
	const struct process *process = target_processes(t->target, &n);

	for (; n; n--, process++)
		if (!process->gone) {
			alive++;
			threads += process->nthreads;
		}
	proc_put(t, PROC_CPU_PROCESSES, (double)alive);
	proc_put(t, PROC_CPU_THREADS, (double)threads);
}

void processes_read(struct processes *p, const struct proc_tick *t, struct kept_budget *b)
{
	put_counts(t);
	if (!proc_wants(t->env, PROC_CPU_USER, PROC_MEM_VIRTUAL))
		return;
	if (!p->followed || p->generation != target_generation(t->target))
		follow_target(p, t->target);
	p->followed = true;
	p->generation = target_generation(t->target);
	read_members(p, t, b);
	put_counters(p, t);
	put_io(p, t);
}
