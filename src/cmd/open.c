/* From words on the command line to a session. */
#include "cmd/open.h"

#include "base/alloc.h"
#include "base/str.h"
#include "cmd/builtin.h"
#include "model/latency.h"
#ifdef HAVE_LIBBPF
#include "source/bpf/fn_spec.h"
#endif
#include "source/perf/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opened targets become sessions ---- */

/* A shell's statuses for a command that cannot be run. */
static int status_of(const struct err *e)
{
	if (e->code == ENOENT)
		return EXIT_NOT_FOUND;
	return e->code == EACCES || e->code == ENOEXEC ? EXIT_NOT_RUNNABLE : EXIT_FAILED;
}

static struct target_options target_options_of(const struct options *o, const struct opening *how)
{
	return (struct target_options){ .children = o->children, .output = how->output, .detached = how->detached };
}

/* Switches on for good what is measured only for who asks. */
static void ask_for_latency(struct session *s, const struct options *o)
{
	const struct latency_kind *kind = o->latency ? latency_kind_of_word(o->latency, NULL) : NULL;
	char question[40];

	if (!kind || !kind->ask)
		return;
	snprintf(question, sizeof question, "on %s keep", kind->ask);
	session_ask(s, "bpf", question);
}

/* Watches an opened target, or fails with `status`; NULL is a target that could not be opened, for the reason in e. */
static struct session *watch(struct target *t, const struct options *o, const struct opening *how, struct err *e,
	int *status)
{
	struct session_options so = { .interval = o->interval, .wants = how->wants,
		.events = (const char *const *)o->events, .functions = (const char *const *)o->functions,
		.max_cost = o->max_cost, .force = o->force, .children = o->children, .early = how->early };
	struct session *s = t ? session_open(t, &so, e) : NULL;

	if (!s)
		*status = command_fail(t ? status_of(e) : EXIT_FAILED, "%s", e->text);
	else
		ask_for_latency(s, o);
	return s;
}

static struct session *start_command(char *const *argv, const struct options *o, const struct opening *how, int *status)
{
	struct target_options to = target_options_of(o, how);
	struct err e = { .code = 0 };

	return watch(target_spawn(argv, &to, &e), o, how, &e, status);
}

/* ---- one function for each way to name a target ---- */

/* "12,34". Returns how many, 0 where it is no list of pids; the caller frees *out. */
static size_t parse_pids(const char *text, pid_t **out)
{
	size_t count = 0, capacity = 0;

	*out = NULL;
	for (;;) {
		size_t length = strcspn(text, ",");
		char *word = xstrndup(text, length);
		uint64_t pid;
		bool good = str_to_u64(word, INT_MAX, &pid) && pid > 0;

		free(word);
		if (!good)
			return 0;
		*out = xgrow(*out, &capacity, count + 1, sizeof **out);
		(*out)[count++] = (pid_t)pid;
		if (!text[length])
			return count;
		text += length + 1;
	}
}

static struct session *open_pids(const char *value, const struct options *o, const struct opening *how, int *status)
{
	struct target_options to = target_options_of(o, how);
	struct session *s = NULL;
	struct err e = { .code = 0 };
	pid_t *pids;
	size_t count = parse_pids(value, &pids);

	if (count)
		s = watch(target_open_pids(pids, count, &to, &e), o, how, &e, status);
	else
		*status = command_fail(EXIT_USAGE, "-p takes process ids with commas between them, not '%.60s'", value);
	free(pids);
	return s;
}

static struct session *open_name(const char *value, const struct options *o, const struct opening *how, int *status)
{
	struct target_options to = target_options_of(o, how);
	char *list = NULL;
	struct err e = { .code = 0 };
	struct session *s = watch(target_open_name(value, &to, &list, &e), o, how, &e, status);

	if (!s && e.code == EINVAL)
		*status = EXIT_USAGE; /* the pattern itself */
	if (list)
		fputs(list, stderr);
	free(list);
	return s;
}

static struct session *open_cgroup(const char *value, const struct options *o, const struct opening *how, int *status)
{
	struct target_options to = target_options_of(o, how);
	struct err e = { .code = 0 };

	return watch(target_open_cgroup(value, &to, &e), o, how, &e, status);
}

static struct session *open_unit(const char *value, const struct options *o, const struct opening *how, int *status)
{
	struct target_options to = target_options_of(o, how);
	struct err e = { .code = 0 };

	return watch(target_open_unit(value, &to, &e), o, how, &e, status);
}

static struct session *open_workload(const char *value, const struct options *o, const struct opening *how, int *status)
{
	struct session *s;
	char **argv;

	*status = builtin_check(value, 0, NULL);
	if (*status)
		return NULL;
	argv = builtin_command(value, 0, NULL);
	s = start_command(argv, o, how, status);
	builtin_command_free(argv);
	return s;
}

static struct session *open_feed(const char *value, const struct options *o, const struct opening *how, int *status)
{
	int fd = strcmp(value, "-") == 0 ? dup(STDIN_FILENO) : open(value, O_RDONLY | O_CLOEXEC);
	struct session *s;
	struct err e;

	(void)o;
	(void)how;
	if (fd < 0) {
		*status = command_fail(EXIT_FAILED, "cannot open the feed %.200s: %s", value, strerror(errno));
		return NULL;
	}
	s = session_open_feed(fd, &e);
	if (!s)
		*status = command_fail(EXIT_FAILED, "%s", e.text);
	return s;
}

const struct target_word target_words[] = {
	{ offsetof(struct options, pids), open_pids },
	{ offsetof(struct options, name), open_name },
	{ offsetof(struct options, cgroup), open_cgroup },
	{ offsetof(struct options, unit), open_unit },
	{ offsetof(struct options, workload), open_workload },
	{ offsetof(struct options, feed), open_feed },
	{ 0, NULL },
};

/* ---- which of them ---- */

static const char *value_of(const struct options *o, const struct target_word *t)
{
	return *(char *const *)((const char *)o + t->offset);
}

const struct option_row *target_word_option(const struct target_word *t)
{
	const struct option_row *row = option_table;

	while (row->name && row->offset != t->offset)
		row++;
	return row;
}

/* "-p" */
static const char *spell(const struct target_word *t, char *buf, size_t size)
{
	const struct option_row *row = target_word_option(t);

	if (row->letter)
		snprintf(buf, size, "-%c", row->letter);
	else
		snprintf(buf, size, "--%s", row->name);
	return buf;
}

static int complain_of_none(void)
{
	char ways[200] = "", word[24];

	for (const struct target_word *t = target_words; t->open; t++)
		snprintf(ways + strlen(ways), sizeof ways - strlen(ways), "%s %s, ", spell(t, word, sizeof word),
			target_word_option(t)->argument);
	return command_fail(EXIT_USAGE, "no target: give one of %sor -- COMMAND (tach help)", ways);
}

static int complain_of_two(const char *first, const char *second)
{
	return command_fail(EXIT_USAGE, "one target at a time: %s or %s", first, second);
}

/* Whether every -e EVENT is one that could be counted somewhere. */
static int check_events(const struct options *o)
{
	struct err e;

	for (char **event = o->events; event && *event; event++)
		if (perf_event_check(*event, &e))
			return command_fail(EXIT_USAGE, "-e: %s", e.text);
	return EXIT_DONE;
}

/* Whether every --fn SYMBOL is in words that mean a function somewhere. */
static int check_functions(const struct options *o)
{
	for (char **function = o->functions; function && *function; function++) {
#ifdef HAVE_LIBBPF
		struct fn_spec spec;
		struct err e;

		if (fn_spec_parse(*function, &spec, &e))
			return command_fail(EXIT_USAGE, "%s", e.text);
#else
		return command_fail(EXIT_FAILED, "--fn: this tach was built without libbpf");
#endif
	}
	return EXIT_DONE;
}

static int check_latency(const struct options *o)
{
	struct err e;

	if (o->latency && !latency_kind_of_word(o->latency, &e))
		return command_fail(EXIT_USAGE, "--latency: %s (tach list latency)", e.text);
	return EXIT_DONE;
}

int open_check(const struct options *o, const struct words *w, const struct opening *how)
{
	char given[24] = "", word[24];
	int status;

	if (how->command)
		strcpy(given, "WORKLOAD");
	for (const struct target_word *t = target_words; t->open; t++) {
		if (!value_of(o, t))
			continue;
		spell(t, word, sizeof word);
		if (*given)
			return complain_of_two(given, word);
		strcpy(given, word);
	}
	if (w->count && !w->command)
		return command_fail(EXIT_USAGE, "'%.60s' is no option; a command to start comes after --, a running program "
			"after -p or -n", w->word[0]);
	if (*given && w->count)
		return complain_of_two(given, "-- COMMAND");
	if (!*given && !w->count)
		return complain_of_none();
	status = check_events(o);
	status = status ? status : check_functions(o);
	return status ? status : check_latency(o);
}

struct session *open_session(const struct options *o, const struct words *w, const struct opening *how, int *status)
{
	for (const struct target_word *t = target_words; t->open; t++)
		if (value_of(o, t))
			return t->open(value_of(o, t), o, how, status);
	return start_command(how->command ? how->command : w->word, o, how, status);
}

bool open_starts_command(const struct options *o, const struct words *w, const struct opening *how)
{
	return how->command || w->command || o->workload;
}
