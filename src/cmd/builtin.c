/* The built-in workloads as commands that tach starts. */
#include "cmd/builtin.h"

#include "base/alloc.h"
#include "cmd/cmd.h"
#include "ui/text.h"
#include "workload/options.h"
#include "workload/workload.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_COLUMNS 79
#define OPTION_COLUMNS 20

int builtin_check(const char *name, int count, char **words)
{
	const struct workload_ops *w = workload_find(name);
	uint64_t own[WORKLOAD_OPTIONS_MAX], common[WORKLOAD_COMMON];
	struct err e;

	if (!w) {
		workload_unknown(name, &e);
		return command_fail(EXIT_USAGE, "%s", e.text);
	}
	if (workload_options(w, count, words, own, common, &e))
		return command_fail(EXIT_USAGE, "%s", e.text);
	if (w->missing)
		return command_fail(EXIT_FAILED, "%s %s", w->name, w->missing);
	return EXIT_DONE;
}

static void print_option(const struct workload_option *o)
{
	char spelling[64];

	snprintf(spelling, sizeof spelling, "--%s %s", o->name, o->argument);
	printf("  %-*s %s (%s)\n", OPTION_COLUMNS, spelling, o->help, o->value);
}

static void print_wrapped(const char *text)
{
	while (*text) {
		size_t n = text_break(text, LINE_COLUMNS);

		printf("%.*s\n", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

void builtin_help(const char *name)
{
	const struct workload_ops *w = workload_find(name);

	printf("tach run [tach's options] %s [options]\n    %s\n\n", w->name, w->summary);
	print_wrapped(w->method);
	puts("\nOptions, with their defaults:");
	for (size_t i = 0; i < w->noptions; i++)
		print_option(&w->options[i]);
	for (const struct workload_option *o = workload_common; o->name; o++)
		print_option(o);
}

/* This program. Where its file is gone (a new build in place of it) the kernel's link still leads to it. */
static char *own_path(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	if (n > 0) {
		path[n] = '\0';
		if (access(path, X_OK) == 0)
			return xstrdup(path);
	}
	return xstrdup("/proc/self/exe");
}

char **builtin_command(const char *name, int count, char **words)
{
	char **argv = xcalloc((size_t)count + 7, sizeof(char *));
	int n = 0;

	argv[n++] = own_path();
	argv[n++] = xstrdup("run");
	argv[n++] = xstrdup("--no-dash");
	argv[n++] = xstrdup(name);
	argv[n++] = xasprintf("--%s", workload_common[WORKLOAD_PARENT].name);
	argv[n++] = xasprintf("%d", (int)getpid());
	for (int i = 0; i < count; i++)
		argv[n++] = xstrdup(words[i]);
	return argv;
}

void builtin_command_free(char **argv)
{
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}
