/* A target by name: a pattern on comm or the command line of all processes, but tach and its ancestors (the shell or
 * sudo whose command line holds the pattern because tach's does). */
#include "target/private.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "target/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_LIMIT (128u << 10) /* of a command line that is looked through */
#define LINE_SIZE 201
#define LINES 50
#define ANCESTORS 64

struct match {
	pid_t pid, parent;
	uint64_t start;
};

struct search {
	regex_t pattern;
	pid_t own[ANCESTORS]; /* tach and its ancestors */
	size_t nown;
	struct match *all;
	size_t count, capacity;
	char *command; /* COMMAND_LIMIT bytes */
	char lines[LINES][LINE_SIZE];
};

static pid_t parent_of(pid_t pid)
{
	struct proc_stat st;

	return process_peek(pid, &st) == 0 ? st.ppid : 0;
}

static void note_ancestors(struct search *s)
{
	for (pid_t pid = getpid(); pid > 0 && s->nown < ANCESTORS; pid = parent_of(pid))
		s->own[s->nown++] = pid;
}

static bool is_own(const struct search *s, pid_t pid)
{
	for (size_t i = 0; i < s->nown; i++)
		if (s->own[i] == pid)
			return true;
	return false;
}

/* The arguments with blanks between them, in s->command. Returns the length. */
static size_t read_command(struct search *s, int dir)
{
	ssize_t n = file_read_at(dir, "cmdline", s->command, COMMAND_LIMIT);

	while (n > 0 && s->command[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (s->command[i] == '\0')
			s->command[i] = ' ';
	s->command[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void user_name(int dir, char *out, size_t size)
{
	char text[8192], buf[2048];
	struct proc_status status;
	struct passwd pw, *found = NULL;
	ssize_t n = file_read_at(dir, "status", text, sizeof text);

	if (n < 0 || !parse_status(text, (size_t)n, &status))
		str_copy(out, size, "?");
	else if (getpwuid_r(status.uid, &pw, buf, sizeof buf, &found) == 0 && found)
		str_clean(out, size, found->pw_name, strlen(found->pw_name));
	else
		snprintf(out, size, "%u", status.uid);
}

/* "pid  user  command"; a process without a command line (kernel thread, zombie) shows its name in brackets. */
static void describe(struct search *s, char line[LINE_SIZE], const struct proc_stat *st, int dir)
{
	char user[33], shown[LINE_SIZE], whole[2 * LINE_SIZE];
	size_t n = read_command(s, dir);

	user_name(dir, user, sizeof user);
	str_clean(shown, sizeof shown, n ? s->command : st->comm, n ? n : strlen(st->comm));
	snprintf(whole, sizeof whole, n ? "%7d  %-8s  %s" : "%7d  %-8s  [%s]", (int)st->pid, user, shown);
	str_copy(line, LINE_SIZE, whole);
}

static bool is_match(struct search *s, const struct proc_stat *st, int dir)
{
	if (regexec(&s->pattern, st->comm, 0, NULL, 0) == 0)
		return true;
	return !st->kernel && read_command(s, dir) && regexec(&s->pattern, s->command, 0, NULL, 0) == 0;
}

static void visit(void *context, pid_t pid, int dir)
{
	struct search *s = context;
	struct proc_stat st;

	if (process_stat(dir, pid, &st) != 0 || stat_is_dead(&st) || is_own(s, pid) || !is_match(s, &st, dir))
		return;
	if (s->count < LINES)
		describe(s, s->lines[s->count], &st, dir);
	s->all = xgrow(s->all, &s->capacity, s->count + 1, sizeof *s->all);
	s->all[s->count++] = (struct match){ .pid = pid, .parent = st.ppid, .start = st.starttime };
}

static bool descends(const struct match *m, pid_t elder)
{
	pid_t pid = m->parent;

	for (int depth = 0; pid > 1 && pid != elder && depth < ANCESTORS; depth++)
		pid = parent_of(pid);
	return pid == elder;
}

static bool is_elder(const struct search *s, pid_t pid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].pid != pid && !descends(&s->all[i], pid))
			return false;
	return true;
}

/* The match from which all the others descend (a server and its workers), or 0. */
static pid_t find_elder(const struct search *s)
{
	for (size_t i = 0; i < s->count && s->count <= LINES; i++)
		if (is_elder(s, s->all[i].pid))
			return s->all[i].pid;
	return 0;
}

static char *list_matches(const struct search *s)
{
	char *text, *at;

	at = text = xcalloc(LINES + 1, LINE_SIZE + 1);
	for (size_t i = 0; i < s->count && i < LINES; i++)
		at += sprintf(at, "%s\n", s->lines[i]);
	if (s->count > LINES)
		sprintf(at, "... and %zu more\n", s->count - LINES);
	return text;
}

/* One match: the target. None or several: NULL, e, and for several the list. */
static struct target *open_match(
	const struct search *s, const char *shown, const struct target_options *o, char **list, struct err *e)
{
	struct target *t;
	pid_t elder;

	if (s->count == 0)
		err_set(e, ESRCH, "no process matches '%s'", shown);
	if (s->count > 1) {
		*list = list_matches(s);
		elder = find_elder(s);
		if (elder)
			err_set(e, 0, "'%s' matches %zu processes, %d and those that it started; choose one with -p",
				shown, s->count, (int)elder);
		else
			err_set(e, 0, "'%s' matches %zu processes; choose one with -p", shown, s->count);
	}
	if (s->count != 1)
		return NULL;
	t = target_new(TARGET_PIDS, o);
	if (target_take_root(t, s->all[0].pid, s->all[0].start, e) != 0) {
		target_close(t);
		return NULL;
	}
	target_start(t);
	return t;
}

static int compile(struct search *s, const char *pattern, const char *shown, struct err *e)
{
	char why[100];
	int bad;

	if (!*pattern)
		return err_set(e, 0, "the name to look for is empty");
	bad = regcomp(&s->pattern, pattern, REG_EXTENDED | REG_NOSUB);
	if (!bad)
		return 0;
	regerror(bad, &s->pattern, why, sizeof why);
	return err_set(e, EINVAL, "'%s' is not a regular expression: %s", shown, why);
}

struct target *target_open_name(const char *pattern, const struct target_options *o, char **list, struct err *e)
{
	struct search *s = xcalloc(1, sizeof *s);
	struct target *t = NULL;
	char shown[80];

	*list = NULL;
	str_clean(shown, sizeof shown, pattern, strlen(pattern));
	if (compile(s, pattern, shown, e) == 0) {
		s->command = xcalloc(COMMAND_LIMIT, 1);
		note_ancestors(s);
		scan_processes(visit, s);
		t = open_match(s, shown, o, list, e);
		regfree(&s->pattern);
	}
	free(s->command);
	free(s->all);
	free(s);
	return t;
}
