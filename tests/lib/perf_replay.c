/* A kernel made of text. Knows the formats of perf_event_open(2), not what the source makes of them. */
#include "perf_replay.h"

#include "base/alloc.h"
#include "source/perf/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 16
#define FIRST_FD 10
#define ANY_TID (-1)
#define TARGET_TID (-2)

struct line {
	char *word[WORDS];
	size_t words;
	char *rest;     /* all after the second word */
	unsigned looks; /* how often an "open" line answered, or the first line of "tasks" or "read" was asked */
};

struct descriptor {
	bool open;
	int leader; /* its own index for a leader */
	pid_t tid;
	struct perf_event_attr attr;
};

struct replay {
	struct perf_kernel kernel;
	struct line *lines;
	size_t nlines, lines_capacity;
	struct descriptor *fds;
	size_t nfds, fds_capacity, open_now, most;
	struct descriptor *log; /* every descriptor that was ever opened */
	size_t logged, log_capacity;
	size_t largest_group;
	uint64_t limit, uptime;
};

static const struct {
	const char *name;
	int code;
} errors[] = {
	{ "ok", 0 }, { "ENOENT", ENOENT }, { "EACCES", EACCES }, { "EPERM", EPERM }, { "EMFILE", EMFILE },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "EINVAL", EINVAL }, { "ESRCH", ESRCH }, { "EBUSY", EBUSY },
	{ "ENOSYS", ENOSYS }, { "ECHILD", ECHILD }, { "ENODEV", ENODEV }, { "E2BIG", E2BIG }, { "EIO", EIO },
};

static _Noreturn void malformed(const struct line *l)
{
	fprintf(stderr, "malformed recording: %s %s...\n", l->word[0], l->words > 1 ? l->word[1] : "");
	exit(1);
}

/* The errno that a word names; -1 when it names none. */
static int error_of(const char *word)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (strcmp(errors[i].name, word) == 0)
			return errors[i].code;
	return -1;
}

static pid_t tid_of(const char *word)
{
	if (strcmp(word, "*") == 0)
		return ANY_TID;
	if (strcmp(word, "target") == 0)
		return TARGET_TID;
	return strcmp(word, "self") == 0 ? 0 : (pid_t)strtol(word, NULL, 10);
}

static bool tid_fits(const char *word, pid_t tid)
{
	pid_t wanted = tid_of(word);

	return wanted == ANY_TID || (wanted == TARGET_TID ? tid != 0 : wanted == tid);
}

/* "cycles", "cycles@8" or "*" against what was asked for. */
static bool event_fits(const struct line *l, const struct perf_event_attr *attr)
{
	struct perf_code code;
	char name[64], *at;
	uint64_t config = 0;

	if (strcmp(l->word[1], "*") == 0)
		return true;
	snprintf(name, sizeof name, "%s", l->word[1]);
	at = strchr(name, '@');
	if (at) {
		*at = '\0';
		config = strtoull(at + 1, NULL, 10) << PERF_PMU_TYPE_SHIFT;
	}
	if (perf_code_parse(name, &code, NULL))
		malformed(l);
	return attr->type == code.type && attr->config == (code.config | config);
}

/* ---- the calls ---- */

static bool part_fits(const char *part, const struct perf_event_attr *attr)
{
	if (strcmp(part, "threads") == 0)
		return attr->inherit_thread;
	return strcmp(part, "any") == 0 || attr->exclude_kernel == (strcmp(part, "user") == 0);
}

static int answer_open(struct replay *r, const struct perf_event_attr *attr, pid_t tid)
{
	for (size_t i = 0; i < r->nlines; i++) {
		struct line *l = &r->lines[i];

		if (strcmp(l->word[0], "open") != 0)
			continue;
		if (l->words < 5 || l->words > 6 || error_of(l->word[4]) < 0)
			malformed(l);
		if (!part_fits(l->word[2], attr) || !tid_fits(l->word[3], tid) || !event_fits(l, attr))
			continue;
		if (l->words == 5 || l->looks++ < strtoul(l->word[5], NULL, 10))
			return error_of(l->word[4]);
	}
	return 0;
}

static size_t group_size(const struct replay *r, int leader)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nfds; i++)
		n += r->fds[i].open && r->fds[i].leader == leader;
	return n;
}

static int replay_open(void *context, struct perf_event_attr *attr, pid_t tid, int group_fd)
{
	struct replay *r = context;
	int code = answer_open(r, attr, tid), leader = group_fd < 0 ? -1 : group_fd - FIRST_FD;
	size_t slot = 0;

	if (!code && leader >= 0 && group_size(r, leader) >= r->largest_group)
		code = EINVAL;
	if (!code && r->open_now >= r->most)
		code = EMFILE;
	if (code) {
		errno = code;
		return -1;
	}
	while (slot < r->nfds && r->fds[slot].open)
		slot++;
	r->fds = xgrow(r->fds, &r->fds_capacity, slot + 1, sizeof *r->fds);
	r->nfds = slot == r->nfds ? slot + 1 : r->nfds;
	r->fds[slot] = (struct descriptor){ .open = true, .leader = leader < 0 ? (int)slot : leader, .tid = tid,
		.attr = *attr };
	r->open_now++;
	r->log = xgrow(r->log, &r->log_capacity, r->logged + 1, sizeof *r->log);
	r->log[r->logged++] = r->fds[slot];
	return (int)slot + FIRST_FD;
}

static void replay_close(void *context, int fd)
{
	struct replay *r = context;

	if (fd < FIRST_FD || (size_t)(fd - FIRST_FD) >= r->nfds || !r->fds[fd - FIRST_FD].open) {
		fprintf(stderr, "closed a descriptor that is not open: %d\n", fd);
		abort();
	}
	r->fds[fd - FIRST_FD].open = false;
	r->open_now--;
}

/* The line for this look: the n-th that fits, or the last. The count of looks stands in the first one. */
static struct line *next_look(struct replay *r, bool (*fits)(const struct line *l, const void *what), const void *what)
{
	struct line *first = NULL, *line = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < r->nlines; i++) {
		if (!fits(&r->lines[i], what))
			continue;
		first = first ? first : &r->lines[i];
		if (n++ > first->looks)
			break;
		line = &r->lines[i];
	}
	if (first)
		first->looks++;
	return line;
}

static bool read_fits(const struct line *l, const void *what)
{
	const struct descriptor *d = what;

	return strcmp(l->word[0], "read") == 0 && l->words >= 4 && tid_fits(l->word[2], d->tid) &&
		event_fits(l, &d->attr);
}

static ssize_t replay_read(void *context, int fd, void *buf, size_t size)
{
	struct replay *r = context;
	const struct descriptor *d = &r->fds[fd - FIRST_FD];
	size_t n = group_size(r, fd - FIRST_FD);
	struct line *l = next_look(r, read_fits, d);
	uint64_t answer[WORDS] = { n };

	if (l && error_of(l->word[3]) >= 0) {
		errno = error_of(l->word[3]);
		return -1;
	}
	if (size < (3 + n) * sizeof answer[0]) {
		errno = ENOSPC;
		return -1;
	}
	if (l && strcmp(l->word[3], "short") == 0)
		n--;
	else if (l && l->words != 5 + n)
		malformed(l);
	for (size_t i = 0; l && strcmp(l->word[3], "short") != 0 && i < 2 + n; i++)
		answer[1 + i] = strtoull(l->word[3 + i], NULL, 10);
	memcpy(buf, answer, (3 + n) * sizeof answer[0]);
	return (ssize_t)((3 + n) * sizeof answer[0]);
}

static ssize_t replay_file(void *context, const char *path, char *buf, size_t size)
{
	struct replay *r = context;

	for (size_t i = 0; i < r->nlines; i++)
		if (strcmp(r->lines[i].word[0], "file") == 0 && strcmp(r->lines[i].word[1], path) == 0)
			return snprintf(buf, size, "%s\n", r->lines[i].rest);
	errno = ENOENT;
	return -1;
}

static bool tasks_fit(const struct line *l, const void *what)
{
	return strcmp(l->word[0], "tasks") == 0 && strcmp(l->word[1], what) == 0;
}

static bool dir_fits(const struct line *l, const void *what)
{
	return strcmp(l->word[0], "dir") == 0 && strcmp(l->word[1], what) == 0;
}

static int replay_list(void *context, int dirfd, const char *path, void (*visit)(void *arg, const char *name),
	void *arg)
{
	struct replay *r = context;
	char pid[16];
	struct line *l;

	snprintf(pid, sizeof pid, "%d", dirfd);
	l = strcmp(path, "task") == 0 ? next_look(r, tasks_fit, pid) : next_look(r, dir_fits, path);
	for (size_t i = 2; l && i < l->words; i++)
		visit(arg, l->word[i]);
	errno = ENOENT;
	return l ? 0 : -1;
}

static uint64_t replay_raise_files(void *context)
{
	return ((struct replay *)context)->limit;
}

static uint64_t replay_uptime(void *context)
{
	return ((struct replay *)context)->uptime;
}

/* ---- loading ---- */

static void split(struct line *l, char *text)
{
	char *save = NULL, *copy = xstrdup(text);
	size_t skip = strcspn(text, " ");

	skip += strspn(text + skip, " ");
	skip += strcspn(text + skip, " ");
	skip += strspn(text + skip, " ");
	l->rest = xstrdup(text + skip);
	for (char *w = strtok_r(copy, " ", &save); w && l->words < WORDS; w = strtok_r(NULL, " ", &save))
		l->word[l->words++] = xstrdup(w);
	free(copy);
}

static void take_line(struct replay *r, char *text)
{
	struct line *l;

	text[strcspn(text, "#\n")] = '\0';
	for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	if (!text[0])
		return;
	r->lines = xgrow(r->lines, &r->lines_capacity, r->nlines + 1, sizeof *r->lines);
	l = &r->lines[r->nlines++];
	split(l, text);
	if (l->words < 2)
		malformed(l);
	if (strcmp(l->word[0], "fds") == 0)
		r->most = strtoul(l->word[1], NULL, 10);
	else if (strcmp(l->word[0], "limit") == 0)
		r->limit = strtoul(l->word[1], NULL, 10);
	else if (strcmp(l->word[0], "group") == 0)
		r->largest_group = strtoul(l->word[1], NULL, 10);
	else if (!strstr(" file dir tasks open read ", l->word[0]))
		malformed(l);
}

struct replay *replay_load(const char *name)
{
	struct replay *r = xcalloc(1, sizeof *r);
	char *path = xasprintf("tests/data/perf/%s", name), text[512];
	FILE *file = fopen(path, "r");

	if (!file) {
		fprintf(stderr, "%s: %s (tests run in the project's directory)\n", path, strerror(errno));
		exit(1);
	}
	r->most = r->largest_group = SIZE_MAX;
	r->limit = 20000;
	r->uptime = 1000;
	while (fgets(text, sizeof text, file))
		take_line(r, text);
	fclose(file);
	free(path);
	r->kernel = (struct perf_kernel){ .open = replay_open, .read = replay_read, .close = replay_close,
		.file = replay_file, .list = replay_list, .raise_files = replay_raise_files,
		.uptime = replay_uptime, .context = r };
	return r;
}

void replay_free(struct replay *r)
{
	for (size_t i = 0; i < r->nlines; i++) {
		for (size_t j = 0; j < r->lines[i].words; j++)
			free(r->lines[i].word[j]);
		free(r->lines[i].rest);
	}
	free(r->lines);
	free(r->fds);
	free(r->log);
	free(r);
}

const struct perf_kernel *replay_kernel(struct replay *r)
{
	return &r->kernel;
}

void replay_set_uptime(struct replay *r, uint64_t ticks)
{
	r->uptime = ticks;
}

size_t replay_open_now(const struct replay *r)
{
	return r->open_now;
}

size_t replay_opened(const struct replay *r, pid_t tid)
{
	size_t n = 0;

	for (size_t i = 0; i < r->logged; i++)
		n += r->log[i].tid == tid;
	return n;
}

const struct perf_event_attr *replay_last(const struct replay *r, pid_t tid)
{
	for (size_t i = r->logged; i--;)
		if (r->log[i].tid == tid)
			return &r->log[i].attr;
	return NULL;
}
