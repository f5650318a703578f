/*
 * Which processes have which probes. A process is looked at when it is found, again soon while something is still to be
 * found in it (a program loads its libraries after its exec, and plugins later), and when it runs another program. Its
 * maps are read then, never at the tick.
 */
#include "source/bpf/fn.h"

#include "base/alloc.h"
#include "base/caps.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "source/bpf/fn_held.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOON NSEC_PER_MSEC          /* doubles with each look */
#define LATE (10 * NSEC_PER_SEC)
#define EXEC_LOOK NSEC_PER_SEC      /* whether it runs another program meanwhile */
#define UNKNOWN_EXE 1
#define YOUTH (100 * NSEC_PER_MSEC) /* many children live no longer, and setting a probe holds up every fork of the machine */
#define PATIENCE_AT_END NSEC_PER_SEC
#define EXEC_PATIENCE 10            /* looks at what is still tach itself, before its exec */

/* ---- probes of one process ---- */

static struct fn_set *set_of(struct fn_process *p, size_t known, size_t spec)
{
	for (size_t i = 0; i < p->nsets; i++)
		if (p->sets[i].known == known && p->sets[i].spec == spec)
			return &p->sets[i];
	p->sets = xgrow(p->sets, &p->capacity, p->nsets + 1, sizeof *p->sets);
	p->sets[p->nsets] = (struct fn_set){ .known = known, .spec = spec };
	return &p->sets[p->nsets++];
}

static void tell_slot(struct fn *f, size_t slot, const struct err *why)
{
	pthread_mutex_lock(&f->lock);
	f->slots[slot].why = *why;
	pthread_mutex_unlock(&f->lock);
}

/* Exceptions may pass through it. */
static void only_count(struct fn *f, size_t slot, const struct fn_match *m)
{
	double price = fn_trial_price(&f->trial, f->programs, f->many, m->entry, false);
	struct err why;

	err_set(&why, 0, "it is counted, but not timed: an exception on its way through it would end the program; "
		"uretprobe: before it times it nevertheless");
	tell_slot(f, slot, &why);
	pthread_mutex_lock(&f->lock);
	if (!f->slots[slot].ever_timed)
		f->slots[slot].price = price;
	pthread_mutex_unlock(&f->lock);
}

static size_t points_of(struct fn *f, const struct fn_process *p, const struct fn_set *set, struct fn_point out[FN_POINTS])
{
	const struct fn_known *k = &f->known[set->known];
	size_t n = 0;

	for (size_t i = 0; i < k->nfound && n < FN_POINTS; i++) {
		const struct fn_found *found = &k->found[i];
		const struct fn_slot *s = &f->slots[found->slot];
		bool timed = s->timed && !found->match.untimed && (f->specs[set->spec].insist || !(p->throws || k->file.raises));

		if (found->spec != set->spec || s->refused)
			continue;
		if (s->timed && !found->match.untimed && !timed)
			only_count(f, found->slot, &found->match);
		out[n++] = (struct fn_point){ found->match.offset, found->match.semaphore, found->slot, timed };
	}
	return n;
}

static void attach(struct fn *f, struct fn_process *p, struct fn_set *set)
{
	struct fn_point points[FN_POINTS];
	bool failed[FN_POINTS];
	size_t n = points_of(f, p, set, points), good;
	struct err e = { .code = 0 };

	good = n ? fn_link(f->programs, f->many, f->known[set->known].file.fd, p->who.pid, points, n, failed, &set->links, &e) : 0;
	if (good < n && e.code == ESRCH)
		return; /* it has just ended */
	for (size_t i = 0; i < n; i++)
		if (failed[i])
			tell_slot(f, points[i].slot, &e);
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < n; i++) {
		f->slots[points[i].slot].found |= !failed[i];
		f->slots[points[i].slot].ever_timed |= !failed[i] && points[i].timed;
	}
	pthread_mutex_unlock(&f->lock);
}

/* The spec is in that file of the process. */
static void add(struct fn *f, struct fn_process *p, size_t known, size_t spec)
{
	struct fn_set *set = set_of(p, known, spec);

	p->done[spec] = true;
	if (!set->links.count)
		attach(f, p, set);
}

void fn_follow_refuse(struct fn *f, size_t slot, const struct err *why)
{
	log_line("probe fn: %s: %s", f->slots[slot].shown, why->text);
	pthread_mutex_lock(&f->lock);
	f->slots[slot].refused = true;
	f->slots[slot].why = *why;
	pthread_mutex_unlock(&f->lock);
	for (struct fn_process *p = f->processes; p; p = p->next)
		for (size_t i = 0; i < p->nsets; i++) {
			if (p->sets[i].spec != f->slots[slot].spec)
				continue;
			fn_unlink(&p->sets[i].links);
			attach(f, p, &p->sets[i]);
		}
}

/* ---- what a process has mapped ---- */

static bool is_program(const struct fn_process *p, const struct map *map)
{
	return map->inode == p->exe;
}

/* The program also answers to what it was started as: it may be a link. */
static bool is_started_as(const struct fn_process *p, const char *word)
{
	char text[PATH_MAX], *base;
	int fd = openat(p->who.dir, "cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	base = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
	base[strcspn(base, " :")] = '\0'; /* some write there what they do: "redis-server *:6379", "nginx: worker process" */
	return strcmp(base, word) == 0;
}

static bool is_meant(const struct fn *f, const struct fn_process *p, const struct maps *m, const struct map *map, size_t spec)
{
	const struct fn_spec *s = &f->specs[spec];

	if (!map->inode)
		return false;
	return !s->file[0] || fn_spec_names_file(s, maps_name(m, map)) || (is_program(p, map) && is_started_as(p, s->file));
}

static void look_at_program(struct fn *f, struct fn_process *p, const struct maps *m)
{
	const char *why;

	p->throws = true; /* until its file says that it does not */
	for (size_t i = 0; i < m->nmodules; i++) {
		const struct map *map = &m->list[m->modules[i].first];
		size_t known = is_program(p, map) ? fn_known_mapped(f, p, m, map, &why) : SIZE_MAX;

		if (known != SIZE_MAX && f->known[known].usable)
			p->throws = fn_known_throws(&f->known[known]);
	}
}

static void tell_spec(struct fn *f, size_t spec, int code, const char *why)
{
	pthread_mutex_lock(&f->lock);
	if (!f->whys[spec].text[0])
		err_set(&f->whys[spec], code, "its file cannot be read: %s", why);
	pthread_mutex_unlock(&f->lock);
}

/* The mapping by which a module's file can be opened: any will do, the first is what the file's name stands at. */
static bool find_in(struct fn *f, struct fn_process *p, const struct maps *m, size_t module, size_t spec)
{
	const struct map *map = &m->list[m->modules[module].first];
	const char *why = "";
	size_t known;

	if (!m->modules[module].exec || !is_meant(f, p, m, map, spec))
		return false;
	known = fn_known_mapped(f, p, m, map, &why);
	if (known == SIZE_MAX)
		tell_spec(f, spec, EACCES, why);
	if (known == SIZE_MAX || !fn_known_has(f, known, spec))
		return false;
	add(f, p, known, spec);
	return true;
}

/* The program first, then its libraries in the order of their addresses. */
static void find(struct fn *f, struct fn_process *p, const struct maps *m, size_t spec)
{
	for (int program = 1; program >= 0; program--)
		for (size_t i = 0; i < m->nmodules; i++)
			if (is_program(p, &m->list[m->modules[i].first]) == program && find_in(f, p, m, i, spec))
				return;
}

/* Says of specs whose file is not there which one is meant perhaps. */
static void explain_missing(struct fn *f, const struct fn_process *p, const struct maps *m, size_t spec)
{
	const char **bases = xcalloc(m->nmodules + 1, sizeof *bases), *nearest;
	char clean[FN_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < m->nmodules; i++) {
		const char *name = maps_name(m, &m->list[m->modules[i].first]);

		if (m->modules[i].exec && name[0])
			bases[n++] = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	}
	nearest = str_nearest(f->specs[spec].file, bases, n);
	str_clean(clean, sizeof clean, nearest ? nearest : "", nearest ? strlen(nearest) : 0);
	free(bases);
	pthread_mutex_lock(&f->lock);
	if (!f->found[spec] && !f->whys[spec].text[0])
		err_set(&f->whys[spec], ENOENT, "process %d has no file %.80s%s%.60s%s; it is looked for again every 10 s",
			(int)p->who.pid, f->specs[spec].file, nearest ? "; did you mean " : "", clean, nearest ? "?" : "");
	pthread_mutex_unlock(&f->lock);
}

static bool is_all_done(const struct fn *f, const struct fn_process *p)
{
	for (size_t i = 0; i < f->nspecs; i++)
		if (f->specs[i].text[0] && !p->done[i])
			return false;
	return true;
}

static void scan(struct fn *f, struct fn_process *p)
{
	struct maps m = { .list = NULL };
	size_t before = p->nsets;

	if (maps_read(&m, p->who.dir) != 0)
		for (size_t i = 0; i < f->nspecs; i++)
			tell_spec(f, i, errno, strerror(errno));
	if (m.count) {
		look_at_program(f, p, &m);
		for (size_t i = 0; i < f->nspecs; i++) {
			if (!f->specs[i].text[0] || p->done[i])
				continue;
			find(f, p, &m, i);
			if (!p->done[i] && f->specs[i].file[0] && p->looks > 8)
				explain_missing(f, p, &m, i);
		}
	}
	maps_free(&m);
	if (p->who.born && p->nsets > before) {
		pthread_mutex_lock(&f->lock);
		f->late = true;
		pthread_mutex_unlock(&f->lock);
	}
}

static void look(struct fn *f, struct fn_process *p, nsec_t now)
{
	struct stat st;
	nsec_t wait = EXEC_LOOK;

	if (fstatat(p->who.dir, "exe", &st, 0) != 0) {
		if (errno != EACCES && errno != EPERM) {
			p->due = now + wait; /* it has ended */
			return;
		}
		st.st_ino = UNKNOWN_EXE; /* its maps may be open to us nevertheless */
	}
	if (st.st_ino != p->exe) {
		p->exe = st.st_ino;
		p->looks = 0;
		memset(p->done, 0, sizeof p->done);
	}
	if (!is_all_done(f, p)) {
		if (!p->held || p->exe != f->own || p->looks >= EXEC_PATIENCE)
			scan(f, p);
		wait = p->looks < 14 ? SOON << p->looks : LATE;
		p->looks++;
	}
	p->due = now + (is_all_done(f, p) ? EXEC_LOOK : wait);
}

/* ---- who is there ---- */

/* Its probes go to `links`, to be taken out together with others. */
static void forget(struct fn_process *p, struct fn_links *links)
{
	for (size_t i = 0; i < p->nsets; i++)
		fn_links_move(links, &p->sets[i].links);
	close(p->who.dir);
	free(p->sets);
	free(p);
}

static struct fn_process *find_process(struct fn *f, const struct fn_member *who)
{
	struct fn_process *p = f->processes;

	while (p && (p->who.pid != who->pid || p->who.start != who->start))
		p = p->next;
	return p;
}

static void forget_all(struct fn *f)
{
	struct fn_links links = { .fds = NULL };
	struct fn_process *next;

	for (struct fn_process *p = f->processes; p; p = next) {
		next = p->next;
		forget(p, &links);
	}
	f->processes = NULL;
	fn_unlink(&links);
}

/* Takes over the list that the sampler posted, with its descriptors. */
static void reconcile(struct fn *f, const struct fn_member *list, size_t count)
{
	struct fn_process *kept = NULL;

	for (size_t i = 0; i < count; i++) {
		struct fn_process *p = find_process(f, &list[i]), **link = &f->processes;

		if (p) {
			close(list[i].dir);
			while (*link != p)
				link = &(*link)->next;
			*link = p->next;
		} else {
			p = xcalloc(1, sizeof *p);
			p->who = list[i];
			p->due = p->who.born ? clock_now() + YOUTH : 0;
		}
		p->next = kept;
		kept = p;
	}
	forget_all(f);
	f->processes = kept;
}

static void take_posted(struct fn *f)
{
	struct fn_member list[FN_PROCESSES];
	size_t n = f->nposted;
	bool posted = f->has_posted;

	memcpy(list, f->posted, n * sizeof *list);
	f->has_posted = false;
	f->nposted = 0;
	pthread_mutex_unlock(&f->lock);
	if (posted)
		reconcile(f, list, n);
	pthread_mutex_lock(&f->lock);
}

void fn_follow_post(struct fn *f, const struct target *t)
{
	size_t count;
	const struct process *list = target_processes(t, &count);

	pthread_mutex_lock(&f->lock);
	while (f->nposted)
		close(f->posted[--f->nposted].dir);
	f->left_out = 0;
	for (size_t i = 0; i < count; i++) {
		int dir;

		if (list[i].gone)
			continue;
		if (f->nposted == FN_PROCESSES) {
			f->left_out++;
			continue;
		}
		dir = fcntl(list[i].dir, F_DUPFD_CLOEXEC, 3);
		if (dir >= 0)
			f->posted[f->nposted++] = (struct fn_member){ list[i].pid, list[i].start, list[i].born, dir };
	}
	f->has_posted = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
}

/* ---- the thread ---- */

static void sleep_until(struct fn *f, nsec_t due)
{
	struct timespec ts = nsec_to_timespec(due);

	if (!f->has_posted && !f->stop)
		pthread_cond_clockwait(&f->wake, &f->lock, CLOCK_MONOTONIC, &ts);
}

/* It reads the target's files, so it has no more rights than that and setting probes take. */
static void give_up_rights(void)
{
	static const unsigned kept[] = { CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE };

	caps_keep(kept, sizeof kept / sizeof kept[0]);
}

static void *follow(void *context)
{
	struct fn *f = context;

	give_up_rights();
	pthread_mutex_lock(&f->lock);
	while (!f->stop) {
		nsec_t due, now = clock_now();

		take_posted(f);
		pthread_mutex_unlock(&f->lock);
		due = fn_guard_look(f, now);
		due = due < now + LATE ? due : now + LATE;
		for (struct fn_process *p = f->processes; p; p = p->next) {
			if (p->due <= now)
				look(f, p, now);
			due = p->due < due ? p->due : due;
		}
		fn_trial_end(&f->trial);
		pthread_mutex_lock(&f->lock);
		sleep_until(f, due);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

int fn_follow_start(struct fn *f, struct err *e)
{
	int rc = thread_start(&f->thread, follow, f);

	f->running = rc == 0;
	return rc ? err_set(e, rc, "cannot start a thread: %s", strerror(rc)) : 0;
}

void fn_follow_held(struct fn *f, const char *program)
{
	size_t known[FN_HELD_FILES];
	struct fn_held held;
	struct fn_process *p;

	pthread_mutex_lock(&f->lock);
	take_posted(f);
	pthread_mutex_unlock(&f->lock);
	p = f->processes;
	if (!p || !fn_held_find(&held, program))
		return;
	for (size_t i = 0; i < held.count; i++) {
		int fd = open(held.paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		known[i] = fd < 0 ? SIZE_MAX : fn_known_open(f, fd);
		if (i == 0 && known[i] != SIZE_MAX && f->known[known[i]].usable)
			p->throws = fn_known_throws(&f->known[known[i]]);
	}
	for (size_t i = 0; i < f->nspecs; i++)
		for (size_t k = 0; k < held.count && f->specs[i].text[0] && !p->done[i]; k++) {
			bool meant = !f->specs[i].file[0] || fn_spec_names_file(&f->specs[i], held.paths[k]);

			if (meant && known[k] != SIZE_MAX && fn_known_has(f, known[k], i))
				add(f, p, known[k], i);
		}
	p->who.born = false; /* nothing of it has run yet */
	p->exe = f->own;
	p->held = true;
	fn_held_free(&held);
}

bool fn_follow_stop(struct fn *f)
{
	if (f->running) {
		pthread_mutex_lock(&f->lock);
		f->stop = true;
		pthread_cond_signal(&f->wake);
		pthread_mutex_unlock(&f->lock);
		if (!thread_join_within(f->thread, NULL, PATIENCE_AT_END))
			return false;
	}
	while (f->nposted)
		close(f->posted[--f->nposted].dir);
	fn_trial_end(&f->trial);
	forget_all(f);
	return true;
}
